//! Matrix-vector products at the speed of memory.
//!
//! The order of additions: k is cut into chunks, whose sums are added by a pairwise tree over the chunk index (the left part of a
//! tree is the largest power of two of chunks that leaves some to the right). Within a chunk,
//! - rows contiguous in k: lane l of one logical vector adds the products k = l, l + LANES, ... by fused multiply-adds,
//!   then the halves of the lanes are added until one is left;
//! - few outputs, contiguous across outputs: four chains of fused multiply-adds, k modulo 4, added as (0 + 2) + (1 + 3);
//! - many outputs, contiguous across outputs: one chain with ascending k.

use super::{
    Real, gemm,
    mixed::Stored,
    scratch::Buffer,
    tile::store,
    view::{Update, View},
};
use crate::isa::{Isa, Kernel};
use crate::simd::{AHEAD, Simd};
use std::mem::MaybeUninit;

/// Outputs that are computed together.
const PANEL: usize = 1024;
/// Length of a chunk of k where rows are contiguous, and where columns are. Part of the result's definition.
const ROW_CHUNK: usize = 4096;
const COLUMN_CHUNK: usize = 512;
/// Rows whose dot products are computed together.
const GROUP: usize = 8;
/// The most vectors of outputs whose chains stay in registers.
const KEPT: usize = 8;
/// Elements of the matrix from which several threads share the work, and the least that a thread takes.
const PARALLEL: usize = 1 << 18;

/// Evaluates an expression of a constant number of vectors, from those that more than `few` outputs take to [`KEPT`].
macro_rules! by_vectors {
    ($vectors:expr, $v:ident => $body:expr) => {
        by_vectors!(@each $vectors, $v => $body, 3 4 5 6 7 8)
    };
    (@each $vectors:expr, $v:ident => $body:expr, $($number:literal)*) => {
        match $vectors {
            $($number => {
                const $v: usize = $number;
                $body
            })*
            vectors => unreachable!("{vectors} vectors of outputs are not kept in registers"),
        }
    };
}

/// Which way the matrix is contiguous.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Along {
    Rows,
    Columns,
}

impl Along {
    /// None if the matrix is strided both ways.
    pub(super) fn of<A>(a: &View<A>) -> Option<Along> {
        if a.col == 1 || a.cols <= 1 {
            Some(Along::Rows)
        } else if a.row == 1 || a.rows <= 1 {
            Some(Along::Columns)
        } else {
            None
        }
    }

    fn chunk(self) -> usize {
        match self {
            Along::Rows => ROW_CHUNK,
            Along::Columns => COLUMN_CHUNK,
        }
    }
}

/// Updates the vector y (rows x 1, any stride) by a x.
///
/// # Safety
/// a, x and y lie in memory that may be read, and in y's case be written by nobody else; y overlaps neither a nor x; the
/// shapes fit.
pub(super) unsafe fn matvec<T: Real>(isa: Isa, a: View<T>, x: View<T>, y: View<T>, update: Update) {
    // SAFETY: as the caller promises.
    unsafe {
        match Along::of(&a) {
            Some(along) => contiguous(isa, a, along, x, y, update),
            // The general product packs it, into a column that is contiguous by its only element.
            None => gemm::product(isa, a, x, View::new(y.data, y.rows, 1, y.row, 1), update),
        }
    }
}

/// [`matvec`] by a matrix that is contiguous along its rows or columns; its elements may be stored in another type.
///
/// # Safety
/// As [`matvec`].
pub(super) unsafe fn contiguous<A: Stored<T>, T: Real>(
    isa: Isa,
    a: View<A>,
    along: Along,
    x: View<T>,
    y: View<T>,
    update: Update,
) {
    let k = a.cols;
    let few = a.rows <= 2 * T::LANES;
    let run = |x: *const T| {
        // SAFETY: as the caller promises; x has k contiguous values.
        unsafe { panels(isa, Job { a, x, along, few }, y, update) }
    };
    if x.row == 1 || k <= 1 {
        run(x.data);
    } else {
        let mut buffer = Buffer::<T>::take(k);
        let copy = buffer.as_mut_ptr();
        for i in 0..k {
            // SAFETY: element i of x and of the copy.
            unsafe { *copy.add(i) = *x.at(i, 0) };
        }
        run(copy);
    }
}

