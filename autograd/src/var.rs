//! Making a `Var` and reading one.

use crate::arena::{Value, Var, with_arena, with_node};
use crate::capture::ValueRead;
use crate::eval;
use crate::op::Op;
use pyroxene_tensor::{DType, Shape, Tensor, html};
use smallvec::SmallVec;
use std::fmt;
use std::panic::Location;

impl Var {
    /// The sizes of the axes.
    #[track_caller]
    pub fn shape(self) -> Shape {
        with_node(self, |node| node.shape.clone())
    }

    /// Number of axes.
    #[track_caller]
    pub fn ndim(self) -> usize {
        with_node(self, |node| node.shape.len())
    }

    /// Number of elements.
    #[track_caller]
    pub fn len(self) -> usize {
        with_node(self, |node| node.shape.iter().product())
    }

    /// Whether there are no elements.
    #[track_caller]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Size of one axis; negative axes count from the end.
    #[track_caller]
    pub fn size(self, axis: isize) -> usize {
        let shape = self.shape();
        shape[crate::shape::axis("size", &shape, axis)]
    }

    /// Element type.
    #[track_caller]
    pub fn dtype(self) -> DType {
        with_node(self, |node| node.dtype)
    }

    /// Whether the value depends on an input of the Program being captured, so that it cannot be read now.
    #[track_caller]
    pub fn is_traced(self) -> bool {
        with_node(self, |node| node.traced)
    }

    /// Whether two `Var`s are the same expression of the tape (not merely of equal value).
    pub fn same(self, other: Var) -> bool {
        self.index == other.index && self.epoch == other.epoch
    }

    /// Computes the value.
    ///
    /// # Panics
    /// If the value depends on an input of a Program that is being captured: the capture then fails with an error that
    /// names this line, see [`Program::capture`](crate::Program::capture).
    #[track_caller]
    pub fn to_tensor(self) -> Tensor {
        self.check_readable();
        with_arena(|arena| eval::tensor(arena, self.index as usize))
    }

    #[track_caller]
    fn check_readable(self) {
        if with_node(self, |node| node.traced) {
            ValueRead::raise(Location::caller());
        }
    }

    /// Computes the value of a single element as `f64`.
    ///
    /// # Panics
    /// If there is not exactly one element, and as [`Var::to_tensor`].
    #[track_caller]
    pub fn item(self) -> f64 {
        self.check_readable();
        match with_arena(|arena| eval::number(arena, self.index as usize)) {
            Some(number) => number,
            None => self.to_tensor().item(),
        }
    }

    /// The same value, with a derivative of zero.
    #[track_caller]
    pub fn stop_gradient(self) -> Var {
        let (shape, dtype) = with_node(self, |node| (node.shape.clone(), node.dtype));
        push(Op::StopGradient, &[self], shape, dtype)
    }

    /// The same values as another element type.
    #[track_caller]
    pub fn cast(self, dtype: DType) -> Var {
        let (shape, old, weak) = with_node(self, |node| (node.shape.clone(), node.dtype, node.weak));
        if old == dtype && !weak { self } else { push(Op::Cast(dtype), &[self], shape, dtype) }
    }

    /// A constant of zeros.
    pub fn zeros(shape: &[usize]) -> Var {
        Var::from(0.0).cast(DType::F64).expand(shape)
    }

    /// A constant of ones.
    pub fn ones(shape: &[usize]) -> Var {
        Var::from(1.0).cast(DType::F64).expand(shape)
    }
}

/// Appends a node to the arena. The inputs must be live: callers have looked at their shapes.
pub(crate) fn push(op: Op, inputs: &[Var], shape: Shape, dtype: DType) -> Var {
    let inputs: SmallVec<[u32; 4]> = inputs.iter().map(|v| v.index).collect();
    with_arena(|arena| arena.push(op, &inputs, shape, dtype, Value::Unknown))
}

fn number(value: f64, dtype: DType) -> Var {
    with_arena(|arena| arena.push_number(value, dtype))
}

impl From<f64> for Var {
    fn from(value: f64) -> Var {
        number(value, DType::F64)
    }
}

impl From<i64> for Var {
    fn from(value: i64) -> Var {
        // A number of the model is carried as f64; the few integers that do not fit are tensors.
        if value.unsigned_abs() <= 1 << 53 { number(value as f64, DType::I64) } else { Var::from(Tensor::from(value)) }
    }
}

impl From<i32> for Var {
    fn from(value: i32) -> Var {
        number(f64::from(value), DType::I64)
    }
}

impl From<usize> for Var {
    fn from(value: usize) -> Var {
        Var::from(i64::try_from(value).expect("a size that fits i64"))
    }
}

impl From<Tensor> for Var {
    fn from(value: Tensor) -> Var {
        let (shape, dtype) = (value.shape().into(), value.dtype());
        with_arena(|arena| arena.push(Op::Constant, &[], shape, dtype, value.into()))
    }
}

impl From<&Tensor> for Var {
    fn from(value: &Tensor) -> Var {
        Var::from(value.clone())
    }
}

macro_rules! from_data {
    ($($(const $n:ident)* $data:ty),* $(,)?) => {$(
        impl<$(const $n: usize),*> From<$data> for Var {
            fn from(value: $data) -> Var {
                Var::from(Tensor::from(value))
            }
        }
    )*};
}

from_data!(bool, const N [f64; N], const N const M [[f64; M]; N], const N [i64; N], const N const M [[i64; M]; N], const N [bool; N], const N const M [[bool; M]; N], Vec<f64>, Vec<i64>, Vec<bool>, &[f64], &[i64]);

impl From<&Var> for Var {
    fn from(value: &Var) -> Var {
        *value
    }
}

impl fmt::Debug for Var {
    /// The value where it is known, else the operation and the shape.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = with_arena(|arena| arena.get(*self).cloned());
        match node {
            Err(message) => write!(f, "Var({message})"),
            Ok(node) if node.traced => {
                write!(f, "Var({} {:?} {:?})", node.op.name(), node.dtype, node.shape.as_slice())
            }
            Ok(_) => write!(f, "Var({:?})", self.to_tensor()),
        }
    }
}

impl Var {
    /// Shows the value in an evcxr notebook, as [`Tensor::evcxr_display`] does; an expression of a Program's input as it prints.
    pub fn evcxr_display(self) {
        html::show(&self.to_html());
    }

    /// The value as HTML, as [`Tensor::to_html`] gives it; an expression of a Program's input as it prints.
    pub fn to_html(self) -> String {
        match with_arena(|arena| arena.get(self).map(|node| node.traced)) {
            Ok(false) => self.to_tensor().to_html(),
            _ => format!("<pre>{}</pre>", html::escape(&format!("{self:?}"))),
        }
    }
}

impl fmt::Display for Var {
    /// As the tensor prints; an expression of a Program's input prints its operation and shape.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match with_arena(|arena| arena.get(*self).map(|node| node.traced)) {
            Ok(false) => fmt::Display::fmt(&self.to_tensor(), f),
            _ => fmt::Debug::fmt(self, f),
        }
    }
}
