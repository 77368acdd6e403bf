//! Moved, cut, repeated and padded axes, against index arithmetic.

mod common;
use common::*;
use pyroxene_tensor::{DType, Padding, Tensor};

const LAYOUT: [usize; 3] = [2, 3, 4];

#[test]
fn axes_move_and_repeat() {
    for (layout, x) in layouts(&plain(24), &LAYOUT) {
        let at = |i: usize, j: usize, k: usize| x.at(&[i, j, k]);
        check(&layout, &x.movedim(0, -1), &[3, 4, 2], |i| at(i[2], i[0], i[1]));
        check(&layout, &x.movedim(2, 0), &[4, 2, 3], |i| at(i[1], i[2], i[0]));
        check(&layout, &x.roll(1, -1), &LAYOUT, |i| at(i[0], i[1], (i[2] + 3) % 4));
        check(&layout, &x.roll(-5, 1), &LAYOUT, |i| at(i[0], (i[1] + 5) % 3, i[2]));
        check(&layout, &x.roll(4, 2), &LAYOUT, |i| at(i[0], i[1], i[2]));
        check(&layout, &x.tile(&[2]), &[2, 3, 8], |i| at(i[0], i[1], i[2] % 4));
        check(&layout, &x.tile(&[2, 1, 3, 1]), &[2, 2, 9, 4], |i| at(i[1], i[2] % 3, i[3]));
        check(&layout, &x.repeat_interleave(&[3], 1), &[2, 9, 4], |i| at(i[0], i[1] / 3, i[2]));
        check(&layout, &x.repeat_interleave(&[2, 0, 1], 1), &[2, 3, 4], |i| at(i[0], [0, 0, 2][i[1]], i[2]));
        check(&layout, &x.unfold(2, 3, 1), &[2, 3, 2, 3], |i| at(i[0], i[1], i[2] + i[3]));
        check(&layout, &x.unfold(1, 1, 2), &[2, 2, 4, 1], |i| at(i[0], 2 * i[1], i[2]));
        check(&layout, &x.flatten_axes(0, 1), &[6, 4], |i| at(i[0] / 3, i[0] % 3, i[1]));
        check(&layout, &x.unflatten(-1, &[2, -1]), &[2, 3, 2, 2], |i| at(i[0], i[1], 2 * i[2] + i[3]));
        check(&layout, &x.diagonal_at(1), &[2, 3], |i| at(i[0], i[1], i[1] + 1));
        check(&layout, &x.diagonal_at(-2), &[2, 1], |i| at(i[0], i[1] + 2, i[1]));
        check(&layout, &x.diagonal_at(9), &[2, 0], |_| unreachable!());
        for offset in [-2isize, 0, 1] {
            let n = 4 + offset.unsigned_abs();
            check(&layout, &x.diag_embed_at(offset), &[2, 3, n, n], |i| {
                let (row, column) = (i[2] as isize, i[3] as isize);
                if column - row == offset { at(i[0], i[1], i[2].min(i[3])) } else { 0.0 }
            });
        }
    }
}

#[test]
fn axes_are_cut() {
    for (layout, x) in layouts(&plain(35), &[5, 7]) {
        type Cut = (&'static str, Vec<Tensor>, &'static [(usize, usize)]);
        let cuts: [Cut; 4] = [
            ("split", x.split(3, 1), &[(0, 3), (3, 6), (6, 7)]),
            ("split_sizes", x.split_sizes(&[4, 0, 3], -1), &[(0, 4), (4, 4), (4, 7)]),
            ("chunk", x.chunk(3, 1), &[(0, 3), (3, 5), (5, 7)]),
            (
                "unbind",
                x.unbind(1).iter().map(|part| part.unsqueeze(1)).collect(),
                &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7)],
            ),
        ];
        for (name, parts, ranges) in cuts {
            assert_eq!(parts.len(), ranges.len(), "{name}");
            for (part, &(start, stop)) in parts.iter().zip(ranges) {
                check(&format!("{layout} {name}"), part, &[5, stop - start], |i| x.at(&[i[0], i[1] + start]));
            }
        }
        assert_eq!(x.chunk(9, 1).iter().map(|part| part.size(1)).collect::<Vec<_>>(), [1, 1, 1, 1, 1, 1, 1, 0, 0]);
    }
    let nothing = Tensor::zeros([0, 2], DType::I64);
    assert!(nothing.split(2, 0).is_empty() && nothing.unbind(0).is_empty());
    assert_eq!(nothing.roll(3, 0).shape(), [0, 2]);
    assert_eq!(nothing.tile(&[2, 3]).shape(), [0, 6]);
    assert_eq!(nothing.repeat_interleave(&[], 0).shape(), [0, 2]);
}

