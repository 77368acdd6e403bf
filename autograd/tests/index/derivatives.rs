//! Both engines, first and second derivatives. Squares and products make the second ones tell.

use crate::check::{Body, check, input};
use pyroxene_autograd::{Index, Padding, Slice, Tensor, Var};

type Case = (&'static str, &'static [&'static [usize]], Body);

fn run(cases: &[Case]) {
    for &(name, shapes, body) in cases {
        let inputs: Vec<Tensor> = shapes.iter().zip(1..).map(|(shape, seed)| input(shape, seed)).collect();
        check(name, &inputs, body);
    }
}

fn sum_of_squares(parts: Vec<Var>) -> Var {
    parts.into_iter().map(|part| part.square().sum()).sum()
}

#[test]
fn axes() {
    run(&[
        ("movedim", &[&[2, 3, 2]], |x| x[0].movedim(0, -1).square()),
        ("roll", &[&[4, 2]], |x| x[0].roll(1, 0) * x[0].roll(-1, 0)),
        ("tile", &[&[2, 2]], |x| x[0].tile(&[3, 1, 2]).exp()),
        ("repeat_interleave", &[&[3, 2]], |x| x[0].repeat_interleave(&[2], 1).square()),
        ("repeat_interleave by counts", &[&[3, 2]], |x| x[0].repeat_interleave(&[2, 0, 1], 0).square()),
        ("unfold", &[&[5, 2]], |x| x[0].unfold(0, 3, 1).square() * x[0].slice(0, ..3).unsqueeze(-1)),
        ("flatten", &[&[2, 3, 2]], |x| x[0].flatten_axes(1, 2).unflatten(1, &[3, -1]).flatten().square()),
        ("split", &[&[5]], |x| sum_of_squares(x[0].split(2, 0)) * x[0].split_sizes(&[1, 4], 0)[1]),
        ("chunk and unbind", &[&[4, 3]], |x| x[0].chunk(3, 0)[0].exp() * sum_of_squares(x[0].unbind(1))),
        ("constant padding", &[&[2, 3]], |x| x[0].pad(&[(1, 0), (0, 2)], Padding::Constant(0.5)).square()),
        ("reflection", &[&[2, 3]], |x| x[0].pad(&[(2, 1)], Padding::Reflect).square()),
        ("replication", &[&[2, 3]], |x| x[0].pad(&[(0, 2), (2, 1)], Padding::Replicate).square()),
        ("circular padding", &[&[3]], |x| x[0].pad(&[(4, 2)], Padding::Circular).square()),
        ("diagonals", &[&[3, 4]], |x| x[0].diagonal_at(1).square() * x[0].diagonal() * x[0].t().diagonal_at(-1)),
        ("embedded diagonals", &[&[2, 2]], |x| x[0].diag_embed_at(-1).square() + x[0].diag_embed_at(1).exp()),
        ("grid", &[&[2], &[3]], |x| {
            let grid = Var::meshgrid(x);
            grid[0] * grid[1].square()
        }),
        ("broadcast", &[&[2, 1], &[3]], |x| {
            let both = Var::broadcast_tensors(x);
            both[0] * both[1].exp()
        }),
    ]);
}

#[test]
fn indices() {
    run(&[
        ("gather", &[&[2, 3]], |x| x[0].gather(1, [[2i64, -1, 2], [0, 1, 1]]).square()),
        ("gather with broadcast", &[&[3, 2]], |x| {
            x[0].gather(0, [[2i64], [0]]).square() * x[0].gather(1, [[1i64, 1]]).sum()
        }),
        ("scatter", &[&[2, 3], &[2, 2]], |x| x[0].scatter(1, [[2i64, -3], [1, 0]], x[1].square()).square()),
        ("scatter over itself", &[&[4], &[4]], |x| x[0].scatter(0, [1i64, 1, 2, 1], x[1]).square()),
        ("scatter_add", &[&[3, 2], &[4, 2]], |x| x[0].scatter_add(0, [[1i64], [1], [-1], [0]], x[1]).square()),
        ("index_select", &[&[2, 4]], |x| x[0].index_select(1, [[0i64, 3], [-1, 3]]).square()),
        ("index_add", &[&[2, 2, 3]], |x| x[0].index_add(1, [[1i64, 0, 1], [-1, 1, 2]], 3).square()),
        ("index by tensors", &[&[3, 4, 2]], |x| x[0].index(([2i64, 0, 2], [1i64, -1, 1])).square()),
        ("index by tensors apart", &[&[3, 2, 4]], |x| x[0].index(([[2i64], [0]], 1.., [1i64, -1])).square()),
        ("index by a bit of all", &[&[3, 2, 4]], |x| {
            let back = Slice { step: -2, ..Slice::default() };
            x[0].index((Index::Rest, Index::New, back)).square()
                * x[0].index(([true, false, true], -1, 1..3)).unsqueeze(1).sum()
        }),
        ("vindex", &[&[2, 3, 2]], |x| x[0].vindex((Index::Rest, [[2i64, 1], [0, 0]], ..)).square()),
        ("vindex of several", &[&[2, 3, 2]], |x| {
            x[0].vindex((Index::Rest, Tensor::from([[1], [2], [1]]), [0i64, -1])).exp()
        }),
        ("index_put", &[&[3, 3], &[2]], |x| x[0].index_put((1.., 0), x[1]).square()),
        ("index_put_add", &[&[3, 3], &[3, 1]], |x| x[0].index_put_add((.., [0i64, 2, 0]), x[1]).square()),
        ("take", &[&[4, 2]], |x| x[0].take([[1.0, 1.0], [3.0, 0.0]]).square()),
        ("masked_select", &[&[2, 2]], |x| x[0].masked_select([[true, false], [true, true]]).square()),
        ("masked_fill", &[&[2, 2]], |x| x[0].masked_fill(x[0].less(1.0), -1.0).square()),
        ("index by what a Program computes", &[&[5], &[3]], |x| {
            let places = x[1].floor().cast(pyroxene_autograd::DType::I64);
            x[0].index((places,)).square() + x[0].vindex(places * 2)
        }),
    ]);
}

#[test]
fn order() {
    run(&[
        ("sort", &[&[3, 4]], |x| x[0].sort(1, false).square() * x[0].sort(0, true)),
        ("topk", &[&[5, 2]], |x| x[0].topk(2, 0, true).0.square() + x[0].topk(2, 0, false).0.exp()),
        ("kthvalue", &[&[2, 5]], |x| x[0].kthvalue(4, 1).0.square()),
        ("median", &[&[4, 3]], |x| x[0].median(0).square() + x[0].slice(0, ..3).median(0).exp()),
        ("quantile", &[&[2, 5]], |x| x[0].quantile(&[0.1, 0.5, 0.85, 1.0], 1).square()),
        ("weighted counts", &[&[4]], |x| Var::from([2i64, 0, 2, 1]).bincount(3, Some(x[0])).square()),
        ("interpolation", &[&[4], &[3]], |x| {
            // The knots are sums, so ascending, and reach over all places.
            let knots = x[0].cumsum(0);
            let right = (x[1] + x[0].select(0, 0)).minimum(knots.select(0, -1) - 1e-3);
            let above = knots.searchsorted(right, false);
            let (a, b) = (knots.take(above - 1), knots.take(above));
            ((right - a) / (b - a)).square()
        }),
    ]);
}
