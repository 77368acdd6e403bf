//! Elements by index, against loops.

mod common;
use common::*;
use pyroxene_tensor::{DType, Index, Slice, Tensor};

/// Rows of an index, negative positions counted from the end.
fn place(index: &Tensor, at: &[usize], size: usize) -> usize {
    let i = broadcast_at(index, at) as i64;
    (if i < 0 { i + size as i64 } else { i }) as usize
}

#[test]
fn gather_and_scatter() {
    for axis in 0..3 {
        for (layout, x) in layouts(&plain(24), &[2, 3, 4]) {
            let size = x.shape()[axis];
            for count in [0usize, 1, 5] {
                for whole in [true, false] {
                    // The other axes are those of x, or of size 1.
                    let mut index_shape = if whole { [2, 3, 4] } else { [1, 1, 1] };
                    index_shape[axis] = count;
                    let n: usize = index_shape.iter().product();
                    let index = (0..n as i64).map(|i| i * 7 % (2 * size as i64) - size as i64).collect::<Vec<_>>();
                    let index = Tensor::from_vec(index, index_shape);
                    let mut shape = [2, 3, 4];
                    shape[axis] = count;
                    let source = |i: &[usize]| [&i[..axis], &[place(&index, i, size)], &i[axis + 1..]].concat();
                    check(&layout, &x.gather(axis as isize - 3, &index), &shape, |i| x.at(&source(i)));

                    let src = Tensor::from_f64(plain(shape.iter().product()), shape).cos();
                    check(&layout, &x.scatter(axis as isize, &index, &src), &[2, 3, 4], |i| {
                        let last = indices(&shape).into_iter().rfind(|p| source(p) == i);
                        last.map_or(x.at(i), |p| src.at(&p))
                    });
                    check(&layout, &x.scatter_add(axis as isize, &index, &src), &[2, 3, 4], |i| {
                        let here = indices(&shape).into_iter().filter(|p| source(p) == i);
                        here.fold(x.at(i), |sum, p| sum + src.at(&p))
                    });
                }
            }
        }
    }
    // A source may be a number, and types meet.
    let (x, index) = (Tensor::from([[1, 2], [3, 4]]), Tensor::from([[0], [1]]));
    assert_eq!(x.scatter(1, &index, &Tensor::from(9)), Tensor::from([[9, 2], [3, 9]]));
    assert_eq!(x.scatter(1, &index, &Tensor::from(0.5)), Tensor::from([[0.5, 2.0], [3.0, 0.5]]));
    let single = x.cast(DType::F32).scatter_add(1, &index, &Tensor::from(0.5));
    assert_eq!(single, Tensor::from([[1.5f32, 2.0], [3.0, 4.5]]));
    assert_eq!(
        Tensor::from([true, false]).scatter_add(0, &Tensor::from([0]), &Tensor::from([true])),
        Tensor::from([2, 0])
    );
}

#[test]
fn index_follows_numpy() {
    for (layout, x) in layouts(&plain(120), &[2, 3, 4, 5]) {
        let at = |i: usize, j: usize, k: usize, l: usize| x.at(&[i, j, k, l]);
        let (p, q) = (Tensor::from([2, 0, -1]), Tensor::from([[1], [-4]]));
        let (pv, qv) = ([2, 0, 2], [1, 0]);
        check(&layout, &x.index(..), &[2, 3, 4, 5], |i| x.at(i));
        check(&layout, &x.index(-1), &[3, 4, 5], |i| at(1, i[0], i[1], i[2]));
        check(&layout, &x.index((0, Index::Rest, 1)), &[3, 4], |i| at(0, i[0], i[1], 1));
        check(&layout, &x.index((.., Index::New, 1usize, 1..3)), &[2, 1, 2, 5], |i| at(i[0], 1, i[2] + 1, i[3]));
        let back = Slice { step: -2, ..Slice::default() };
        check(&layout, &x.index((.., .., back)), &[2, 3, 2, 5], |i| at(i[0], i[1], 3 - 2 * i[2], i[3]));
        check(&layout, &x.index((.., &p)), &[2, 3, 4, 5], |i| at(i[0], pv[i[1]], i[2], i[3]));
        // Next to each other: in place. Apart: in front.
        check(&layout, &x.index((.., &p, &q)), &[2, 2, 3, 5], |i| at(i[0], pv[i[2]], qv[i[1]], i[3]));
        check(&layout, &x.index((.., &p, .., &q)), &[2, 3, 2, 4], |i| at(i[2], pv[i[1]], i[3], [1, 1][i[0]]));
        check(&layout, &x.index((.., &p, Index::New, &q)), &[2, 3, 2, 1, 5], |i| at(i[2], pv[i[1]], qv[i[0]], i[4]));
        check(&layout, &x.index((1, &p, Index::Rest, [0, 4, 4])), &[3, 4], |i| at(1, pv[i[0]], i[1], [0, 4, 4][i[0]]));
        check(&layout, &x.index((Index::Rest, Tensor::from(-2))), &[2, 3, 4], |i| at(i[0], i[1], i[2], 3));
        check(&layout, &x.index((Index::Rest, Vec::<i64>::new())), &[2, 3, 4, 0], |_| unreachable!());
        check(&layout, &x.index([true, false]), &[1, 3, 4, 5], |i| at(0, i[1], i[2], i[3]));
        let mask = Tensor::from([[true, false, true], [false, true, true]]);
        let chosen = [(0, 0), (0, 2), (1, 1), (1, 2)];
        check(&layout, &x.index((&mask, .., 1..)), &[4, 4, 4], |i| at(chosen[i[0]].0, chosen[i[0]].1, i[1], i[2] + 1));
        check(&layout, &x.index((1, [true, false, true], .., [4, 0])), &[2, 4], |i| {
            at(1, [0, 2][i[0]], i[1], [4, 0][i[0]])
        });
        let list: Vec<Index<Tensor>> = vec![Index::At(0), Index::Rest, Index::Tensor(p.clone())];
        check(&layout, &x.index(list), &[3, 4, 3], |i| at(0, i[0], i[1], [2, 0, 4][i[2]]));
    }
    let scalar = Tensor::from(3.0);
    assert_eq!(scalar.index(Index::New), Tensor::from([3.0]));
    assert_eq!(Tensor::zeros([0, 3], DType::Bool).index((Vec::<i64>::new(), 1)).shape(), [0]);
}

