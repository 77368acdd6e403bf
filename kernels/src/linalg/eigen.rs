//! Eigenvalues and eigenvectors of symmetric matrices: Householder tridiagonalisation and implicit QR steps with Wilkinson's shift
//! (G. Golub and C. Van Loan, "Matrix Computations", 4th ed., 2013, sections 8.3.1 and 8.3.5).

use super::{
    householder::{BLOCK, apply, block_room, reflector},
    rows::{add_multiple, dot, power_of_two, rotate, update_and_dot},
    view::View,
};
use crate::isa::{Isa, Kernel};
use crate::simd::Simd;

/// QR steps for each eigenvalue after which the iteration is given up; two or three are usual.
const PATIENCE: usize = 60;

/// Room that [`eigh`] needs, in elements.
pub fn eigh_room(n: usize) -> usize {
    n * n + 4 * n + block_room(n)
}

/// The eigenvalues of the symmetric row-major `a`, ascending, and, unless `vectors` is none, its orthonormal eigenvectors as the
/// columns of `vectors`; in each, the element of the largest magnitude (the first of those) is positive. Only the lower triangle
/// is read. Values are good to about n eps |A|, whatever their size, and |A V - V W| is of that order.
///
/// False, and all results NaN, if an element of the triangle is not finite (or the iteration fails, which has not been seen).
///
/// # Panics
/// If a slice does not have the length that its shape says.
///
/// ```
/// use pyroxene_kernels::linalg::{eigh, eigh_room};
/// let (mut w, mut v) = ([0.0; 2], [0.0; 4]);
/// assert!(eigh(&[2.0, 0.0, 1.0, 2.0], 2, &mut w, Some(&mut v), &mut vec![0.0; eigh_room(2)]));
/// assert!((w[0] - 1.0).abs() < 1e-15 && (w[1] - 3.0).abs() < 1e-15);
/// assert!((v[1] - 0.5f64.sqrt()).abs() < 1e-15);
/// ```
#[track_caller]
pub fn eigh(a: &[f64], n: usize, values: &mut [f64], vectors: Option<&mut [f64]>, room: &mut [f64]) -> bool {
    eigh_on(Isa::detect(), a, n, values, vectors, room)
}

/// [`eigh`] on a given instruction set.
///
/// # Panics
/// If a slice does not have the length that its shape says, or the machine lacks the instruction set.
#[track_caller]
pub fn eigh_on(
    isa: Isa,
    a: &[f64],
    n: usize,
    values: &mut [f64],
    mut vectors: Option<&mut [f64]>,
    room: &mut [f64],
) -> bool {
    assert_eq!(a.len(), n * n, "eigh: {n} x {n} elements");
    assert_eq!(values.len(), n, "eigh: {n} values");
    assert!(vectors.as_ref().is_none_or(|v| v.len() == n * n), "eigh: {n} x {n} elements of vectors");
    assert!(room.len() >= eigh_room(n), "eigh: {} elements of room", room.len());
    let lower = (0..n).flat_map(|i| a[i * n..=i * n + i].iter().copied());
    let factor = power_of_two(lower);
    let Some(factor) = factor else {
        values.fill(f64::NAN);
        vectors.into_iter().for_each(|v| v.fill(f64::NAN));
        return false;
    };
    let (work, room) = room.split_at_mut(n * n);
    let (beside, room) = room.split_at_mut(n);
    let (taus, room) = room.split_at_mut(n);
    for i in 0..n {
        for j in 0..=i {
            work[i * n + j] = a[i * n + j] * factor;
            work[j * n + i] = work[i * n + j];
        }
    }
    isa.run(Tridiagonal { work, n, values, beside, taus, room: &mut room[..2 * n] });
    if let Some(vectors) = &mut vectors {
        form(isa, work, n, taus, vectors, &mut room[2 * n..]);
    }
    let done = isa.run(Diagonal { n, values, beside, rows: vectors.as_deref_mut() });
    if !done {
        values.fill(f64::NAN);
        vectors.into_iter().for_each(|v| v.fill(f64::NAN));
        return false;
    }
    values.iter_mut().for_each(|value| *value /= factor);
    sort(values, vectors.as_deref_mut());
    if let Some(vectors) = vectors {
        for row in vectors.chunks_exact_mut(n.max(1)) {
            orient(row);
        }
        for i in 0..n {
            for j in 0..i {
                vectors.swap(i * n + j, j * n + i);
            }
        }
    }
    true
}

/// Whether the element of largest magnitude, the first of those, is negative.
pub(super) fn points_down(row: impl Iterator<Item = f64>) -> bool {
    row.fold(0.0, |most: f64, x| if x.abs() > most.abs() { x } else { most }) < 0.0
}

fn orient(row: &mut [f64]) {
    if points_down(row.iter().copied()) {
        row.iter_mut().for_each(|x| *x = -*x);
    }
}

/// Sorts the values, and the rows with them, by selection: at most n exchanges.
fn sort(values: &mut [f64], mut rows: Option<&mut [f64]>) {
    let n = values.len();
    for i in 0..n {
        let least = (i + 1..n).fold(i, |least, j| if values[j] < values[least] { j } else { least });
        if least != i {
            values.swap(i, least);
            if let Some(rows) = &mut rows {
                let (first, second) = rows.split_at_mut(least * n);
                first[i * n..(i + 1) * n].swap_with_slice(&mut second[..n]);
            }
        }
    }
}

