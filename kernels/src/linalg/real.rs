//! The two scalar types of the linear algebra.

use super::{Mat, MatMut, Triangle, cholesky, cholesky_adjoint, gemm, lu, small, triangular};
use crate::isa::Isa;
use crate::simd::{LANES, LANES_F32, Lanes, Simd};
use std::ops::{Add, Div, Mul, Neg, Sub};

pub(super) mod sealed {
    use super::*;

    /// The entry points for one type. As methods of concrete types they are compiled once, in this crate, and not again in
    /// every crate that calls the generic functions.
    pub trait Compiled: Sized {
        #[track_caller]
        fn gemm(isa: Isa, a: Mat<Self>, b: Mat<Self>, c: MatMut<Self>);
        #[track_caller]
        fn cholesky(isa: Isa, a: &mut [Self], n: usize) -> Result<(), usize>;
        #[track_caller]
        fn cholesky_adjoint(isa: Isa, l: &[Self], n: usize, g: &mut [Self]);
        #[track_caller]
        fn cholesky_small(isa: Isa, a: &mut [Self], n: usize) -> Option<(usize, usize)>;
        #[track_caller]
        fn solve_small(isa: Isa, a: &[Self], n: usize, b: &mut [Self], columns: usize) -> Option<(usize, usize)>;
        #[track_caller]
        fn lu(isa: Isa, a: &mut [Self], n: usize, pivots: &mut [usize]) -> Result<(), usize>;
        #[track_caller]
        fn lu_solve(isa: Isa, lu: &[Self], pivots: &[usize], transpose: bool, b: &mut [Self], columns: usize);
        #[track_caller]
        fn solve_triangular(
            isa: Isa,
            l: &[Self],
            n: usize,
            triangle: Triangle,
            transpose: bool,
            b: &mut [Self],
            columns: usize,
        );
    }

    macro_rules! compiled {
        ($($t:ty),*) => {$(
            impl Compiled for $t {
                #[track_caller]
                fn gemm(isa: Isa, a: Mat<$t>, b: Mat<$t>, c: MatMut<$t>) {
                    gemm::checked(isa, a, b, c);
                }
                #[track_caller]
                fn cholesky(isa: Isa, a: &mut [$t], n: usize) -> Result<(), usize> {
                    cholesky::checked(isa, a, n)
                }
                #[track_caller]
                fn cholesky_adjoint(isa: Isa, l: &[$t], n: usize, g: &mut [$t]) {
                    cholesky_adjoint::checked(isa, l, n, g);
                }
                #[track_caller]
                fn cholesky_small(isa: Isa, a: &mut [$t], n: usize) -> Option<(usize, usize)> {
                    small::checked_cholesky(isa, a, n)
                }
                #[track_caller]
                fn solve_small(isa: Isa, a: &[$t], n: usize, b: &mut [$t], columns: usize) -> Option<(usize, usize)> {
                    small::checked_solve(isa, a, n, b, columns)
                }
                #[track_caller]
                fn lu(isa: Isa, a: &mut [$t], n: usize, pivots: &mut [usize]) -> Result<(), usize> {
                    lu::checked(isa, a, n, pivots)
                }
                #[track_caller]
                fn lu_solve(isa: Isa, lu: &[$t], pivots: &[usize], transpose: bool, b: &mut [$t], columns: usize) {
                    lu::checked_solve(isa, lu, pivots, transpose, b, columns);
                }
                #[track_caller]
                fn solve_triangular(
                    isa: Isa,
                    l: &[$t],
                    n: usize,
                    triangle: Triangle,
                    transpose: bool,
                    b: &mut [$t],
                    columns: usize,
                ) {
                    triangular::checked(isa, l, n, triangle, transpose, b, columns);
                }
            }
        )*};
    }
    compiled!(f64, f32);
}

