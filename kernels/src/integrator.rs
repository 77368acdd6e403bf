//! Updates and inner products of the vectors of a Hamiltonian integrator, several in one pass.
//!
//! Vector `i` (eight lanes) of a product goes to accumulator `i mod 4`; accumulators, then lanes, are combined by fixed
//! trees, so that all instruction sets give the same bits. All functions panic if the lengths of their slices differ.

use crate::isa::{Isa, Kernel};
use crate::reduce::{Reduce, fold};
use crate::simd::{LANES, Simd, Vector};

/// Neighbouring elements that fit in a vector, inside of slices whose length was checked.
#[derive(Clone, Copy)]
struct Window<S: Simd> {
    simd: S,
    start: usize,
    count: usize,
}

impl<S: Simd> Window<S> {
    /// The elements of `x`, then zeros.
    ///
    /// # Safety
    /// `x` must be at least `start + count` long.
    #[inline(always)]
    unsafe fn of(self, x: &[f64]) -> Vector<S> {
        debug_assert!(self.start + self.count <= x.len());
        // SAFETY: the caller's promise.
        let lanes = unsafe {
            let from = x.as_ptr().add(self.start);
            if self.count == LANES { self.simd.load(from) } else { self.simd.load_partial(from, self.count) }
        };
        Vector::new(self.simd, lanes)
    }

    /// # Safety
    /// As [`of`](Self::of).
    #[inline(always)]
    unsafe fn set(self, out: &mut [f64], x: Vector<S>) {
        debug_assert!(self.start + self.count <= out.len());
        // SAFETY: the caller's promise.
        unsafe {
            let to = out.as_mut_ptr().add(self.start);
            if self.count == LANES {
                self.simd.store(to, x.lanes);
            } else {
                self.simd.store_partial(to, self.count, x.lanes);
            }
        }
    }
}

/// Runs `$body` for each vector of `$len` elements, with the number of its accumulator and its window. (A closure would not
/// be compiled for the instruction set, and accumulators whose numbers are not known would live in memory.) All slices that
/// `$body` looks at must have that length: bounds are checked once, by [`check`], since checks of each vector took a tenth of
/// a sampler's step.
macro_rules! over {
    ($simd:expr, $len:expr, |$accumulator:ident, $at:ident| $body:expr) => {{
        let (len, whole) = ($len, $len - $len % (4 * LANES));
        for start in (0..whole).step_by(4 * LANES) {
            over!(@each 0 1 2 3, |$accumulator, $at| $body, |i| Window { simd: $simd, start: start + i * LANES, count: LANES });
        }
        over!(@rest 0 1 2 3, |$accumulator, $at| $body, $simd, whole, len);
    }};
    (@each $($number:literal)*, |$accumulator:ident, $at:ident| $body:expr, |$i:ident| $lanes:expr) => {
        $({
            let $i: usize = $number;
            let ($accumulator, $at) = ($i, $lanes);
            // SAFETY: the slices were checked to be as long as the windows reach.
            unsafe { $body };
        })*
    };
    (@rest $($number:literal)*, |$accumulator:ident, $at:ident| $body:expr, $simd:expr, $whole:ident, $len:ident) => {
        $({
            let start = $whole + $number * LANES;
            if start < $len {
                let ($accumulator, $at) = ($number, Window { simd: $simd, start, count: LANES.min($len - start) });
                // SAFETY: as above.
                unsafe { $body };
            }
        })*
    };
}

fn check<const N: usize>(lengths: [usize; N]) {
    assert!(lengths.iter().all(|&len| len == lengths[0]), "integrator: vectors of lengths {lengths:?}");
}

/// `x . y`
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    check([x.len(), y.len()]);
    Isa::detect().run(Dot { x, y })
}

struct Dot<'a> {
    x: &'a [f64],
    y: &'a [f64],
}

impl Kernel for Dot<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let mut sums = [Vector::splat(simd, 0.0); 4];
        over!(simd, self.x.len(), |i, at| sums[i] = at.of(self.x).fma(at.of(self.y), sums[i]));
        fold(Reduce::Sum, sums)
    }
}

