//! AVX-512: one register a vector.

use super::{LANES, Lanes, Narrow, Simd, avx2::totals_of_eight};
use core::arch::x86_64::*;

/// Token of AVX-512 F, BW, DQ and VL.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(());

impl Avx512 {
    /// The token.
    ///
    /// # Safety
    /// The machine must have AVX-512 F, BW, DQ and VL, and AVX2 and FMA.
    #[inline(always)]
    pub unsafe fn new_unchecked() -> Self {
        Avx512(())
    }
}

/// Operations that are one instruction.
macro_rules! of_vectors {
    ($type:ty; $($name:ident($($x:ident),+) $instruction:expr;)*) => { $(
        #[inline(always)]
        fn $name(self, $($x: $type),+) -> $type {
            // SAFETY: the token witnesses that the instructions exist.
            unsafe { $instruction($($x),+) }
        }
    )* };
}

/// Comparisons that are one instruction.
macro_rules! comparisons {
    ($type:ty, $mask:ty; $($name:ident $instruction:expr;)*) => { $(
        #[inline(always)]
        fn $name(self, a: $type, b: $type) -> $mask {
            // SAFETY: the token witnesses that the instructions exist.
            unsafe { $instruction(a, b) }
        }
    )* };
}

impl Lanes for Avx512 {
    type F = __m512d;
    type U = __m512i;
    type M = __mmask8;
    const IS_NARROW: bool = false;

    #[inline(always)]
    fn splat(self, x: f64) -> __m512d {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_set1_pd(x) }
    }
    of_vectors! { __m512d;
        add(a, b) _mm512_add_pd; sub(a, b) _mm512_sub_pd; mul(a, b) _mm512_mul_pd; div(a, b) _mm512_div_pd;
        min(a, b) _mm512_min_pd; max(a, b) _mm512_max_pd; scale(x, k) _mm512_scalef_pd;
        fma(a, b, c) _mm512_fmadd_pd; sqrt(a) _mm512_sqrt_pd;
        floor(a) _mm512_roundscale_pd::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>;
        ceil(a) _mm512_roundscale_pd::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>;
        trunc(a) _mm512_roundscale_pd::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>;
        round(a) _mm512_roundscale_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>;
    }

    #[inline(always)]
    fn to_bits(self, a: __m512d) -> __m512i {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_castpd_si512(a) }
    }
    #[inline(always)]
    fn from_bits(self, a: __m512i) -> __m512d {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_castsi512_pd(a) }
    }
    #[inline(always)]
    fn splat_bits(self, x: u64) -> __m512i {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_set1_epi64(x as i64) }
    }
    of_vectors! { __m512i;
        add_bits(a, b) _mm512_add_epi64; sub_bits(a, b) _mm512_sub_epi64; and_bits(a, b) _mm512_and_si512;
        or_bits(a, b) _mm512_or_si512; xor_bits(a, b) _mm512_xor_si512;
    }
    #[inline(always)]
    fn shl_bits<const N: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_slli_epi64::<N>(a) }
    }
    #[inline(always)]
    fn shr_bits<const N: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_srli_epi64::<N>(a) }
    }

    comparisons! { __m512d, __mmask8;
        eq _mm512_cmp_pd_mask::<_CMP_EQ_OQ>; lt _mm512_cmp_pd_mask::<_CMP_LT_OQ>;
        le _mm512_cmp_pd_mask::<_CMP_LE_OQ>; unordered _mm512_cmp_pd_mask::<_CMP_UNORD_Q>;
    }
    #[inline(always)]
    fn and(self, a: __mmask8, b: __mmask8) -> __mmask8 {
        a & b
    }
    #[inline(always)]
    fn or(self, a: __mmask8, b: __mmask8) -> __mmask8 {
        a | b
    }
    #[inline(always)]
    fn not(self, a: __mmask8) -> __mmask8 {
        !a
    }
    #[inline(always)]
    fn any(self, a: __mmask8) -> bool {
        a != 0
    }
    #[inline(always)]
    fn select(self, m: __mmask8, a: __m512d, b: __m512d) -> __m512d {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_mask_blend_pd(m, b, a) }
    }
}

impl Lanes for Narrow<Avx512> {
    type F = __m512;
    type U = __m512i;
    type M = __mmask16;
    const IS_NARROW: bool = true;