/// Reduces the full symmetric `work` to the diagonal `values` and the elements `beside` it. Row k of `work` then holds the vector
/// of reflector k from column k + 1 on, with zeros before it.
struct Tridiagonal<'a> {
    work: &'a mut [f64],
    n: usize,
    values: &'a mut [f64],
    beside: &'a mut [f64],
    taus: &'a mut [f64],
    room: &'a mut [f64],
}

impl Kernel for Tridiagonal<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Tridiagonal { work, n, values, beside, taus, room } = self;
        // The rank-two update -(v w^T + w v^T) of a step is applied by the next one, in the pass that multiplies by its vector.
        let (w, p) = room.split_at_mut(n);
        w.fill(0.0);
        for k in 0..n {
            let (before, rest) = work.split_at_mut(k * n);
            let (row, below) = rest.split_at_mut(n);
            let zero: &[f64] = &[];
            let last = if k > 0 { &before[(k - 1) * n..] } else { zero };
            if k > 0 {
                add_multiple(s, -w[k], &last[k..], &mut row[k..]);
                let factor = -last[k];
                add_multiple(s, factor, &w[k..], &mut row[k..]);
            }
            values[k] = row[k];
            let (tau, beta) = reflector(s, &mut row[k + 1..]);
            (taus[k], beside[k]) = (tau, beta);
            row[..=k].fill(0.0);
            let v = &row[k + 1..];
            for (i, other) in (k + 1..n).zip(below.chunks_exact_mut(n)) {
                let other = &mut other[k + 1..];
                p[i] = if k > 0 {
                    update_and_dot(s, other, (-w[i], &last[k + 1..]), (-last[i], &w[k + 1..]), v)
                } else {
                    dot(s, other, v)
                };
            }
            // w = tau p - (tau^2 p^T v / 2) v
            let product = dot(s, &p[k + 1..], v);
            for (i, v) in (k + 1..n).zip(v) {
                w[i] = tau * (-0.5 * tau * product).mul_add(*v, p[i]);
            }
        }
    }
}

/// The transpose of the product of the reflectors.
fn form(isa: Isa, work: &mut [f64], n: usize, taus: &[f64], rows: &mut [f64], room: &mut [f64]) {
    rows.fill(0.0);
    (0..n).for_each(|i| rows[i * n + i] = 1.0);
    let vectors = View::new(work.as_mut_ptr(), n, n, n, 1);
    let whole = View::new(rows.as_mut_ptr(), n, n, n, 1);
    let steps = n.saturating_sub(2);
    for first in (0..steps).step_by(BLOCK).rev() {
        let count = BLOCK.min(steps - first);
        let size = n - first - 1;
        let v = vectors.part(first, first + 1, count, size);
        // SAFETY: the two matrices lie in different slices, both borrowed mutably.
        unsafe {
            apply(isa, v, &taus[first..first + count], false, whole.part(first + 1, first + 1, size, size), room);
        }
    }
}

/// Makes a symmetric tridiagonal matrix diagonal, and rotates the rows along. False if it does not converge.
struct Diagonal<'a> {
    n: usize,
    values: &'a mut [f64],
    beside: &'a mut [f64],
    rows: Option<&'a mut [f64]>,
}

impl Kernel for Diagonal<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> bool {
        let Diagonal { n, values: d, beside: e, mut rows } = self;
        let mut steps = PATIENCE * n;
        let mut end = n.saturating_sub(1);
        while end > 0 {
            let small = |k: usize, d: &[f64], e: &[f64]| {
                e[k].abs() <= f64::EPSILON * (d[k].abs() + d[k + 1].abs()) + f64::MIN_POSITIVE / f64::EPSILON
            };
            if small(end - 1, d, e) {
                end -= 1;
                continue;
            }
            let start = (0..end - 1).rev().find(|&k| small(k, d, e)).map_or(0, |k| k + 1);
            if steps == 0 {
                return false;
            }
            steps -= 1;
            // Wilkinson's shift: the eigenvalue of the last 2 x 2 block that is nearer to its corner.
            let (half, off) = (0.5 * (d[end - 1] - d[end]), e[end - 1]);
            let root = length_of(half, off);
            let shift = d[end] - off * (off / (half + if half < 0.0 { -root } else { root }));
            let (mut x, mut z) = (d[start] - shift, e[start]);
            for k in start..end {
                let size = length_of(x, z);
                let (c, sin) = if size > 0.0 { (x / size, z / size) } else { (1.0, 0.0) };
                if k > start {
                    e[k - 1] = size;
                }
                let t = sin.mul_add(d[k + 1] - d[k], 2.0 * c * e[k]);
                d[k] = sin.mul_add(t, d[k]);
                d[k + 1] = (-sin).mul_add(t, d[k + 1]);
                e[k] = c.mul_add(t, -e[k]);
                if k + 1 < end {
                    x = e[k];
                    z = sin * e[k + 1];
                    e[k + 1] *= c;
                }
                if let Some(rows) = &mut rows {
                    let (upper, lower) = rows[k * n..].split_at_mut(n);
                    rotate(s, c, sin, upper, &mut lower[..n]);
                }
            }
        }
        true
    }
}

/// sqrt(x^2 + y^2) of numbers near one; tiny ones are scaled.
#[inline(always)]
fn length_of(x: f64, y: f64) -> f64 {
    let most = x.abs().max(y.abs());
    if most > 1e-140 || most == 0.0 {
        return x.mul_add(x, y * y).sqrt();
    }
    let (x, y) = (x / most, y / most);
    most * x.mul_add(x, y * y).sqrt()
}
