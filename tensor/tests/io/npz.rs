use super::*;
use pyroxene_tensor::io::npz;
use std::collections::BTreeMap;
use std::fs;

#[test]
fn every_bit_survives() {
    let folder = Folder::new("npz");
    let path = folder.file("x.npz");
    let arrays: BTreeMap<String, Tensor> =
        samples().into_iter().enumerate().map(|(i, x)| (format!("folder/é {i}"), x)).collect();
    for write in [npz::write, npz::write_compressed] {
        write(&path, &arrays).unwrap();
        let read = npz::read(&path).unwrap();
        assert_eq!(read.len(), arrays.len());
        for (name, x) in &arrays {
            assert_same(&read[name], x);
        }
    }
    npz::write(&path, &BTreeMap::new()).unwrap();
    assert!(npz::read(&path).unwrap().is_empty());
}

#[test]
fn compression_makes_files_smaller() {
    let folder = Folder::new("npz-size");
    let arrays = BTreeMap::from([("zeros".to_string(), Tensor::zeros([10_000], DType::F64))]);
    let (plain, small) = (folder.file("plain.npz"), folder.file("small.npz"));
    npz::write(&plain, &arrays).unwrap();
    npz::write_compressed(&small, &arrays).unwrap();
    assert!(fs::metadata(&plain).unwrap().len() > 80_000);
    assert!(fs::metadata(&small).unwrap().len() < 2_000);
}

#[test]
fn files_of_numpy_are_read() {
    let plain = npz::read(data("plain.npz")).unwrap();
    assert_eq!(plain.keys().collect::<Vec<_>>(), ["a", "b", "nested/name"]);
    assert_same(&plain["a"], &Tensor::from(hard()));
    assert_same(&plain["b"], &Tensor::from([[1, 2], [3, 4]]));
    assert_same(&plain["nested/name"], &Tensor::from([true, false]));
    let compressed = npz::read(data("compressed.npz")).unwrap();
    assert_same(&compressed["zeros"], &Tensor::zeros([40, 50], DType::F32));
    assert_same(&compressed["arr"], &Tensor::arange(0, 5, 1));
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for name in ["plain.npz", "compressed.npz"] {
        let bytes = fs::read(data(name)).unwrap();
        for length in 0..bytes.len() {
            let error = npz::from_bytes(&bytes[..length]).unwrap_err().to_string();
            assert!(error.starts_with("this is not a whole zip archive, as npz files are: "), "{length}: {error}");
        }
    }
}

#[test]
fn damage_is_named_with_the_entry() {
    let bytes = fs::read(data("plain.npz")).unwrap();
    // The second element of `a`: its checksum no longer fits.
    let one = bytes.windows(8).position(|word| word == 1.0_f64.to_le_bytes()).unwrap();
    let mut damaged = bytes.clone();
    damaged[one + 7] ^= 1;
    let error = npz::from_bytes(&damaged).unwrap_err();
    assert_eq!(error.entry(), Some("a"));
    assert!(error.to_string().starts_with("entry \"a\": the entry is damaged: "), "{error}");

    let folder = Folder::new("npz-damage");
    let path = folder.file("x.npz");
    fs::write(&path, &damaged).unwrap();
    assert_eq!(npz::read(&path).unwrap_err().path(), Some(path.as_path()));
    assert!(message(npz::read(folder.file("none.npz"))).starts_with("cannot read: "));
    assert!(message(npz::read(data("bool.npy"))).starts_with("this is not a whole zip archive"));
}

#[test]
fn entries_that_are_no_arrays_are_named() {
    let says = |name: &str, content: &[u8], expected: &str| {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut archive, content).unwrap();
        assert_eq!(message(npz::from_bytes(&archive.finish().unwrap().into_inner())), expected);
    };
    says("notes.txt", b"", "entry \"notes.txt\": the name does not end in .npy: this is not an array");
    says("x.npy", b"", "entry \"x\", byte 0: the file is cut short in the first word");
    says(
        "x.npy",
        &fs::read(data("record.npy")).unwrap(),
        "entry \"x\", byte 20: the elements are records, not numbers or truth values",
    );
}

#[test]
fn no_byte_changed_anywhere_makes_it_panic() {
    let bytes = fs::read(data("compressed.npz")).unwrap();
    let intact = npz::from_bytes(&bytes).unwrap();
    for at in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            if let Ok(read) = npz::from_bytes(&damaged) {
                // Names have no checksum; elements have.
                assert!(read.values().all(|x| intact.values().any(|y| x == y)), "byte {at} as {value}");
            }
        }
    }
}
