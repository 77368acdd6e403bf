//! Stockham's passes for lengths of small prime factors.
//!
//! A pass of radix r takes x, seen as r blocks of n / r, to y: with i = p s + q, 0 <= q < s,
//! `y[q + s (r p + j)] = w^(p j) sum_k exp(-2 pi i j k / r) x[i + k n / r]`, where s is the product of the radices of the passes
//! before and w = exp(-2 pi i s / n). Reading is contiguous in i always, writing in runs of s.

use super::butterfly::butterfly;
use super::roots;
use crate::isa::{Isa, Kernel};
use crate::simd::{LANES, Simd, Vector};

/// The radices, from the one that comes first.
const RADICES: [usize; 8] = [8, 4, 2, 3, 5, 7, 11, 13];

#[derive(Clone, Debug)]
pub(super) struct Mixed {
    n: usize,
    passes: Vec<Pass>,
}

#[derive(Clone, Debug)]
struct Pass {
    radix: usize,
    /// The runs that are written: s above.
    run: usize,
    /// Narrow passes (runs shorter than a vector): for each j > 0 the real, then the imaginary parts of w^(p j), for each i.
    /// Wide ones: for each p and j > 0, w^(p j).
    twiddles: Vec<f64>,
    /// cos and sin of 2 pi k / radix.
    roots: Vec<[f64; 2]>,
}

impl Mixed {
    /// The passes for a length, if its prime factors are small.
    pub(super) fn new(n: usize) -> Option<Mixed> {
        let mut passes = Vec::new();
        let mut run = 1;
        for radix in factors(n)? {
            passes.push(Pass::new(n, radix, run));
            run *= radix;
        }
        Some(Mixed { n, passes })
    }

    /// The transform in place; `scratch` has 2 n numbers.
    pub(super) fn run(&self, isa: Isa, re: &mut [f64], im: &mut [f64], scratch: &mut [f64]) {
        let n = self.n;
        assert!(re.len() == n && im.len() == n && scratch.len() == 2 * n);
        let (other_re, other_im) = scratch.split_at_mut(n);
        isa.run(Passes { n, passes: &self.passes, x: [re, im], y: [other_re, other_im] });
    }
}

/// The radices of a length: eight first, whose output is in whole vectors; then the others.
fn factors(n: usize) -> Option<Vec<usize>> {
    let mut rest = n.max(1);
    let mut radices = Vec::new();
    let twos = rest.trailing_zeros();
    rest >>= twos;
    // One eight to begin with; a second one takes the odd two that fours would leave.
    let eights = if twos < 3 {
        0
    } else if twos == 3 || twos % 2 == 1 {
        1
    } else {
        (twos / 3).min(2)
    };
    let left = twos - 3 * eights;
    radices.extend((0..eights).map(|_| 8));
    radices.extend((0..left / 2).map(|_| 4));
    radices.extend((0..left % 2).map(|_| 2));
    for radix in &RADICES[3..] {
        while rest.is_multiple_of(*radix) {
            radices.push(*radix);
            rest /= radix;
        }
    }
    (rest == 1).then_some(radices)
}

impl Pass {
    fn new(n: usize, radix: usize, run: usize) -> Pass {
        let (block, groups) = (n / radix, n / radix / run);
        let factors = roots((0..groups).flat_map(|p| (1..radix).map(move |j| p * j * run)), n);
        let twiddles = if run < LANES {
            let parts = (1..radix).flat_map(|j| (0..2).map(move |part| (j, part)));
            parts
                .flat_map(|(j, part)| (0..block).map(move |i| (i / run * (radix - 1) + j - 1, part)))
                .map(|(k, part)| factors[k][part])
                .collect()
        } else {
            factors.into_iter().flatten().collect()
        };
        let roots = roots(0..radix, radix).into_iter().map(|[cos, minus_sin]| [cos, -minus_sin]).collect();
        Pass { radix, run, twiddles, roots }
    }
}

struct Passes<'a> {
    n: usize,
    passes: &'a [Pass],
    x: [&'a mut [f64]; 2],
    y: [&'a mut [f64]; 2],
}

impl Kernel for Passes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Passes { n, passes, x: [mut x_re, mut x_im], y: [mut y_re, mut y_im] } = self;
        for pass in passes {
            let (x, y) = ([&*x_re, &*x_im], [&mut *y_re, &mut *y_im]);
            match pass.radix {
                2 => pass_of::<S, 2>(simd, n, pass, x, y),
                3 => pass_of::<S, 3>(simd, n, pass, x, y),
                4 => pass_of::<S, 4>(simd, n, pass, x, y),
                5 => pass_of::<S, 5>(simd, n, pass, x, y),
                7 => pass_of::<S, 7>(simd, n, pass, x, y),
                8 => pass_of::<S, 8>(simd, n, pass, x, y),
                11 => pass_of::<S, 11>(simd, n, pass, x, y),
                _ => pass_of::<S, 13>(simd, n, pass, x, y),
            }
            std::mem::swap(&mut x_re, &mut y_re);
            std::mem::swap(&mut x_im, &mut y_im);
        }
        if passes.len() % 2 == 1 {
            // The result is in the scratch.
            y_re.copy_from_slice(x_re);
            y_im.copy_from_slice(x_im);
        }
    }
}

