//! AVX2 with FMA: two registers a vector.

use super::{LANES, Lanes, MAGIC, MAGIC_F32, Narrow, Simd};
use core::arch::x86_64::*;

/// Token of AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

impl Avx2 {
    /// The token.
    ///
    /// # Safety
    /// The machine must have AVX2 and FMA.
    #[inline(always)]
    pub unsafe fn new_unchecked() -> Self {
        Avx2(())
    }
}

/// The low and the high half of a vector.
type Pair<T> = (T, T);

/// Operations that are one instruction on either half.
macro_rules! of_halves {
    ($type:ty; $($name:ident($($x:ident),+) $instruction:expr;)*) => { $(
        #[inline(always)]
        fn $name(self, $($x: Pair<$type>),+) -> Pair<$type> {
            // SAFETY: the token witnesses that the instructions exist.
            unsafe { ($instruction($($x.0),+), $instruction($($x.1),+)) }
        }
    )* };
}

impl Lanes for Avx2 {
    type F = Pair<__m256d>;
    type U = Pair<__m256i>;
    type M = Pair<__m256d>;
    const IS_NARROW: bool = false;

    #[inline(always)]
    fn splat(self, x: f64) -> Pair<__m256d> {
        // SAFETY: the token witnesses that the instructions exist.
        let half = unsafe { _mm256_set1_pd(x) };
        (half, half)
    }
    of_halves! { __m256d;
        add(a, b) _mm256_add_pd; sub(a, b) _mm256_sub_pd; mul(a, b) _mm256_mul_pd; div(a, b) _mm256_div_pd;
        min(a, b) _mm256_min_pd; max(a, b) _mm256_max_pd; fma(a, b, c) _mm256_fmadd_pd; sqrt(a) _mm256_sqrt_pd;
        floor(a) _mm256_floor_pd; ceil(a) _mm256_ceil_pd;
        trunc(a) _mm256_round_pd::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>;
        round(a) _mm256_round_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>;
        eq(a, b) _mm256_cmp_pd::<_CMP_EQ_OQ>; lt(a, b) _mm256_cmp_pd::<_CMP_LT_OQ>;
        le(a, b) _mm256_cmp_pd::<_CMP_LE_OQ>; unordered(a, b) _mm256_cmp_pd::<_CMP_UNORD_Q>;
        and(a, b) _mm256_and_pd; or(a, b) _mm256_or_pd;
    }
    #[inline(always)]
    fn scale(self, x: Pair<__m256d>, k: Pair<__m256d>) -> Pair<__m256d> {
        // Two powers of two that are both normal; the first product is exact, so only the second rounds.
        let half = self.floor(self.mul(k, self.splat(0.5)));
        let rest = self.sub(k, half);
        let magic = self.splat(MAGIC + 1023.0);
        let first = self.from_bits(self.shl_bits::<52>(self.to_bits(self.add(half, magic))));
        let second = self.from_bits(self.shl_bits::<52>(self.to_bits(self.add(rest, magic))));
        self.mul(self.mul(x, first), second)
    }
    #[inline(always)]
    fn to_bits(self, a: Pair<__m256d>) -> Pair<__m256i> {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { (_mm256_castpd_si256(a.0), _mm256_castpd_si256(a.1)) }
    }
    #[inline(always)]
    fn from_bits(self, a: Pair<__m256i>) -> Pair<__m256d> {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { (_mm256_castsi256_pd(a.0), _mm256_castsi256_pd(a.1)) }
    }
    #[inline(always)]
    fn splat_bits(self, x: u64) -> Pair<__m256i> {
        // SAFETY: the token witnesses that the instructions exist.
        let half = unsafe { _mm256_set1_epi64x(x as i64) };
        (half, half)
    }
    of_halves! { __m256i;
        add_bits(a, b) _mm256_add_epi64; sub_bits(a, b) _mm256_sub_epi64; and_bits(a, b) _mm256_and_si256;
        or_bits(a, b) _mm256_or_si256; xor_bits(a, b) _mm256_xor_si256;
    }
    #[inline(always)]
    fn shl_bits<const N: u32>(self, a: Pair<__m256i>) -> Pair<__m256i> {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe {
            let n = _mm_cvtsi32_si128(N as i32);
            (_mm256_sll_epi64(a.0, n), _mm256_sll_epi64(a.1, n))
        }
    }
    #[inline(always)]
    fn shr_bits<const N: u32>(self, a: Pair<__m256i>) -> Pair<__m256i> {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe {
            let n = _mm_cvtsi32_si128(N as i32);
            (_mm256_srl_epi64(a.0, n), _mm256_srl_epi64(a.1, n))
        }
    }

