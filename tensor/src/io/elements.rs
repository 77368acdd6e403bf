//! Elements as bytes.

use super::error::IoError;
use crate::dtype::{DType, Scalar};
use crate::shape::Shape;
use crate::tensor::Tensor;
use pyroxene_kernels::buffer::Buffer;

/// An element type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    F64,
    F32,
    F16,
    BF16,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
}

impl Stored {
    /// The type as which elements are written.
    pub(super) fn of(dtype: DType) -> Stored {
        match dtype {
            DType::F64 => Stored::F64,
            DType::F32 => Stored::F32,
            DType::I64 => Stored::I64,
            DType::Bool => Stored::Bool,
        }
    }

    /// Bytes an element.
    pub(super) fn size(self) -> usize {
        match self {
            Stored::F64 | Stored::I64 | Stored::U64 => 8,
            Stored::F32 | Stored::I32 | Stored::U32 => 4,
            Stored::F16 | Stored::BF16 | Stored::I16 | Stored::U16 => 2,
            Stored::I8 | Stored::U8 | Stored::Bool => 1,
        }
    }

    /// The number of bytes of a shape, or `None` if it is not one that memory could hold.
    pub(super) fn bytes_of(self, shape: &[usize]) -> Option<usize> {
        let limit = isize::MAX as usize;
        // The axes of size 0 do not excuse a product of the others that no memory holds: strides are formed of them.
        let widened = shape.iter().try_fold(8_usize, |product, &size| product.checked_mul(size.max(1)));
        widened.filter(|&bytes| bytes <= limit).map(|_| self.size() * shape.iter().product::<usize>())
    }

    /// The tensor of these bytes, whose number is right; they stand at `offset` in the file.
    pub(super) fn decode(self, bytes: &[u8], big: bool, shape: Shape, offset: usize) -> Result<Tensor, IoError> {
        /// Elements of `N` bytes, put in the order of this function's caller.
        fn words<T: Scalar, const N: usize>(bytes: &[u8], big: bool, shape: Shape, read: fn([u8; N]) -> T) -> Tensor {
            let data = Buffer::build(bytes.len() / N, |out| {
                for (value, word) in out.iter_mut().zip(bytes.as_chunks::<N>().0) {
                    let mut word = *word;
                    if big {
                        word.reverse();
                    }
                    *value = read(word);
                }
            });
            Tensor::from_parts(data, shape)
        }
        Ok(match self {
            Stored::F64 => words(bytes, big, shape, f64::from_le_bytes),
            Stored::F32 => words(bytes, big, shape, f32::from_le_bytes),
            Stored::F16 => words(bytes, big, shape, |w| half(u16::from_le_bytes(w))),
            Stored::BF16 => words(bytes, big, shape, |w| f32::from_bits(u32::from(u16::from_le_bytes(w)) << 16)),
            Stored::I64 => words(bytes, big, shape, i64::from_le_bytes),
            Stored::I32 => words(bytes, big, shape, |w| i64::from(i32::from_le_bytes(w))),
            Stored::I16 => words(bytes, big, shape, |w| i64::from(i16::from_le_bytes(w))),
            Stored::I8 => words(bytes, big, shape, |w| i64::from(i8::from_le_bytes(w))),
            Stored::U32 => words(bytes, big, shape, |w| i64::from(u32::from_le_bytes(w))),
            Stored::U16 => words(bytes, big, shape, |w| i64::from(u16::from_le_bytes(w))),
            Stored::U8 => words(bytes, big, shape, |[w]: [u8; 1]| i64::from(w)),
            Stored::U64 => {
                // The sign bit is in the last byte of a little-endian word, the first of a big-endian one.
                let top = if big { 0 } else { 7 };
                if let Some(i) = bytes.as_chunks::<8>().0.iter().position(|word| word[top] >= 0x80) {
                    return Err(IoError::at(offset + 8 * i, "an unsigned number is above the largest i64"));
                }
                words(bytes, big, shape, i64::from_le_bytes)
            }
            Stored::Bool => {
                if let Some(i) = bytes.iter().position(|&byte| byte > 1) {
                    return Err(IoError::at(offset + i, format!("{} is not a truth value, 0 or 1", bytes[i])));
                }
                words(bytes, big, shape, |[w]: [u8; 1]| w == 1)
            }
        })
    }
}

/// The value of an IEEE 754 half-precision number, which `f32` holds exactly; NaN keeps its payload.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let rest = u32::from(bits & 0x7fff) << 13;
    match bits & 0x7c00 {
        // Subnormal: a multiple of 2^-24.
        0 => {
            let magnitude = f32::from(bits & 0x03ff) * (-24_f32).exp2();
            f32::from_bits(magnitude.to_bits() | sign)
        }
        0x7c00 => f32::from_bits(sign | 0x7f80_0000 | (rest & 0x007f_ffff)),
        _ => f32::from_bits(sign | (rest + ((127 - 15) << 23))),
    }
}

/// The elements in row-major order as little-endian bytes.
pub(super) fn encode(x: &Tensor) -> Vec<u8> {
    let x = x.contiguous();
    let range = x.offset..x.offset + x.len();
    let mut out = vec![0; x.len() * Stored::of(x.dtype()).size()];
    macro_rules! words {
        ($data:expr, $n:literal) => {
            for (word, value) in out.as_chunks_mut::<$n>().0.iter_mut().zip(&$data[range]) {
                *word = value.to_le_bytes();
            }
        };
    }
    use crate::storage::CpuStorage::*;
    let crate::storage::Storage::Cpu(cpu) = &x.storage;
    match cpu {
        F64(data) => words!(data, 8),
        F32(data) => words!(data, 4),
        I64(data) => words!(data, 8),
        Bool(data) => out.iter_mut().zip(&data[range]).for_each(|(byte, &value)| *byte = u8::from(value)),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_widened_exactly() {
        for bits in 0..=u16::MAX {
            let (sign, exponent, fraction) = (bits >> 15, i32::from(bits >> 10 & 31), f64::from(bits & 1023));
            let magnitude = match exponent {
                0 => fraction * 2_f64.powi(-24),
                31 if fraction == 0.0 => f64::INFINITY,
                31 => f64::NAN,
                _ => (1.0 + fraction / 1024.0) * 2_f64.powi(exponent - 15),
            };
            let got = half(bits);
            assert_eq!(got.is_sign_negative(), sign == 1, "{bits:#x}");
            let same = f64::from(got.abs()) == magnitude || (got.is_nan() && magnitude.is_nan());
            assert!(same, "{bits:#x} gave {got}");
        }
    }

    #[test]
    fn sizes_that_overflow_are_refused() {
        assert_eq!(Stored::F32.bytes_of(&[2, 3]), Some(24));
        assert_eq!(Stored::F64.bytes_of(&[0, 5]), Some(0));
        assert_eq!(Stored::Bool.bytes_of(&[usize::MAX, 2]), None);
        assert_eq!(Stored::Bool.bytes_of(&[0, usize::MAX]), None);
        assert_eq!(Stored::Bool.bytes_of(&[1 << 62]), None);
    }
}