#[test]
fn vindex_follows_pyro() {
    for (layout, x) in layouts(&plain(120), &[2, 3, 4, 5]) {
        let at = |i: usize, j: usize, k: usize, l: usize| x.at(&[i, j, k, l]);
        let (p, q) = (Tensor::from([3, 0, -1]), Tensor::from([[0], [-1]]));
        let (pv, qv) = ([3, 0, 3], [0, 4]);
        // Batch axes broadcast with the index.
        check(&layout, &x.vindex((Index::Rest, &p, ..)), &[2, 3, 5], |i| at(i[0], i[1], pv[i[1]], i[2]));
        check(&layout, &x.vindex((Index::Rest, &p, &q)), &[2, 3], |i| at(i[0], i[1], pv[i[1]], qv[i[0]]));
        let many = q.unsqueeze(-1);
        check(&layout, &x.vindex((Index::Rest, &many, 1..4)), &[2, 2, 3, 3], |i| {
            at(i[1], i[2], [0, 3][i[0]], i[3] + 1)
        });
        check(&layout, &x.vindex((Index::Rest, 1, &p)), &[2, 3], |i| at(i[0], i[1], 1, [3, 0, 4][i[1]]));
        // Without a rest in front there is no batch: axes of indices come first.
        check(&layout, &x.vindex((1, .., &p)), &[3, 3, 5], |i| at(1, i[1], pv[i[0]], i[2]));
        check(&layout, &x.vindex((.., [1, 1])), &[2, 2, 4, 5], |i| at(i[1], 1, i[2], i[3]));
        check(&layout, &x.vindex((Index::Rest, 0, ..)), &[2, 3, 5], |i| at(i[0], i[1], 0, i[2]));
        check(&layout, &x.vindex(Index::Rest), &[2, 3, 4, 5], |i| x.at(i));
    }
}

#[test]
fn values_are_put() {
    for (layout, x) in layouts(&plain(24), &[2, 3, 4]) {
        let row = Tensor::from([0.5, 1.5, 2.5, 3.5]);
        check(&layout, &x.index_put((1, [2, 0]), &row), &[2, 3, 4], |i| {
            if i[0] == 1 && i[1] != 1 { row.at(&i[2..]) } else { x.at(i) }
        });
        check(&layout, &x.index_put_add((.., .., [1, 1, 3]), &Tensor::from([1.0, 2.0, 4.0])), &[2, 3, 4], |i| {
            x.at(i) + [0.0, 3.0, 0.0, 4.0][i[2]]
        });
        let mask = x.less(0.0);
        check(&layout, &x.index_put(&mask, &Tensor::from(0.0)), &[2, 3, 4], |i| x.at(i).max(0.0));
        check(&layout, &x.masked_fill(&mask, 7.0), &[2, 3, 4], |i| if x.at(i) < 0.0 { 7.0 } else { x.at(i) });
        let negative: Vec<f64> = x.to_vec::<f64>().into_iter().filter(|&v| v < 0.0).collect();
        assert_eq!(x.masked_select(&mask).to_vec::<f64>(), negative, "{layout}");
    }
    let x = Tensor::from([[1, 2], [3, 4]]);
    assert_eq!(x.masked_select(&Tensor::from([true, false])), Tensor::from([1, 3]));
    assert_eq!(x.masked_fill(&Tensor::from([[true], [false]]), 2.9), Tensor::from([[2, 2], [3, 4]]));
    assert_eq!(x.index_put(0, &Tensor::from([0.5])), Tensor::from([[0.5, 0.5], [3.0, 4.0]]));
}

#[test]
fn lookups_and_places() {
    let x = Tensor::from([[0.0, f64::NAN], [-0.0, 3.0]]);
    assert_eq!(x.nonzero(), Tensor::from([[0, 1], [1, 1]]));
    assert_eq!(Tensor::from(2).nonzero().shape(), [1, 0]);
    assert_eq!(Tensor::from(0).nonzero().shape(), [0, 0]);
    assert_eq!(Tensor::zeros([0, 3], DType::F64).nonzero().shape(), [0, 2]);
    let classes = Tensor::from([[2, 0]]);
    assert_eq!(classes.one_hot(3), Tensor::from([[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]]));
    assert_eq!(Tensor::zeros([0], DType::I64).one_hot(2).shape(), [0, 2]);
    let table = Tensor::from([[1.0f32, 2.0], [3.0, 4.0]]);
    assert_eq!(table.take(&Tensor::from([[1, 0]])), Tensor::from([[[3.0f32, 4.0], [1.0, 2.0]]]));
}
