use super::*;
use pyroxene_tensor::io::npy;
use std::fs;

fn read(name: &str) -> Tensor {
    npy::read(data(name)).unwrap()
}

#[test]
fn every_bit_survives() {
    let folder = Folder::new("npy");
    let path = folder.file("x.npy");
    for x in samples() {
        npy::write(&path, &x).unwrap();
        assert_same(&npy::read(&path).unwrap(), &x);
        assert_eq!(header(&x) % 64, 0, "elements start where memory maps want them");
    }
}

/// Length of the header of version 1.0, with what stands before.
fn header(x: &Tensor) -> usize {
    let bytes = npy::to_bytes(x);
    assert_eq!(bytes[6..8], [1, 0]);
    10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]))
}

#[test]
fn files_of_numpy_are_read() {
    assert_same(&read("hard_f64.npy"), &Tensor::from(hard()));
    assert_same(&read("hard_f32.npy"), &Tensor::from(hard().iter().map(|&v| v as f32).collect::<Vec<_>>()));
    let (inf, smallest) = (f32::INFINITY, (-24_f32).exp2());
    let nan = f32::from_bits(0x7fc0_0000);
    assert_same(&read("half_big.npy"), &Tensor::from([0.0, -0.0, 1.5, 65504.0, smallest, inf, -inf, nan]));
    assert_same(&read("scalar.npy"), &Tensor::from(2.5));
    assert_same(&read("empty.npy"), &Tensor::zeros([2, 0, 3], DType::F64));
    assert_same(&read("bool.npy"), &Tensor::from([[true, false, true], [false, false, true]]));
    assert_same(&read("version2.npy"), &Tensor::from([[1.0, 2.0]]));
    assert_same(&read("version3.npy"), &Tensor::from([[1.0, 2.0]]));
    let cube = Tensor::arange(0, 24, 1).reshape(&[2, 3, 4]);
    assert_same(&read("cube_f64_big.npy"), &cube.cast(DType::F64));
    assert_same(&read("cube_f32_fortran.npy"), &cube.cast(DType::F32));
    assert_same(&read("cube_i4_big_fortran.npy"), &cube);
}

#[test]
fn whole_numbers_of_all_widths_are_widened() {
    let ranges = [
        ("i8", i64::MIN, i64::MAX),
        ("i4", i32::MIN.into(), i32::MAX.into()),
        ("i2", i16::MIN.into(), i16::MAX.into()),
        ("i1", i8::MIN.into(), i8::MAX.into()),
        ("u8", 0, i64::MAX),
        ("u4", 0, u32::MAX.into()),
        ("u2", 0, u16::MAX.into()),
        ("u1", 0, u8::MAX.into()),
    ];
    for (code, min, max) in ranges {
        for order in ["little", "big"] {
            assert_same(&read(&format!("{code}_{order}.npy")), &Tensor::from([min, max, 0, 1, 100]));
        }
    }
}

#[test]
fn files_are_those_of_numpy_byte_for_byte() {
    for name in ["hard_f64.npy", "hard_f32.npy", "scalar.npy", "empty.npy", "bool.npy", "i8_little.npy"] {
        let bytes = fs::read(data(name)).unwrap();
        assert_eq!(npy::to_bytes(&npy::from_bytes(&bytes).unwrap()), bytes, "{name}");
    }
}

#[test]
fn a_shape_too_long_for_version_1_is_written_as_version_2() {
    let x = Tensor::ones(vec![1; 30_000], DType::Bool);
    let bytes = npy::to_bytes(&x);
    assert_eq!(bytes[6], 2);
    assert_same(&npy::from_bytes(&bytes).unwrap(), &x);
}

#[test]
fn elements_of_other_types_are_refused_by_name() {
    let says = |name: &str, text: &str| assert_eq!(message(npy::read(data(name))), text);
    let rest = "cannot be read; those of f8, f4, f2, i8, i4, i2, i1, u8, u4, u2, u1 and b1 can";
    says("text.npy", &format!("byte 20: elements of type \"<U2\" {rest}"));
    says("complex.npy", &format!("byte 20: elements of type \"<c16\" {rest}"));
    says("record.npy", "byte 20: the elements are records, not numbers or truth values");
    says("u8_too_large.npy", "byte 136: an unsigned number is above the largest i64");
    let mut wrong = fs::read(data("bool.npy")).unwrap();
    *wrong.last_mut().unwrap() = 7;
    assert_eq!(message(npy::from_bytes(&wrong)), "byte 133: 7 is not a truth value, 0 or 1");
}

