//! Choice of the instruction set at run time.

use crate::simd::{Portable, Simd};
use std::sync::OnceLock;

/// An instruction set for which every kernel exists. All of them give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isa {
    /// Portable Rust: arrays of eight lanes and [`f64::mul_add`].
    Scalar,
    /// AVX2 and FMA: a logical vector is two registers.
    Avx2,
    /// AVX-512 (F, BW, DQ, VL): a logical vector is one register.
    Avx512,
}

impl Isa {
    /// All instruction sets, from the narrowest.
    pub const ALL: [Isa; 3] = [Isa::Scalar, Isa::Avx2, Isa::Avx512];

    /// The best instruction set of this machine; asked once, then remembered.
    #[inline]
    pub fn detect() -> Isa {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(Isa::probe)
    }

    /// Whether this machine can run kernels of this instruction set.
    #[inline]
    pub fn is_available(self) -> bool {
        self <= Isa::detect()
    }

    /// Runs `kernel` compiled for this instruction set.
    ///
    /// # Panics
    /// If the machine lacks the instruction set.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        assert!(self.is_available(), "{self:?} is not available on this machine");
        match self {
            Isa::Scalar => kernel.run(Portable::<8>),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: availability was asserted above.
            Isa::Avx2 => unsafe { run_avx2(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: availability was asserted above.
            Isa::Avx512 => unsafe { run_avx512(kernel) },
            #[cfg(not(target_arch = "x86_64"))]
            _ => unreachable!("only detected on x86-64"),
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn probe() -> Isa {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        match (avx2, avx512) {
            (true, true) => Isa::Avx512,
            (true, false) => Isa::Avx2,
            _ => Isa::Scalar,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn probe() -> Isa {
        Isa::Scalar
    }
}

/// A computation written once over [`Simd`] and compiled for each instruction set by [`Isa::run`].
///
/// Implementations mark [`run`](Kernel::run) `#[inline(always)]`, and so are all generic functions that it calls in its
/// hot loops: only code inlined into the entry of an instruction set is compiled with its instructions.
pub trait Kernel {
    /// What the kernel returns.
    type Output;
    /// The computation.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// # Safety
/// The machine must have AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the features are there by this function's contract.
    kernel.run(unsafe { crate::simd::Avx2::new_unchecked() })
}

/// # Safety
/// The machine must have AVX-512 F, BW, DQ and VL, and AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the features are there by this function's contract.
    kernel.run(unsafe { crate::simd::Avx512::new_unchecked() })
}
