//! Reading and writing files: round trips, files that NumPy wrote, and damage of every kind.

mod atomic;
#[cfg(feature = "csv")]
mod csv;
mod device;
#[cfg(feature = "ndarray")]
mod ndarray;
mod npy;
#[cfg(feature = "npz")]
mod npz;
mod safetensors;
#[cfg(feature = "serde")]
mod serde;

use pyroxene_tensor::io::IoError;
use pyroxene_tensor::{DType, Tensor};
use std::path::PathBuf;

/// A file of `testdata/io`.
fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testdata/io").join(name)
}

/// A folder of this test's own, which goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("pyroxene-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(&self.0).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A leftover in the temporary folder is no failure.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Type, shape and every bit of every element.
#[track_caller]
fn assert_same(got: &Tensor, want: &Tensor) {
    assert_eq!((got.dtype(), got.shape()), (want.dtype(), want.shape()));
    assert_eq!(bits(got), bits(want), "{got} is not {want}");
}

fn bits(x: &Tensor) -> Vec<u64> {
    match x.dtype() {
        DType::F64 => x.to_vec::<f64>().iter().map(|v| v.to_bits()).collect(),
        DType::F32 => x.to_vec::<f32>().iter().map(|v| u64::from(v.to_bits())).collect(),
        DType::I64 => x.to_vec::<i64>().iter().map(|v| v.cast_unsigned()).collect(),
        DType::Bool => x.to_vec::<bool>().iter().map(|&v| u64::from(v)).collect(),
    }
}

/// The numbers of `hard_f64.npy`.
fn hard() -> Vec<f64> {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    vec![0.0, -0.0, 1.0, -1.5, inf, -inf, nan, 5e-324, -f64::MIN_POSITIVE, f64::MAX, 0.1, 1e16]
}

/// Tensors of all types and of many shapes and layouts.
fn samples() -> Vec<Tensor> {
    let payload = f64::from_bits(0xfff4_0000_0000_0123);
    let cube = Tensor::arange(0, 24, 1).reshape(&[2, 3, 4]);
    vec![
        Tensor::from(hard()),
        Tensor::from([payload, f64::from_bits(0x7ff0_0000_0000_0001)]),
        Tensor::from(hard().iter().map(|&v| v as f32).collect::<Vec<_>>()),
        Tensor::from(f32::from_bits(0x7f80_0001)),
        Tensor::from([i64::MIN, -1, 0, i64::MAX]),
        Tensor::from([[true, false], [false, true]]),
        Tensor::from(-0.0),
        Tensor::from(i64::MIN),
        Tensor::from(false),
        Tensor::zeros([0], DType::F64),
        Tensor::zeros([2, 0, 3], DType::F32),
        Tensor::zeros([0, 1], DType::Bool),
        Tensor::ones([1, 1, 1, 1, 1, 1, 1], DType::I64),
        cube.permute(&[2, 0, 1]),
        cube.slice(1, 1..).flip(2),
        Tensor::from([1.5, 2.5]).expand([3, 2]),
    ]
}

/// What an error says, without the path that stands before.
#[track_caller]
fn message<T>(result: Result<T, IoError>) -> String {
    let error = result.err().expect("an error");
    let text = error.to_string();
    match error.path() {
        Some(path) => text.strip_prefix(&format!("{}: ", path.display())).expect("the path first").to_string(),
        None => text,
    }
}