#[test]
fn a_missing_file_is_named() {
    let path = data("no_such.npy");
    let error = npy::read(&path).unwrap_err();
    assert!(error.to_string().starts_with(&format!("{}: cannot read: ", path.display())), "{error}");
    let source = std::error::Error::source(&error).unwrap().downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn a_file_cut_anywhere_is_refused_at_the_cut() {
    for name in ["scalar.npy", "version3.npy", "bool.npy", "i2_big.npy"] {
        let bytes = fs::read(data(name)).unwrap();
        for length in 0..bytes.len() {
            let error = npy::from_bytes(&bytes[..length]).unwrap_err();
            assert!(error.to_string().contains("the file is cut short"), "{name} of {length}: {error}");
            assert_eq!(error.offset(), Some(length as u64), "{name} of {length}: {error}");
        }
        let longer = [bytes.as_slice(), b"!"].concat();
        let error = npy::from_bytes(&longer).unwrap_err();
        assert!(error.to_string().contains("the file goes on after the array"), "{error}");
        assert_eq!(error.offset(), Some(bytes.len() as u64));
    }
}

/// A file of version 1.0 with this header and eight bytes of elements.
fn with_header(text: &str) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(1.5_f64.to_le_bytes());
    bytes
}

#[test]
fn headers_may_be_written_in_any_way_that_python_reads() {
    let one = Tensor::from([1.5]);
    for text in [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }\n",
        "{\"shape\":(1,),\"fortran_order\":False,\"descr\":\"<f8\"}",
        " { 'fortran_order' : True , 'shape' : ( 1L , ) , 'descr' : '<f8' } \n\n",
    ] {
        assert_same(&npy::from_bytes(&with_header(text)).unwrap(), &one);
    }
    assert_same(
        &npy::from_bytes(&with_header("{'descr': '<f8', 'fortran_order': True, 'shape': ()}")).unwrap(),
        &Tensor::from(1.5),
    );
}

#[test]
fn damage_in_the_header_is_named_with_its_place() {
    let says = |text: &str, expected: &str| assert_eq!(message(npy::from_bytes(&with_header(text))), expected);
    let begin = "{'descr': '<f8', 'fortran_order': False";
    says("", "byte 10: '{' is due in the header");
    says("{}", "byte 10: the header does not give \"descr\"");
    says("{'descr': '<f8'}", "byte 10: the header does not give \"fortran_order\"");
    says(&format!("{begin}}}"), "byte 10: the header does not give \"shape\"");
    says(&format!("{begin}, 'shape': (1,)}} x"), "byte 66: the header goes on after its dictionary");
    says(&format!("{begin}, 'shape': (-1,)}}"), "byte 61: the size of an axis is due in the header");
    says(&format!("{begin}, 'shape': (1 2)}}"), "byte 63: ')' is due in the header");
    says(&format!("{begin}, 'shape': 1}}"), "byte 60: '(' is due in the header");
    says(&format!("{begin}, 'size': (1,)}}"), "byte 51: the header has an unknown key \"size\"");
    says(&format!("{begin}, 'descr': '<f8'}}"), "byte 51: the header gives \"descr\" twice");
    says("{'descr: 1}", "byte 12: a string in the header does not end");
    says("{descr: 1}", "byte 11: a string is due in the header");
    says("{'descr' '<f8'}", "byte 19: ':' is due in the header");
    says("{'fortran_order': 1}", "byte 28: True or False is due in the header");
    let rest = "cannot be read; those of f8, f4, f2, i8, i4, i2, i1, u8, u4, u2, u1 and b1 can";
    says("{'descr': '|f8'}", &format!("byte 20: elements of type \"|f8\" {rest}"));
    says("{'descr': ''}", &format!("byte 20: elements of type \"\" {rest}"));
    says("{'descr': 'é8'}", &format!("byte 20: elements of type \"é8\" {rest}"));
    let huge = u64::MAX;
    says(
        &format!("{begin}, 'shape': ({huge}, 2)}}"),
        &format!("byte 86: an array of shape [{huge}, 2] has too many elements"),
    );
    says(&format!("{begin}, 'shape': ({huge}0,)}}"), "byte 61: the size of an axis is due in the header");

    let mut bytes = with_header("{}");
    bytes[10] = 0xff;
    assert_eq!(message(npy::from_bytes(&bytes)), "byte 10: the header is not text");
    bytes[0] = b'P';
    assert_eq!(message(npy::from_bytes(&bytes)), "byte 0: this is not an npy file: it does not begin with \\x93NUMPY");
}

#[test]
fn no_byte_changed_anywhere_makes_it_panic() {
    let bytes = fs::read(data("cube_i4_big_fortran.npy")).unwrap();
    for at in 0..bytes.len() {
        for value in [0, b'\'', b'(', b'9', b'{', 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            // Elements may change unseen; the rest is an error. Neither panics.
            let result = npy::from_bytes(&damaged);
            assert!(result.is_ok() || at < 128, "byte {at} as {value}: {result:?}");
        }
    }
}