/// Whether [`both`] serves for these rows: a chunk of them, each as many numbers as chains that stay in registers.
pub(super) fn fits_both<A: Stored<T>, T: Real>(next: &View<A>, last: &View<A>) -> bool {
    let columns = 2 * T::LANES + 1..=KEPT * T::LANES;
    columns.contains(&next.cols) && last.rows <= COLUMN_CHUNK && [next, last].iter().all(|view| view.rows > 1)
}

/// The products of rows with a vector, and of columns of others with another vector.
///
/// # Safety
/// The matrices and vectors lie in memory that may be read, and the results are written by nobody else; the shapes fit, the rows
/// are contiguous as are the columns, and [`fits_both`] says that they fit.
pub(super) unsafe fn both<A: Stored<T>, T: Real>(
    isa: Isa,
    (rows, x, y): (View<A>, *const T, *mut T),
    (columns, g, z): (View<A>, *const T, *mut T),
) {
    isa.run(Both { rows, x, y, columns, g, z });
}

/// The sums over all of k, or a range of it, for the rows of a.
#[derive(Clone, Copy)]
struct Job<A, T> {
    a: View<A>,
    x: *const T,
    along: Along,
    few: bool,
}
// SAFETY: the pointers are only read through, in functions whose callers answer for it.
unsafe impl<A: Send, T: Send> Send for Job<A, T> {}
// SAFETY: as above.
unsafe impl<A: Sync, T: Sync> Sync for Job<A, T> {}

impl<A: Stored<T>, T: Real> Job<A, T> {
    fn rows(self, first: usize, count: usize) -> Self {
        Job { a: self.a.part(first, 0, count, self.a.cols), ..self }
    }

    fn range(self, first: usize, count: usize) -> Self {
        Job { a: self.a.part(0, first, self.a.rows, count), x: self.x.wrapping_add(first), ..self }
    }

    fn is_parallel(self) -> bool {
        self.a.rows * self.a.cols >= 2 * PARALLEL
    }
}

/// # Safety
/// As [`matvec`], with a contiguous x of a.cols values.
unsafe fn panels<A: Stored<T>, T: Real>(isa: Isa, job: Job<A, T>, y: View<T>, update: Update) {
    let rows = job.a.rows;
    let join = job.is_parallel() && (rows > PANEL || (job.along == Along::Rows && rows >= 16));
    if rows > PANEL || join {
        let half = (rows / 2).next_multiple_of(if rows > PANEL { PANEL } else { 8 });
        // SAFETY: the halves of y are disjoint, all else is as the caller promises.
        let (first, second) = (
            || unsafe { panels(isa, job.rows(0, half), y.part(0, 0, half, 1), update) },
            || unsafe { panels(isa, job.rows(half, rows - half), y.part(half, 0, rows - half, 1), update) },
        );
        if join {
            rayon::join(first, second);
        } else {
            first();
            second();
        }
        return;
    }
    if update == Update::Set && (y.row == 1 || rows == 1) {
        // SAFETY: y has room for `rows` <= PANEL sums, one after the other.
        unsafe { tree(isa, job, Sums(y.data)) };
        return;
    }
    let mut room = [const { MaybeUninit::<T>::uninit() }; PANEL];
    let sums: *mut T = room.as_mut_ptr().cast();
    // SAFETY: there is room for `rows` <= PANEL sums, and element i of y is as the caller promises.
    unsafe {
        tree(isa, job, Sums(sums));
        for i in 0..rows {
            let old = if update == Update::Set { T::ZERO } else { *y.at(i, 0) };
            *y.at(i, 0) = update.apply(old, *sums.add(i));
        }
    }
}

/// Where sums go.
#[derive(Clone, Copy)]
struct Sums<T>(*mut T);
// SAFETY: the pointer is written through only in functions whose callers answer for it.
unsafe impl<T: Send> Send for Sums<T> {}