#[inline(always)]
fn pass_of<S: Simd, const R: usize>(simd: S, n: usize, pass: &Pass, x: [&[f64]; 2], y: [&mut [f64]; 2]) {
    if pass.run < LANES { narrow::<S, R>(simd, n, pass, x, y) } else { wide::<S, R>(simd, n, pass, x, y) }
}

/// Reads `len <= LANES` values of a slice.
#[inline(always)]
fn load<S: Simd>(simd: S, x: &[f64], at: usize, len: usize) -> Vector<S> {
    let x = &x[at..at + len];
    if len == LANES {
        // SAFETY: the slice has that many values.
        return unsafe { Vector::load(simd, x.as_ptr()) };
    }
    // SAFETY: the slice has `len` values, fewer than a vector.
    Vector::new(simd, unsafe { simd.load_partial(x.as_ptr(), len) })
}

/// Writes `len <= LANES` values to a slice.
#[inline(always)]
fn store<S: Simd>(x: Vector<S>, y: &mut [f64], at: usize, len: usize) {
    let y = &mut y[at..at + len];
    if len == LANES {
        // SAFETY: the slice has that many values.
        unsafe { x.store(y.as_mut_ptr()) }
    } else {
        // SAFETY: the slice has `len` values, fewer than a vector.
        unsafe { x.simd.store_partial(y.as_mut_ptr(), len, x.lanes) }
    }
}

/// Reads one vector of each of the R blocks and transforms across them.
#[inline(always)]
fn gathered<S: Simd, const R: usize>(
    simd: S,
    block: usize,
    pass: &Pass,
    [x_re, x_im]: [&[f64]; 2],
    i: usize,
    len: usize,
) -> ([Vector<S>; R], [Vector<S>; R]) {
    let mut re = [Vector::splat(simd, 0.0); R];
    let mut im = re;
    for k in 0..R {
        re[k] = load(simd, x_re, i + k * block, len);
        im[k] = load(simd, x_im, i + k * block, len);
    }
    butterfly(&mut re, &mut im, &pass.roots);
    (re, im)
}

/// Runs of less than a vector: a vector holds several of them, each with its own factor.
#[inline(always)]
fn narrow<S: Simd, const R: usize>(simd: S, n: usize, pass: &Pass, x: [&[f64]; 2], [y_re, y_im]: [&mut [f64]; 2]) {
    let (block, run) = (n / R, pass.run);
    let mut i = 0;
    while i < block {
        let len = (block - i).min(LANES);
        let (mut re, mut im) = gathered::<S, R>(simd, block, pass, x, i, len);
        for j in 1..R {
            let w_re = load(simd, &pass.twiddles, (2 * j - 2) * block + i, len);
            let w_im = load(simd, &pass.twiddles, (2 * j - 1) * block + i, len);
            (re[j], im[j]) = (re[j].fma(w_re, -(im[j] * w_im)), re[j].fma(w_im, im[j] * w_re));
        }
        for j in 0..R {
            let (re, im) = (re[j].to_array(), im[j].to_array());
            // Element i = p run + q goes to q + run (R p + j).
            let (mut q, mut to) = (i % run, i % run + run * (R * (i / run) + j));
            for lane in 0..len {
                (y_re[to], y_im[to]) = (re[lane], im[lane]);
                (q, to) = if q + 1 == run { (0, to + 1 + run * (R - 1)) } else { (q + 1, to + 1) };
            }
        }
        i += len;
    }
}

/// Runs of a vector or more: all lanes share the factor.
#[inline(always)]
fn wide<S: Simd, const R: usize>(simd: S, n: usize, pass: &Pass, x: [&[f64]; 2], [y_re, y_im]: [&mut [f64]; 2]) {
    let (block, run) = (n / R, pass.run);
    for (p, twiddles) in pass.twiddles.chunks_exact(2 * (R - 1)).enumerate() {
        let mut q = 0;
        while q < run {
            let len = (run - q).min(LANES);
            let (re, im) = gathered::<S, R>(simd, block, pass, x, p * run + q, len);
            let to = q + run * R * p;
            store(re[0], y_re, to, len);
            store(im[0], y_im, to, len);
            for j in 1..R {
                let (w_re, w_im) = (twiddles[2 * j - 2], twiddles[2 * j - 1]);
                let turned = (re[j].fma(w_re, -(im[j] * w_im)), re[j].fma(w_im, im[j] * w_re));
                store(turned.0, y_re, to + run * j, len);
                store(turned.1, y_im, to + run * j, len);
            }
            q += len;
        }
    }
}
