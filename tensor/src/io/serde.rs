//! `Serialize` and `Deserialize`. Wants the feature `serde`.
//!
//! A tensor is a struct of `dtype` (its name), `shape` and `data`. In formats for people (JSON, TOML), `data` is one text of
//! numbers with spaces between, because JSON has neither NaN nor infinities and its readers may round; each number has as many
//! digits as tell it from its neighbours, and a NaN is `NaN`, without payload. In other formats it is a sequence of elements.

use crate::dtype::{DType, Scalar};
use crate::storage::with_type;
use crate::tensor::Tensor;
use serde_core::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_core::ser::{Serialize, SerializeStruct, Serializer};
use std::fmt;

const FIELDS: &[&str] = &["dtype", "shape", "data"];

impl Serialize for DType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for DType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DType, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = DType;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an element type")
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<DType, E> {
                let known = DType::ALL.into_iter().find(|dtype| dtype.name() == name);
                known.ok_or_else(|| E::unknown_variant(name, &["bool", "i64", "f32", "f64"]))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

impl Serialize for Tensor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let readable = serializer.is_human_readable();
        let mut fields = serializer.serialize_struct("Tensor", FIELDS.len())?;
        fields.serialize_field("dtype", &self.dtype())?;
        fields.serialize_field("shape", self.shape())?;
        match self.dtype() {
            DType::F64 => data::<f64, S>(self, readable, &mut fields)?,
            DType::F32 => data::<f32, S>(self, readable, &mut fields)?,
            DType::I64 => data::<i64, S>(self, readable, &mut fields)?,
            DType::Bool => data::<bool, S>(self, readable, &mut fields)?,
        }
        fields.end()
    }
}

fn data<T: Element, S: Serializer>(
    x: &Tensor,
    readable: bool,
    fields: &mut S::SerializeStruct,
) -> Result<(), S::Error> {
    let elements = x.to_vec::<T>();
    if !readable {
        return fields.serialize_field("data", &elements);
    }
    let words: Vec<String> = elements.iter().map(T::to_string).collect();
    fields.serialize_field("data", &words.join(" "))
}

/// An element with a text that parses as the same value, and a form of its own in binary formats.
trait Element: Scalar + Serialize + for<'de> Deserialize<'de> + fmt::Display + std::str::FromStr {}
impl Element for f64 {}
impl Element for f32 {}
impl Element for i64 {}
impl Element for bool {}

impl<'de> Deserialize<'de> for Tensor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tensor, D::Error> {
        let readable = deserializer.is_human_readable();
        deserializer.deserialize_struct("Tensor", FIELDS, TensorVisitor { readable })
    }
}

struct TensorVisitor {
    readable: bool,
}

/// Elements as text or as a sequence, before their type is known to the compiler.
enum Elements {
    Text(String),
    Tensor(Tensor),
}

impl TensorVisitor {
    fn finish<E: Error>(shape: Vec<usize>, dtype: DType, elements: Elements) -> Result<Tensor, E> {
        match elements {
            Elements::Text(text) => with_type!(dtype, T => {
                let parsed: Result<Vec<T>, E> = text
                    .split_ascii_whitespace()
                    .map(|word| word.parse().map_err(|_| E::custom(format_args!("{word:?} is not an element of {dtype}"))))
                    .collect();
                shaped(parsed?, &shape)
            }),
            Elements::Tensor(flat) => with_type!(dtype, T => shaped(flat.to_vec::<T>(), &shape)),
        }
    }
}

fn shaped<T: Scalar, E: Error>(data: Vec<T>, shape: &[usize]) -> Result<Tensor, E> {
    Tensor::try_from_vec(data, shape).map_err(E::custom)
}

impl<'de> Visitor<'de> for TensorVisitor {
    type Value = Tensor;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tensor: dtype, shape and data")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<Tensor, A::Error> {
        let missing = |i: usize| A::Error::invalid_length(i, &"the three parts of a tensor");
        let dtype: DType = fields.next_element()?.ok_or_else(|| missing(0))?;
        let shape: Vec<usize> = fields.next_element()?.ok_or_else(|| missing(1))?;
        let elements = if self.readable {
            Elements::Text(fields.next_element()?.ok_or_else(|| missing(2))?)
        } else {
            let flat: Option<Tensor> = with_type!(dtype, T => fields.next_element::<Vec<T>>()?.map(Tensor::from));
            Elements::Tensor(flat.ok_or_else(|| missing(2))?)
        };
        TensorVisitor::finish(shape, dtype, elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Tensor, A::Error> {
        let (mut dtype, mut shape, mut elements) = (None, None, None);
        while let Some(key) = fields.next_key::<String>()? {
            let again = match (key.as_str(), dtype) {
                ("dtype", _) => dtype.replace(fields.next_value::<DType>()?).is_some(),
                ("shape", _) => shape.replace(fields.next_value::<Vec<usize>>()?).is_some(),
                ("data", _) if self.readable => elements.replace(Elements::Text(fields.next_value()?)).is_some(),
                ("data", Some(dtype)) => {
                    let flat = with_type!(dtype, T => Tensor::from(fields.next_value::<Vec<T>>()?));
                    elements.replace(Elements::Tensor(flat)).is_some()
                }
                ("data", None) => return Err(A::Error::custom("the data stand before the dtype")),
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                    return Err(A::Error::unknown_field(&key, FIELDS));
                }
            };
            if again {
                return Err(A::Error::custom(format_args!("{key:?} is given twice")));
            }
        }
        let dtype = dtype.ok_or_else(|| A::Error::missing_field("dtype"))?;
        let shape = shape.ok_or_else(|| A::Error::missing_field("shape"))?;
        TensorVisitor::finish(shape, dtype, elements.ok_or_else(|| A::Error::missing_field("data"))?)
    }
}