/// Sums over the chunks of the job's k by the pairwise tree.
///
/// # Safety
/// a and x are readable, `out` has room for a.rows <= PANEL sums.
unsafe fn tree<A: Stored<T>, T: Real>(isa: Isa, job: Job<A, T>, out: Sums<T>) {
    let (k, chunk) = (job.a.cols, job.along.chunk());
    if k <= chunk {
        isa.run(Chunk { job, out });
        return;
    }
    let half = (k.div_ceil(chunk) - 1).ilog2();
    let half = chunk << half;
    let (left, right) = (job.range(0, half), job.range(half, k - half));
    let mut room = [const { MaybeUninit::<T>::uninit() }; PANEL];
    let more = Sums(room.as_mut_ptr().cast::<T>());
    // SAFETY: the two sides write to different places.
    let (first, second) = (move || unsafe { tree(isa, left, out) }, move || unsafe { tree(isa, right, more) });
    if job.is_parallel() {
        rayon::join(first, second);
    } else {
        first();
        second();
    }
    for i in 0..job.a.rows {
        // SAFETY: both sides have written this sum.
        unsafe { *out.0.add(i) = *out.0.add(i) + *more.0.add(i) };
    }
}

/// The sums over one chunk.
struct Chunk<A, T> {
    job: Job<A, T>,
    out: Sums<T>,
}

impl<A: Stored<T>, T: Real> Kernel for Chunk<A, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Chunk { job: Job { a, x, along, few }, out: Sums(out) } = self;
        // SAFETY: `tree` hands on its caller's promise: a, x and out are valid for the loops over a's rows and columns.
        unsafe {
            match (along, few) {
                (Along::Rows, _) => along_rows::<A, T, S>(s, a, x, out),
                (Along::Columns, true) => {
                    for i in (0..a.rows).step_by(T::LANES) {
                        let n = T::LANES.min(a.rows - i);
                        if n == T::LANES {
                            interleaved::<A, T, S, true>(s, a.part(i, 0, n, a.cols), x, out.add(i));
                        } else {
                            interleaved::<A, T, S, false>(s, a.part(i, 0, n, a.cols), x, out.add(i));
                        }
                    }
                }
                (Along::Columns, false) if a.rows <= KEPT * T::LANES => {
                    by_vectors!(a.rows.div_ceil(T::LANES), V => kept::<A, T, S, V>(s, a, x, out));
                }
                (Along::Columns, false) => {
                    // A chunk is never empty: an empty k counts as contiguous rows.
                    let mut k = 0;
                    let mut first = true;
                    while k + 4 <= a.cols {
                        chains::<A, T, S, 4>(s, a.part(0, k, a.rows, 4), x.add(k), out, first);
                        first = false;
                        k += 4;
                    }
                    for k in k..a.cols {
                        chains::<A, T, S, 1>(s, a.part(0, k, a.rows, 1), x.add(k), out, first);
                        first = false;
                    }
                }
            }
        }
    }
}

/// [`both`].
struct Both<A, T> {
    rows: View<A>,
    x: *const T,
    y: *mut T,
    columns: View<A>,
    g: *const T,
    z: *mut T,
}

impl<A: Stored<T>, T: Real> Kernel for Both<A, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // SAFETY: `both` hands on its caller's promise.
        unsafe {
            by_vectors!(self.columns.rows.div_ceil(T::LANES), V => self.by::<S, V>(s));
        }
    }
}

impl<A: Stored<T>, T: Real> Both<A, T> {
    /// # Safety
    /// As [`both`], where V vectors are what the columns take.
    #[inline(always)]
    unsafe fn by<S: Simd, const V: usize>(self, s: S) {
        let Both { rows, x, y, columns, g, z } = self;
        let mut chains = Kept::<T, S, V>::new(s, columns.rows);
        let groups = rows.rows.min(columns.cols) / GROUP * GROUP;
        let rest = |rows: usize| rows - groups;
        // SAFETY: rows and columns i.. as many as are asked for.
        unsafe {
            for i in (0..groups).step_by(GROUP) {
                ask_ahead(s, rows.part(i, 0, GROUP, rows.cols));
                dots::<A, T, S, GROUP>(s, rows.part(i, 0, GROUP, rows.cols), x, y.add(i));
                chains.add(s, columns.part(0, i, columns.rows, GROUP), g.add(i));
            }
            along_rows::<A, T, S>(s, rows.part(groups, 0, rest(rows.rows), rows.cols), x, y.add(groups));
            chains.add(s, columns.part(0, groups, columns.rows, rest(columns.cols)), g.add(groups));
            chains.store(s, z);
        }
    }
}

