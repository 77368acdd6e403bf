//! Logical vectors of eight f64 (and sixteen f32) lanes over each instruction set.
//!
//! [`Simd`] and the arithmetic of its lanes, [`Lanes`], are implemented by zero-sized tokens. A token can only be made where its
//! instructions exist, so its methods are safe to call; those that take a pointer are not. The logical width is the same everywhere, which is why each
//! kernel gives the same bits everywhere: AVX-512 holds a vector in one register, AVX2 in two, [`Portable`] in an array.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
mod vector;

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub use avx512::Avx512;
pub use portable::Portable;
pub(crate) use vector::{MAGIC, MAGIC_F32};
pub use vector::{Mask, Splat, Vector};

/// Number of f64 lanes of the logical vector.
pub const LANES: usize = 8;
/// Number of f32 lanes of the logical vector.
pub const LANES_F32: usize = 16;

/// How many f64 ahead a loop that computes much an element asks for what it will touch. Such loops are too slow for the
/// processor to see far ahead of them: exponentials of 32 MB take 6 ms without, 3 ms with.
pub(crate) const AHEAD: usize = 1024;

/// The arithmetic of vectors of one type of number: what lane functions are written over.
///
/// Every operation is correctly rounded or exact, so all implementations agree bit for bit (up to the payload and sign
/// of a NaN). Methods act lane by lane.
#[expect(clippy::wrong_self_convention, reason = "self is the token, not the value converted")]
pub trait Lanes: Copy + Send + Sync + 'static {
    /// The lanes.
    type F: Copy;
    /// Their bits, as whole numbers.
    type U: Copy;
    /// A truth value a lane.
    type M: Copy;
    /// Whether the numbers are f32, not f64.
    const IS_NARROW: bool;
    /// The bit that is the sign.
    const SIGN: u64 = if Self::IS_NARROW { 1 << 31 } else { 1 << 63 };

    /// All lanes `x`, rounded to their type.
    fn splat(self, x: f64) -> Self::F;
    /// `a + b`.
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a - b`.
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b`.
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a / b`.
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once.
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// Square root.
    fn sqrt(self, a: Self::F) -> Self::F;
    /// Greatest integer not above.
    fn floor(self, a: Self::F) -> Self::F;
    /// Least integer not below.
    fn ceil(self, a: Self::F) -> Self::F;
    /// Integer part.
    fn trunc(self, a: Self::F) -> Self::F;
    /// Nearest integer, ties to even.
    fn round(self, a: Self::F) -> Self::F;
    /// `if a < b { a } else { b }`: the second operand where unordered or equal.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// `if a > b { a } else { b }`: the second operand where unordered or equal.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// `x * 2^k` rounded once, for `x` in [0.25, 4] in magnitude (or zero) and an integral `k` in [-1100, 1100], of f32 in
    /// [-200, 200].
    fn scale(self, x: Self::F, k: Self::F) -> Self::F;

    /// The bits of each lane.
    fn to_bits(self, a: Self::F) -> Self::U;
    /// The numbers of these bits.
    fn from_bits(self, a: Self::U) -> Self::F;
    /// All lanes `x`, of f32 its lower half.
    fn splat_bits(self, x: u64) -> Self::U;
    /// Wrapping sum.
    fn add_bits(self, a: Self::U, b: Self::U) -> Self::U;
    /// Wrapping difference.
    fn sub_bits(self, a: Self::U, b: Self::U) -> Self::U;
    /// Bitwise and.
    fn and_bits(self, a: Self::U, b: Self::U) -> Self::U;
    /// Bitwise or.
    fn or_bits(self, a: Self::U, b: Self::U) -> Self::U;
    /// Bitwise exclusive or.
    fn xor_bits(self, a: Self::U, b: Self::U) -> Self::U;
    /// Shift to the left by `N`, less than a lane has bits.
    fn shl_bits<const N: u32>(self, a: Self::U) -> Self::U;
    /// Logical shift to the right by `N`, less than a lane has bits.
    fn shr_bits<const N: u32>(self, a: Self::U) -> Self::U;

    /// `a == b`; false where unordered.
    fn eq(self, a: Self::F, b: Self::F) -> Self::M;
    /// `a < b`; false where unordered.
    fn lt(self, a: Self::F, b: Self::F) -> Self::M;
    /// `a <= b`; false where unordered.
    fn le(self, a: Self::F, b: Self::F) -> Self::M;
    /// Either is NaN.
    fn unordered(self, a: Self::F, b: Self::F) -> Self::M;
    /// Both.
    fn and(self, a: Self::M, b: Self::M) -> Self::M;
    /// Either.
    fn or(self, a: Self::M, b: Self::M) -> Self::M;
    /// Neither the one nor its opposite.
    fn not(self, a: Self::M) -> Self::M;
    /// Whether any lane is true.
    fn any(self, a: Self::M) -> bool;
    /// `a` where true, `b` elsewhere.
    fn select(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F;
}

/// The f32 lanes of an instruction set.
#[derive(Clone, Copy, Debug)]
pub struct Narrow<S>(S);

/// One instruction set: the lanes of f64, those of f32, and what goes between them and memory; see the [module](self) for the
/// idea.
#[expect(clippy::wrong_self_convention, reason = "self is the token, not the value converted")]
pub trait Simd: Lanes {
    /// Sixteen f32 lanes.
    type F32: Copy;
    /// Their arithmetic.
    type Narrow: Lanes<F = Self::F32>;

    /// The token of the arithmetic of f32.
    fn narrow(self) -> Self::Narrow;

    /// Reads eight consecutive values.
    ///
    /// # Safety
    /// `p` must be valid for reading eight f64; no alignment is needed.
    unsafe fn load(self, p: *const f64) -> Self::F;
    /// Writes eight consecutive values.
    ///
    /// # Safety
    /// `p` must be valid for writing eight f64; no alignment is needed.
    unsafe fn store(self, p: *mut f64, x: Self::F);
    /// Reads `n <= 8` values; the other lanes are zero. Memory past them is not touched.
    ///
    /// # Safety
    /// `p` must be valid for reading `n` f64 and `n <= 8`.
    unsafe fn load_partial(self, p: *const f64, n: usize) -> Self::F;
    /// Writes the first `n <= 8` lanes. Memory past them is not touched.
    ///
    /// # Safety
    /// `p` must be valid for writing `n` f64 and `n <= 8`.
    unsafe fn store_partial(self, p: *mut f64, n: usize, x: Self::F);
    /// Reads eight f32 and widens them.
    ///
    /// # Safety
    /// `p` must be valid for reading eight f32.
    unsafe fn load_widen(self, p: *const f32) -> Self::F;
    /// Reads `n <= 8` f32 and widens them; the other lanes are zero. Memory past them is not touched.
    ///
    /// # Safety
    /// `p` must be valid for reading `n` f32 and `n <= 8`.
    unsafe fn load_widen_partial(self, p: *const f32, n: usize) -> Self::F;
    /// Narrows (to nearest, ties to even) and writes eight f32.
    ///
    /// # Safety
    /// `p` must be valid for writing eight f32.
    unsafe fn store_narrow(self, p: *mut f32, x: Self::F);
    /// Asks for the cache line at a place, which need not exist, to be brought near.
    #[inline(always)]
    fn prefetch(self, _place: *const f64) {}
    /// The lanes as an array.
    fn to_array(self, x: Self::F) -> [f64; LANES];
    /// A vector of these lanes.
    fn from_array(self, x: [f64; LANES]) -> Self::F;
    /// The quotient in f32 of the operands rounded to f32.
    fn div_single(self, a: Self::F, b: Self::F) -> Self::F;
    /// The square root in f32 of the operand rounded to f32.
    fn sqrt_single(self, a: Self::F) -> Self::F;
    /// The transpose of a square.
    fn transpose(self, rows: [Self::F; LANES]) -> [Self::F; LANES];
    /// Reads sixteen consecutive values.
    ///
    /// # Safety
    /// `p` must be valid for reading sixteen f32.
    unsafe fn load_f32(self, p: *const f32) -> Self::F32;
    /// Writes sixteen consecutive values.
    ///
    /// # Safety
    /// `p` must be valid for writing sixteen f32.
    unsafe fn store_f32(self, p: *mut f32, x: Self::F32);
    /// Reads `n <= 16` values; the other lanes are zero.
    ///
    /// # Safety
    /// `p` must be valid for reading `n` f32 and `n <= 16`.
    unsafe fn load_partial_f32(self, p: *const f32, n: usize) -> Self::F32;
    /// Writes the first `n <= 16` lanes.
    ///
    /// # Safety
    /// `p` must be valid for writing `n` f32 and `n <= 16`.
    unsafe fn store_partial_f32(self, p: *mut f32, n: usize, x: Self::F32);
    /// Of the two f32 in the place of each f64 the first ones, then the second ones.
    fn unzip(self, x: Self::F) -> Self::F32;
    /// Writes the first eight lanes to one place, the others to another.
    ///
    /// # Safety
    /// Both must be valid for writing eight f32.
    unsafe fn store_halves(self, first: *mut f32, second: *mut f32, x: Self::F32);
    /// The sum of the lanes of each: the second half of them is added to the first until one is left.
    fn totals_f32(self, x: [Self::F32; 8]) -> [f32; 8];
}
