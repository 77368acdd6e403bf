//! Single precision: which products are computed in it, and which constants are kept in it.
//!
//! Reading is most of the work of a product of a large matrix and a vector. Where every element of a constant matrix is an f32
//! (data that were given in f32, counts, indicators), the Program keeps it as f32 and the product widens what it reads, so that
//! its results are those of f64 to the bit, at half the traffic. One element that is none is enough to keep them all in f64.
//!
//! Products of f32 expressions are computed in f32 where that is faster: if the factors are matrices of some size, or the
//! matrix is kept in f32. Others are computed in f64, which is at least as precise.

use super::layout::{LARGE, Place, View};
use super::lower::Step;
use pyroxene_tensor::Buffer;
use std::collections::HashMap;

/// Multiply-adds from which single precision is worth the conversions.
const WORK: usize = 1 << 14;

/// The constants that have been looked at, by address.
#[derive(Default)]
pub(super) struct Narrowing {
    seen: HashMap<*const f64, Option<Buffer<f32>>>,
}

impl Narrowing {
    /// Makes what the step reads narrow where it can, and its products double where single precision is no faster.
    pub(super) fn step(&mut self, step: &mut Step) {
        let is_narrow = |view: &View| matches!(view.place, Place::Narrow(_));
        match step {
            Step::Rows(rows) => {
                self.view(&mut rows.x);
                rows.single &= is_narrow(&rows.x);
            }
            Step::Matmul { a, b, out, single } => match out.shape[out.shape.len() - 2..] {
                [_, 1] => {
                    self.view(a);
                    *single &= is_narrow(a);
                }
                [1, _] => {
                    self.view(b);
                    *single &= is_narrow(b);
                }
                [m, n] => {
                    *single &= m * n * a.shape[a.shape.len() - 1] >= WORK;
                    if *single {
                        [a, b].into_iter().for_each(|factor| self.view(factor));
                    }
                }
                _ => unreachable!("products are of matrices"),
            },
            _ => {}
        }
    }

    /// A matrix, or a batch of them.
    fn view(&mut self, view: &mut View) {
        let Place::Data(data) = &view.place else { return };
        let rank = view.shape.len();
        let is_contiguous = (rank - 2..rank).any(|axis| view.strides[axis] == 1 || view.shape[axis] == 1);
        // Of a part of the data, the whole would be narrowed.
        if view.len() < LARGE || data.len() > 2 * view.len() || !is_contiguous {
            return;
        }
        if let Some(narrow) = self.seen.entry(data.as_ptr()).or_insert_with(|| narrowed(data)) {
            view.place = Place::Narrow(narrow.clone());
        }
    }
}

/// The same numbers in f32, if they all are; NaN stands for any NaN.
fn narrowed(data: &Buffer<f64>) -> Option<Buffer<f32>> {
    let same = |x: &f64| f64::from(*x as f32).to_bits() == x.to_bits() || x.is_nan();
    data.iter().all(same).then(|| data.iter().map(|&x| x as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_narrowed_if_nothing_is_lost() {
        let tiny = f64::from(f32::from_bits(1));
        let exact =
            [0.0, -0.0, 0.1f32.into(), f64::INFINITY, f64::NEG_INFINITY, f64::NAN, f32::MAX.into(), tiny, -tiny];
        let narrow = narrowed(&exact[..].into()).expect("all are f32");
        for (&narrow, wide) in narrow.iter().zip(exact) {
            assert!(f64::from(narrow).to_bits() == wide.to_bits() || narrow.is_nan() && wide.is_nan());
        }
        for inexact in [0.1, 16_777_217.0, 1e300, 1e-300, tiny / 2.0, f64::from(f32::MAX) * (1.0 + 1e-9)] {
            assert!(narrowed(&[1.0, inexact, 2.0][..].into()).is_none(), "{inexact}");
        }
    }
}
