//! Reference loops that the tests compare with, written over single elements.
#![allow(dead_code)]

use pyroxene_tensor::Tensor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// All indices of a shape in row-major order.
pub(crate) fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for &d in shape {
        all = all.iter().flat_map(|prefix| (0..d).map(move |i| [prefix.as_slice(), &[i]].concat())).collect();
    }
    all
}

/// The element of `x`, broadcast, at an index of the broadcast shape.
pub(crate) fn broadcast_at(x: &Tensor, index: &[usize]) -> f64 {
    let own = &index[index.len() - x.ndim()..];
    let own: Vec<usize> = own.iter().zip(x.shape()).map(|(&i, &d)| if d == 1 { 0 } else { i }).collect();
    x.at(&own)
}

/// Numbers of all sorts, NaN, infinities, zeros and subnormals among them.
pub(crate) fn awkward(n: usize) -> Vec<f64> {
    let special = [0.0, -0.0, 1.0, -1.0, 0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, 1e300, -2.5, 3.5];
    (0..n)
        .map(|i| if i % 3 == 0 { special[i / 3 % special.len()] } else { ((i * 37 % 101) as f64 - 50.0) / 7.0 })
        .collect()
}

/// Numbers of an interval, with a NaN now and then.
pub(crate) fn within((low, high): (f64, f64), n: usize) -> Vec<f64> {
    let spread = |i: usize| low + (high - low) * ((i * 37 % 101) as f64 / 100.0);
    (0..n).map(|i| if i % 7 == 3 { f64::NAN } else { spread(i) }).collect()
}

/// Plain finite numbers.
pub(crate) fn plain(n: usize) -> Vec<f64> {
    (0..n).map(|i| ((i * 37 % 101) as f64 - 50.0) / 7.0).collect()
}

pub(crate) const SHAPES: &[&[usize]] =
    &[&[], &[0], &[1], &[5], &[67], &[1, 1], &[2, 3], &[3, 1, 4], &[2, 0, 3], &[130, 2], &[2, 130], &[3, 2, 1, 70]];

/// The same values in many layouts: row-major, column-major, spaced out, reversed, inside a larger storage.
pub(crate) fn layouts(data: &[f64], shape: &[usize]) -> Vec<(String, Tensor)> {
    let n = data.len();
    let x = Tensor::from_f64(data.to_vec(), shape);
    let mut all = vec![("row-major".to_string(), x)];

    // Column-major: element `index` lies where the reversed index of the reversed shape does.
    let reversed: Vec<usize> = shape.iter().rev().copied().collect();
    let position = |index: &[usize]| index.iter().zip(shape).fold(0, |at, (&i, &d)| at * d + i);
    let column_major =
        indices(&reversed).iter().map(|r| data[position(&r.iter().rev().copied().collect::<Vec<_>>())]).collect();
    let axes: Vec<isize> = (0..shape.len() as isize).rev().collect();
    all.push(("column-major".into(), Tensor::from_f64(column_major, &reversed).permute(&axes)));

    let spaced = data.iter().flat_map(|&v| [v, 777.0]).collect();
    let with_two = [shape, &[2]].concat();
    all.push(("every second".into(), Tensor::from_f64(spaced, &with_two).select(-1, 0)));

    if !shape.is_empty() {
        let backwards = data.iter().rev().copied().collect();
        let mut x = Tensor::from_f64(backwards, shape);
        for axis in 0..shape.len() as isize {
            x = x.flip(axis);
        }
        all.push(("reversed".into(), x));
        let rows = shape[0];
        let mut larger = vec![777.0; n];
        larger.extend_from_slice(data);
        larger.extend(vec![777.0; n]);
        let larger_shape = [&[3 * rows], &shape[1..]].concat();
        all.push(("inside".into(), Tensor::from_f64(larger, &larger_shape).slice(0, rows..2 * rows)));
    }
    for (name, x) in &all {
        assert_eq!(x.shape(), shape, "{name}");
        for (index, &v) in indices(shape).iter().zip(data) {
            assert!(same(x.at(index), v), "{name} at {index:?}");
        }
    }
    all
}

/// Equal bits, or both NaN.
pub(crate) fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// Checks shape and elements, bit for bit, against a function of the index.
#[track_caller]
pub(crate) fn check(what: &str, x: &Tensor, shape: &[usize], expected: impl Fn(&[usize]) -> f64) {
    assert_eq!(x.shape(), shape, "{what}");
    for index in indices(shape) {
        let (got, want) = (x.at(&index), expected(&index));
        assert!(same(got, want), "{what} at {index:?}: {got:?}, not {want:?}");
    }
}

/// The message of the panic of `f`.
#[track_caller]
pub(crate) fn panic_message<R>(f: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("it did not panic"),
        Err(payload) => match payload.downcast::<String>() {
            Ok(message) => *message,
            Err(payload) => payload.downcast_ref::<&str>().expect("a message").to_string(),
        },
    }
}