    #[inline(always)]
    fn not(self, a: Pair<__m256d>) -> Pair<__m256d> {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe {
            let ones = _mm256_castsi256_pd(_mm256_set1_epi64x(-1));
            (_mm256_xor_pd(a.0, ones), _mm256_xor_pd(a.1, ones))
        }
    }
    #[inline(always)]
    fn any(self, a: Pair<__m256d>) -> bool {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm256_movemask_pd(_mm256_or_pd(a.0, a.1)) != 0 }
    }
    #[inline(always)]
    fn select(self, m: Pair<__m256d>, a: Pair<__m256d>, b: Pair<__m256d>) -> Pair<__m256d> {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { (_mm256_blendv_pd(b.0, a.0, m.0), _mm256_blendv_pd(b.1, a.1, m.1)) }
    }
}

impl Lanes for Narrow<Avx2> {
    type F = Pair<__m256>;
    type U = Pair<__m256i>;
    type M = Pair<__m256>;
    const IS_NARROW: bool = true;

    #[inline(always)]
    fn splat(self, x: f64) -> Pair<__m256> {
        // SAFETY: the token witnesses that the instructions exist.
        let half = unsafe { _mm256_set1_ps(x as f32) };
        (half, half)
    }
    of_halves! { __m256;
        add(a, b) _mm256_add_ps; sub(a, b) _mm256_sub_ps; mul(a, b) _mm256_mul_ps; div(a, b) _mm256_div_ps;
        min(a, b) _mm256_min_ps; max(a, b) _mm256_max_ps; fma(a, b, c) _mm256_fmadd_ps; sqrt(a) _mm256_sqrt_ps;
        floor(a) _mm256_floor_ps; ceil(a) _mm256_ceil_ps;
        trunc(a) _mm256_round_ps::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>;
        round(a) _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>;
        eq(a, b) _mm256_cmp_ps::<_CMP_EQ_OQ>; lt(a, b) _mm256_cmp_ps::<_CMP_LT_OQ>;
        le(a, b) _mm256_cmp_ps::<_CMP_LE_OQ>; unordered(a, b) _mm256_cmp_ps::<_CMP_UNORD_Q>;
        and(a, b) _mm256_and_ps; or(a, b) _mm256_or_ps;
    }
    #[inline(always)]
    fn scale(self, x: Pair<__m256>, k: Pair<__m256>) -> Pair<__m256> {
        // Two powers of two that are both normal; the first product is exact, so only the second rounds.
        let half = self.floor(self.mul(k, self.splat(0.5)));
        let rest = self.sub(k, half);
        let magic = self.splat(MAGIC_F32 + 127.0);
        let first = self.from_bits(self.shl_bits::<23>(self.to_bits(self.add(half, magic))));
        let second = self.from_bits(self.shl_bits::<23>(self.to_bits(self.add(rest, magic))));
        self.mul(self.mul(x, first), second)
    }
    #[inline(always)]
    fn to_bits(self, a: Pair<__m256>) -> Pair<__m256i> {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { (_mm256_castps_si256(a.0), _mm256_castps_si256(a.1)) }
    }
    #[inline(always)]
    fn from_bits(self, a: Pair<__m256i>) -> Pair<__m256> {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { (_mm256_castsi256_ps(a.0), _mm256_castsi256_ps(a.1)) }
    }
    #[inline(always)]
    fn splat_bits(self, x: u64) -> Pair<__m256i> {
        // SAFETY: the token witnesses that the instructions exist.
        let half = unsafe { _mm256_set1_epi32(x as i32) };
        (half, half)
    }
    of_halves! { __m256i;
        add_bits(a, b) _mm256_add_epi32; sub_bits(a, b) _mm256_sub_epi32; and_bits(a, b) _mm256_and_si256;
        or_bits(a, b) _mm256_or_si256; xor_bits(a, b) _mm256_xor_si256;
    }
    #[inline(always)]
    fn shl_bits<const N: u32>(self, a: Pair<__m256i>) -> Pair<__m256i> {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe {
            let n = _mm_cvtsi32_si128(N as i32);
            (_mm256_sll_epi32(a.0, n), _mm256_sll_epi32(a.1, n))
        }
    }
    #[inline(always)]
    fn shr_bits<const N: u32>(self, a: Pair<__m256i>) -> Pair<__m256i> {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe {
            let n = _mm_cvtsi32_si128(N as i32);
            (_mm256_srl_epi32(a.0, n), _mm256_srl_epi32(a.1, n))
        }
    }

