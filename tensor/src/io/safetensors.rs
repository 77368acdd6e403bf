//! The safetensors format: named tensors and text, without code that runs on reading.
//!
//! A file is eight bytes, the length of a header; the header, a JSON object from names to element type, shape and range of
//! bytes, and from `__metadata__` to texts; and the elements, little-endian and row-major
//! (<https://github.com/huggingface/safetensors>, section "Format"). All its numeric types but those of 8-bit floats are
//! read: whole numbers as `I64`, `F16` and `BF16` as `F32`.

use super::elements::{Stored, encode};
use super::error::IoError;
use super::json::{Json, quoted};
use super::{read_file, write_atomic};
use crate::dtype::DType;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

const METADATA: &str = "__metadata__";

/// What a file holds.
///
/// ```
/// use pyroxene_tensor::{Tensor, io::safetensors::{self, Archive}};
/// let mut archive = Archive::default();
/// archive.tensors.insert("weight".into(), Tensor::from([[1.0, 2.0]]));
/// archive.metadata.insert("author".into(), "Bayes".into());
/// let read = safetensors::from_bytes(&safetensors::to_bytes(&archive)?)?;
/// assert_eq!(read.tensors["weight"], Tensor::from([[1.0, 2.0]]));
/// assert_eq!(read.metadata["author"], "Bayes");
/// # Ok::<(), pyroxene_tensor::io::IoError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Archive {
    /// The tensors by name.
    pub tensors: BTreeMap<String, Tensor>,
    /// Texts by key.
    pub metadata: BTreeMap<String, String>,
}

/// Reads a file.
///
/// # Errors
/// If the file cannot be read, is damaged or cut short, or has a tensor of another element type.
pub fn read(path: impl AsRef<Path>) -> Result<Archive, IoError> {
    let path = path.as_ref();
    from_bytes(&read_file(path)?).map_err(|error| error.in_file(path))
}

/// Writes a file, which is replaced whole or not at all.
///
/// # Errors
/// What the operating system says; or that a tensor is named `__metadata__`.
pub fn write(path: impl AsRef<Path>, archive: &Archive) -> Result<(), IoError> {
    let path = path.as_ref();
    write_atomic(path, &to_bytes(archive).map_err(|error| error.in_file(path))?)
}

/// The content of these bytes as a file.
///
/// # Errors
/// As [`read()`].
pub fn from_bytes(bytes: &[u8]) -> Result<Archive, IoError> {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(IoError::at(bytes.len(), "the file is cut short before the length of its header"));
    };
    let length = u64::from_le_bytes(*length);
    let header = usize::try_from(length).ok().and_then(|length| rest.get(..length)).ok_or_else(|| {
        IoError::at(
            0,
            format!("the header is {length} bytes long, but {} follow: cut short, or not safetensors", rest.len()),
        )
    })?;
    let text = std::str::from_utf8(header)
        .map_err(|error| IoError::at(8 + error.valid_up_to(), "the header is not text").with_source(error))?;
    if !text.starts_with('{') {
        return Err(IoError::at(8, "the header does not begin with '{': this is not a safetensors file"));
    }
    let Json::Object(members) = Json::parse(text, 8)? else { unreachable!("a text that begins with a brace") };
    let mut archive = Archive::default();
    let mut metadata = None;
    let mut ranges = Vec::with_capacity(members.len());
    let start = 8 + header.len();
    let data = &rest[header.len()..];
    for (name, facts) in members {
        if name == METADATA {
            if metadata.replace(texts(facts)?).is_some() {
                return Err(IoError::at(8, format!("the header gives {METADATA:?} twice")));
            }
            continue;
        }
        let (tensor, range) = tensor(facts, data, start).map_err(|error| error.in_entry(&name))?;
        if archive.tensors.contains_key(&name) {
            return Err(IoError::at(8, "the header gives this name twice").in_entry(&name));
        }
        ranges.push((range, name.clone()));
        archive.tensors.insert(name, tensor);
    }
    check_coverage(ranges, data.len(), start)?;
    archive.metadata = metadata.unwrap_or_default();
    Ok(archive)
}

fn texts(facts: Json) -> Result<BTreeMap<String, String>, IoError> {
    let wrong = || IoError::at(8, format!("{METADATA:?} is not an object of texts"));
    let Json::Object(members) = facts else { return Err(wrong()) };
    let text = |(key, value)| if let Json::Text(value) = value { Ok((key, value)) } else { Err(wrong()) };
    members.into_iter().map(text).collect()
}

