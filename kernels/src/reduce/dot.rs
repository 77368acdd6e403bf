//! Sums of products.

use super::order::{CHUNK, Reduce, Tree, fold};
use crate::elementwise::Element;
use crate::isa::{Isa, Kernel};
use crate::simd::{LANES, Simd, Vector};

/// Sum of products, by fused multiply-adds into the accumulators of a sum, in f64.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn dot<T: Element>(x: &[T], y: &[T]) -> T {
    dot_on(Isa::detect(), x, y)
}

/// [`dot`] on a given instruction set.
///
/// # Panics
/// If the lengths differ or the machine lacks the instruction set.
#[track_caller]
pub fn dot_on<T: Element>(isa: Isa, x: &[T], y: &[T]) -> T {
    assert_eq!(x.len(), y.len(), "dot: the arguments differ in length");
    let mut tree = Tree::new(Reduce::Sum);
    for (x, y) in x.chunks(CHUNK).zip(y.chunks(CHUNK)) {
        T::chunks(isa, x, |x| T::chunks(isa, y, |y| tree.push(dot_chunk(isa, x, y))));
    }
    T::from_f64(tree.finish())
}

#[inline(never)] // Compiled once, in this crate.
fn dot_chunk(isa: Isa, x: &[f64], y: &[f64]) -> f64 {
    isa.run(DotChunk { x, y })
}

struct DotChunk<'a> {
    x: &'a [f64],
    y: &'a [f64],
}

impl Kernel for DotChunk<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let mut sums = [Vector::splat(simd, 0.0); 4];
        let (x_fours, x_rest) = self.x.as_chunks::<{ 4 * LANES }>();
        let (y_fours, y_rest) = self.y.as_chunks::<{ 4 * LANES }>();
        for (x, y) in x_fours.iter().zip(y_fours) {
            for i in 0..4 {
                // SAFETY: vector i of arrays of four.
                let (x, y) = unsafe {
                    (Vector::load(simd, x.as_ptr().add(i * LANES)), Vector::load(simd, y.as_ptr().add(i * LANES)))
                };
                sums[i] = x.fma(y, sums[i]);
            }
        }
        let (x_ones, x_rest) = x_rest.as_chunks::<LANES>();
        let (y_ones, y_rest) = y_rest.as_chunks::<LANES>();
        for (i, (x, y)) in x_ones.iter().zip(y_ones).enumerate() {
            // SAFETY: arrays of eight.
            let (x, y) = unsafe { (Vector::load(simd, x.as_ptr()), Vector::load(simd, y.as_ptr())) };
            sums[i] = x.fma(y, sums[i]);
        }
        // SAFETY: as many values are read as the remainders hold.
        let (x, y) = unsafe {
            (simd.load_partial(x_rest.as_ptr(), x_rest.len()), simd.load_partial(y_rest.as_ptr(), y_rest.len()))
        };
        let i = x_ones.len();
        sums[i] = Vector::new(simd, x).fma(Vector::new(simd, y), sums[i]);
        fold(Reduce::Sum, sums)
    }
}
