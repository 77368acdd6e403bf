//! What is wrong is told with the operation and the shapes.

use pyroxene_autograd::{MatrixNorm, Triangle, Var};
use std::panic::catch_unwind;

#[test]
fn shapes_are_checked_where_the_operation_is_written() {
    type Case = (&'static str, fn() -> Var);
    let cases: &[Case] = &[
        ("inverse: [2, 3] is not a square matrix", || Var::zeros(&[2, 3]).inverse()),
        ("lu: [3] is not a square matrix", || Var::zeros(&[3]).lu().0),
        ("det: [2, 2, 3] is not a square matrix", || Var::zeros(&[2, 2, 3]).det()),
        ("slogdet: [] is not a square matrix", || Var::zeros(&[]).slogdet().0),
        ("logdet: [1, 2] is not a square matrix", || Var::zeros(&[1, 2]).logdet()),
        ("solve: the right side [2] does not have the 3 rows of [3, 3]", || Var::zeros(&[3, 3]).solve([1.0, 2.0])),
        ("solve: the right side of [3, 3] is a scalar", || Var::zeros(&[3, 3]).solve(1.0)),
        ("solve: cannot broadcast the batch axes of [2, 3, 3] and [4, 3, 1]", || {
            Var::zeros(&[2, 3, 3]).solve(Var::zeros(&[4, 3, 1]))
        }),
        ("cholesky_solve: the right side [2, 1] does not have the 3 rows of [3, 3]", || {
            Var::zeros(&[3, 3]).cholesky_solve(Var::zeros(&[2, 1]))
        }),
        ("cholesky_inverse: [4, 3] is not a square matrix", || Var::zeros(&[4, 3]).cholesky_inverse()),
        ("solve_triangular: the right side [2] does not have the 3 rows of [3, 3]", || {
            Var::zeros(&[3, 3]).solve_triangular([1.0, 2.0], Triangle::Lower, false)
        }),
        ("qr: [3] is not a matrix", || Var::zeros(&[3]).qr().0),
        ("eigh: [2, 3] is not a square matrix", || Var::zeros(&[2, 3]).eigh().0),
        ("eigvalsh: [2, 3] is not a square matrix", || Var::zeros(&[2, 3]).eigvalsh()),
        ("svd: [] is not a matrix", || Var::zeros(&[]).svd().1),
        ("pinv: [4] is not a matrix", || Var::zeros(&[4]).pinv(None)),
        ("lstsq: the right side [2] does not have the 3 rows of [3, 2]", || {
            Var::zeros(&[3, 2]).lstsq([1.0, 2.0], None)
        }),
        ("matrix_exp: [2, 3] is not a square matrix", || Var::zeros(&[2, 3]).matrix_exp()),
        ("matrix_power: [2, 3] is not a square matrix", || Var::zeros(&[2, 3]).matrix_power(2)),
        ("matrix_norm: [3] is not a matrix", || Var::zeros(&[3]).matrix_norm(MatrixNorm::Nuclear)),
        ("matrix_rank: [3] is not a matrix", || Var::zeros(&[3]).matrix_rank(None)),
        ("kron: [3] is not a matrix", || Var::zeros(&[3]).kron([[1.0]])),
        ("outer: cannot broadcast the batch axes of [2, 3] and [4, 3]", || {
            Var::zeros(&[2, 3]).outer(Var::zeros(&[4, 3]))
        }),
        ("trace: [2, 3] is not a square matrix", || Var::zeros(&[2, 3]).trace()),
    ];
    for &(expected, body) in cases {
        let payload = catch_unwind(|| {
            let _ = body();
        })
        .expect_err("a panic");
        let text = payload.downcast_ref::<String>().expect("a message");
        assert!(text.contains(expected), "expected {expected:?} in {text:?}");
    }
}