    #[inline(always)]
    fn not(self, a: Pair<__m256>) -> Pair<__m256> {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe {
            let ones = _mm256_castsi256_ps(_mm256_set1_epi64x(-1));
            (_mm256_xor_ps(a.0, ones), _mm256_xor_ps(a.1, ones))
        }
    }
    #[inline(always)]
    fn any(self, a: Pair<__m256>) -> bool {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm256_movemask_ps(_mm256_or_ps(a.0, a.1)) != 0 }
    }
    #[inline(always)]
    fn select(self, m: Pair<__m256>, a: Pair<__m256>, b: Pair<__m256>) -> Pair<__m256> {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { (_mm256_blendv_ps(b.0, a.0, m.0), _mm256_blendv_ps(b.1, a.1, m.1)) }
    }
}

impl Simd for Avx2 {
    type F32 = Pair<__m256>;
    type Narrow = Narrow<Self>;

    #[inline(always)]
    fn narrow(self) -> Narrow<Self> {
        Narrow(self)
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f64) -> Pair<__m256d> {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe { (_mm256_loadu_pd(p), _mm256_loadu_pd(p.add(4))) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64, x: Pair<__m256d>) {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe {
            _mm256_storeu_pd(p, x.0);
            _mm256_storeu_pd(p.add(4), x.1);
        }
    }
    #[inline(always)]
    unsafe fn load_partial(self, p: *const f64, n: usize) -> Pair<__m256d> {
        // SAFETY: the token witnesses that the instructions exist; the first n places are valid by the caller's promise,
        // and masked lanes are not touched.
        unsafe {
            let (low, high) = first(n);
            (_mm256_maskload_pd(p, low), _mm256_maskload_pd(p.wrapping_add(4), high))
        }
    }
    #[inline(always)]
    unsafe fn store_partial(self, p: *mut f64, n: usize, x: Pair<__m256d>) {
        // SAFETY: the token witnesses that the instructions exist; the first n places are valid by the caller's promise,
        // and masked lanes are not touched.
        unsafe {
            let (low, high) = first(n);
            _mm256_maskstore_pd(p, low, x.0);
            _mm256_maskstore_pd(p.wrapping_add(4), high, x.1);
        }
    }
    #[inline(always)]
    unsafe fn load_widen(self, p: *const f32) -> Pair<__m256d> {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe { (_mm256_cvtps_pd(_mm_loadu_ps(p)), _mm256_cvtps_pd(_mm_loadu_ps(p.add(4)))) }
    }
    #[inline(always)]
    unsafe fn load_widen_partial(self, p: *const f32, n: usize) -> Pair<__m256d> {
        // SAFETY: the token witnesses that the instructions exist; the first n places are valid by the caller's promise,
        // and masked lanes are not touched.
        unsafe {
            let x = _mm256_maskload_ps(p, first_f32(n).0);
            (_mm256_cvtps_pd(_mm256_castps256_ps128(x)), _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(x)))
        }
    }
    #[inline(always)]
    unsafe fn store_narrow(self, p: *mut f32, x: Pair<__m256d>) {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe {
            _mm_storeu_ps(p, _mm256_cvtpd_ps(x.0));
            _mm_storeu_ps(p.add(4), _mm256_cvtpd_ps(x.1));
        }
    }
    #[inline(always)]
    fn prefetch(self, place: *const f64) {
        // SAFETY: the token witnesses that the instructions exist; a prefetch of any address is harmless.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) }
    }
    #[inline(always)]
    fn to_array(self, x: Pair<__m256d>) -> [f64; LANES] {
        let mut a = [0.0; LANES];
        // SAFETY: the array has eight places.
        unsafe { self.store(a.as_mut_ptr(), x) };
        a
    }
    #[inline(always)]
    fn from_array(self, x: [f64; LANES]) -> Pair<__m256d> {
        // SAFETY: the array has eight values.
        unsafe { self.load(x.as_ptr()) }
    }
    #[inline(always)]
    fn transpose(self, [a, b, c, d, e, f, g, h]: [Pair<__m256d>; LANES]) -> [Pair<__m256d>; LANES] {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe {
            let (left, right) = (quarter(a.0, b.0, c.0, d.0), quarter(e.0, f.0, g.0, h.0));
            let (below, last) = (quarter(a.1, b.1, c.1, d.1), quarter(e.1, f.1, g.1, h.1));
            [
                (left[0], right[0]),
                (left[1], right[1]),
                (left[2], right[2]),
                (left[3], right[3]),
                (below[0], last[0]),
                (below[1], last[1]),
                (below[2], last[2]),
                (below[3], last[3]),
            ]
        }
    }
    #[inline(always)]
    fn div_single(self, a: Pair<__m256d>, b: Pair<__m256d>) -> Pair<__m256d> {
        // SAFETY: the token witnesses that the instructions exist.
        let half = |a, b| unsafe { _mm256_cvtps_pd(_mm_div_ps(_mm256_cvtpd_ps(a), _mm256_cvtpd_ps(b))) };
        (half(a.0, b.0), half(a.1, b.1))
    }
    #[inline(always)]
    fn sqrt_single(self, a: Pair<__m256d>) -> Pair<__m256d> {
        // SAFETY: the token witnesses that the instructions exist.
        let half = |a| unsafe { _mm256_cvtps_pd(_mm_sqrt_ps(_mm256_cvtpd_ps(a))) };
        (half(a.0), half(a.1))
    }
    #[inline(always)]
    unsafe fn load_f32(self, p: *const f32) -> Pair<__m256> {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe { (_mm256_loadu_ps(p), _mm256_loadu_ps(p.add(8))) }
    }
    #[inline(always)]
    unsafe fn store_f32(self, p: *mut f32, x: Pair<__m256>) {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe {
            _mm256_storeu_ps(p, x.0);
            _mm256_storeu_ps(p.add(8), x.1);
        }
    }
    #[inline(always)]
    unsafe fn load_partial_f32(self, p: *const f32, n: usize) -> Pair<__m256> {
        // SAFETY: the token witnesses that the instructions exist; the first n places are valid by the caller's promise,
        // and masked lanes are not touched.
        unsafe {
            let (low, high) = first_f32(n);
            (_mm256_maskload_ps(p, low), _mm256_maskload_ps(p.wrapping_add(8), high))
        }
    }
    #[inline(always)]
    unsafe fn store_partial_f32(self, p: *mut f32, n: usize, x: Pair<__m256>) {
        // SAFETY: the token witnesses that the instructions exist; the first n places are valid by the caller's promise,
        // and masked lanes are not touched.
        unsafe {
            let (low, high) = first_f32(n);
            _mm256_maskstore_ps(p, low, x.0);
            _mm256_maskstore_ps(p.wrapping_add(8), high, x.1);
        }
    }
    #[inline(always)]
    fn unzip(self, x: Pair<__m256d>) -> Pair<__m256> {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe {
            let (a, b) = (_mm256_castpd_ps(x.0), _mm256_castpd_ps(x.1));
            // Two of a and two of b in turn, by halves of the registers.
            let in_order = |x| _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(_mm256_castps_pd(x)));
            (in_order(_mm256_shuffle_ps::<0b10_00_10_00>(a, b)), in_order(_mm256_shuffle_ps::<0b11_01_11_01>(a, b)))
        }
    }
    #[inline(always)]
    unsafe fn store_halves(self, first: *mut f32, second: *mut f32, x: Pair<__m256>) {
        // SAFETY: the token witnesses that the instructions exist; the pointers are valid by the caller's promise.
        unsafe {
            _mm256_storeu_ps(first, x.0);
            _mm256_storeu_ps(second, x.1);
        }
    }
    #[inline(always)]
    fn totals_f32(self, x: [Pair<__m256>; 8]) -> [f32; 8] {
        let mut halves = [x[0].0; 8];
        // SAFETY: the token witnesses that the instructions exist.
        unsafe {
            for i in 0..8 {
                halves[i] = _mm256_add_ps(x[i].0, x[i].1);
            }
            totals_of_eight(halves)
        }
    }
}

