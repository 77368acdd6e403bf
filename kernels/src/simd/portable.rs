//! The portable implementation.

use super::{LANES, LANES_F32, Lanes, MAGIC, MAGIC_F32, Narrow, Simd};

/// Arrays of `N` lanes in plain Rust. `Portable<8>` is the scalar instruction set; `Portable<1>` evaluates the same
/// lane functions for a single value, so its loads and stores move one element.
#[derive(Clone, Copy, Debug, Default)]
pub struct Portable<const N: usize>;

/// `[f(a[0], ..), f(a[1], ..), ..]`
macro_rules! lanes {
    ($n:ident, $i:ident => $e:expr) => {
        std::array::from_fn::<_, $n, _>(
            #[inline(always)]
            |$i| $e,
        )
    };
}

/// The lanes of one type.
macro_rules! arithmetic {
    ($token:ty, $float:ident, $bits:ident, $n:ident, $is_narrow:literal, $power:path) => {
        impl<const N: usize> Lanes for $token {
            type F = [$float; $n];
            type U = [$bits; $n];
            type M = [bool; $n];
            const IS_NARROW: bool = $is_narrow;

            #[inline(always)]
            fn splat(self, x: f64) -> [$float; $n] {
                [x as _; $n]
            }
            #[inline(always)]
            fn add(self, a: [$float; $n], b: [$float; $n]) -> [$float; $n] {
                lanes!($n, i => a[i] + b[i])
            }
            #[inline(always)]
            fn sub(self, a: [$float; $n], b: [$float; $n]) -> [$float; $n] {
                lanes!($n, i => a[i] - b[i])
            }
            #[inline(always)]
            fn mul(self, a: [$float; $n], b: [$float; $n]) -> [$float; $n] {
                lanes!($n, i => a[i] * b[i])
            }
            #[inline(always)]
            fn div(self, a: [$float; $n], b: [$float; $n]) -> [$float; $n] {
                lanes!($n, i => a[i] / b[i])
            }
            #[inline(always)]
            fn fma(self, a: [$float; $n], b: [$float; $n], c: [$float; $n]) -> [$float; $n] {
                lanes!($n, i => a[i].mul_add(b[i], c[i]))
            }
            #[inline(always)]
            fn sqrt(self, a: [$float; $n]) -> [$float; $n] {
                lanes!($n, i => a[i].sqrt())
            }
            #[inline(always)]
            fn floor(self, a: [$float; $n]) -> [$float; $n] {
                lanes!($n, i => a[i].floor())
            }
            #[inline(always)]
            fn ceil(self, a: [$float; $n]) -> [$float; $n] {
                lanes!($n, i => a[i].ceil())
            }
            #[inline(always)]
            fn trunc(self, a: [$float; $n]) -> [$float; $n] {
                lanes!($n, i => a[i].trunc())
            }
            #[inline(always)]
            fn round(self, a: [$float; $n]) -> [$float; $n] {
                lanes!($n, i => a[i].round_ties_even())
            }
            #[inline(always)]
            fn min(self, a: [$float; $n], b: [$float; $n]) -> [$float; $n] {
                lanes!($n, i => if a[i] < b[i] { a[i] } else { b[i] })
            }
            #[inline(always)]
            fn max(self, a: [$float; $n], b: [$float; $n]) -> [$float; $n] {
                lanes!($n, i => if a[i] > b[i] { a[i] } else { b[i] })
            }
            #[inline(always)]
            fn scale(self, x: [$float; $n], k: [$float; $n]) -> [$float; $n] {
                // Two powers of two that are both normal; the first product is exact, so only the second rounds.
                lanes!($n, i => {
                    let half = (k[i] * 0.5).floor();
                    x[i] * $power(half) * $power(k[i] - half)
                })
            }
            #[inline(always)]
            fn to_bits(self, a: [$float; $n]) -> [$bits; $n] {
                lanes!($n, i => a[i].to_bits())
            }
            #[inline(always)]
            fn from_bits(self, a: [$bits; $n]) -> [$float; $n] {
                lanes!($n, i => $float::from_bits(a[i]))
            }
            #[inline(always)]
            fn splat_bits(self, x: u64) -> [$bits; $n] {
                [x as _; $n]
            }
            #[inline(always)]
            fn add_bits(self, a: [$bits; $n], b: [$bits; $n]) -> [$bits; $n] {
                lanes!($n, i => a[i].wrapping_add(b[i]))
            }
            #[inline(always)]
            fn sub_bits(self, a: [$bits; $n], b: [$bits; $n]) -> [$bits; $n] {
                lanes!($n, i => a[i].wrapping_sub(b[i]))
            }
            #[inline(always)]
            fn and_bits(self, a: [$bits; $n], b: [$bits; $n]) -> [$bits; $n] {
                lanes!($n, i => a[i] & b[i])
            }
            #[inline(always)]
            fn or_bits(self, a: [$bits; $n], b: [$bits; $n]) -> [$bits; $n] {
                lanes!($n, i => a[i] | b[i])
            }
            #[inline(always)]
            fn xor_bits(self, a: [$bits; $n], b: [$bits; $n]) -> [$bits; $n] {
                lanes!($n, i => a[i] ^ b[i])
            }
            #[inline(always)]
            fn shl_bits<const K: u32>(self, a: [$bits; $n]) -> [$bits; $n] {
                lanes!($n, i => a[i] << K)
            }
            #[inline(always)]
            fn shr_bits<const K: u32>(self, a: [$bits; $n]) -> [$bits; $n] {
                lanes!($n, i => a[i] >> K)
            }
            #[inline(always)]
            fn eq(self, a: [$float; $n], b: [$float; $n]) -> [bool; $n] {
                lanes!($n, i => a[i] == b[i])
            }
            #[inline(always)]
            fn lt(self, a: [$float; $n], b: [$float; $n]) -> [bool; $n] {
                lanes!($n, i => a[i] < b[i])
            }
            #[inline(always)]
            fn le(self, a: [$float; $n], b: [$float; $n]) -> [bool; $n] {
                lanes!($n, i => a[i] <= b[i])
            }
            #[inline(always)]
            fn unordered(self, a: [$float; $n], b: [$float; $n]) -> [bool; $n] {
                lanes!($n, i => a[i].is_nan() | b[i].is_nan())
            }
            #[inline(always)]
            fn and(self, a: [bool; $n], b: [bool; $n]) -> [bool; $n] {
                lanes!($n, i => a[i] & b[i])
            }
            #[inline(always)]
            fn or(self, a: [bool; $n], b: [bool; $n]) -> [bool; $n] {
                lanes!($n, i => a[i] | b[i])
            }
            #[inline(always)]
            fn not(self, a: [bool; $n]) -> [bool; $n] {
                lanes!($n, i => !a[i])
            }
            #[inline(always)]
            fn any(self, a: [bool; $n]) -> bool {
                a.iter().fold(false, |x, y| x | y)
            }
            #[inline(always)]
            fn select(self, m: [bool; $n], a: [$float; $n], b: [$float; $n]) -> [$float; $n] {
                lanes!($n, i => if m[i] { a[i] } else { b[i] })
            }
        }
    };
}
arithmetic!(Portable<N>, f64, u64, N, false, power_of_two);
arithmetic!(Narrow<Portable<N>>, f32, u32, LANES_F32, true, power_of_two_f32);