/// f64 or f32: the scalar arithmetic that factorisations need, and the logical vector of the type. Sealed.
pub trait Real:
    Copy
    + Send
    + Sync
    + 'static
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + sealed::Compiled
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Not a number.
    const NAN: Self;
    /// Lanes of the logical vector.
    const LANES: usize;
    /// The logical vector on one instruction set.
    type Vector<S: Simd>: Copy;

    /// Square root.
    fn sqrt(self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// Neither NaN nor infinite.
    fn is_finite(self) -> bool;
    /// NaN.
    fn is_nan(self) -> bool;
    /// Neither zero, subnormal, infinite nor NaN.
    fn is_normal(self) -> bool;
    /// `self * b + c`, rounded once.
    fn mul_add(self, b: Self, c: Self) -> Self;

    /// All lanes `x`.
    fn splat<S: Simd>(s: S, x: Self) -> Self::Vector<S>;
    /// Reads [`LANES`](Real::LANES) values.
    ///
    /// # Safety
    /// `p` must be valid for reading them.
    unsafe fn load<S: Simd>(s: S, p: *const Self) -> Self::Vector<S>;
    /// Writes all lanes.
    ///
    /// # Safety
    /// `p` must be valid for writing them.
    unsafe fn store<S: Simd>(s: S, p: *mut Self, x: Self::Vector<S>);
    /// Reads the first `n` lanes, the others are zero.
    ///
    /// # Safety
    /// `p` must be valid for reading `n` values and `n <= LANES`.
    unsafe fn load_partial<S: Simd>(s: S, p: *const Self, n: usize) -> Self::Vector<S>;
    /// Writes the first `n` lanes.
    ///
    /// # Safety
    /// `p` must be valid for writing `n` values and `n <= LANES`.
    unsafe fn store_partial<S: Simd>(s: S, p: *mut Self, n: usize, x: Self::Vector<S>);
    /// The sums of the lanes of eight vectors: the second half of the lanes is added to the first until one is left.
    ///
    /// # Safety
    /// `out` must be valid for writing eight values.
    unsafe fn totals<S: Simd>(s: S, x: [Self::Vector<S>; 8], out: *mut Self);
    /// Copies the transpose of a tile, at most [`LANES`](Real::LANES) `rows` and `columns`. Rows begin `apart` elements from each
    /// other, those of the transpose `to_apart`.
    ///
    /// # Safety
    /// The tile may be read and its transpose written; they are disjoint.
    unsafe fn turn<S: Simd>(
        s: S,
        from: *const Self,
        apart: usize,
        rows: usize,
        columns: usize,
        to: *mut Self,
        to_apart: usize,
    );
    /// `a * b + c`, rounded once.
    fn fma<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
    /// `a + b`.
    fn plus<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a * b`.
    fn times<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a - b`.
    fn minus<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a / b`.
    fn over<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
}

macro_rules! real {
    ($t:ty, $vector:ident $(of $narrow:ident)?, $lanes:expr, $load:ident, $store:ident, $load_partial:ident,
     $store_partial:ident, $turn:ident, $totals:ident) => {
        impl Real for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NAN: Self = <$t>::NAN;
            const LANES: usize = $lanes;
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn abs(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                self.is_finite()
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self.is_nan()
            }
            #[inline(always)]
            fn is_normal(self) -> bool {
                self.is_normal()
            }
            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                self.mul_add(b, c)
            }
            #[inline(always)]
            fn splat<S: Simd>(s: S, x: Self) -> S::$vector {
                s$(.$narrow())?.splat(x.into())
            }
            #[inline(always)]
            unsafe fn load<S: Simd>(s: S, p: *const Self) -> S::$vector {
                // SAFETY: as the caller promises.
                unsafe { s.$load(p) }
            }
            #[inline(always)]
            unsafe fn store<S: Simd>(s: S, p: *mut Self, x: S::$vector) {
                // SAFETY: as the caller promises.
                unsafe { s.$store(p, x) }
            }
            #[inline(always)]
            unsafe fn load_partial<S: Simd>(s: S, p: *const Self, n: usize) -> S::$vector {
                // SAFETY: as the caller promises.
                unsafe { s.$load_partial(p, n) }
            }
            #[inline(always)]
            unsafe fn store_partial<S: Simd>(s: S, p: *mut Self, n: usize, x: S::$vector) {
                // SAFETY: as the caller promises.
                unsafe { s.$store_partial(p, n, x) }
            }
            #[inline(always)]
            unsafe fn totals<S: Simd>(s: S, x: [S::$vector; 8], out: *mut Self) {
                // SAFETY: as the caller promises.
                unsafe { $totals(s, x, out) }
            }
            #[inline(always)]
            unsafe fn turn<S: Simd>(
                s: S,
                from: *const Self,
                apart: usize,
                rows: usize,
                columns: usize,
                to: *mut Self,
                to_apart: usize,
            ) {
                // SAFETY: as the caller promises.
                unsafe { $turn(s, from, apart, rows, columns, to, to_apart) }
            }
            #[inline(always)]
            fn fma<S: Simd>(s: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                s$(.$narrow())?.fma(a, b, c)
            }
            #[inline(always)]
            fn plus<S: Simd>(s: S, a: S::$vector, b: S::$vector) -> S::$vector {
                s$(.$narrow())?.add(a, b)
            }
            #[inline(always)]
            fn times<S: Simd>(s: S, a: S::$vector, b: S::$vector) -> S::$vector {
                s$(.$narrow())?.mul(a, b)
            }
            #[inline(always)]
            fn minus<S: Simd>(s: S, a: S::$vector, b: S::$vector) -> S::$vector {
                s$(.$narrow())?.sub(a, b)
            }
            #[inline(always)]
            fn over<S: Simd>(s: S, a: S::$vector, b: S::$vector) -> S::$vector {
                s$(.$narrow())?.div(a, b)
            }
        }
    };
}
real!(f64, F, LANES, load, store, load_partial, store_partial, turn_f64, totals_f64);
real!(
    f32,
    F32 of narrow,
    LANES_F32,
    load_f32,
    store_f32,
    load_partial_f32,
    store_partial_f32,
    turn_f32,
    totals_f32
);

/// [`Real::turn`].
///
/// # Safety
/// As there.
#[inline(always)]
unsafe fn turn_f64<S: Simd>(
    s: S,
    from: *const f64,
    apart: usize,
    rows: usize,
    columns: usize,
    to: *mut f64,
    to_apart: usize,
) {
    let mut tile = [s.splat(0.0); LANES];
    // SAFETY: `columns` values of the rows of the tile, and `rows` of those of its transpose.
    unsafe {
        if rows == LANES && columns == LANES {
            for i in 0..LANES {
                tile[i] = s.load(from.wrapping_add(i * apart));
            }
            tile = s.transpose(tile);
            for j in 0..LANES {
                s.store(to.wrapping_add(j * to_apart), tile[j]);
            }
            return;
        }
        for i in 0..LANES {
            if i < rows {
                tile[i] = s.load_partial(from.wrapping_add(i * apart), columns);
            }
        }
        tile = s.transpose(tile);
        for j in 0..LANES {
            if j < columns {
                s.store_partial(to.wrapping_add(j * to_apart), rows, tile[j]);
            }
        }
    }
}

/// [`Real::turn`].
///
/// # Safety
/// As there.
#[inline(always)]
unsafe fn turn_f32<S: Simd>(
    s: S,
    from: *const f32,
    apart: usize,
    rows: usize,
    columns: usize,
    to: *mut f32,
    to_apart: usize,
) {
    // Eight whole rows at a time are turned as pairs of columns.
    let whole = if cfg!(target_endian = "little") && columns == LANES_F32 { rows / LANES * LANES } else { 0 };
    for i in (0..whole).step_by(LANES) {
        let mut pairs = [s.splat(0.0); LANES];
        // SAFETY: the rows have sixteen columns, in the place of eight f64, whatever these are; their transpose is as the
        // caller promises.
        unsafe {
            for k in 0..LANES {
                pairs[k] = s.load(from.add((i + k) * apart).cast());
            }
            pairs = s.transpose(pairs);
            for k in 0..LANES {
                let to = to.add(2 * k * to_apart + i);
                s.store_halves(to, to.add(to_apart), s.unzip(pairs[k]));
            }
        }
    }
    for i in whole..rows {
        for j in 0..columns {
            // SAFETY: (i, j) is in the tile.
            unsafe { *to.add(j * to_apart + i) = *from.add(i * apart + j) };
        }
    }
}

/// [`Real::totals`].
///
/// # Safety
/// As there.
#[inline(always)]
unsafe fn totals_f64<S: Simd>(s: S, x: [S::F; 8], out: *mut f64) {
    let [a, b, c, d, e, f, g, h] = s.transpose(x);
    let halves = [s.add(a, e), s.add(b, f), s.add(c, g), s.add(d, h)];
    // SAFETY: as the caller promises.
    unsafe { s.store(out, s.add(s.add(halves[0], halves[2]), s.add(halves[1], halves[3]))) };
}

/// [`Real::totals`].
///
/// # Safety
/// As there.
#[inline(always)]
unsafe fn totals_f32<S: Simd>(s: S, x: [S::F32; 8], out: *mut f32) {
    // SAFETY: as the caller promises.
    unsafe { out.cast::<[f32; 8]>().write_unaligned(s.totals_f32(x)) };
}