/// The sum of the eight lanes of each, halves by halves: those of vectors `i` and `i + 4` are kept in one from the second step on, of
/// four from the third.
///
/// # Safety
/// The machine must have AVX.
#[inline(always)]
pub(super) unsafe fn totals_of_eight(x: [__m256; 8]) -> [f32; 8] {
    // SAFETY: as the caller promises; an array of eight is written.
    unsafe {
        let left = fours(pairs(x[0], x[4]), pairs(x[1], x[5]));
        let right = fours(pairs(x[2], x[6]), pairs(x[3], x[7]));
        let all = _mm256_add_ps(_mm256_shuffle_ps::<0x88>(left, right), _mm256_shuffle_ps::<0xdd>(left, right));
        let mut totals = [0.0; 8];
        _mm256_storeu_ps(totals.as_mut_ptr(), all);
        totals
    }
}

/// The first half of `a` plus its second, then the same of `b`.
///
/// # Safety
/// The machine must have AVX.
#[inline(always)]
unsafe fn pairs(a: __m256, b: __m256) -> __m256 {
    // SAFETY: as the caller promises.
    unsafe { _mm256_add_ps(_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b)) }
}

/// Of each half: the first half of its quarter of `a` plus the second, then the same of `b`.
///
/// # Safety
/// The machine must have AVX.
#[inline(always)]
unsafe fn fours(a: __m256, b: __m256) -> __m256 {
    // SAFETY: as the caller promises.
    unsafe { _mm256_add_ps(_mm256_shuffle_ps::<0x44>(a, b), _mm256_shuffle_ps::<0xee>(a, b)) }
}