/// `(a . (x + y), b . (x + y))`
pub fn dots_with_sum(a: &[f64], b: &[f64], x: &[f64], y: &[f64]) -> (f64, f64) {
    check([a.len(), b.len(), x.len(), y.len()]);
    Isa::detect().run(DotsWithSum { a, b, x, y })
}

struct DotsWithSum<'a> {
    a: &'a [f64],
    b: &'a [f64],
    x: &'a [f64],
    y: &'a [f64],
}

impl Kernel for DotsWithSum<'_> {
    type Output = (f64, f64);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> (f64, f64) {
        let mut of_a = [Vector::splat(simd, 0.0); 4];
        let mut of_b = of_a;
        over!(simd, self.x.len(), |i, at| {
            let sum = at.of(self.x) + at.of(self.y);
            of_a[i] = at.of(self.a).fma(sum, of_a[i]);
            of_b[i] = at.of(self.b).fma(sum, of_b[i]);
        });
        (fold(Reduce::Sum, of_a), fold(Reduce::Sum, of_b))
    }
}

/// `sum = x + y`; gives `(a . sum, b . sum)`.
pub fn sum_with_dots(sum: &mut [f64], x: &[f64], y: &[f64], a: &[f64], b: &[f64]) -> (f64, f64) {
    check([sum.len(), x.len(), y.len(), a.len(), b.len()]);
    Isa::detect().run(SumWithDots { sum, x, y, a, b })
}

struct SumWithDots<'a> {
    sum: &'a mut [f64],
    x: &'a [f64],
    y: &'a [f64],
    a: &'a [f64],
    b: &'a [f64],
}

impl Kernel for SumWithDots<'_> {
    type Output = (f64, f64);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> (f64, f64) {
        let mut of_a = [Vector::splat(simd, 0.0); 4];
        let mut of_b = of_a;
        over!(simd, self.x.len(), |i, at| {
            let sum = at.of(self.x) + at.of(self.y);
            at.set(self.sum, sum);
            of_a[i] = at.of(self.a).fma(sum, of_a[i]);
            of_b[i] = at.of(self.b).fma(sum, of_b[i]);
        });
        (fold(Reduce::Sum, of_a), fold(Reduce::Sum, of_b))
    }
}

/// `out = x + factor * y`
pub fn add_scaled(out: &mut [f64], x: &[f64], factor: f64, y: &[f64]) {
    check([out.len(), x.len(), y.len()]);
    Isa::detect().run(AddScaled { out, x, factor, y });
}

struct AddScaled<'a> {
    out: &'a mut [f64],
    x: &'a [f64],
    factor: f64,
    y: &'a [f64],
}

impl Kernel for AddScaled<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        over!(simd, self.x.len(), |_i, at| at.set(self.out, at.of(self.y).fma(self.factor, at.of(self.x))));
    }
}

/// The first two updates of a leapfrog step: `momentum = p + half * gradient`, `position = q + step * (w * momentum)`.
pub fn drift(
    (momentum, position): (&mut [f64], &mut [f64]),
    (p, q): (&[f64], &[f64]),
    (half, gradient): (f64, &[f64]),
    (step, w): (f64, &[f64]),
) {
    check([momentum.len(), position.len(), p.len(), q.len(), gradient.len(), w.len()]);
    Isa::detect().run(Drift { momentum, position, p, q, half, gradient, step, w });
}

struct Drift<'a> {
    momentum: &'a mut [f64],
    position: &'a mut [f64],
    p: &'a [f64],
    q: &'a [f64],
    half: f64,
    gradient: &'a [f64],
    step: f64,
    w: &'a [f64],
}

impl Kernel for Drift<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        over!(simd, self.p.len(), |_i, at| {
            let momentum = at.of(self.gradient).fma(self.half, at.of(self.p));
            at.set(self.momentum, momentum);
            at.set(self.position, (at.of(self.w) * momentum).fma(self.step, at.of(self.q)));
        });
    }
}

