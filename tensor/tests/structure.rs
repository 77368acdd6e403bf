//! Matrices, joining and indexing against loops over single elements.

mod common;
use common::*;
use pyroxene_tensor::{DType, Tensor, Triangle};

/// Element of a product, with vectors taken as rows and columns and the batch broadcast.
fn product_at(a: &Tensor, b: &Tensor, batch: &[usize], i: usize, j: usize) -> f64 {
    let at = |x: &Tensor, row: usize, column: usize| broadcast_at(x, &[batch, &[row, column]].concat());
    (0..a.size(-1)).map(|k| at(a, i, k) * at(b, k, j)).sum()
}

#[test]
fn matrix_products() {
    let cases: &[(&[usize], &[usize])] = &[
        (&[3], &[3]),
        (&[0], &[0]),
        (&[2, 3], &[3]),
        (&[3], &[3, 4]),
        (&[1, 1], &[1, 1]),
        (&[2, 3], &[3, 4]),
        (&[33, 17], &[17, 29]),
        (&[2, 0], &[0, 3]),
        (&[0, 2], &[2, 3]),
        (&[5, 2, 3], &[3, 4]),
        (&[2, 3], &[5, 3, 4]),
        (&[5, 1, 2, 3], &[4, 3, 2]),
        (&[5, 2, 3], &[3]),
        (&[3], &[5, 3, 2]),
        (&[0, 2, 3], &[3, 4]),
        (&[2, 2, 0], &[2, 0, 2]),
    ];
    for &(a_shape, b_shape) in cases {
        for (a_layout, a) in layouts(&plain(a_shape.iter().product()), a_shape) {
            for (b_layout, b) in layouts(&plain(b_shape.iter().product()), b_shape) {
                let what = format!("{a_layout} {a_shape:?} by {b_layout} {b_shape:?}");
                let row = if a.ndim() == 1 { a.unsqueeze(0) } else { a.clone() };
                let column = if b.ndim() == 1 { b.unsqueeze(1) } else { b.clone() };
                for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 1e-5)] {
                    let c = a.cast(dtype).matmul(&b.cast(dtype));
                    assert_eq!(c.dtype(), dtype);
                    let mut whole = c.clone();
                    if a.ndim() == 1 {
                        whole = whole.unsqueeze(if b.ndim() == 1 { 0 } else { whole.ndim() as isize - 1 });
                    }
                    if b.ndim() == 1 {
                        whole = whole.unsqueeze(-1);
                    }
                    for i in indices(whole.shape()) {
                        let (batch, place) = i.split_at(i.len() - 2);
                        let want = product_at(&row, &column, batch, place[0], place[1]);
                        let scale = 100.0 * a.size(-1) as f64;
                        assert!((whole.at(&i) - want).abs() <= tolerance * scale, "{what} at {i:?}");
                    }
                }
            }
        }
    }
    let x = Tensor::from([[1, 2], [3, 4]]);
    assert_eq!(x.matmul(&x.flip(0)), Tensor::from([[5, 8], [13, 20]]));
    let message = panic_message(|| Tensor::from([i64::MAX, 1]).matmul(&Tensor::from([2, 1])));
    assert_eq!(message, "matmul: the result for [2] and [2] is not all i64");
}

fn positive_definite(n: usize) -> Tensor {
    let x = Tensor::from_f64(plain(n * n), [n, n]);
    x.matmul(&x.t()) + Tensor::eye(n, DType::F64) * 3.0
}

#[test]
fn cholesky_factors_multiply_back() {
    for n in [0, 1, 2, 5, 40] {
        let a = positive_definite(n);
        for (layout, a) in layouts(&a.to_f64_vec(), &[n, n]) {
            let l = a.cholesky();
            assert_eq!(l, l.tril(0), "{layout}");
            assert!(l.matmul(&l.t()).allclose(&a, 1e-12, 1e-10), "{layout} {n}");
            let single = a.cast(DType::F32).cholesky();
            assert_eq!(single.dtype(), DType::F32);
            assert!(single.allclose(&l, 1e-3, 1e-3), "{layout} {n}");
        }
    }
    let good = positive_definite(3);
    let bad = &good - Tensor::eye(3, DType::F64) * 1e3;
    let batch = Tensor::stack(&[&good, &bad, &good], 0);
    let l = batch.cholesky();
    assert_eq!(l.select(0, 0), good.cholesky());
    assert_eq!(l.select(0, 2), good.cholesky());
    assert!(l.select(0, 1).is_nan().all_true());
    let error = batch.try_cholesky().unwrap_err();
    assert_eq!((error.batch(), error.pivot()), (Some(1), Some(0)));
    assert_eq!(error.to_string(), "cholesky: matrix 1 of [3, 3, 3] is not positive definite (pivot 0)");
    assert_eq!(good.try_cholesky().unwrap(), good.cholesky());
    // Only the lower triangle counts.
    assert_eq!(good.tril(0).cholesky(), good.cholesky());
    assert_eq!(Tensor::zeros([2, 0, 0], DType::F64).cholesky().shape(), [2, 0, 0]);
}

