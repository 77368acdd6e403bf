use super::*;
use pyroxene_tensor::io::write_atomic;
use std::fs;

#[test]
fn a_file_is_replaced_whole() {
    let folder = Folder::new("atomic");
    let path = folder.file("x");
    write_atomic(&path, b"first").unwrap();
    write_atomic(&path, b"2").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"2");
    assert_eq!(folder.names(), ["x"]);
}

#[test]
fn a_write_that_fails_leaves_the_former_file_and_nothing_else() {
    let folder = Folder::new("atomic-fails");
    // A folder that is not empty cannot be replaced by a file: the last step, the renaming, fails.
    let path = folder.file("taken");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("inside"), "kept").unwrap();
    let error = write_atomic(&path, b"new").unwrap_err();
    assert!(error.to_string().starts_with(&format!("{}: cannot write: ", path.display())), "{error}");
    assert_eq!(fs::read(path.join("inside")).unwrap(), b"kept");
    assert_eq!(folder.names(), ["taken"]);

    let error = write_atomic(folder.file("no/such/folder"), b"new").unwrap_err();
    assert_eq!(error.path(), Some(folder.file("no/such/folder").as_path()));
    assert!(std::error::Error::source(&error).is_some());
    assert!(message(write_atomic("..", b"new")).starts_with("cannot write: "));
}

#[test]
fn a_reader_never_sees_half_a_file() {
    let folder = Folder::new("atomic-race");
    let path = folder.file("x");
    let contents = [vec![1_u8; 300_000], vec![2_u8; 200_000]];
    write_atomic(&path, &contents[0]).unwrap();
    std::thread::scope(|threads| {
        let writers: Vec<_> = contents
            .iter()
            .map(|content| threads.spawn(|| (0..20).for_each(|_| write_atomic(&path, content).unwrap())))
            .collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            assert!(contents.contains(&fs::read(&path).unwrap()));
        }
    });
    assert_eq!(folder.names(), ["x"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_permissions_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new("atomic-link");
    let (real, link) = (folder.file("real"), folder.file("link"));
    fs::write(&real, "old").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&real, &link).unwrap();
    write_atomic(&link, b"new").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&real).unwrap(), b"new");
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
}