    #[inline(always)]
    fn splat(self, x: f64) -> __m512 {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_set1_ps(x as f32) }
    }
    of_vectors! { __m512;
        add(a, b) _mm512_add_ps; sub(a, b) _mm512_sub_ps; mul(a, b) _mm512_mul_ps; div(a, b) _mm512_div_ps;
        min(a, b) _mm512_min_ps; max(a, b) _mm512_max_ps; scale(x, k) _mm512_scalef_ps;
        fma(a, b, c) _mm512_fmadd_ps; sqrt(a) _mm512_sqrt_ps;
        floor(a) _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>;
        ceil(a) _mm512_roundscale_ps::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>;
        trunc(a) _mm512_roundscale_ps::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>;
        round(a) _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>;
    }

    #[inline(always)]
    fn to_bits(self, a: __m512) -> __m512i {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_castps_si512(a) }
    }
    #[inline(always)]
    fn from_bits(self, a: __m512i) -> __m512 {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_castsi512_ps(a) }
    }
    #[inline(always)]
    fn splat_bits(self, x: u64) -> __m512i {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_set1_epi32(x as i32) }
    }
    of_vectors! { __m512i;
        add_bits(a, b) _mm512_add_epi32; sub_bits(a, b) _mm512_sub_epi32; and_bits(a, b) _mm512_and_si512;
        or_bits(a, b) _mm512_or_si512; xor_bits(a, b) _mm512_xor_si512;
    }
    #[inline(always)]
    fn shl_bits<const N: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_slli_epi32::<N>(a) }
    }
    #[inline(always)]
    fn shr_bits<const N: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_srli_epi32::<N>(a) }
    }

    comparisons! { __m512, __mmask16;
        eq _mm512_cmp_ps_mask::<_CMP_EQ_OQ>; lt _mm512_cmp_ps_mask::<_CMP_LT_OQ>;
        le _mm512_cmp_ps_mask::<_CMP_LE_OQ>; unordered _mm512_cmp_ps_mask::<_CMP_UNORD_Q>;
    }
    #[inline(always)]
    fn and(self, a: __mmask16, b: __mmask16) -> __mmask16 {
        a & b
    }
    #[inline(always)]
    fn or(self, a: __mmask16, b: __mmask16) -> __mmask16 {
        a | b
    }
    #[inline(always)]
    fn not(self, a: __mmask16) -> __mmask16 {
        !a
    }
    #[inline(always)]
    fn any(self, a: __mmask16) -> bool {
        a != 0
    }
    #[inline(always)]
    fn select(self, m: __mmask16, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_mask_blend_ps(m, b, a) }
    }
}

impl Simd for Avx512 {
    type F32 = __m512;
    type Narrow = Narrow<Self>;

