use super::*;
use pyroxene_tensor::io::safetensors::{self, Archive};
use std::collections::BTreeMap;
use std::fs;

fn archive() -> Archive {
    let tensors = samples().into_iter().enumerate().map(|(i, x)| (format!("x{i} \"é\"\n"), x)).collect();
    Archive { tensors, metadata: BTreeMap::from([("a \\ b".into(), "\u{1}\t😀".into()), ("".into(), "".into())]) }
}

#[test]
fn every_bit_survives() {
    let folder = Folder::new("safetensors");
    let path = folder.file("x.safetensors");
    let archive = archive();
    safetensors::write(&path, &archive).unwrap();
    let read = safetensors::read(&path).unwrap();
    assert_eq!(read.metadata, archive.metadata);
    assert_eq!(read.tensors.keys().collect::<Vec<_>>(), archive.tensors.keys().collect::<Vec<_>>());
    for (name, x) in &archive.tensors {
        assert_same(&read.tensors[name], x);
    }
    let empty = safetensors::to_bytes(&Archive::default()).unwrap();
    assert_eq!(empty, b"\x08\0\0\0\0\0\0\0{}      ");
    assert_eq!(safetensors::from_bytes(&empty).unwrap(), Archive::default());
}

#[test]
fn files_of_others_are_read() {
    let Archive { tensors, metadata } = safetensors::read(data("mixed.safetensors")).unwrap();
    assert_eq!(metadata["author"], "Bayes é😀 \"quoted\"\n");
    assert_eq!(tensors.len(), 8);
    assert_same(&tensors["mask"], &Tensor::from([true, false, true]));
    assert_same(&tensors["hard"], &Tensor::from(hard()));
    assert_same(&tensors["bf16"], &Tensor::from([1.0_f32, -2.5, f32::INFINITY, 3.140625]));
    assert_same(&tensors["half"], &Tensor::from([[1.5_f32, -0.0]]));
    assert_same(&tensors["bytes"], &Tensor::from([[0, 255]]));
    assert_same(&tensors["ints"], &Tensor::from([i64::from(i32::MIN), i64::from(i32::MAX)]));
    assert_same(&tensors["scalar"], &Tensor::from(-7));
    assert_same(&tensors["empty"], &Tensor::zeros([0, 4], DType::F32));
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bytes = fs::read(data("mixed.safetensors")).unwrap();
    for length in 0..bytes.len() {
        let error = safetensors::from_bytes(&bytes[..length]).unwrap_err().to_string();
        assert!(error.contains("cut short"), "{length}: {error}");
    }
    let longer = [bytes.as_slice(), b"!"].concat();
    assert_eq!(
        message(safetensors::from_bytes(&longer)),
        format!("byte {}: 1 bytes follow after the last tensor", bytes.len())
    );
}

/// A file with this header and 16 bytes of data.
fn with_header(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes.extend([0; 16]);
    bytes
}