impl<const N: usize> Simd for Portable<N> {
    type F32 = [f32; LANES_F32];
    type Narrow = Narrow<Self>;

    #[inline(always)]
    fn narrow(self) -> Narrow<Self> {
        Narrow(self)
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f64) -> [f64; N] {
        // SAFETY: readable by the caller's promise (N is at most LANES).
        unsafe { p.cast::<[f64; N]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64, x: [f64; N]) {
        // SAFETY: writable by the caller's promise (N is at most LANES).
        unsafe { p.cast::<[f64; N]>().write_unaligned(x) }
    }
    #[inline(always)]
    unsafe fn load_partial(self, p: *const f64, n: usize) -> [f64; N] {
        // SAFETY: the first n values are readable by the caller's promise.
        lanes!(N, i => if i < n { unsafe { p.add(i).read_unaligned() } } else { 0.0 })
    }
    #[inline(always)]
    unsafe fn store_partial(self, p: *mut f64, n: usize, x: [f64; N]) {
        for (i, v) in x.iter().enumerate().take(n) {
            // SAFETY: the first n places are writable by the caller's promise.
            unsafe { p.add(i).write_unaligned(*v) }
        }
    }
    #[inline(always)]
    unsafe fn load_widen(self, p: *const f32) -> [f64; N] {
        // SAFETY: eight values are readable by the caller's promise.
        lanes!(N, i => f64::from(unsafe { p.add(i).read_unaligned() }))
    }
    #[inline(always)]
    unsafe fn load_widen_partial(self, p: *const f32, n: usize) -> [f64; N] {
        // SAFETY: the first n values are readable by the caller's promise.
        lanes!(N, i => if i < n { f64::from(unsafe { p.add(i).read_unaligned() }) } else { 0.0 })
    }
    #[inline(always)]
    unsafe fn store_narrow(self, p: *mut f32, x: [f64; N]) {
        for (i, v) in x.iter().enumerate() {
            // SAFETY: eight places are writable by the caller's promise.
            unsafe { p.add(i).write_unaligned(*v as f32) }
        }
    }
    #[inline(always)]
    fn to_array(self, x: [f64; N]) -> [f64; LANES] {
        std::array::from_fn(|i| x[i % N])
    }
    #[inline(always)]
    fn from_array(self, x: [f64; LANES]) -> [f64; N] {
        lanes!(N, i => x[i])
    }
    #[inline(always)]
    fn transpose(self, rows: [[f64; N]; LANES]) -> [[f64; N]; LANES] {
        // A square has as many columns as rows only with all lanes.
        std::array::from_fn(|i| lanes!(N, j => rows[j][i % N]))
    }
    #[inline(always)]
    fn div_single(self, a: [f64; N], b: [f64; N]) -> [f64; N] {
        lanes!(N, i => f64::from(a[i] as f32 / b[i] as f32))
    }
    #[inline(always)]
    fn sqrt_single(self, a: [f64; N]) -> [f64; N] {
        lanes!(N, i => f64::from((a[i] as f32).sqrt()))
    }
    #[inline(always)]
    unsafe fn load_f32(self, p: *const f32) -> Self::F32 {
        // SAFETY: readable by the caller's promise.
        unsafe { p.cast::<Self::F32>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store_f32(self, p: *mut f32, x: Self::F32) {
        // SAFETY: writable by the caller's promise.
        unsafe { p.cast::<Self::F32>().write_unaligned(x) }
    }
    #[inline(always)]
    unsafe fn load_partial_f32(self, p: *const f32, n: usize) -> Self::F32 {
        // SAFETY: the first n values are readable by the caller's promise.
        lanes!(LANES_F32, i => if i < n { unsafe { p.add(i).read_unaligned() } } else { 0.0 })
    }
    #[inline(always)]
    unsafe fn store_partial_f32(self, p: *mut f32, n: usize, x: Self::F32) {
        for (i, v) in x.iter().enumerate().take(n) {
            // SAFETY: the first n places are writable by the caller's promise.
            unsafe { p.add(i).write_unaligned(*v) }
        }
    }
    #[inline(always)]
    fn unzip(self, x: [f64; N]) -> Self::F32 {
        let mut lanes = [0.0; LANES_F32];
        for (i, pair) in x.iter().enumerate() {
            // In memory the lower half comes first.
            let bits = pair.to_bits();
            (lanes[i], lanes[i + LANES]) = (f32::from_bits(bits as u32), f32::from_bits((bits >> 32) as u32));
        }
        lanes
    }
    #[inline(always)]
    unsafe fn store_halves(self, first: *mut f32, second: *mut f32, x: Self::F32) {
        for i in 0..LANES {
            // SAFETY: eight places are writable at either by the caller's promise.
            unsafe {
                first.add(i).write_unaligned(x[i]);
                second.add(i).write_unaligned(x[i + LANES]);
            }
        }
    }
    #[inline(always)]
    fn totals_f32(self, x: [Self::F32; 8]) -> [f32; 8] {
        let mut totals = [0.0; 8];
        for (mut lanes, total) in x.into_iter().zip(&mut totals) {
            for width in [8, 4, 2, 1] {
                for l in 0..width {
                    lanes[l] += lanes[l + width];
                }
            }
            *total = lanes[0];
        }
        totals
    }
}

/// `2^k` for an integral `k` in [-1022, 1023].
#[inline(always)]
fn power_of_two(k: f64) -> f64 {
    f64::from_bits(((k + (MAGIC + 1023.0)).to_bits()) << 52)
}

/// `2^k` for an integral `k` in [-126, 127].
#[inline(always)]
fn power_of_two_f32(k: f32) -> f32 {
    f32::from_bits((k + (MAGIC_F32 as f32 + 127.0)).to_bits() << 23)
}
