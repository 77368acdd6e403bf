//! Singular values and vectors: QR factors, and one-sided Jacobi rotations of the rows of R (J. Demmel and K. Veselic, "Jacobi's
//! method is more accurate than QR", SIAM J. Matrix Anal. Appl. 13, 1992).

use super::{
    eigen::points_down,
    gemm,
    qr::{qr_on, qr_room},
    rows::{dot, dots, length, power_of_two, rotate, scale},
    view::{Update, View, transpose},
};
use crate::isa::{Isa, Kernel};
use crate::simd::Simd;

/// Sweeps over all pairs of rows after which the iteration is given up; seven are usual.
const PATIENCE: usize = 60;

/// Room that [`svd`] needs for an `[m, n]` matrix, in elements.
pub fn svd_room(m: usize, n: usize) -> usize {
    let (long, short) = (m.max(n), m.min(n));
    2 * long * short + 2 * short * short + qr_room(long, short, short)
}

/// The singular values of the row-major `[m, n]` matrix `a`, descending, min(m, n) of them, and, unless `vectors` is none, the
/// left singular vectors as the orthonormal columns of the first matrix, `[m, min(m, n)]`, and the right ones as those of the
/// second, `[n, min(m, n)]`: `a = U diag(values) V^T`. In each right vector the element of the largest magnitude (the first of
/// those) is positive. Values are good to a few eps times the largest.
///
/// False, and all results NaN, if an element is not finite.
///
/// # Panics
/// If a slice does not have the length that its shape says.
///
/// ```
/// use pyroxene_kernels::linalg::{svd, svd_room};
/// let (mut s, mut u, mut v) = ([0.0; 2], [0.0; 4], [0.0; 4]);
/// assert!(svd(&[0.0, 1.0, -3.0, 0.0], 2, 2, &mut s, Some((&mut u, &mut v)), &mut vec![0.0; svd_room(2, 2)]));
/// assert_eq!((s, u, v), ([3.0, 1.0], [0.0, 1.0, -1.0, 0.0], [1.0, 0.0, 0.0, 1.0]));
/// ```
#[track_caller]
pub fn svd(
    a: &[f64],
    m: usize,
    n: usize,
    values: &mut [f64],
    vectors: Option<(&mut [f64], &mut [f64])>,
    room: &mut [f64],
) -> bool {
    svd_on(Isa::detect(), a, m, n, values, vectors, room)
}

/// [`svd`] on a given instruction set.
///
/// # Panics
/// If a slice does not have the length that its shape says, or the machine lacks the instruction set.
#[track_caller]
pub fn svd_on(
    isa: Isa,
    a: &[f64],
    m: usize,
    n: usize,
    values: &mut [f64],
    vectors: Option<(&mut [f64], &mut [f64])>,
    room: &mut [f64],
) -> bool {
    let (long, k) = (m.max(n), m.min(n));
    assert_eq!(a.len(), m * n, "svd: a matrix of shape [{m}, {n}]");
    assert_eq!(values.len(), k, "svd: {k} values");
    let fits = vectors.as_ref().is_none_or(|(u, v)| u.len() == m * k && v.len() == n * k);
    assert!(fits, "svd: vectors of shapes [{m}, {k}] and [{n}, {k}]");
    assert!(room.len() >= svd_room(m, n), "svd: {} elements of room", room.len());
    let Some(factor) = power_of_two(a.iter().copied()) else {
        values.fill(f64::NAN);
        vectors.into_iter().for_each(|(u, v)| [u, v].into_iter().for_each(|x| x.fill(f64::NAN)));
        return false;
    };
    let (tall, room) = room.split_at_mut(long * k);
    let (q, room) = room.split_at_mut(long * k);
    let (r, room) = room.split_at_mut(k * k);
    let (turns, room) = room.split_at_mut(k * k);
    if m >= n {
        tall.copy_from_slice(a);
    } else {
        // SAFETY: whole slices of transposed shapes.
        unsafe {
            transpose(isa, View::new(a.as_ptr().cast_mut(), m, n, n, 1), View::new(tall.as_mut_ptr(), n, m, m, 1))
        };
    }
    tall.iter_mut().for_each(|x| *x *= factor);
    qr_on(isa, tall, long, k, k, q, r, room);
    turns.fill(0.0);
    (0..k).for_each(|i| turns[i * k + i] = 1.0);
    isa.run(Jacobi { n: k, rows: r, turns: vectors.is_some().then_some(&mut *turns), values });
    values.iter_mut().for_each(|value| *value /= factor);
    let Some((u, v)) = vectors else { return true };
    // a = Q turns^T diag rows, or the transpose of that.
    let (left, right) = if m >= n { (u, v) } else { (v, u) };
    let square = |x: &mut [f64]| View::new(x.as_mut_ptr(), k, k, k, 1);
    // SAFETY: whole slices, all different.
    unsafe {
        let product = View::new(left.as_mut_ptr(), long, k, k, 1);
        gemm::product(isa, View::new(q.as_mut_ptr(), long, k, k, 1), square(turns).t(), product, Update::Set);
        transpose(isa, square(r), square(right));
    }
    let (own, other) = if m >= n { (right, left) } else { (left, right) };
    orient(own, other, k);
    true
}