/// The last update of a leapfrog step: `p += factor * gradient`, `velocity = w * p`; gives `p . velocity`.
pub fn kick(p: &mut [f64], factor: f64, gradient: &[f64], w: &[f64], velocity: &mut [f64]) -> f64 {
    check([p.len(), gradient.len(), w.len(), velocity.len()]);
    Isa::detect().run(Kick { p, factor, gradient, w, velocity })
}

struct Kick<'a> {
    p: &'a mut [f64],
    factor: f64,
    gradient: &'a [f64],
    w: &'a [f64],
    velocity: &'a mut [f64],
}

impl Kernel for Kick<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let mut sums = [Vector::splat(simd, 0.0); 4];
        over!(simd, self.p.len(), |i, at| {
            let p = at.of(self.gradient).fma(self.factor, at.of(self.p));
            let velocity = at.of(self.w) * p;
            at.set(self.p, p);
            at.set(self.velocity, velocity);
            sums[i] = p.fma(velocity, sums[i]);
        });
        fold(Reduce::Sum, sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small whole numbers and halves, so that sums are exact in any order.
    #[test]
    fn updates_equal_their_formulas_at_every_length() {
        for n in 0..70 {
            let vector = |k: usize| (0..n).map(|i| ((i * k + 3) % 7) as f64 - 2.5).collect::<Vec<_>>();
            let (a, b, x, y) = (vector(1), vector(2), vector(3), vector(5));
            let plain = |u: &[f64], v: &dyn Fn(usize) -> f64| (0..n).map(|i| u[i] * v(i)).sum::<f64>();
            assert_eq!(dot(&a, &b), plain(&a, &|i| b[i]));
            let (with_a, with_b) = dots_with_sum(&a, &b, &x, &y);
            assert_eq!(with_a, plain(&a, &|i| x[i] + y[i]));
            assert_eq!(with_b, plain(&b, &|i| x[i] + y[i]));
            let mut sum = vec![0.0; n];
            assert_eq!(sum_with_dots(&mut sum, &x, &y, &a, &b), (with_a, with_b));
            assert!((0..n).all(|i| sum[i] == x[i] + y[i]));

            let (mut momentum, mut position, mut velocity) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
            drift((&mut momentum, &mut position), (&x, &b), (0.5, &y), (2.0, &a));
            assert!((0..n).all(|i| momentum[i] == x[i] + 0.5 * y[i] && position[i] == b[i] + 2.0 * a[i] * momentum[i]));
            add_scaled(&mut sum, &x, 0.5, &y);
            assert_eq!(sum, momentum);

            let square = kick(&mut momentum, -0.5, &y, &a, &mut velocity);
            assert_eq!(momentum, x);
            assert!((0..n).all(|i| velocity[i] == a[i] * x[i]));
            assert_eq!(square, dot(&momentum, &velocity));
        }
    }

    #[test]
    fn instruction_sets_agree() {
        let vector = |k: f64| (0..77).map(|i| (k * i as f64).sin()).collect::<Vec<_>>();
        let (a, b, x, y) = (vector(1.1), vector(2.3), vector(3.7), vector(5.3));
        let run = |isa: Isa| {
            let (mut p, mut v) = (x.clone(), y.clone());
            let of_a = isa.run(DotsWithSum { a: &a, b: &b, x: &x, y: &y }).0;
            let with_sum = isa.run(SumWithDots { sum: &mut v, x: &x, y: &y, a: &a, b: &b }).0;
            assert_eq!(of_a, with_sum);
            let square = isa.run(Kick { p: &mut p, factor: 0.3, gradient: &y, w: &a, velocity: &mut v });
            (of_a, square, p, v)
        };
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
            assert_eq!(run(isa), run(Isa::Scalar), "{isa:?}");
        }
    }

    #[test]
    #[should_panic(expected = "vectors of lengths [2, 3]")]
    fn lengths_are_checked() {
        dot(&[1.0; 2], &[1.0; 3]);
    }
}