#[test]
fn triangular_systems() {
    let n = 7;
    let square = Tensor::from_f64(plain(2 * n * n), [2, n, n]) * 0.1 + Tensor::eye(n, DType::F64) * 4.0;
    for (layout, t) in layouts(&square.to_f64_vec(), &[2, n, n]) {
        for triangle in [Triangle::Lower, Triangle::Upper] {
            for transpose in [false, true] {
                let kept = if triangle == Triangle::Lower { t.tril(0) } else { t.triu(0) };
                let op = if transpose { kept.t() } else { kept };
                for shape in [&[n][..], &[n, 3], &[n, 0], &[2, n, 1], &[4, 1, n, 2]] {
                    let b = Tensor::from_f64(plain(shape.iter().product()), shape);
                    let x = t.solve_triangular(&b, triangle, transpose);
                    let back = if b.ndim() == 1 { op.matmul(&x.unsqueeze(-1)).squeeze(-1) } else { op.matmul(&x) };
                    assert!(back.allclose(&b, 1e-10, 1e-10), "{layout} {triangle:?} {transpose} {shape:?}");
                    let single = t.cast(DType::F32).solve_triangular(&b.cast(DType::F32), triangle, transpose);
                    assert!(single.allclose(&x, 1e-4, 1e-4));
                }
            }
        }
    }
    let none =
        Tensor::zeros([0, 0], DType::F64).solve_triangular(&Tensor::zeros([0, 2], DType::F64), Triangle::Lower, false);
    assert_eq!(none.shape(), [0, 2]);
}

#[test]
fn triangles_and_diagonals() {
    for shape in [&[3, 3][..], &[2, 3, 5], &[4, 2], &[0, 3], &[3, 0], &[2, 0, 0]] {
        for (layout, x) in layouts(&awkward(shape.iter().product()), shape) {
            for k in [0, 1, -1, 10, -10, isize::MAX, isize::MIN] {
                let n = shape.len();
                let above = |i: &[usize]| i[n - 1] as i128 - i[n - 2] as i128;
                check(&layout, &x.tril(k), shape, |i| if above(i) <= k as i128 { x.at(i) } else { 0.0 });
                check(&layout, &x.triu(k), shape, |i| if above(i) >= k as i128 { x.at(i) } else { 0.0 });
            }
        }
    }
    for shape in [&[3][..], &[2, 3], &[0], &[2, 0]] {
        for (layout, x) in layouts(&awkward(shape.iter().product()), shape) {
            let n = shape.len();
            let square = [shape, &shape[n - 1..]].concat();
            check(&layout, &x.diag_embed(), &square, |i| if i[n - 1] == i[n] { x.at(&i[..n]) } else { 0.0 });
            check(&layout, &x.diag_embed().diagonal(), shape, |i| x.at(i));
        }
    }
}

#[test]
fn joining() {
    for axis in 0..3 {
        let mut other = [2, 3, 4];
        other[axis] = 5;
        for (layout, a) in layouts(&plain(24), &[2, 3, 4]) {
            for (_, b) in layouts(&plain(other.iter().product()), &other) {
                let mut shape = [2, 3, 4];
                let n = shape[axis];
                shape[axis] += 5;
                let joined = Tensor::concat(&[&a, &b], axis as isize - 3);
                check(&layout, &joined, &shape, |i| {
                    let mut own = i.to_vec();
                    if i[axis] < n {
                        a.at(i)
                    } else {
                        own[axis] -= n;
                        b.at(&own)
                    }
                });
            }
            check(&layout, &Tensor::stack(&[&a, &a.flip(0)], -1), &[2, 3, 4, 2], |i| {
                a.at(&[if i[3] == 0 { i[0] } else { 1 - i[0] }, i[1], i[2]])
            });
        }
    }
    let mixed = Tensor::concat(&[Tensor::from([1, 2]), Tensor::from([0.5])], 0);
    assert_eq!(mixed, Tensor::from([1.0, 2.0, 0.5]));
    let nothing = Tensor::zeros([0], DType::F64);
    assert_eq!(Tensor::concat(&[&nothing, &nothing], 0).shape(), [0]);
    assert_eq!(Tensor::stack(&[&nothing, &nothing], 0).shape(), [2, 0]);
}

#[test]
fn picking_rows_and_adding_them_back() {
    for axis in 0..3 {
        for (layout, x) in layouts(&plain(24), &[2, 3, 4]) {
            let n = x.shape()[axis] as i64;
            for index in [
                Tensor::from([0, -1, 1, 0]),
                Tensor::from([[n - 1, 0], [-n, 1]]).t(),
                Tensor::from(1),
                Tensor::zeros([0], DType::I64),
            ] {
                let shape = [&x.shape()[..axis], index.shape(), &x.shape()[axis + 1..]].concat();
                let picked = x.index_select(axis as isize - 3, &index);
                let position = |i: &[usize]| {
                    let p = index.at(&i[axis..axis + index.ndim()]) as i64;
                    (if p < 0 { p + n } else { p }) as usize
                };
                let source = |i: &[usize]| [&i[..axis], &[position(i)], &i[axis + index.ndim()..]].concat();
                check(&layout, &picked, &shape, |i| x.at(&source(i)));
                check(&layout, &picked.index_add(axis as isize, &index, n as usize), &[2, 3, 4], |i| {
                    indices(&shape).iter().filter(|p| source(p) == i).map(|p| picked.at(p)).fold(0.0, |a, b| a + b)
                });
            }
        }
    }
    let x = Tensor::from([true, true, true]);
    assert_eq!(x.index_add(0, &Tensor::from([1, 1, 0]), 2), Tensor::from([1, 2]));
    assert_eq!(Tensor::from(2.0).index_add(0, &Tensor::from(1), 3), Tensor::from([0.0, 2.0, 0.0]));
    let tiny = Tensor::full([1000], 0.1f32).index_add(0, &Tensor::zeros([1000], DType::I64), 1);
    assert_eq!(tiny.to_vec::<f32>(), [(0.1f32 as f64 * 1000.0) as f32]);
    let message = panic_message(|| Tensor::from([i64::MAX, 1]).index_add(0, &Tensor::from([0, 0]), 1));
    assert_eq!(message, "index_add: a sum of elements of [2] is not an i64");
}
