//! QR factors by blocks of Householder reflectors, on the transpose, whose rows are contiguous columns.

use super::{
    householder::{BLOCK, apply, block_room, reflect, reflector},
    view::{View, transpose},
};
use crate::isa::{Isa, Kernel};
use crate::simd::Simd;

/// Room that [`qr`] needs, in elements, for an `[m, n]` matrix and the given number of columns of Q.
pub fn qr_room(m: usize, n: usize, columns: usize) -> usize {
    n * m + columns * m + m.min(n) + block_room(n.max(columns))
}

/// The factors `a = Q R` of the row-major `[m, n]` matrix `a`: orthonormal columns `q`, `[m, columns]`, where `columns` is
/// min(m, n) or m, and the upper triangular `r`, `[columns, n]`, whose diagonal is not negative, which makes the factors of a
/// matrix of full column rank unique. |A - Q R| is of the order of eps |A|, column by column. NaN stays NaN.
///
/// # Panics
/// If a slice does not have the length that its shape says.
///
/// ```
/// use pyroxene_kernels::linalg::{qr, qr_room};
/// let (mut q, mut r) = ([0.0; 2], [0.0]);
/// qr(&[3.0, 4.0], 2, 1, 1, &mut q, &mut r, &mut vec![0.0; qr_room(2, 1, 1)]);
/// assert!((q[1] - 0.8).abs() < 1e-15 && (r[0] - 5.0).abs() < 1e-14);
/// ```
#[track_caller]
pub fn qr(a: &[f64], m: usize, n: usize, columns: usize, q: &mut [f64], r: &mut [f64], room: &mut [f64]) {
    qr_on(Isa::detect(), a, m, n, columns, q, r, room);
}

/// [`qr`] on a given instruction set.
///
/// # Panics
/// If a slice does not have the length that its shape says, or the machine lacks the instruction set.
#[track_caller]
pub fn qr_on(isa: Isa, a: &[f64], m: usize, n: usize, columns: usize, q: &mut [f64], r: &mut [f64], room: &mut [f64]) {
    let steps = m.min(n);
    assert!(columns == steps || columns == m, "qr: {columns} columns of Q for a matrix of shape [{m}, {n}]");
    assert_eq!(a.len(), m * n, "qr: a matrix of shape [{m}, {n}]");
    assert_eq!(q.len(), m * columns, "qr: Q of shape [{m}, {columns}]");
    assert_eq!(r.len(), columns * n, "qr: R of shape [{columns}, {n}]");
    assert!(room.len() >= qr_room(m, n, columns), "qr: {} elements of room", room.len());
    let (turned, room) = room.split_at_mut(n * m);
    let (qt, room) = room.split_at_mut(columns * m);
    let (taus, room) = room.split_at_mut(steps);
    let view = View::new(turned.as_mut_ptr(), n, m, m, 1);
    // SAFETY: the views are whole slices, which are borrowed mutably and disjoint.
    unsafe { transpose(isa, View::new(a.as_ptr().cast_mut(), m, n, n, 1), view) };
    reduce(isa, turned, m, n, taus, room);
    r.fill(0.0);
    for i in 0..steps {
        for j in i..n {
            r[i * n + j] = turned[j * m + i];
        }
    }
    form(isa, turned, m, taus, qt, columns, room);
    for i in 0..steps {
        if r[i * n + i] < 0.0 {
            r[i * n + i..(i + 1) * n].iter_mut().for_each(|x| *x = -*x);
            qt[i * m..(i + 1) * m].iter_mut().for_each(|x| *x = -*x);
        }
    }
    // SAFETY: as above.
    unsafe {
        transpose(isa, View::new(qt.as_mut_ptr(), columns, m, m, 1), View::new(q.as_mut_ptr(), m, columns, columns, 1))
    };
}

/// Reduces n columns of length m, which are the rows of `turned`: the reflectors' tails stay where they made zeros, the part of R
/// before them.
fn reduce(isa: Isa, turned: &mut [f64], m: usize, n: usize, taus: &mut [f64], room: &mut [f64]) {
    let steps = m.min(n);
    for first in (0..steps).step_by(BLOCK) {
        let count = BLOCK.min(steps - first);
        isa.run(Panel {
            rows: &mut turned[first * m..(first + count) * m],
            m,
            first,
            taus: &mut taus[first..first + count],
        });
        let rest = n - first - count;
        if rest > 0 {
            let whole = View::new(turned.as_mut_ptr(), n, m, m, 1);
            let v = whole.part(first, first, count, m - first);
            // SAFETY: the rows of the panel and those after it are disjoint parts of `turned`.
            unsafe {
                with_ones(v, |v| {
                    apply(
                        isa,
                        v,
                        &taus[first..first + count],
                        true,
                        whole.part(first + count, first, rest, m - first),
                        room,
                    )
                });
            }
        }
    }
}

/// Runs `body` while the triangle before the reflectors' tails holds zeros and ones, then puts back what was there.
///
/// # Safety
/// v is used by nobody else, but for what `body` reads.
unsafe fn with_ones(v: View<f64>, body: impl FnOnce(View<f64>)) {
    let mut kept = [0.0; BLOCK * (BLOCK + 1) / 2];
    let mut places = kept.iter_mut();
    for i in 0..v.rows {
        for j in 0..=i {
            // SAFETY: v has at least as many columns as rows.
            unsafe {
                *places.next().expect("a block is not larger") = *v.at(i, j);
                *v.at(i, j) = if i == j { 1.0 } else { 0.0 };
            }
        }
    }
    body(v);
    let mut places = kept.iter();
    for i in 0..v.rows {
        for j in 0..=i {
            // SAFETY: as above.
            unsafe { *v.at(i, j) = *places.next().expect("a block is not larger") };
        }
    }
}

/// The first columns of Q as the rows of `qt`.
fn form(isa: Isa, turned: &mut [f64], m: usize, taus: &[f64], qt: &mut [f64], columns: usize, room: &mut [f64]) {
    let steps = taus.len();
    qt.fill(0.0);
    (0..columns).for_each(|i| qt[i * m + i] = 1.0);
    let q = View::new(qt.as_mut_ptr(), columns, m, m, 1);
    let whole = View::new(turned.as_mut_ptr(), steps, m, m, 1);
    for first in (0..steps).step_by(BLOCK).rev() {
        let count = BLOCK.min(steps - first);
        // Columns before the block are still those of the identity.
        let part = q.part(first, first, columns - first, m - first);
        // SAFETY: q and the reflectors lie in different slices, both borrowed mutably.
        unsafe {
            with_ones(whole.part(first, first, count, m - first), |v| {
                apply(isa, v, &taus[first..first + count], false, part, room)
            });
        }
    }
}

/// A block of columns, reduced one after the other.
struct Panel<'a> {
    rows: &'a mut [f64],
    m: usize,
    first: usize,
    taus: &'a mut [f64],
}

impl Kernel for Panel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Panel { rows, m, first, taus } = self;
        for (k, tau) in taus.iter_mut().enumerate() {
            let (own, later) = rows[k * m..].split_at_mut(m);
            let v = &mut own[first + k..];
            let (factor, beta) = reflector(s, v);
            *tau = factor;
            for row in later.chunks_exact_mut(m) {
                reflect(s, v, factor, &mut row[first + k..]);
            }
            v[0] = beta;
        }
    }
}
