//! Where the elements live.

use crate::device::Device;
use crate::dtype::DType;
use pyroxene_kernels::buffer::Buffer;

/// Shared, immutable elements: one variant a device.
#[derive(Clone)]
pub(crate) enum Storage {
    Cpu(CpuStorage),
}

/// Elements in main memory: one variant an element type.
#[derive(Clone)]
#[doc(hidden)]
pub enum CpuStorage {
    F64(Buffer<f64>),
    F32(Buffer<f32>),
    I64(Buffer<i64>),
    Bool(Buffer<bool>),
}

/// Runs an expression with the typed elements of a tensor bound to a name.
macro_rules! dispatch {
    ($tensor:expr, $data:ident => $body:expr) => {{
        let crate::storage::Storage::Cpu(cpu) = &$tensor.storage;
        match cpu {
            crate::storage::CpuStorage::F64($data) => $body,
            crate::storage::CpuStorage::F32($data) => $body,
            crate::storage::CpuStorage::I64($data) => $body,
            crate::storage::CpuStorage::Bool($data) => $body,
        }
    }};
}
pub(crate) use dispatch;

/// Runs an expression with the Rust type of a `DType` bound to a name.
macro_rules! with_type {
    ($dtype:expr, $type:ident => $body:expr) => {
        match $dtype {
            crate::DType::F64 => {
                type $type = f64;
                $body
            }
            crate::DType::F32 => {
                type $type = f32;
                $body
            }
            crate::DType::I64 => {
                type $type = i64;
                $body
            }
            crate::DType::Bool => {
                type $type = bool;
                $body
            }
        }
    };
}
pub(crate) use with_type;

impl Storage {
    pub(crate) fn dtype(&self) -> DType {
        let Storage::Cpu(cpu) = self;
        match cpu {
            CpuStorage::F64(_) => DType::F64,
            CpuStorage::F32(_) => DType::F32,
            CpuStorage::I64(_) => DType::I64,
            CpuStorage::Bool(_) => DType::Bool,
        }
    }

    pub(crate) fn device(&self) -> Device {
        match self {
            Storage::Cpu(_) => Device::Cpu,
        }
    }
}
