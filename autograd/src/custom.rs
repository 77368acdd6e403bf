//! Derivatives that the caller writes.

use crate::arena::{Value, Var, with_arena};
use crate::op::Op;
use crate::shape;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

type Rule = dyn Fn(&[Var], Var, Var) -> Vec<Var> + Send + Sync;

/// The derivative rule of an expression; equal to itself alone.
#[derive(Clone)]
pub(crate) struct CustomRule(Arc<Rule>);

impl CustomRule {
    /// The derivatives by `x` given the derivative `gy` of the output `y`.
    #[track_caller]
    pub(crate) fn apply(&self, x: &[Var], y: Var, gy: Var) -> Vec<Var> {
        let found = (self.0)(x, y, gy);
        if found.len() != x.len() {
            shape::fail(format_args!("custom_vjp: the rule gave {} derivatives for {} inputs", found.len(), x.len()));
        }
        for (k, (x, derivative)) in x.iter().zip(&found).enumerate() {
            if x.shape() != derivative.shape() {
                shape::fail(format_args!(
                    "custom_vjp: the derivative by input {k} has shape {:?}, the input {:?}",
                    derivative.shape(),
                    x.shape()
                ));
            }
        }
        found
    }
}

impl fmt::Debug for CustomRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomRule")
    }
}

impl PartialEq for CustomRule {
    fn eq(&self, other: &CustomRule) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for CustomRule {}

impl Hash for CustomRule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).cast::<()>().hash(state);
    }
}

/// `value` with the derivative that `vjp` gives instead of its own: from the inputs `xs`, the output `y` and the derivative
/// `gy` of what follows by `y`, to the derivatives by each of `xs`, in their shapes. They are expressions, so they
/// differentiate again.
///
/// ```
/// use pyroxene_autograd::{custom_vjp, grad, Var};
/// // A square root whose derivative is limited to 10, for optimisers that start at zero.
/// let x = Var::from(1e-6);
/// let y = custom_vjp(&[x], x.sqrt(), |_, y, gy| vec![gy * (0.5 / y).minimum(10.0)]);
/// assert_eq!(y.item(), 1e-3);
/// assert_eq!(grad(y, &[x])[0].item(), 10.0);
/// ```
///
/// # Panics
/// Where a derivative is taken, if the rule gives another number of derivatives or other shapes than `xs`.
#[track_caller]
pub fn custom_vjp(xs: &[Var], value: Var, vjp: impl Fn(&[Var], Var, Var) -> Vec<Var> + Send + Sync + 'static) -> Var {
    crate::arena::check_live(xs);
    let (shape, dtype) = crate::arena::with_node(value, |node| (node.shape.clone(), node.dtype));
    let inputs: Vec<u32> = std::iter::once(value.index).chain(xs.iter().map(|x| x.index)).collect();
    with_arena(|arena| arena.push(Op::Custom(CustomRule(Arc::new(vjp))), &inputs, shape, dtype, Value::Unknown))
}

impl Var {
    /// The value of `self` with the derivative of `surrogate`: the straight-through estimator of Bengio, Léonard and
    /// Courville (2013), with which a rounded or sampled value passes derivatives on.
    ///
    /// ```
    /// use pyroxene_autograd::{grad, Var};
    /// let x = Var::from(0.7);
    /// let y = x.round().straight_through(x) * 3.0;
    /// assert_eq!((y.item(), grad(y, &[x])[0].item()), (3.0, 3.0));
    /// ```
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    #[must_use]
    pub fn straight_through(self, surrogate: impl Into<Var>) -> Var {
        let surrogate = surrogate.into();
        if self.shape() != surrogate.shape() {
            shape::fail(format_args!(
                "straight_through: the value has shape {:?}, the surrogate {:?}",
                self.shape(),
                surrogate.shape()
            ));
        }
        custom_vjp(&[surrogate], self, |_, _, gy| vec![gy])
    }
}
