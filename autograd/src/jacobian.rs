//! Whole matrices of derivatives, and products with them.

use crate::arena::{Var, check_live};
use crate::grad::{grad, vjp};
use crate::shape;
use pyroxene_tensor::Shape;

/// The derivatives of each element of `y` by each element of `x`: the shape of `y`, then that of `x`.
///
/// One reverse sweep an element of `y`, or one forward product ([`jvp`]) an element of `x`, whichever are fewer.
///
/// ```
/// use pyroxene_autograd::{jacobian, Var};
/// let x = Var::from([1.0, 2.0]);
/// let y = Var::stack(&[x.sum(), x.select(0, 0) * x.select(0, 1), x.select(0, 1).square()], 0);
/// assert_eq!(jacobian(y, x).to_tensor().to_vec::<f64>(), [1.0, 1.0, 2.0, 1.0, 0.0, 4.0]);
/// ```
#[track_caller]
#[must_use]
pub fn jacobian(y: Var, x: Var) -> Var {
    let (rows, columns) = (y.len(), x.len());
    let shape: Shape = y.shape().iter().chain(&x.shape()).copied().collect();
    if rows == 0 || columns == 0 {
        return Var::zeros(&shape);
    }
    if columns < rows {
        let column = |k: usize| jvp(y, &[x], &[unit(k, &x.shape())]).reshape(&[-1]);
        let columns: Vec<Var> = (0..columns).map(column).collect();
        return Var::stack(&columns, 1).reshape_to(shape);
    }
    let row = |k: usize| vjp(y, unit(k, &y.shape()), &[x])[0].reshape(&[-1]);
    let rows: Vec<Var> = (0..rows).map(row).collect();
    Var::stack(&rows, 0).reshape_to(shape)
}

/// Zeros, and a one at the place `k` of the row-major order.
fn unit(k: usize, shape: &[usize]) -> Var {
    let mut data = vec![0.0; shape.iter().product()];
    data[k] = 1.0;
    Var::from(data).reshape_to(shape.into())
}

/// The Jacobian-vector product: how `y` changes as each of `xs` moves along its tangent. A tangent has the shape of its `x`,
/// the result that of `y`.
///
/// The derivative of a reverse sweep, which is linear in its cotangent (Townsend, "A new trick for calculating
/// Jacobian vector products", 2017); no forward rules are needed.
///
/// ```
/// use pyroxene_autograd::{jvp, Var};
/// let x = Var::from([1.0, 2.0, 3.0]);
/// assert_eq!(jvp(x * x, &[x], &[Var::from([1.0, 0.0, -1.0])]).to_tensor().to_vec::<f64>(), [2.0, 0.0, -6.0]);
/// ```
///
/// # Panics
/// If the numbers or the shapes of `xs` and `tangents` differ.
#[track_caller]
#[must_use]
pub fn jvp(y: Var, xs: &[Var], tangents: &[Var]) -> Var {
    check_live(xs);
    check_live(tangents);
    if xs.len() != tangents.len() {
        shape::fail(format_args!("jvp: {} inputs and {} tangents", xs.len(), tangents.len()));
    }
    for (k, (x, tangent)) in xs.iter().zip(tangents).enumerate() {
        if x.shape() != tangent.shape() {
            shape::fail(format_args!("jvp: input {k} has shape {:?}, its tangent {:?}", x.shape(), tangent.shape()));
        }
    }
    let cotangent = Var::zeros(&y.shape());
    let pulled = vjp(y, cotangent, xs);
    let along: Var = pulled.into_iter().zip(tangents).map(|(pulled, &tangent)| (pulled * tangent).sum()).sum();
    grad(along, &[cotangent])[0]
}

/// The matrix of second derivatives of a scalar `y` by a vector `x`, `[n, n]`, by reverse over reverse.
///
/// # Panics
/// If `y` is not a scalar or `x` not a vector.
#[track_caller]
#[must_use]
pub fn hessian(y: Var, x: Var) -> Var {
    let shape = x.shape();
    if shape.len() != 1 {
        shape::fail(format_args!("hessian: expected a vector, got {shape:?}"));
    }
    let gradient = grad(y, &[x])[0];
    let rows: Vec<Var> = (0..shape[0]).map(|i| grad(gradient.select(0, i as isize), &[x])[0]).collect();
    if rows.is_empty() { Var::zeros(&[0, 0]) } else { Var::stack(&rows, 0) }
}

/// The products of the matrix of second derivatives of a scalar `y` by `xs` with `vectors`, without the matrix.
///
/// ```
/// use pyroxene_autograd::{hessian_vector_product, Var};
/// let x = Var::from([1.0, 2.0]);
/// let y = x.select(0, 0).square() * x.select(0, 1);
/// let product = hessian_vector_product(y, &[x], &[Var::from([1.0, 1.0])])[0];
/// assert_eq!(product.to_tensor().to_vec::<f64>(), [6.0, 2.0]);
/// ```
///
/// # Panics
/// If `y` is not a scalar, or if the numbers or the shapes of `xs` and `vectors` differ.
#[track_caller]
#[must_use]
pub fn hessian_vector_product(y: Var, xs: &[Var], vectors: &[Var]) -> Vec<Var> {
    if xs.len() != vectors.len() {
        shape::fail(format_args!("hessian_vector_product: {} inputs and {} vectors", xs.len(), vectors.len()));
    }
    for (k, (x, vector)) in xs.iter().zip(vectors).enumerate() {
        if x.shape() != vector.shape() {
            shape::fail(format_args!(
                "hessian_vector_product: input {k} has shape {:?}, its vector {:?}",
                x.shape(),
                vector.shape()
            ));
        }
    }
    let slope: Var = grad(y, xs).into_iter().zip(vectors).map(|(g, &v)| (g * v.stop_gradient()).sum()).sum();
    grad(slope, xs)
}
