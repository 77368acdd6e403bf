//! The matrix exponential: Pade approximants, scaling and squaring, with the scaling of A. Al-Mohy and N. Higham, "A new scaling
//! and squaring algorithm for the matrix exponential", SIAM J. Matrix Anal. Appl. 31, 2009, algorithm 6.1. The norms of powers
//! are exact here: their products are few beside the others.

use super::{Mat, MatMut, gemm_on, lu_on, lu_solve_on};
use crate::isa::Isa;

/// Room that [`matrix_exp`] needs, in elements.
pub const fn matrix_exp_room(n: usize) -> usize {
    8 * n * n + 2 * n
}

/// The exponential of the row-major `a`, by its series `1 + a + a^2 / 2 + ...`. The backward error is of the order of eps. Where
/// an element is not finite the result is NaN, and false.
///
/// # Panics
/// If a slice does not have the length that its shape says; `pivots` has n elements.
///
/// ```
/// use pyroxene_kernels::linalg::{matrix_exp, matrix_exp_room};
/// let mut out = [0.0; 4];
/// assert!(matrix_exp(&[0.0, 1.0, 0.0, 0.0], 2, &mut out, &mut vec![0.0; matrix_exp_room(2)], &mut [0; 2]));
/// assert_eq!(out, [1.0, 1.0, 0.0, 1.0]);
/// ```
#[track_caller]
pub fn matrix_exp(a: &[f64], n: usize, out: &mut [f64], room: &mut [f64], pivots: &mut [usize]) -> bool {
    matrix_exp_on(Isa::detect(), a, n, out, room, pivots)
}

/// [`matrix_exp`] on a given instruction set.
///
/// # Panics
/// If a slice does not have the length that its shape says, or the machine lacks the instruction set.
#[track_caller]
pub fn matrix_exp_on(isa: Isa, a: &[f64], n: usize, out: &mut [f64], room: &mut [f64], pivots: &mut [usize]) -> bool {
    assert_eq!(a.len(), n * n, "matrix_exp: {n} x {n} elements");
    assert_eq!(out.len(), n * n, "matrix_exp: {n} x {n} elements of the result");
    assert!(room.len() >= matrix_exp_room(n), "matrix_exp: {} elements of room", room.len());
    if a.iter().any(|x| !x.is_finite()) {
        out.fill(f64::NAN);
        return false;
    }
    if n < 2 {
        out.iter_mut().zip(a).for_each(|(y, x)| *y = x.exp());
        return true;
    }
    let (own, rest) = room.split_at_mut(n * n);
    let (square, rest) = rest.split_at_mut(n * n);
    let (fourth, rest) = rest.split_at_mut(n * n);
    let (sixth, rest) = rest.split_at_mut(n * n);
    let (eighth, rest) = rest.split_at_mut(n * n);
    let (odd, rest) = rest.split_at_mut(n * n);
    let (even, rest) = rest.split_at_mut(n * n);
    let (spare, vectors) = rest.split_at_mut(n * n);
    let times = |x: &[f64], y: &[f64], z: &mut [f64]| {
        gemm_on(isa, Mat::row_major(x, n, n), Mat::row_major(y, n, n), MatMut::row_major(z, n, n));
    };
    // Powers of a matrix this large would overflow; its exponential is nowhere near a number anyway.
    let size = norm(a, n, vectors);
    let first = if size > 1e30 { size.log2().ceil() as i32 } else { 0 };
    own.iter_mut().zip(a).for_each(|(x, a)| *x = a * 2f64.powi(-first));
    times(own, own, square);
    times(square, square, fourth);
    times(square, fourth, sixth);
    times(fourth, fourth, eighth);
    times(fourth, sixth, spare);
    let root = |x: &[f64], power: f64, vectors: &mut [f64]| norm(x, n, vectors).powf(1.0 / power);
    let (d4, d6) = (root(fourth, 4.0, vectors), root(sixth, 6.0, vectors));
    let (d8, d10) = (root(eighth, 8.0, vectors), root(spare, 10.0, vectors));
    let (short, long) = (d4.max(d6), d6.max(d8));
    let bounds = [(3, short, 1.495585217958292e-2), (5, short, 2.539398330063230e-1), (7, long, 0.9504178996162932)];
    let bounds = bounds.into_iter().chain([(9, long, 2.097847961257068)]);
    let low = bounds.into_iter().find(|&(m, size, bound)| size <= bound && more(own, n, m, vectors) == 0);
    let mut squarings = first;
    let coefficients: &[f64] = match low {
        Some((3, ..)) => &PADE_3,
        Some((5, ..)) => &PADE_5,
        Some((7, ..)) => &PADE_7,
        Some(_) => &PADE_9,
        None => {
            let scale = |by: i32, parts: [&mut [f64]; 4]| {
                for (x, power) in parts.into_iter().zip([1, 2, 4, 6]) {
                    let factor = 2f64.powi(-by * power);
                    x.iter_mut().for_each(|x| *x *= factor);
                }
            };
            let halvings = (long.min(d8.max(d10)) / 4.25).log2().ceil().max(0.0) as i32;
            scale(halvings, [own, square, fourth, sixth]);
            let others = more(own, n, 13, vectors);
            scale(others, [own, square, fourth, sixth]);
            squarings += halvings + others;
            &PADE_13
        }
    };
    let b = |k: usize| coefficients.get(k).copied().unwrap_or(0.0);
    // The terms of one parity, from the k-th on, but for the constant.
    let terms = |k: usize, out: &mut [f64]| {
        for (i, out) in out.iter_mut().enumerate() {
            *out = b(k + 6).mul_add(sixth[i], b(k + 4).mul_add(fourth[i], b(k + 2) * square[i]));
        }
    };
    let high = |k: usize, out: &mut [f64]| match coefficients.len() {
        14 => {
            // Above the sixth power: A^6 times powers two to six.
            for (i, out) in out.iter_mut().enumerate() {
                *out = b(k + 12).mul_add(sixth[i], b(k + 10).mul_add(fourth[i], b(k + 8) * square[i]));
            }
            true
        }
        10 => {
            out.iter_mut().zip(&*eighth).for_each(|(out, x)| *out = b(k + 8) * x);
            false
        }
        _ => {
            out.fill(0.0);
            false
        }
    };
    let whole = |k: usize, spare: &mut [f64], product: &mut [f64], out: &mut [f64]| {
        let above = high(k, spare);
        if above {
            times(sixth, spare, product);
        } else {
            product.copy_from_slice(spare);
        }
        terms(k, out);
        out.iter_mut().zip(&*product).for_each(|(x, y)| *x += y);
        (0..n).for_each(|i| out[i * n + i] += b(k));
    };
    whole(1, spare, out, even);
    times(own, even, odd);
    whole(0, spare, out, even);
    // (V - U)^-1 (V + U), with U the odd part and V the even one.
    for (i, out) in out.iter_mut().enumerate() {
        *out = even[i] + odd[i];
        even[i] -= odd[i];
    }
    // V - U is far from singular by the choice of the scaling.
    let _ = lu_on(isa, even, n, pivots);
    lu_solve_on(isa, even, pivots, false, out, n);
    for _ in 0..squarings {
        times(out, out, spare);
        out.copy_from_slice(spare);
    }
    true
}