    #[inline(always)]
    fn narrow(self) -> Narrow<Self> {
        Narrow(self)
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f64) -> __m512d {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe { _mm512_loadu_pd(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64, x: __m512d) {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe { _mm512_storeu_pd(p, x) }
    }
    #[inline(always)]
    unsafe fn load_partial(self, p: *const f64, n: usize) -> __m512d {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe { _mm512_maskz_loadu_pd(first8(n), p) }
    }
    #[inline(always)]
    unsafe fn store_partial(self, p: *mut f64, n: usize, x: __m512d) {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe { _mm512_mask_storeu_pd(p, first8(n), x) }
    }
    #[inline(always)]
    unsafe fn load_widen(self, p: *const f32) -> __m512d {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe { _mm512_cvtps_pd(_mm256_loadu_ps(p)) }
    }
    #[inline(always)]
    unsafe fn load_widen_partial(self, p: *const f32, n: usize) -> __m512d {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe { _mm512_cvtps_pd(_mm256_maskz_loadu_ps(first8(n), p)) }
    }
    #[inline(always)]
    unsafe fn store_narrow(self, p: *mut f32, x: __m512d) {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe { _mm256_storeu_ps(p, _mm512_cvtpd_ps(x)) }
    }
    #[inline(always)]
    fn prefetch(self, place: *const f64) {
        // SAFETY: the token witnesses that the instructions exist; a prefetch of any address is harmless.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) }
    }
    #[inline(always)]
    fn to_array(self, x: __m512d) -> [f64; LANES] {
        let mut a = [0.0; LANES];
        // SAFETY: the array has eight places.
        unsafe { self.store(a.as_mut_ptr(), x) };
        a
    }
    #[inline(always)]
    fn from_array(self, x: [f64; LANES]) -> __m512d {
        // SAFETY: the array has eight values.
        unsafe { self.load(x.as_ptr()) }
    }
    #[inline(always)]
    fn transpose(self, [a, b, c, d, e, f, g, h]: [__m512d; LANES]) -> [__m512d; LANES] {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe {
            // Of two rows the even elements side by side, and the odd ones.
            let (ab, cd) = (_mm512_unpacklo_pd(a, b), _mm512_unpacklo_pd(c, d));
            let (ef, gh) = (_mm512_unpacklo_pd(e, f), _mm512_unpacklo_pd(g, h));
            let (odd_ab, odd_cd) = (_mm512_unpackhi_pd(a, b), _mm512_unpackhi_pd(c, d));
            let (odd_ef, odd_gh) = (_mm512_unpackhi_pd(e, f), _mm512_unpackhi_pd(g, h));
            // Of four rows the columns 0 and 4, 2 and 6, 1 and 5, 3 and 7.
            let top = [even(ab, cd), odd(ab, cd), even(odd_ab, odd_cd), odd(odd_ab, odd_cd)];
            let bottom = [even(ef, gh), odd(ef, gh), even(odd_ef, odd_gh), odd(odd_ef, odd_gh)];
            [
                even(top[0], bottom[0]),
                even(top[2], bottom[2]),
                even(top[1], bottom[1]),
                even(top[3], bottom[3]),
                odd(top[0], bottom[0]),
                odd(top[2], bottom[2]),
                odd(top[1], bottom[1]),
                odd(top[3], bottom[3]),
            ]
        }
    }
    #[inline(always)]
    fn div_single(self, a: __m512d, b: __m512d) -> __m512d {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_cvtps_pd(_mm256_div_ps(_mm512_cvtpd_ps(a), _mm512_cvtpd_ps(b))) }
    }
    #[inline(always)]
    fn sqrt_single(self, a: __m512d) -> __m512d {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe { _mm512_cvtps_pd(_mm256_sqrt_ps(_mm512_cvtpd_ps(a))) }
    }
    #[inline(always)]
    unsafe fn load_f32(self, p: *const f32) -> __m512 {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe { _mm512_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store_f32(self, p: *mut f32, x: __m512) {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe { _mm512_storeu_ps(p, x) }
    }
    #[inline(always)]
    unsafe fn load_partial_f32(self, p: *const f32, n: usize) -> __m512 {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe { _mm512_maskz_loadu_ps(first16(n), p) }
    }
    #[inline(always)]
    unsafe fn store_partial_f32(self, p: *mut f32, n: usize, x: __m512) {
        // SAFETY: the token witnesses that the instructions exist; the pointer is valid by the caller's promise.
        unsafe { _mm512_mask_storeu_ps(p, first16(n), x) }
    }
    #[inline(always)]
    fn unzip(self, x: __m512d) -> __m512 {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe {
            let order = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
            _mm512_permutexvar_ps(order, _mm512_castpd_ps(x))
        }
    }
    #[inline(always)]
    unsafe fn store_halves(self, first: *mut f32, second: *mut f32, x: __m512) {
        // SAFETY: the token witnesses that the instructions exist; the pointers are valid by the caller's promise.
        unsafe {
            _mm256_storeu_ps(first, _mm512_castps512_ps256(x));
            _mm256_storeu_ps(second, _mm512_extractf32x8_ps::<1>(x));
        }
    }
    #[inline(always)]
    fn totals_f32(self, x: [__m512; 8]) -> [f32; 8] {
        // SAFETY: the token witnesses that the instructions exist.
        unsafe {
            let mut halves = [_mm256_setzero_ps(); 8];
            for i in 0..8 {
                halves[i] = _mm256_add_ps(_mm512_castps512_ps256(x[i]), _mm512_extractf32x8_ps::<1>(x[i]));
            }
            totals_of_eight(halves)
        }
    }
}

/// Mask of the first `n <= 8` lanes.
#[inline(always)]
fn first8(n: usize) -> __mmask8 {
    ((1u32 << n) - 1) as __mmask8
}

/// Mask of the first `n <= 16` lanes.
#[inline(always)]
fn first16(n: usize) -> __mmask16 {
    ((1u32 << n) - 1) as __mmask16
}

/// The even pairs of neighbours of a, then of b.
///
/// # Safety
/// The machine must have AVX-512 F.
#[inline(always)]
unsafe fn even(a: __m512d, b: __m512d) -> __m512d {
    // SAFETY: as the caller promises.
    unsafe { _mm512_shuffle_f64x2::<0x88>(a, b) }
}

/// The odd pairs of neighbours of a, then of b.
///
/// # Safety
/// The machine must have AVX-512 F.
#[inline(always)]
unsafe fn odd(a: __m512d, b: __m512d) -> __m512d {
    // SAFETY: as the caller promises.
    unsafe { _mm512_shuffle_f64x2::<0xdd>(a, b) }
}
