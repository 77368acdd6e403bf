//! Elementwise operations: promotion, broadcasting, and the choice of a kernel.

use crate::dtype::{DType, Scalar};
use crate::error::{OrPanic, fail};
use crate::integer;
use crate::shape::{self, Shape};
use crate::storage::{dispatch, with_type};
use crate::strided::{Walk, gather};
use crate::tensor::Tensor;
use pyroxene_kernels as kernels;
use pyroxene_kernels::buffer::Buffer;
use pyroxene_kernels::{Binary, Unary};
use std::borrow::Cow;
use std::sync::Arc;

/// An argument of an elementwise operation: a tensor, or a Rust scalar.
///
/// A scalar is weakly typed: it takes the element type of the tensor that it meets, where that can hold its kind. So
/// `x * 2.0` keeps an `F32` tensor `F32`, while an `I64` tensor plus `0.5` is `F64`.
#[derive(Clone)]
pub enum Operand<'a> {
    /// A tensor.
    Tensor(Cow<'a, Tensor>),
    /// A floating-point scalar.
    Float(f64),
    /// An integer scalar.
    Int(i64),
    /// A truth value.
    Bool(bool),
}

impl<'a> From<&'a Tensor> for Operand<'a> {
    fn from(tensor: &'a Tensor) -> Self {
        Operand::Tensor(Cow::Borrowed(tensor))
    }
}

impl From<Tensor> for Operand<'_> {
    fn from(tensor: Tensor) -> Self {
        Operand::Tensor(Cow::Owned(tensor))
    }
}

macro_rules! scalar_operand {
    ($($type:ty => $variant:ident),*) => {$(
        impl From<$type> for Operand<'_> {
            fn from(value: $type) -> Self {
                Operand::$variant(value.into())
            }
        }
    )*};
}
scalar_operand!(f64 => Float, f32 => Float, i64 => Int, i32 => Int, bool => Bool);

impl<T: Scalar> From<Vec<T>> for Operand<'_> {
    fn from(data: Vec<T>) -> Self {
        Tensor::from(data).into()
    }
}

impl<T: Scalar, const N: usize> From<[T; N]> for Operand<'_> {
    fn from(data: [T; N]) -> Self {
        Tensor::from(data).into()
    }
}

impl<T: Scalar, const N: usize, const M: usize> From<[[T; M]; N]> for Operand<'_> {
    fn from(data: [[T; M]; N]) -> Self {
        Tensor::from(data).into()
    }
}

/// One argument in its element type: a tensor, or a value for all elements.
enum Side<'a, T: Scalar> {
    Many(Cow<'a, Tensor>),
    One(T),
}

impl Operand<'_> {
    pub(crate) fn shape(&self) -> &[usize] {
        match self {
            Operand::Tensor(x) => x.shape(),
            _ => &[],
        }
    }

    /// The operand as a tensor of its own.
    pub(crate) fn to_tensor(&self) -> Tensor {
        match self {
            Operand::Tensor(x) => x.as_ref().clone(),
            Operand::Float(v) => Tensor::from(*v),
            Operand::Int(v) => Tensor::from(*v),
            Operand::Bool(v) => Tensor::from(*v),
        }
    }

    /// The strong type of a tensor, or else the weak type of a scalar.
    fn dtype(&self) -> (Option<DType>, DType) {
        match self {
            Operand::Tensor(x) => (Some(x.dtype()), DType::Bool),
            Operand::Float(_) => (None, DType::F64),
            Operand::Int(_) => (None, DType::I64),
            Operand::Bool(_) => (None, DType::Bool),
        }
    }

    fn side<T: Scalar>(&self) -> Side<'_, T> {
        match self {
            Operand::Tensor(x) if x.len() == 1 => Side::One(dispatch!(x, data => T::from_scalar(data[x.offset]))),
            Operand::Tensor(x) if x.dtype() == T::DTYPE => Side::Many(Cow::Borrowed(x.as_ref())),
            Operand::Tensor(x) => Side::Many(Cow::Owned(x.cast(T::DTYPE))),
            Operand::Float(v) => Side::One(T::from_scalar(*v)),
            Operand::Int(v) => Side::One(T::from_scalar(*v)),
            Operand::Bool(v) => Side::One(T::from_scalar(*v)),
        }
    }
}