/// Turns the columns of both matrices about where the largest element of the first's is negative.
fn orient(first: &mut [f64], second: &mut [f64], k: usize) {
    for j in 0..k {
        if points_down(first[j..].iter().step_by(k).copied()) {
            first[j..].iter_mut().step_by(k).for_each(|x| *x = -*x);
            second[j..].iter_mut().step_by(k).for_each(|x| *x = -*x);
        }
    }
}

/// Rotates the rows of a square matrix until they are orthogonal, and the rows of `turns` along; sorts them by length, descending,
/// and makes their lengths one.
struct Jacobi<'a> {
    n: usize,
    rows: &'a mut [f64],
    turns: Option<&'a mut [f64]>,
    values: &'a mut [f64],
}

impl Kernel for Jacobi<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Jacobi { n, rows, mut turns, values } = self;
        let tolerance = f64::EPSILON * (n as f64).sqrt();
        for _ in 0..PATIENCE {
            let mut turned = false;
            for i in 0..n {
                for j in i + 1..n {
                    let (x, y) = pair(rows, n, i, j);
                    let [xx, yy, xy] = dots(s, x, y);
                    // The longer of the two comes first.
                    let swapped = yy > xx;
                    let small = xy.abs() <= tolerance * xx.sqrt() * yy.sqrt();
                    if small && !swapped {
                        continue;
                    }
                    turned |= !small;
                    let (c, sin) = if small { (1.0, 0.0) } else { rotation(xx.max(yy), xx.min(yy), xy) };
                    turn(s, swapped, c, sin, x, y);
                    if let Some(turns) = &mut turns {
                        let (x, y) = pair(turns, n, i, j);
                        turn(s, swapped, c, sin, x, y);
                    }
                }
            }
            if !turned {
                break;
            }
        }
        for (value, row) in values.iter_mut().zip(rows.chunks_exact(n.max(1))) {
            *value = length(s, row);
        }
        sort(n, values, rows, turns.as_deref_mut());
        if turns.is_some() {
            (0..n).for_each(|i| normalise(s, n, rows, i, values[i]));
        }
    }
}

/// Exchanges two rows, or not, and rotates them. A function, since closures are compiled without the instruction set.
#[inline(always)]
fn turn<S: Simd>(simd: S, swapped: bool, c: f64, s: f64, x: &mut [f64], y: &mut [f64]) {
    if swapped {
        x.swap_with_slice(y);
    }
    if s != 0.0 {
        rotate(simd, c, s, x, y);
    }
}

fn pair(rows: &mut [f64], n: usize, i: usize, j: usize) -> (&mut [f64], &mut [f64]) {
    let (upper, lower) = rows.split_at_mut(j * n);
    (&mut upper[i * n..(i + 1) * n], &mut lower[..n])
}

/// The rotation (c, s) that makes c x + s y and c y - s x orthogonal, of the smaller angle; `xx >= yy` are the squares of their
/// lengths.
#[inline(always)]
fn rotation(xx: f64, yy: f64, xy: f64) -> (f64, f64) {
    let zeta = (xx - yy) / (2.0 * xy);
    let root = zeta.abs() + zeta.mul_add(zeta, 1.0).sqrt();
    let t = if zeta < 0.0 { -1.0 / root } else { 1.0 / root };
    let c = 1.0 / t.mul_add(t, 1.0).sqrt();
    (c, c * t)
}

/// Sorts by selection, descending.
fn sort(n: usize, values: &mut [f64], rows: &mut [f64], mut turns: Option<&mut [f64]>) {
    for i in 0..n {
        let most = (i + 1..n).fold(i, |most, j| if values[j] > values[most] { j } else { most });
        if most != i {
            values.swap(i, most);
            let (x, y) = pair(rows, n, i, most);
            x.swap_with_slice(y);
            if let Some(turns) = &mut turns {
                let (x, y) = pair(turns, n, i, most);
                x.swap_with_slice(y);
            }
        }
    }
}

/// Makes row i of this length a unit vector; one of no length, one that is orthogonal to the rows before it.
#[inline(always)]
fn normalise<S: Simd>(s: S, n: usize, rows: &mut [f64], i: usize, size: f64) {
    let (before, rest) = rows.split_at_mut(i * n);
    let row = &mut rest[..n];
    if size > f64::MIN_POSITIVE {
        scale(s, 1.0 / size, row);
        return;
    }
    // The unit vector with the largest part outside the span of the rows before; at least 1 - i / n of it is outside.
    let inside = |k: usize| before.chunks_exact(n).map(|x| x[k] * x[k]).sum::<f64>();
    let (best, _) = (0..n).fold((0, f64::INFINITY), |(best, least), k| {
        let part = inside(k);
        if part < least { (k, part) } else { (best, least) }
    });
    row.fill(0.0);
    row[best] = 1.0;
    // Twice is enough.
    for _ in 0..2 {
        for other in before.chunks_exact(n) {
            let amount = -dot(s, other, row);
            super::rows::add_multiple(s, amount, other, row);
        }
        let size = length(s, row);
        scale(s, 1.0 / size, row);
    }
}
