//! The tensors of a module.

use pyroxene_autograd::Tensor;
use std::sync::atomic::{AtomicU64, Ordering};

static LAST: AtomicU64 = AtomicU64::new(0);

/// A learnable tensor of a module.
///
/// A clone is another parameter with the same value: what [`Weights`](super::Weights) hold for one says nothing of the other.
///
/// ```
/// use pyroxene::{Tensor, nn::Parameter};
/// let mut bias = Parameter::new(Tensor::from([0.0, 0.0]));
/// bias.trainable = false;
/// assert_eq!(bias.value.shape(), [2]);
/// ```
#[derive(Debug)]
pub struct Parameter {
    /// The value.
    pub value: Tensor,
    /// Whether training moves it; true at first.
    pub trainable: bool,
    id: u64,
}

impl Parameter {
    /// A trainable parameter.
    pub fn new(value: impl Into<Tensor>) -> Parameter {
        Parameter { value: value.into(), trainable: true, id: LAST.fetch_add(1, Ordering::Relaxed) }
    }

    /// Different for all parameters of the process.
    pub(super) fn id(&self) -> u64 {
        self.id
    }
}

impl Clone for Parameter {
    fn clone(&self) -> Parameter {
        Parameter { trainable: self.trainable, ..Parameter::new(self.value.clone()) }
    }
}

/// A tensor that belongs to a module's state and is not learnt, such as a mask or a running mean.
#[derive(Clone, Debug)]
pub struct Buffer {
    /// The value.
    pub value: Tensor,
}

impl Buffer {
    /// A buffer.
    pub fn new(value: impl Into<Tensor>) -> Buffer {
        Buffer { value: value.into() }
    }
}