/// The type in which operands meet: the tensors' common type, raised by a scalar only to its kind.
pub(crate) fn meet(operands: &[&Operand<'_>]) -> DType {
    let (strong, weak) = operands
        .iter()
        .map(|o| o.dtype())
        .fold((None, DType::Bool), |(s, w), (strong, weak)| (s.max(strong), w.max(weak)));
    match strong {
        Some(dtype) if weak.is_float() => dtype.to_float(),
        Some(dtype) => dtype.promote(weak),
        None => weak,
    }
}

/// The element types that have SIMD kernels.
trait Float: Scalar + kernels::Element {}
impl Float for f64 {}
impl Float for f32 {}

/// Rows shorter than this are gathered into one buffer for one kernel call, longer ones get a call each.
const SHORT_ROW: usize = 64;

impl<T: Scalar> Side<'_, T> {
    /// The operand as a kernel takes it, if no element needs to be moved for a result of shape `shape`.
    fn direct(&self, shape: &[usize]) -> Option<kernels::Operand<'_, T>> {
        match self {
            Side::One(value) => Some(kernels::Operand::Splat(*value)),
            Side::Many(x) if x.len() == shape.iter().product() => x.as_slice().map(kernels::Operand::Slice),
            Side::Many(_) => None,
        }
    }

    /// The same values, broadcast to `shape` and contiguous.
    fn gathered(self, shape: &Shape) -> Self {
        match self {
            Side::Many(x) => Side::Many(Cow::Owned(x.expanded(shape.clone()).contiguous())),
            one => one,
        }
    }

    /// The data, and the strides and offset of the operand broadcast to `shape`.
    fn strided(&self, shape: &[usize]) -> (&[T], shape::Strides, usize) {
        match self {
            Side::Many(x) => (x.data().expect("operands were cast to one type"), x.broadcast_strides(shape), x.offset),
            Side::One(value) => (std::slice::from_ref(value), shape.iter().map(|_| 0).collect(), 0),
        }
    }
}