#[test]
fn axes_are_padded() {
    for (layout, x) in layouts(&plain(20), &[5, 4]) {
        let source = |padding: Padding, i: isize, n: isize| match padding {
            Padding::Constant(_) => (0..n).contains(&i).then_some(i),
            Padding::Reflect => Some(if i < 0 { -i } else { i.min(2 * (n - 1) - i) }),
            Padding::Replicate => Some(i.clamp(0, n - 1)),
            Padding::Circular => Some(i.rem_euclid(n)),
        };
        for padding in [Padding::Constant(-1.5), Padding::Reflect, Padding::Replicate, Padding::Circular] {
            for widths in [[(0, 0), (0, 2)], [(2, 1), (3, 0)], [(1, 0), (1, 3)]] {
                let [(top, bottom), (left, right)] = widths;
                let shape = [5 + top + bottom, 4 + left + right];
                check(&format!("{layout} {padding:?}"), &x.pad(&widths, padding), &shape, |i| {
                    let row = source(padding, i[0] as isize - top as isize, 5);
                    let column = source(padding, i[1] as isize - left as isize, 4);
                    row.zip(column).map_or(-1.5, |(i, j)| x.at(&[i as usize, j as usize]))
                });
            }
        }
        check(&layout, &x.pad(&[(9, 0)], Padding::Circular), &[5, 13], |i| x.at(&[i[0], (i[1] + 3) % 4]));
    }
    assert_eq!(Tensor::from([true]).pad(&[(1, 0)], Padding::Constant(0.0)), Tensor::from([false, true]));
    assert_eq!(Tensor::from([7]).pad(&[(1, 1)], Padding::Constant(2.0)), Tensor::from([2, 7, 2]));
}

#[test]
fn grids_and_broadcasts() {
    let (x, y) = (Tensor::from([1, 2, 3]), Tensor::from([10, 20]));
    let grid = Tensor::meshgrid(&[x.clone(), y.clone()]);
    assert_eq!(grid[0], Tensor::from([[1, 1], [2, 2], [3, 3]]));
    assert_eq!(grid[1], Tensor::from([[10, 20], [10, 20], [10, 20]]));
    let both = Tensor::broadcast_tensors(&[x, y.unsqueeze(1)]);
    assert_eq!(both[0], Tensor::from([[1, 2, 3], [1, 2, 3]]));
    assert_eq!(both[1], Tensor::from([[10, 10, 10], [20, 20, 20]]));
}

#[test]
fn large_permutations_are_copied_right() {
    let x = Tensor::arange(0.0, (70 * 9 * 67) as f64, 1.0).reshape(&[70, 9, 67]);
    for axes in [[2, 1, 0], [0, 2, 1], [2, 0, 1], [1, 2, 0], [1, 0, 2]] {
        for (what, x) in
            [("whole", x.clone()), ("flipped", x.flip(2).flip(0)), ("part", x.slice(2, 3..60).slice(0, 1..))]
        {
            let y = x.permute(&axes);
            let copy = y.contiguous();
            assert!(copy.is_contiguous(), "{what}");
            assert!(y.iter_f64().eq(copy.iter_f64()), "{what} {axes:?}");
        }
    }
    let repeated = x.select(1, 2).unsqueeze(2).expand([70, 67, 5]).permute(&[2, 1, 0]);
    assert!(repeated.iter_f64().eq(repeated.contiguous().iter_f64()));
}

#[test]
fn indices_of_triangles() {
    for (rows, columns, k) in [(3, 3, 0), (2, 4, 1), (4, 2, -1), (0, 3, 0), (3, 3, 7)] {
        let x = Tensor::arange(1, (rows * columns) as i64 + 1, 1).reshape(&[rows as isize, columns as isize]);
        let nonzero = |triangle: Tensor| triangle.to_vec::<i64>().into_iter().filter(|&v| v != 0).collect::<Vec<_>>();
        assert_eq!(x.index(Tensor::tril_indices(rows, columns, k)).to_vec::<i64>(), nonzero(x.tril(k)));
        assert_eq!(x.index(Tensor::triu_indices(rows, columns, k)).to_vec::<i64>(), nonzero(x.triu(k)));
    }
}