/// Masks of the first `n <= 8` f64 lanes: a window into ones followed by zeros.
///
/// # Safety
/// The machine must have AVX2, and `n` must be at most 8.
#[inline(always)]
unsafe fn first(n: usize) -> Pair<__m256i> {
    static WINDOW: [i64; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    // SAFETY: the window starts at 8 - n >= 0 and has eight values.
    unsafe {
        let p = WINDOW.as_ptr().add(8 - n);
        (_mm256_loadu_si256(p.cast()), _mm256_loadu_si256(p.add(4).cast()))
    }
}

/// Masks of the first `n <= 16` f32 lanes.
///
/// # Safety
/// The machine must have AVX2, and `n` must be at most 16.
#[inline(always)]
unsafe fn first_f32(n: usize) -> Pair<__m256i> {
    static WINDOW: [i32; 32] = [
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    // SAFETY: the window starts at 16 - n >= 0 and has sixteen values.
    unsafe {
        let p = WINDOW.as_ptr().add(16 - n);
        (_mm256_loadu_si256(p.cast()), _mm256_loadu_si256(p.add(8).cast()))
    }
}

/// The transpose of a square.
///
/// # Safety
/// The machine must have AVX2.
#[inline(always)]
unsafe fn quarter(a: __m256d, b: __m256d, c: __m256d, d: __m256d) -> [__m256d; 4] {
    // SAFETY: as the caller promises.
    unsafe {
        let (even, odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        let (more_even, more_odd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
        [
            _mm256_permute2f128_pd::<0x20>(even, more_even),
            _mm256_permute2f128_pd::<0x20>(odd, more_odd),
            _mm256_permute2f128_pd::<0x31>(even, more_even),
            _mm256_permute2f128_pd::<0x31>(odd, more_odd),
        ]
    }
}