/// The largest sum of magnitudes in a column.
fn norm(a: &[f64], n: usize, room: &mut [f64]) -> f64 {
    let sums = &mut room[..n];
    sums.fill(0.0);
    for row in a.chunks_exact(n) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x.abs());
    }
    sums.iter().fold(0.0, |most: f64, &x| most.max(x))
}

/// How many halvings the degree m needs beyond those that the norms of powers ask for: few, because the coefficients of the
/// error's series fall faster than powers of the magnitudes can grow.
fn more(a: &[f64], n: usize, m: usize, room: &mut [f64]) -> i32 {
    let (sums, next) = room[..2 * n].split_at_mut(n);
    sums.fill(1.0);
    let size = 2 * m + 1;
    for _ in 0..size {
        next.fill(0.0);
        for (row, sum) in a.chunks_exact(n).zip(&*sums) {
            next.iter_mut().zip(row).for_each(|(next, x)| *next += sum * x.abs());
        }
        sums.copy_from_slice(next);
    }
    let power = sums.iter().fold(0.0, |most: f64, &x| most.max(x));
    if power == 0.0 {
        return 0;
    }
    // 1 / |c| = (2m choose m) (2m + 1)!
    let binomial = (1..=m).fold(1.0, |c, i| c * (m + i) as f64 / i as f64);
    let factorial = (1..=size).fold(1.0, |f, i| f * i as f64);
    let alpha = power / (norm(a, n, next) * binomial * factorial);
    ((alpha / (0.5 * f64::EPSILON)).log2() / (2 * m) as f64).ceil().max(0.0) as i32
}

const PADE_3: [f64; 4] = [120.0, 60.0, 12.0, 1.0];
const PADE_5: [f64; 6] = [30240.0, 15120.0, 3360.0, 420.0, 30.0, 1.0];
const PADE_7: [f64; 8] = [17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0, 1.0];
const PADE_9: [f64; 10] =
    [17643225600.0, 8821612800.0, 2075673600.0, 302702400.0, 30270240.0, 2162160.0, 110880.0, 3960.0, 90.0, 1.0];
const PADE_13: [f64; 14] = [
    64764752532480000.0,
    32382376266240000.0,
    7771770303897600.0,
    1187353796428800.0,
    129060195264000.0,
    10559470521600.0,
    670442572800.0,
    33522128640.0,
    1323241920.0,
    40840800.0,
    960960.0,
    16380.0,
    182.0,
    1.0,
];
