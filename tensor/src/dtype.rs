//! Element types, conversion between them, and the promotion rules.

use crate::storage::CpuStorage;
use pyroxene_kernels::buffer::{Buffer, Item};
use pyroxene_kernels::{Binary, Kind, Unary};
use std::fmt;

/// The element type of a [`Tensor`](crate::Tensor).
///
/// The order of the variants is the order of promotion: `Bool < I64 < F32 < F64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DType {
    /// Truth values.
    Bool,
    /// 64-bit signed integers; their arithmetic is checked.
    I64,
    /// 32-bit IEEE 754 numbers.
    F32,
    /// 64-bit IEEE 754 numbers, the default.
    F64,
}

impl DType {
    /// All element types, in the order of promotion.
    pub const ALL: [DType; 4] = [DType::Bool, DType::I64, DType::F32, DType::F64];

    /// The name of the matching Rust type: `"f64"`, `"f32"`, `"i64"`, `"bool"`.
    pub const fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::I64 => "i64",
            DType::F32 => "f32",
            DType::F64 => "f64",
        }
    }

    /// Whether the type is `F32` or `F64`.
    pub const fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F64)
    }

    /// The type in which two tensors of these types meet: the later one in the order of promotion.
    #[inline]
    pub fn promote(self, other: DType) -> DType {
        self.max(other)
    }

    /// This type if it is a floating-point one, `F64` otherwise.
    pub const fn to_float(self) -> DType {
        if self.is_float() { self } else { DType::F64 }
    }

    /// This type, with `Bool` counted as `I64`: the type in which sums and products are formed.
    pub(crate) const fn to_number(self) -> DType {
        if matches!(self, DType::Bool) { DType::I64 } else { self }
    }

    /// The type in which `op` is computed for an argument of this type. Integers stay integers under the operations
    /// that map integers to integers, everything else goes through `F64`.
    #[inline]
    pub(crate) fn compute_unary(self, op: Unary) -> DType {
        match op.kind() {
            Kind::Number => self.to_number(),
            Kind::Truth if op == Unary::Not => self,
            Kind::Real | Kind::Truth => self.to_float(),
        }
    }

    /// The type in which `op` is computed for arguments that meet in this type.
    #[inline]
    pub(crate) fn compute_binary(self, op: Binary) -> DType {
        match op.kind() {
            Kind::Number if !matches!(op, Binary::Min | Binary::Max) => self.to_number(),
            Kind::Number | Kind::Truth => self,
            Kind::Real => self.to_float(),
        }
    }

    /// The element type that `op` gives for an argument of this type.
    #[inline]
    pub fn of_unary(self, op: Unary) -> DType {
        if op.returns_bool() { DType::Bool } else { self.compute_unary(op) }
    }

    /// The element type that `op` gives for tensors of types `self` and `other`.
    #[inline]
    pub fn of_binary(self, op: Binary, other: DType) -> DType {
        if op.returns_bool() { DType::Bool } else { self.promote(other).compute_binary(op) }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f64 {}
    impl Sealed for f32 {}
    impl Sealed for i64 {}
    impl Sealed for bool {}
}

/// The Rust types that a tensor holds: `f64`, `f32`, `i64` and `bool`. Sealed.
///
/// Conversions are those of `as`: towards `i64` they truncate and saturate (NaN gives 0), towards `bool` every value
/// except zero is true (NaN included), and a `bool` counts as 0 or 1.
pub trait Scalar: Item + PartialEq + sealed::Sealed {
    /// The matching element type.
    const DTYPE: DType;
    /// Converts to `f64`.
    fn to_f64(self) -> f64;
    /// Converts to `f32`.
    fn to_f32(self) -> f32;
    /// Converts to `i64`.
    fn to_i64(self) -> i64;
    /// Converts to `bool`.
    fn to_bool(self) -> bool;
    /// Converts any other scalar to this type.
    fn from_scalar<S: Scalar>(value: S) -> Self;
    #[doc(hidden)]
    fn wrap(data: Buffer<Self>) -> CpuStorage;
    #[doc(hidden)]
    fn unwrap(storage: &CpuStorage) -> Option<&Buffer<Self>>;
}

macro_rules! number {
    ($type:ident, $dtype:ident, $convert:ident) => {
        impl Scalar for $type {
            const DTYPE: DType = DType::$dtype;
            fn to_f64(self) -> f64 {
                self as f64
            }
            fn to_f32(self) -> f32 {
                self as f32
            }
            fn to_i64(self) -> i64 {
                self as i64
            }
            fn to_bool(self) -> bool {
                self != 0 as $type
            }
            fn from_scalar<S: Scalar>(value: S) -> Self {
                value.$convert()
            }
            fn wrap(data: Buffer<Self>) -> CpuStorage {
                CpuStorage::$dtype(data)
            }
            fn unwrap(storage: &CpuStorage) -> Option<&Buffer<Self>> {
                if let CpuStorage::$dtype(data) = storage { Some(data) } else { None }
            }
        }
    };
}
number!(f64, F64, to_f64);
number!(f32, F32, to_f32);
number!(i64, I64, to_i64);

impl Scalar for bool {
    const DTYPE: DType = DType::Bool;
    fn to_f64(self) -> f64 {
        f64::from(u8::from(self))
    }
    fn to_f32(self) -> f32 {
        f32::from(u8::from(self))
    }
    fn to_i64(self) -> i64 {
        i64::from(self)
    }
    fn to_bool(self) -> bool {
        self
    }
    fn from_scalar<S: Scalar>(value: S) -> Self {
        value.to_bool()
    }
    fn wrap(data: Buffer<Self>) -> CpuStorage {
        CpuStorage::Bool(data)
    }
    fn unwrap(storage: &CpuStorage) -> Option<&Buffer<Self>> {
        if let CpuStorage::Bool(data) = storage { Some(data) } else { None }
    }
}