/// Applies a kernel of `N` operands over a broadcast shape, to each part of memory that it can read in one go.
fn over_rows<T: Scalar, const N: usize>(
    mut sides: [Side<'_, T>; N],
    shape: &Shape,
    kernel: impl Fn([kernels::Operand<'_, T>; N], &mut [T]),
) -> Buffer<T> {
    let n = shape.iter().product();
    if sides.iter().any(|side| side.direct(shape).is_none()) {
        let strided = sides.each_ref().map(|side| side.strided(shape));
        let walk = Walk::new(shape, strided.each_ref().map(|(_, strides, offset)| (&strides[..], *offset)));
        if walk.len >= SHORT_ROW {
            return Buffer::build(n, |out| {
                let mut buffers: [Vec<T>; N] = walk
                    .steps
                    .map(|step| if step == 0 || step == 1 { Vec::new() } else { vec![T::default(); walk.len] });
                let mut rows = out.chunks_exact_mut(walk.len);
                walk.for_each(|offsets| {
                    let mut buffers = buffers.iter_mut();
                    let operands = std::array::from_fn(|i| {
                        let buffer = buffers.next().expect("one buffer an operand");
                        let (data, offset) = (strided[i].0, offsets[i]);
                        match walk.steps[i] {
                            0 => kernels::Operand::Splat(data[offset]),
                            1 => kernels::Operand::Slice(&data[offset..offset + walk.len]),
                            step => {
                                gather(data, offset, step, buffer);
                                kernels::Operand::Slice(buffer)
                            }
                        }
                    });
                    kernel(operands, rows.next().expect("as many rows as the walk has"));
                });
            });
        }
        sides = sides.map(|side| if side.direct(shape).is_some() { side } else { side.gathered(shape) });
    }
    let operands = sides.each_ref().map(|side| side.direct(shape).expect("gathered operands are contiguous"));
    Buffer::build(n, |out| kernel(operands, out))
}

fn to_bool<T: Scalar>(data: &[T]) -> Buffer<bool> {
    data.iter().map(|&v| v.to_bool()).collect()
}

fn unary_float<T: Float>(op: Unary, x: &Tensor) -> Tensor {
    let x = x.contiguous();
    let data = x.as_slice::<T>().expect("the argument was cast");
    let out = Buffer::build(data.len(), |out| kernels::unary(op, data, out));
    finish(out, x.shape.clone(), op.returns_bool())
}

fn finish<T: Float>(data: Buffer<T>, shape: Shape, returns_bool: bool) -> Tensor {
    if returns_bool { Tensor::from_parts(to_bool(&data), shape) } else { Tensor::from_parts(data, shape) }
}

fn binary_float<T: Float>(op: Binary, x: &Operand<'_>, y: &Operand<'_>, shape: Shape) -> Tensor {
    let out = over_rows([x.side::<T>(), y.side::<T>()], &shape, |[x, y], out| kernels::binary(op, x, y, out));
    finish(out, shape, op.returns_bool())
}

/// Up to this many elements, choosing a kernel takes longer than adding them.
const FEW: usize = 32;

/// Arithmetic on a few f64 that lie side by side in one shape: by exact rules, so with the kernels' bits.
fn few(op: Binary, x: &Operand<'_>, y: &Operand<'_>) -> Option<Tensor> {
    let (Operand::Tensor(x), Operand::Tensor(y)) = (x, y) else { return None };
    let (a, b) = (x.as_slice::<f64>()?, y.as_slice::<f64>()?);
    if a.len() > FEW || x.shape != y.shape {
        return None;
    }
    let pairs = a.iter().zip(b);
    let data: Arc<[f64]> = match op {
        Binary::Add => pairs.map(|(a, b)| a + b).collect(),
        Binary::Sub => pairs.map(|(a, b)| a - b).collect(),
        Binary::Mul => pairs.map(|(a, b)| a * b).collect(),
        Binary::Div => pairs.map(|(a, b)| a / b).collect(),
        _ => return None,
    };
    Some(Tensor::from_parts(data.into(), Shape::from_slice(&x.shape)))
}

/// Applies a function to each pair of broadcast elements.
fn map2<T: Scalar, R: Scalar>(
    x: Side<'_, T>,
    y: Side<'_, T>,
    shape: &[usize],
    mut f: impl FnMut(T, T) -> R,
) -> Buffer<R> {
    let ((xs, x_strides, x_offset), (ys, y_strides, y_offset)) = (x.strided(shape), y.strided(shape));
    let walk = Walk::new(shape, [(&x_strides, x_offset), (&y_strides, y_offset)]);
    Buffer::build(shape.iter().product(), |out| {
        let mut rows = out.chunks_exact_mut(walk.len.max(1));
        walk.for_each(|[mut x, mut y]| {
            for o in rows.next().expect("as many rows as the walk has") {
                *o = f(xs[x], ys[y]);
                x = x.wrapping_add_signed(walk.steps[0]);
                y = y.wrapping_add_signed(walk.steps[1]);
            }
        });
    })
}

#[track_caller]
fn binary_exact(op: Binary, x: &Operand<'_>, y: &Operand<'_>, shape: Shape, dtype: DType) -> Tensor {
    if let Some(f) = integer::logic(op) {
        let (x, y) = (x.side::<bool>(), y.side::<bool>());
        return Tensor::from_parts(map2(x, y, &shape, f), shape);
    }
    if let Some(f) = integer::comparison(op) {
        let (x, y) = (x.side::<i64>(), y.side::<i64>());
        return Tensor::from_parts(map2(x, y, &shape, f), shape);
    }
    let f = integer::arithmetic(op);
    let mut failed = None;
    let out = map2(x.side::<i64>(), y.side::<i64>(), &shape, |x, y| {
        f(x, y).unwrap_or_else(|| {
            failed.get_or_insert((x, y));
            0
        })
    });
    if let Some((x, y)) = failed {
        fail(format_args!("{}: the result for {x} and {y} is not an i64", op.name()));
    }
    Tensor::from_parts(out, shape).cast(dtype)
}

impl Tensor {
    /// Applies a unary operation of the table; each has a method of its own as well.
    #[track_caller]
    pub fn unary(&self, op: Unary) -> Tensor {
        match self.dtype().compute_unary(op) {
            DType::F64 => unary_float::<f64>(op, &self.cast(DType::F64)),
            DType::F32 => unary_float::<f32>(op, self),
            dtype => self.unary_exact(op, dtype),
        }
    }

    #[track_caller]
    fn unary_exact(&self, op: Unary, dtype: DType) -> Tensor {
        let x = self.cast(DType::I64).contiguous();
        let data = x.as_slice::<i64>().expect("the argument was cast");
        if op == Unary::Not {
            return Tensor::from_parts(data.iter().map(|&v| v == 0).collect(), x.shape.clone());
        }
        let f = integer::unary(op);
        let mut failed = None;
        let out = data.iter().map(|&v| {
            f(v).unwrap_or_else(|| {
                failed = failed.or(Some(v));
                0
            })
        });
        let out: Buffer<i64> = out.collect();
        if let Some(v) = failed {
            fail(format_args!("{}: the result for {v} is not an i64", op.name()));
        }
        Tensor::from_parts(out, x.shape.clone()).cast(dtype)
    }

    /// Applies a binary operation of the table to broadcast operands; each has a method of its own as well.
    ///
    /// Tensors meet in the later of their types in the order `Bool < I64 < F32 < F64`; Rust scalars are weakly typed
    /// (see [`Operand`]). Sums, products and powers of `Bool` count in `I64`; `I64` arithmetic panics on overflow;
    /// division and the special functions of `I64` and `Bool` give `F64`.
    #[track_caller]
    pub fn binary<'a, 'b>(op: Binary, x: impl Into<Operand<'a>>, y: impl Into<Operand<'b>>) -> Tensor {
        let (x, y) = (x.into(), y.into());
        if let Some(few) = few(op, &x, &y) {
            return few;
        }
        let shape = if x.shape() == y.shape() {
            Shape::from_slice(x.shape())
        } else {
            shape::broadcast(op.name(), &[x.shape(), y.shape()]).or_panic()
        };
        match meet(&[&x, &y]).compute_binary(op) {
            DType::F64 => binary_float::<f64>(op, &x, &y, shape),
            DType::F32 => binary_float::<f32>(op, &x, &y, shape),
            dtype => binary_exact(op, &x, &y, shape, dtype),
        }
    }

    /// Elements of `a` where the condition is true (not zero), of `b` elsewhere; all three broadcast.
    ///
    /// ```
    /// use pyroxene_tensor::Tensor;
    /// let x = Tensor::from([-1.0, 4.0]);
    /// let y = Tensor::where_(&x.greater(0.0), &x.sqrt(), 0.0);
    /// assert_eq!(y.to_vec::<f64>(), [0.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn where_<'a, 'b, 'c>(
        condition: impl Into<Operand<'a>>,
        a: impl Into<Operand<'b>>,
        b: impl Into<Operand<'c>>,
    ) -> Tensor {
        fn exact<T: Scalar>(condition: Operand<'_>, a: Operand<'_>, b: Operand<'_>, shape: Shape) -> Tensor {
            let (condition, a, b) = (condition.side::<bool>(), a.side::<T>(), b.side::<T>());
            let (chosen, chosen_strides, chosen_offset) = condition.strided(&shape);
            let choices = [a.strided(&shape), b.strided(&shape)];
            let [(a_strides, a_offset), (b_strides, b_offset)] = choices.each_ref().map(|(_, s, o)| (&s[..], *o));
            let operands = [(&chosen_strides[..], chosen_offset), (a_strides, a_offset), (b_strides, b_offset)];
            let walk = Walk::new(&shape, operands);
            let data = Buffer::build(shape.iter().product(), |out| {
                let mut rows = out.chunks_exact_mut(walk.len.max(1));
                walk.for_each(|mut at| {
                    for o in rows.next().expect("as many rows as the walk has") {
                        *o = if chosen[at[0]] { choices[0].0[at[1]] } else { choices[1].0[at[2]] };
                        at = std::array::from_fn(|i| at[i].wrapping_add_signed(walk.steps[i]));
                    }
                });
            });
            Tensor::from_parts(data, shape)
        }
        fn float<T: Float>(condition: Operand<'_>, a: Operand<'_>, b: Operand<'_>, shape: Shape) -> Tensor {
            let sides = [condition.side::<T>(), a.side::<T>(), b.side::<T>()];
            Tensor::from_parts(over_rows(sides, &shape, |[c, a, b], out| kernels::select(c, a, b, out)), shape)
        }
        let (condition, a, b) = (condition.into(), a.into(), b.into());
        let shape = shape::broadcast("where", &[condition.shape(), a.shape(), b.shape()]).or_panic();
        match meet(&[&a, &b]) {
            DType::F64 => float::<f64>(condition, a, b, shape),
            DType::F32 => float::<f32>(condition, a, b, shape),
            DType::I64 => exact::<i64>(condition, a, b, shape),
            DType::Bool => exact::<bool>(condition, a, b, shape),
        }
    }

    /// The elements converted to another type as `as` does: towards `I64` they truncate and saturate (NaN gives 0);
    /// towards `Bool` everything but zero is true. The tensor itself if it has the type already.
    ///
    /// ```
    /// use pyroxene_tensor::{DType, Tensor};
    /// assert_eq!(Tensor::from([-1.7, 0.0, 2.5]).cast(DType::I64).to_vec::<i64>(), [-1, 0, 2]);
    /// ```
    pub fn cast(&self, dtype: DType) -> Tensor {
        fn to<T: Scalar>(x: &Tensor) -> Tensor {
            let x = x.contiguous();
            let range = x.offset..x.offset + x.len();
            let data = dispatch!(x, data => data[range].iter().map(|&v| T::from_scalar(v)).collect());
            Tensor::from_parts(data, x.shape.clone())
        }
        if dtype == self.dtype() {
            return self.clone();
        }
        with_type!(dtype, T => to::<T>(self))
    }

    /// Whether all elements of both tensors, broadcast, differ by at most `absolute + relative * |other|`. Equal
    /// infinities are close; NaN is close to nothing.
    #[track_caller]
    pub fn allclose<'a>(&self, other: impl Into<Operand<'a>>, relative: f64, absolute: f64) -> bool {
        let other = other.into();
        let shape = shape::broadcast("allclose", &[self.shape(), other.shape()]).or_panic();
        let close = map2(Operand::from(self).side::<f64>(), other.side(), &shape, |x, y| {
            x == y || (x - y).abs() <= absolute + relative * y.abs() && y.is_finite()
        });
        close.iter().all(|&c| c)
    }
}

macro_rules! unary_methods {
    ($(($variant:ident, $method:ident, $doc:expr))*) => {
        impl Tensor {$(
            #[doc = $doc]
            #[track_caller]
            pub fn $method(&self) -> Tensor {
                self.unary(Unary::$variant)
            }
        )*}
    };
}
kernels::unary_table!(unary_methods);

macro_rules! binary_methods {
    ($(($variant:ident, $method:ident, $doc:expr))*) => {
        impl Tensor {$(
            #[doc = $doc]
            #[track_caller]
            pub fn $method<'a>(&self, other: impl Into<Operand<'a>>) -> Tensor {
                Tensor::binary(Binary::$variant, self, other)
            }
        )*}
    };
}
kernels::binary_table!(binary_methods);
