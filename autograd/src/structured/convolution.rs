//! Convolutions. Output, input and weights of one: each is linear in the other two, and the derivatives are the others.

use super::{Array, Derivatives, Primitive, Room, RoomMut, apply};
use crate::arena::Var;
use pyroxene_kernels::conv::{Convolution, Part};
use pyroxene_tensor::{Conv, ConvTranspose, DType, OrPanic, Shape, Tensor, convolution, shape as rules};
use smallvec::smallvec;

/// One part from the other two, in the order of [`Part`].
#[derive(Debug, PartialEq)]
struct Convolve {
    part: Part,
    sizes: Convolution,
}

impl Primitive for Convolve {
    fn name(&self) -> &'static str {
        match self.part {
            Part::Output => "conv",
            Part::Input => "conv_transpose",
            Part::Weight => "conv_weight",
        }
    }

    fn room(&self, _inputs: &[&[usize]], _output: &[usize]) -> Room {
        Room { floats: self.sizes.scratch(self.part), indices: 0 }
    }

    fn run(&self, inputs: &[Array<'_>], output: &mut [f64], room: RoomMut<'_>) {
        let [a, b] = *inputs else { unreachable!("two tensors") };
        self.sizes.run(self.part, a.data, b.data, output, room.floats);
    }

    fn evaluate(&self, inputs: &[&Tensor], shape: &[usize], _dtype: DType) -> Tensor {
        convolution(self.part, &self.sizes, inputs[0], inputs[1], shape.into())
    }

    fn vjp(&self, x: &[Var], _y: Var, g: Var, wanted: &[bool]) -> Derivatives {
        let of = |k: usize, part: Part, a: Var, b: Var| {
            let like = x[k];
            wanted[k].then(|| apply(Convolve { part, sizes: self.sizes }, &[a, b], like.shape(), like.dtype()))
        };
        match self.part {
            Part::Output => smallvec![of(0, Part::Input, g, x[1]), of(1, Part::Weight, x[0], g)],
            Part::Input => smallvec![of(0, Part::Output, g, x[1]), of(1, Part::Weight, g, x[0])],
            Part::Weight => smallvec![of(0, Part::Input, x[1], g), of(1, Part::Output, x[0], g)],
        }
    }
}

#[track_caller]
fn convolved(part: Part, (shape, sizes): (Shape, Convolution), x: Var, weight: Var) -> Var {
    let dtype = x.dtype().promote(weight.dtype()).to_float();
    apply(Convolve { part, sizes }, &[x.cast(dtype), weight.cast(dtype)], shape, dtype)
}

impl Var {
    /// The convolution of networks over one axis: input `[batch, channels, length]`, weights
    /// `[filters, channels / groups, kernel]`; see [`Tensor::conv1d`](pyroxene_tensor::Tensor::conv1d). A bias for each filter
    /// is added as `[filters, 1]`.
    ///
    /// # Panics
    /// If the axes or channels do not fit, a stride, dilation or the number of groups is 0, or the kernel does not fit
    /// into the padded input.
    #[track_caller]
    #[must_use]
    pub fn conv1d(self, weight: impl Into<Var>, settings: Conv<1>) -> Var {
        let weight = weight.into();
        convolved(
            Part::Output,
            rules::conv("conv1d", &self.shape(), &weight.shape(), settings).or_panic(),
            self,
            weight,
        )
    }

    /// The convolution of networks over two axes: input `[batch, channels, rows, columns]`, weights
    /// `[filters, channels / groups, rows, columns]`. A bias for each filter is added as `[filters, 1, 1]`.
    ///
    /// ```
    /// use pyroxene_autograd::{Conv, Var, grad};
    /// let (image, kernel) = (Var::ones(&[1, 1, 3, 3]), Var::ones(&[2, 1, 2, 2]));
    /// let bias = Var::from([0.0, 10.0]).reshape(&[2, 1, 1]);
    /// let y = image.conv2d(kernel, Conv { padding: [1, 1], ..Conv::default() }) + bias;
    /// assert_eq!(y.shape().as_slice(), [1, 2, 4, 4]);
    /// assert_eq!(grad(y.sum(), &[kernel])[0].to_tensor().to_vec::<f64>(), [9.0; 8]);
    /// ```
    ///
    /// # Panics
    /// As [`conv1d`](Var::conv1d).
    #[track_caller]
    #[must_use]
    pub fn conv2d(self, weight: impl Into<Var>, settings: Conv<2>) -> Var {
        let weight = weight.into();
        convolved(
            Part::Output,
            rules::conv("conv2d", &self.shape(), &weight.shape(), settings).or_panic(),
            self,
            weight,
        )
    }

    /// The transposed convolution over one axis: the adjoint of [`conv1d`](Var::conv1d) with these settings. Weights are
    /// `[channels, filters / groups, kernel]`; see
    /// [`Tensor::conv_transpose1d`](pyroxene_tensor::Tensor::conv_transpose1d).
    ///
    /// # Panics
    /// If the axes or channels do not fit, a stride, dilation or the number of groups is 0, the output padding is not
    /// below the stride, or the result is empty.
    #[track_caller]
    #[must_use]
    pub fn conv_transpose1d(self, weight: impl Into<Var>, settings: ConvTranspose<1>) -> Var {
        let weight = weight.into();
        let found = rules::conv_transpose("conv_transpose1d", &self.shape(), &weight.shape(), settings).or_panic();
        convolved(Part::Input, found, self, weight)
    }

    /// The transposed convolution over two axes: the adjoint of [`conv2d`](Var::conv2d) with these settings.
    ///
    /// # Panics
    /// As [`conv_transpose1d`](Var::conv_transpose1d).
    #[track_caller]
    #[must_use]
    pub fn conv_transpose2d(self, weight: impl Into<Var>, settings: ConvTranspose<2>) -> Var {
        let weight = weight.into();
        let found = rules::conv_transpose("conv_transpose2d", &self.shape(), &weight.shape(), settings).or_panic();
        convolved(Part::Input, found, self, weight)
    }
}