/// Asks for what lies a little further than these rows.
#[inline(always)]
fn ask_ahead<A, S: Simd>(s: S, rows: View<A>) {
    for i in 0..rows.rows {
        for k in (0..rows.cols).step_by(64 / size_of::<A>()) {
            s.prefetch(rows.at(i, k).cast::<f64>().cast_const().wrapping_add(AHEAD));
        }
    }
}

/// The dot products of all rows with x.
///
/// # Safety
/// a, x and a.rows values at `out` are valid.
#[inline(always)]
unsafe fn along_rows<A: Stored<T>, T: Real, S: Simd>(s: S, a: View<A>, x: *const T, out: *mut T) {
    let mut i = 0;
    // SAFETY: rows i.. of a and of out, as many as are asked for.
    unsafe {
        while i + GROUP <= a.rows {
            dots::<A, T, S, GROUP>(s, a.part(i, 0, GROUP, a.cols), x, out.add(i));
            i += GROUP;
        }
        if i + 4 <= a.rows {
            dots::<A, T, S, 4>(s, a.part(i, 0, 4, a.cols), x, out.add(i));
            i += 4;
        }
        for i in i..a.rows {
            dots::<A, T, S, 1>(s, a.part(i, 0, 1, a.cols), x, out.add(i));
        }
    }
}

/// M dot products of contiguous rows with x.
///
/// # Safety
/// a, x and M values at `out` are valid.
#[inline(always)]
unsafe fn dots<A: Stored<T>, T: Real, S: Simd, const M: usize>(s: S, a: View<A>, x: *const T, out: *mut T) {
    let mut sums = [T::splat(s, T::ZERO); M];
    let full = a.cols / T::LANES * T::LANES;
    // SAFETY: element (i, k) of a and k of x for k < cols.
    unsafe {
        for k in (0..full).step_by(T::LANES) {
            let x = T::load(s, x.add(k));
            for i in 0..M {
                sums[i] = T::fma(s, A::load(s, a.at(i, k)), x, sums[i]);
            }
        }
        let rest = a.cols - full;
        if rest > 0 {
            let x = T::load_partial(s, x.add(full), rest);
            for i in 0..M {
                sums[i] = T::fma(s, A::load_partial(s, a.at(i, full), rest), x, sums[i]);
            }
        }
        if M == GROUP {
            let mut all = [T::splat(s, T::ZERO); GROUP];
            all[..M].copy_from_slice(&sums);
            T::totals(s, all, out);
            return;
        }
        let mut lanes = [[T::ZERO; 16]; M];
        for i in 0..M {
            T::store(s, lanes[i].as_mut_ptr(), sums[i]);
        }
        if T::LANES == 16 {
            fold::<T, M, 8>(&mut lanes);
        }
        fold::<T, M, 4>(&mut lanes);
        fold::<T, M, 2>(&mut lanes);
        fold::<T, M, 1>(&mut lanes);
        for i in 0..M {
            *out.add(i) = lanes[i][0];
        }
    }
}

/// Adds the second half of 2 HALF lanes to the first.
#[inline(always)]
fn fold<T: Real, const M: usize, const HALF: usize>(lanes: &mut [[T; 16]; M]) {
    for row in lanes {
        for lane in 0..HALF {
            row[lane] = row[lane] + row[lane + HALF];
        }
    }
}

/// At most one vector of outputs over all of k: four chains, k modulo 4.
///
/// # Safety
/// a, x and a.rows values at `out` are valid; a.rows is LANES if FULL and at most that otherwise.
#[inline(always)]
unsafe fn interleaved<A: Stored<T>, T: Real, S: Simd, const FULL: bool>(s: S, a: View<A>, x: *const T, out: *mut T) {
    let mut sums = [T::splat(s, T::ZERO); 4];
    // SAFETY: column k of a and element k of x for k < cols.
    let add = |sum: T::Vector<S>, k: usize| unsafe {
        let column = if FULL { A::load(s, a.at(0, k)) } else { A::load_partial(s, a.at(0, k), a.rows) };
        T::fma(s, column, T::splat(s, *x.add(k)), sum)
    };
    let full = a.cols / 4 * 4;
    for k in (0..full).step_by(4) {
        for chain in 0..4 {
            sums[chain] = add(sums[chain], k + chain);
        }
    }
    for chain in 0..a.cols - full {
        sums[chain] = add(sums[chain], full + chain);
    }
    let sum = T::plus(s, T::plus(s, sums[0], sums[2]), T::plus(s, sums[1], sums[3]));
    // SAFETY: `out` has room for a.rows values.
    unsafe { store(s, out, a.rows, sum, Update::Set) };
}