#[test]
fn damage_is_named_with_its_place() {
    let says = |text: &str, expected: &str| assert_eq!(message(safetensors::from_bytes(&with_header(text))), expected);
    let one = |facts: &str| format!("{{\"w\":{{{facts}}}}}");
    says("[]", "byte 8: the header does not begin with '{': this is not a safetensors file");
    says("{\"w\" 1}", "byte 13: ':' is due in the header");
    says("{\"w\":1}", "entry \"w\", byte 8: the header does not describe a tensor");
    says(&one(""), "entry \"w\", byte 8: the header does not give \"dtype\"");
    says(&one(r#""dtype":"F8_E5M2""#), "entry \"w\", byte 8: elements of type \"F8_E5M2\" cannot be read");
    says(&one(r#""dtype":1"#), "entry \"w\", byte 8: elements of type that is not a text cannot be read");
    says(&one(r#""dtype":"F64""#), "entry \"w\", byte 8: the header does not give \"shape\"");
    let sizes = "entry \"w\", byte 8: the sizes of \"shape\" in the header are not whole numbers in an array";
    says(&one(r#""dtype":"F64","shape":[1.5]"#), sizes);
    says(&one(r#""dtype":"F64","shape":[-1]"#), sizes);
    says(&one(r#""dtype":"F64","shape":2"#), sizes);
    says(
        &one(r#""dtype":"F64","shape":[2],"data_offsets":[0]"#),
        "entry \"w\", byte 8: \"data_offsets\" are 1 numbers, not 2",
    );
    let at = |facts: &str| 8 + one(facts).len();
    let facts = r#""dtype":"F64","shape":[2],"data_offsets":[0,17]"#;
    says(
        &one(facts),
        &format!(
            "entry \"w\", byte {}: bytes 0 to 17 of the data are due, there are 16: cut short or damaged",
            at(facts)
        ),
    );
    let facts = r#""dtype":"F64","shape":[2],"data_offsets":[16,0]"#;
    says(
        &one(facts),
        &format!(
            "entry \"w\", byte {}: bytes 16 to 0 of the data are due, there are 16: cut short or damaged",
            at(facts) + 16
        ),
    );
    let facts = r#""dtype":"F64","shape":[3],"data_offsets":[0,16]"#;
    says(
        &one(facts),
        &format!("entry \"w\", byte {}: 16 bytes are not the elements of [3] with 8 bytes each", at(facts)),
    );
    let facts = r#""dtype":"F64","shape":[18446744073709551615,18446744073709551615],"data_offsets":[0,16]"#;
    assert!(message(safetensors::from_bytes(&with_header(&one(facts)))).contains("16 bytes are not the elements of"));
    let facts = r#""dtype":"F64","shape":[1],"data_offsets":[8,16]"#;
    says(
        &one(facts),
        &format!("entry \"w\", byte {}: the tensor begins at byte 8 of the data, where byte 0 is due", at(facts) + 8),
    );
    let facts = r#""dtype":"F64","shape":[1],"data_offsets":[0,8]"#;
    says(&one(facts), &format!("byte {}: 8 bytes follow after the last tensor", at(facts) + 8));
    let overlap = r#"{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"b":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}}"#;
    says(
        overlap,
        &format!(
            "entry \"b\", byte {}: the tensor begins at byte 8 of the data, where byte 16 is due",
            16 + overlap.len()
        ),
    );
    let twice = r#"{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}"#;
    says(twice, "entry \"a\", byte 8: the header gives this name twice");
    says(r#"{"__metadata__":{},"__metadata__":{}}"#, "byte 8: the header gives \"__metadata__\" twice");
    says(r#"{"__metadata__":{"a":1}}"#, "byte 8: \"__metadata__\" is not an object of texts");
    says(r#"{"__metadata__":[]}"#, "byte 8: \"__metadata__\" is not an object of texts");

    let text = "this is just a text file";
    assert_eq!(
        message(safetensors::from_bytes(text.as_bytes())),
        "byte 0: the header is 2338328219631577204 bytes long, but 16 follow: cut short, or not safetensors"
    );
    let mut bytes = with_header("{}");
    bytes[9] = 0xff;
    assert_eq!(message(safetensors::from_bytes(&bytes)), "byte 9: the header is not text");
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let folder = Folder::new("safetensors-missing");
    let path = folder.file("none.safetensors");
    let error = safetensors::read(&path).unwrap_err();
    assert_eq!(error.path(), Some(path.as_path()));
    assert!(message(safetensors::read(&path)).starts_with("cannot read: "));
    let mut reserved = Archive::default();
    reserved.tensors.insert("__metadata__".into(), Tensor::from(1.0));
    assert_eq!(
        message(safetensors::write(&path, &reserved)),
        "entry \"__metadata__\": this name is reserved for texts"
    );
    assert!(folder.names().is_empty());
}

#[test]
fn no_byte_changed_anywhere_makes_it_panic() {
    let bytes = fs::read(data("mixed.safetensors")).unwrap();
    let header = 8 + u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    for at in 0..bytes.len() {
        for value in [0, b'"', b'[', b'9', b'}', 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            let result = safetensors::from_bytes(&damaged);
            assert!(result.is_ok() || at < header || value > 1, "byte {at} as {value}: {result:?}");
        }
    }
}
