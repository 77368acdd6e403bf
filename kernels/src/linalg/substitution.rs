//! Triangular systems of small orders by substitution: an unknown is one chain of fused multiply-adds from the right side, in
//! the order in which unknowns become known, times the reciprocal of the pivot.

use super::{
    Real,
    scratch::Local,
    triangular::Factor,
    view::{View, turn},
};
use crate::isa::Kernel;
use crate::simd::Simd;
use std::mem::MaybeUninit;

/// Order at which recursions stop. Part of the result's definition.
pub(super) const BASE: usize = 32;
/// Columns (or rows) of the right-hand side that are worked off together, and that a thread takes at least.
pub(super) const SLICE: usize = 64;

/// The reciprocal of a pivot: a product takes a few cycles, a division dozens. Zero where it or the pivot is not normal, so that
/// the division must be done.
#[inline(always)]
fn reciprocal<T: Real>(pivot: T) -> T {
    let inverse = T::ONE / pivot;
    if pivot.is_normal() && inverse.is_normal() { inverse } else { T::ZERO }
}

/// Solves l x = b for an order of at most [`BASE`].
pub(super) struct Base<T> {
    pub(super) l: Factor<T>,
    pub(super) b: View<T>,
}

impl<T: Real> Kernel for Base<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Base { l, b } = self;
        // SAFETY: whoever makes a Base promises what `solve_left` asks for.
        unsafe {
            if b.cols == 1 {
                vector(l, b);
                return;
            }
            let mut column = 0;
            while column < b.cols {
                let left = b.cols - column;
                let part = |columns: usize| b.part(0, column, b.rows, columns);
                column += match left / T::LANES {
                    0 => {
                        substitute::<T, S, 1>(s, l, part(left));
                        left
                    }
                    1 => {
                        substitute::<T, S, 1>(s, l, part(T::LANES));
                        T::LANES
                    }
                    2..4 => {
                        substitute::<T, S, 2>(s, l, part(2 * T::LANES));
                        2 * T::LANES
                    }
                    _ => {
                        substitute::<T, S, 4>(s, l, part(4 * T::LANES));
                        4 * T::LANES
                    }
                };
            }
        }
    }
}

/// One right-hand side, column by column of l: the same chains, with room to overlap.
///
/// # Safety
/// As [`solve_left`](super::triangular::solve_left).
#[inline(always)]
unsafe fn vector<T: Real>(l: Factor<T>, b: View<T>) {
    let Factor { l, forward, unit } = l;
    let n = b.rows;
    let place = |step: usize| if forward { step } else { n - 1 - step };
    let mut x = [T::ZERO; BASE];
    let mut inverses = [T::ONE; BASE];
    // SAFETY: indices are below n <= BASE.
    unsafe {
        for i in 0..n {
            x[i] = *b.at(i, 0);
            if !unit {
                inverses[i] = reciprocal(*l.at(i, i));
            }
        }
        for step in 0..n {
            let k = place(step);
            let value = if inverses[k] == T::ZERO { x[k] / *l.at(k, k) } else { x[k] * inverses[k] };
            x[k] = value;
            let later = if forward { k + 1..n } else { 0..k };
            for i in later {
                x[i] = (-*l.at(i, k)).mul_add(value, x[i]);
            }
        }
        for i in 0..n {
            *b.at(i, 0) = x[i];
        }
    }
}

/// At most V vectors of columns.
///
/// # Safety
/// As [`solve_left`](super::triangular::solve_left); b has V * LANES columns, or fewer if V is 1.
#[inline(always)]
unsafe fn substitute<T: Real, S: Simd, const V: usize>(s: S, l: Factor<T>, b: View<T>) {
    let Factor { l, forward, unit } = l;
    let n = b.rows;
    let place = |step: usize| if forward { step } else { n - 1 - step };
    let full = b.cols == V * T::LANES;
    let mut room = [const { MaybeUninit::<[T::Vector<S>; V]>::uninit() }; BASE];
    for step in 0..n {
        let i = place(step);
        // SAFETY: row i of b and of l.
        unsafe {
            let mut sums = [T::splat(s, T::ZERO); V];
            for v in 0..V {
                let p = b.at(i, v * T::LANES);
                sums[v] = if full { T::load(s, p) } else { T::load_partial(s, p, b.cols) };
            }
            for before in 0..step {
                let factor = T::splat(s, -*l.at(i, place(before)));
                // Every step before this one has written its row.
                let solved = room[before].assume_init_ref();
                for v in 0..V {
                    sums[v] = T::fma(s, factor, solved[v], sums[v]);
                }
            }
            if !unit {
                let pivot = *l.at(i, i);
                let inverse = reciprocal(pivot);
                if inverse == T::ZERO {
                    let pivot = T::splat(s, pivot);
                    for v in 0..V {
                        sums[v] = T::over(s, sums[v], pivot);
                    }
                } else {
                    let inverse = T::splat(s, inverse);
                    for v in 0..V {
                        sums[v] = T::times(s, sums[v], inverse);
                    }
                }
            }
            room[step].write(sums);
            for v in 0..V {
                let p = b.at(i, v * T::LANES);
                if full { T::store(s, p, sums[v]) } else { T::store_partial(s, p, b.cols, sums[v]) }
            }
        }
    }
}

/// Solves x l^T = b for an order of at most [`BASE`] and at most [`SLICE`] rows: transposes, substitutes, and transposes back.
pub(super) struct RightBase<T> {
    pub(super) l: Factor<T>,
    pub(super) b: View<T>,
}

impl<T: Real> Kernel for RightBase<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let RightBase { l, b } = self;
        let (rows, n) = (b.rows, b.cols);
        let columns = rows.next_multiple_of(T::LANES);
        let mut room = Local::<T, { BASE * SLICE }>::new();
        let turned = room.as_mut_ptr();
        // SAFETY: b has `rows` <= SLICE rows of n <= BASE elements.
        unsafe {
            turn(s, b, View::new(turned, n, rows, SLICE, 1));
            for k in 0..n {
                for i in rows..columns {
                    *turned.add(k * SLICE + i) = T::ZERO;
                }
            }
            Base { l, b: View::new(turned, n, columns, SLICE, 1) }.run(s);
            turn(s, View::new(turned, n, rows, SLICE, 1), b);
        }
    }
}