/// V vectors of outputs, of which the last may be shorter, over all of k: their chains stay in registers.
///
/// # Safety
/// a, x and a.rows values at `out` are valid; V is what `a.rows` takes.
#[inline(always)]
unsafe fn kept<A: Stored<T>, T: Real, S: Simd, const V: usize>(s: S, a: View<A>, x: *const T, out: *mut T) {
    let mut chains = Kept::<T, S, V>::new(s, a.rows);
    // SAFETY: as the caller promises.
    unsafe {
        chains.add(s, a, x);
        chains.store(s, out);
    }
}

/// The chains of V vectors of outputs.
struct Kept<T: Real, S: Simd, const V: usize> {
    sums: [T::Vector<S>; V],
    /// Outputs in the last vector.
    last: usize,
}

impl<T: Real, S: Simd, const V: usize> Kept<T, S, V> {
    #[inline(always)]
    fn new(s: S, rows: usize) -> Self {
        Kept { sums: [T::splat(s, T::ZERO); V], last: rows - (V - 1) * T::LANES }
    }

    /// Continues the chains by the columns of a.
    ///
    /// # Safety
    /// a, which has the chains' rows, and x are valid.
    #[inline(always)]
    unsafe fn add<A: Stored<T>>(&mut self, s: S, a: View<A>, x: *const T) {
        for k in 0..a.cols {
            // SAFETY: element k of x and column k of a.
            unsafe {
                let factor = T::splat(s, *x.add(k));
                for v in 0..V - 1 {
                    self.sums[v] = T::fma(s, A::load(s, a.at(v * T::LANES, k)), factor, self.sums[v]);
                }
                let column = a.at((V - 1) * T::LANES, k);
                let whole = self.last == T::LANES;
                let values = if whole { A::load(s, column) } else { A::load_partial(s, column, self.last) };
                self.sums[V - 1] = T::fma(s, values, factor, self.sums[V - 1]);
            }
        }
    }

    /// # Safety
    /// There is room for the outputs.
    #[inline(always)]
    unsafe fn store(self, s: S, out: *mut T) {
        for v in 0..V {
            let used = if v < V - 1 { T::LANES } else { self.last };
            // SAFETY: as the caller promises.
            unsafe { store(s, out.wrapping_add(v * T::LANES), used, self.sums[v], Update::Set) };
        }
    }
}

/// Continues the chains of all outputs by M values of k, or starts them.
///
/// # Safety
/// a (of M columns), M values at x, and a.rows values at `out` are valid.
#[inline(always)]
unsafe fn chains<A: Stored<T>, T: Real, S: Simd, const M: usize>(
    s: S,
    a: View<A>,
    x: *const T,
    out: *mut T,
    start: bool,
) {
    // SAFETY: rows i.. of a and of out, as many as are asked for.
    unsafe {
        let mut factors = [T::splat(s, T::ZERO); M];
        for k in 0..M {
            factors[k] = T::splat(s, *x.add(k));
        }
        let full = a.rows / T::LANES * T::LANES;
        for i in (0..full).step_by(T::LANES) {
            let mut sum = if start { T::splat(s, T::ZERO) } else { T::load(s, out.add(i)) };
            for k in 0..M {
                sum = T::fma(s, A::load(s, a.at(i, k)), factors[k], sum);
            }
            T::store(s, out.add(i), sum);
        }
        let rest = a.rows - full;
        if rest > 0 {
            let mut sum = if start { T::splat(s, T::ZERO) } else { T::load_partial(s, out.add(full), rest) };
            for k in 0..M {
                sum = T::fma(s, A::load_partial(s, a.at(full, k), rest), factors[k], sum);
            }
            T::store_partial(s, out.add(full), rest, sum);
        }
    }
}
