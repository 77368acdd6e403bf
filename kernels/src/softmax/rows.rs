//! Lines along the last axis, one after the other.

use super::{Line, Softmax, padded, share, shift};
use crate::isa::{Isa, Kernel};
use crate::math::exp::exp;
use crate::reduce::{CHUNK, Reduce, Tree, fold};
use crate::simd::{AHEAD, LANES, Simd, Vector};
use crate::table::Unary;

/// From exponentials to parts of their sum, or from elements to logarithms.
pub(super) fn finish(isa: Isa, kind: Softmax, line: Line, x: &[f64], out: &mut [f64]) {
    match kind {
        Softmax::Log => {
            let log = if line.greatest.is_infinite() { f64::NAN } else { Unary::Ln.eval(line.sum) };
            isa.run(SubtractBoth { x, shift: line.shift, log, out });
        }
        _ if line.is_limit(kind) => share(x.iter(), out.iter_mut()),
        _ => isa.run(Scale { scale: line.scale(kind), x: out }),
    }
}

/// The sums of rows, one after the other.
pub(super) struct RowSums<'a> {
    isa: Isa,
    rows: std::slice::ChunksExact<'a, f64>,
    row: &'a [f64],
    greatest: f64,
    tree: Tree,
}

impl<'a> RowSums<'a> {
    pub(super) fn new(isa: Isa, x: &'a [f64], size: usize) -> RowSums<'a> {
        let row = &x[..size];
        let mut rows = x.chunks_exact(size);
        rows.next();
        RowSums { isa, rows, row, greatest: isa.run(Greatest { x: row }), tree: Tree::new(Reduce::Sum) }
    }

    /// The next row's sum; its exponentials go to `out`, if given.
    pub(super) fn next(&mut self, out: Option<&mut [f64]>) -> Line {
        let (row, next) = (self.row, self.rows.next().unwrap_or(self.row));
        let greatest = self.greatest;
        self.tree.clear();
        let tree = &mut self.tree;
        self.greatest = match out {
            Some(out) => self.isa.run(RowSum::<true> { row, next, shift: shift(greatest), out, tree }),
            None => self.isa.run(RowSum::<false> { row, next, shift: shift(greatest), out: &mut [], tree }),
        };
        self.row = next;
        Line::new(greatest, self.tree.finish())
    }
}

struct Greatest<'a> {
    x: &'a [f64],
}

impl Kernel for Greatest<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let mut best = [Vector::splat(simd, f64::NEG_INFINITY); 4];
        let (ones, rest) = self.x.as_chunks::<LANES>();
        for (i, one) in ones.iter().enumerate() {
            // SAFETY: an array of eight.
            best[i % 4] = unsafe { Vector::load(simd, one.as_ptr()) }.max(best[i % 4]);
        }
        best[0] = padded(simd, rest).max(best[0]);
        fold(Reduce::Max, best)
    }
}

/// The sum of `exp(x - shift)` over a row, and the greatest element of the next row.
struct RowSum<'a, const STORE: bool> {
    row: &'a [f64],
    next: &'a [f64],
    shift: f64,
    out: &'a mut [f64],
    tree: &'a mut Tree,
}

impl<const STORE: bool> Kernel for RowSum<'_, STORE> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let RowSum { row, next, shift, out, tree } = self;
        assert!(next.len() == row.len() && (!STORE || out.len() == row.len()), "softmax: rows of one length");
        let shift = Vector::splat(simd, shift);
        let mut best = [Vector::splat(simd, f64::NEG_INFINITY); 4];
        for start in (0..row.len()).step_by(CHUNK) {
            let len = CHUNK.min(row.len() - start);
            let mut sums = [Vector::splat(simd, 0.0); 4];
            let whole = len / LANES;
            for i in (0..whole).step_by(4) {
                for k in 0..4 {
                    if i + k >= whole {
                        break;
                    }
                    let at = start + (i + k) * LANES;
                    simd.prefetch(next.as_ptr().wrapping_add(at + AHEAD));
                    if STORE {
                        simd.prefetch(out.as_ptr().wrapping_add(at + AHEAD));
                    }
                    // SAFETY: a whole vector of the chunk.
                    unsafe {
                        let e = exp(Vector::load(simd, row.as_ptr().add(at)) - shift);
                        if STORE {
                            e.store(out.as_mut_ptr().add(at));
                        }
                        sums[k] = sums[k] + e;
                        best[k] = Vector::load(simd, next.as_ptr().add(at)).max(best[k]);
                    }
                }
            }
            let at = start + whole * LANES;
            if at < start + len {
                let e = exp(padded(simd, &row[at..]) - shift);
                if STORE {
                    out[at..].copy_from_slice(&e.to_array()[..row.len() - at]);
                }
                sums[whole % 4] = sums[whole % 4] + e;
                best[0] = padded(simd, &next[at..]).max(best[0]);
            }
            tree.push(fold(Reduce::Sum, sums));
        }
        fold(Reduce::Max, best)
    }
}

struct Scale<'a> {
    scale: f64,
    x: &'a mut [f64],
}

impl Kernel for Scale<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        self.x.iter_mut().for_each(|x| *x *= self.scale);
    }
}

struct SubtractBoth<'a> {
    x: &'a [f64],
    shift: f64,
    log: f64,
    out: &'a mut [f64],
}

impl Kernel for SubtractBoth<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        self.x.iter().zip(self.out).for_each(|(x, out)| *out = (x - self.shift) - self.log);
    }
}