/// A tensor, and the range of its bytes in the data.
fn tensor(facts: Json, data: &[u8], start: usize) -> Result<(Tensor, (usize, usize)), IoError> {
    let Json::Object(members) = facts else { return Err(IoError::at(8, "the header does not describe a tensor")) };
    let find = |key: &str| {
        let member = members.iter().find(|(name, _)| name == key);
        member.map(|(_, value)| value).ok_or_else(|| IoError::at(8, format!("the header does not give {key:?}")))
    };
    let dtype = find("dtype")?;
    let stored =
        stored(dtype).ok_or_else(|| IoError::at(8, format!("elements of type {} cannot be read", shown(dtype))))?;
    let wrong = |key: &str| IoError::at(8, format!("the {key} in the header are not whole numbers in an array"));
    let shape = find("shape")?.as_sizes().ok_or_else(|| wrong("sizes of \"shape\""))?;
    let offsets = find("data_offsets")?.as_sizes().ok_or_else(|| wrong("bounds of \"data_offsets\""))?;
    let &[begin, end] = offsets.as_slice() else {
        return Err(IoError::at(8, format!("\"data_offsets\" are {} numbers, not 2", offsets.len())));
    };
    let Some(bytes) = data.get(begin..end) else {
        let message =
            format!("bytes {begin} to {end} of the data are due, there are {}: cut short or damaged", data.len());
        return Err(IoError::at(start + begin.min(data.len()), message));
    };
    if stored.bytes_of(&shape) != Some(bytes.len()) {
        let message =
            format!("{} bytes are not the elements of {shape:?} with {} bytes each", bytes.len(), stored.size());
        return Err(IoError::at(start + begin, message));
    }
    let tensor = stored.decode(bytes, false, Shape::from_vec(shape), start + begin)?;
    Ok((tensor, (begin, end)))
}

fn shown(dtype: &Json) -> String {
    if let Json::Text(name) = dtype { format!("{name:?}") } else { "that is not a text".to_string() }
}

fn stored(dtype: &Json) -> Option<Stored> {
    let Json::Text(name) = dtype else { return None };
    Some(match name.as_str() {
        "F64" => Stored::F64,
        "F32" => Stored::F32,
        "F16" => Stored::F16,
        "BF16" => Stored::BF16,
        "I64" => Stored::I64,
        "I32" => Stored::I32,
        "I16" => Stored::I16,
        "I8" => Stored::I8,
        "U64" => Stored::U64,
        "U32" => Stored::U32,
        "U16" => Stored::U16,
        "U8" => Stored::U8,
        "BOOL" => Stored::Bool,
        _ => return None,
    })
}

/// Every byte of the data belongs to one tensor: a gap or an overlap is damage.
fn check_coverage(mut ranges: Vec<((usize, usize), String)>, size: usize, start: usize) -> Result<(), IoError> {
    ranges.sort();
    let mut covered = 0;
    for ((begin, end), name) in ranges {
        if begin != covered {
            let message = format!("the tensor begins at byte {begin} of the data, where byte {covered} is due");
            return Err(IoError::at(start + begin, message).in_entry(&name));
        }
        covered = end;
    }
    if covered != size {
        return Err(IoError::at(start + covered, format!("{} bytes follow after the last tensor", size - covered)));
    }
    Ok(())
}

/// The bytes of the file that [`write()`] writes.
///
/// # Errors
/// If a tensor is named `__metadata__`.
pub fn to_bytes(archive: &Archive) -> Result<Vec<u8>, IoError> {
    if archive.tensors.contains_key(METADATA) {
        return Err(IoError::new("this name is reserved for texts").in_entry(METADATA));
    }
    // Wide elements first, so that all are aligned; by name within.
    let mut order: Vec<(&String, &Tensor)> = archive.tensors.iter().collect();
    order.sort_by_key(|(_, x)| std::cmp::Reverse(Stored::of(x.dtype()).size()));
    let mut members = Vec::with_capacity(order.len() + 1);
    if !archive.metadata.is_empty() {
        let texts: Vec<String> =
            archive.metadata.iter().map(|(key, value)| format!("{}:{}", quoted(key), quoted(value))).collect();
        members.push(format!("\"{METADATA}\":{{{}}}", texts.join(",")));
    }
    let mut end = 0;
    for &(name, x) in &order {
        let begin = end;
        end += x.len() * Stored::of(x.dtype()).size();
        let dtype = match x.dtype() {
            DType::F64 => "F64",
            DType::F32 => "F32",
            DType::I64 => "I64",
            DType::Bool => "BOOL",
        };
        let mut member = format!("{}:{{\"dtype\":\"{dtype}\",\"shape\":[", quoted(name));
        for (axis, size) in x.shape().iter().enumerate() {
            write!(member, "{}{size}", if axis > 0 { "," } else { "" }).expect("writing to a string");
        }
        write!(member, "],\"data_offsets\":[{begin},{end}]}}").expect("writing to a string");
        members.push(member);
    }
    let mut header = format!("{{{}}}", members.join(","));
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    for (_, x) in order {
        bytes.extend(encode(x));
    }
    Ok(bytes)
}
