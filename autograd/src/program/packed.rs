//! Numbers in the form in which Programs take and give them.

use pyroxene_kernels::buffer::{halves, halves_mut};
use pyroxene_tensor::{DType, Shape, Tensor};

/// A tensor's numbers as a [`Program`](super::Program) takes and gives them: f64, or f32 two in the place of each f64.
///
/// ```
/// use pyroxene_autograd::{DType, Packed, Tensor};
/// let packed = Packed::of(&Tensor::from([0.5f32, 1.5, 2.5]));
/// assert_eq!((packed.dtype(), packed.as_slice().len()), (DType::F32, 2));
/// assert_eq!(packed.to_tensor().to_vec::<f32>(), [0.5, 1.5, 2.5]);
/// assert_eq!(Packed::zeros([3], DType::F64).as_slice(), [0.0; 3]);
/// ```
#[derive(Clone)]
pub struct Packed {
    shape: Shape,
    dtype: DType,
    slots: Vec<f64>,
}

/// How many f64 so many numbers take.
pub(super) fn slots(len: usize, narrow: bool) -> usize {
    if narrow { len.div_ceil(2) } else { len }
}

/// The numbers in f64.
pub(super) fn widened(packed: &[f64], len: usize, narrow: bool) -> Vec<f64> {
    if narrow { halves(packed)[..len].iter().map(|&x| x.into()).collect() } else { packed.to_vec() }
}

impl Packed {
    /// Zeros: f32 if that is the type, else f64.
    pub fn zeros(shape: impl AsRef<[usize]>, dtype: DType) -> Packed {
        let shape: Shape = shape.as_ref().into();
        let dtype = if dtype == DType::F32 { dtype } else { DType::F64 };
        let slots = vec![0.0; slots(shape.iter().product(), dtype == DType::F32)];
        Packed { shape, dtype, slots }
    }

    /// The numbers of a tensor: f32 if they are, else as f64.
    pub fn of(values: &Tensor) -> Packed {
        let mut packed = Packed::zeros(values.shape(), values.dtype());
        if packed.dtype == DType::F32 {
            halves_mut(&mut packed.slots)[..values.len()].copy_from_slice(&values.to_vec::<f32>());
        } else {
            packed.slots = values.to_vec();
        }
        packed
    }

    /// The tensor.
    pub fn to_tensor(&self) -> Tensor {
        let len: usize = self.shape.iter().product();
        match self.dtype {
            DType::F32 => Tensor::from_vec(halves(&self.slots)[..len].to_vec(), &self.shape),
            _ => Tensor::from_vec(self.slots.clone(), &self.shape),
        }
    }

    /// The shape of the tensor.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// f64 or f32.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// What a Program reads.
    pub fn as_slice(&self) -> &[f64] {
        &self.slots
    }

    /// What a Program writes.
    pub fn as_mut_slice(&mut self) -> &mut [f64] {
        &mut self.slots
    }
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Packed").field(&self.to_tensor()).finish()
    }
}
