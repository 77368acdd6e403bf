//! Derivatives by rows of a table.

use pyroxene_autograd::{DType, Program, Tensor, Var, grad, grad_rows};
use std::panic::catch_unwind;

fn table() -> Var {
    Var::from(Tensor::from_vec((0..20).map(f64::from).collect(), [5, 4]))
}

fn loss(table: Var) -> Var {
    let a = table.take([3, -1, 3]).sin();
    let b = table.index_select(0, Tensor::from([[0i64, 3]])) * 2.0;
    (a.sum() + b.square().sum()) / 2.0
}

#[test]
fn rows_agree_with_the_dense_derivative() {
    let table = table();
    let y = loss(table);
    let (sparse, dense) = (grad_rows(y, table), grad(y, &[table])[0].to_tensor());
    assert_eq!(sparse.rows.shape().as_slice(), [5]);
    assert_eq!(sparse.values.shape().as_slice(), [5, 4]);
    assert!(sparse.to_dense().to_tensor().allclose(&dense, 1e-14, 0.0));
    let (rows, values) = sparse.coalesce();
    assert_eq!(rows.to_vec::<i64>(), [0, 3, 4]);
    assert!(values.allclose(dense.index_select(0, &rows), 1e-14, 0.0));
}

#[test]
fn they_differentiate_again_and_run_in_programs() {
    let table = table();
    let inner = grad_rows(loss(table), table).values.square().sum();
    let dense = grad(loss(table), &[table])[0];
    // Rows 0 and 4 were read once; row 3 was read three times, so there the sums of squares differ.
    let once = [0, 4].map(|row: isize| grad(dense.select(0, row).square().sum(), &[table])[0].select(0, row));
    let second = grad(inner, &[table])[0];
    for (row, expected) in [0, 4].into_iter().zip(once) {
        assert!(second.select(0, row).to_tensor().allclose(expected.to_tensor(), 1e-13, 0.0), "row {row}");
    }
    let mut program =
        Program::capture(&[&[5, 4]], |x| vec![grad_rows(loss(x[0]), x[0]).values]).expect("no value is read");
    let direct = grad_rows(loss(table), table).values.to_tensor();
    assert_eq!(program.call(&[table.to_tensor()])[0].to_vec::<f64>(), direct.to_vec::<f64>());
}

#[test]
fn a_table_that_is_not_read_has_no_rows() {
    let table = table();
    let gradient = grad_rows(Var::from(1.0) * 2.0, table);
    assert_eq!(gradient.values.shape().as_slice(), [0, 4]);
    assert_eq!(gradient.coalesce().0.len(), 0);
    assert_eq!(gradient.to_dense().to_tensor().to_vec::<f64>(), vec![0.0; 20]);
    assert_eq!(gradient.rows.dtype(), DType::I64);
}

#[test]
fn dense_dependence_is_an_error() {
    let message = |body: fn()| {
        let payload = catch_unwind(body).expect_err("a panic");
        payload.downcast_ref::<String>().cloned().unwrap_or_else(|| payload.downcast_ref::<&str>().unwrap().to_string())
    };
    let text = message(|| {
        let table = table();
        let _ = grad_rows(loss(table) + table.sum(), table);
    });
    assert!(text.contains("grad_rows") && text.contains("[5, 4]") && text.contains("dense"), "{text}");
    let text = message(|| {
        let _ = grad_rows(table().sin(), table());
    });
    assert!(text.contains("one number") && text.contains("[5, 4]"), "{text}");
    let text = message(|| {
        let _ = grad_rows(Var::from(1.0), Var::from(1.0));
    });
    assert!(text.contains("rows"), "{text}");
}
