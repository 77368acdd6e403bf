//! Small orders: squares turned in registers, and numbers whose reciprocals are not normal.

use super::super::view::{View, transpose};
use super::*;

fn check_transpose<T: Tested>(rows: usize, columns: usize) {
    let (apart, to_apart) = (columns + 2, rows + 1);
    let mut from = normals::<T>(1, rows * apart);
    for isa in isas() {
        let mut to = vec![T::of(-7.0); columns * to_apart];
        let source = View::new(from.as_mut_ptr(), rows, columns, apart, 1);
        // SAFETY: the views lie in their vectors.
        unsafe { transpose(isa, source, View::new(to.as_mut_ptr(), columns, rows, to_apart, 1)) };
        for (j, row) in to.chunks_exact(to_apart).enumerate() {
            for (i, value) in row.iter().enumerate() {
                let expected = if i < rows { from[i * apart + j] } else { T::of(-7.0) };
                assert_eq!(value.bits(), expected.bits(), "{isa:?} {rows} x {columns} at ({i}, {j})");
            }
        }
    }
}

#[test]
fn transposes_of_all_shapes() {
    for rows in 1..=20 {
        for columns in [1, 2, 7, 8, 9, 15, 16, 17, 24, 33] {
            check_transpose::<f64>(rows, columns);
            check_transpose::<f32>(rows, columns);
        }
    }
}

/// A power of two only moves the exponent, so the factor must be the same digits, also where reciprocals of pivots overflow.
#[test]
fn factors_at_the_ends_of_the_range() {
    for n in [1, 3, 11, 40, 70] {
        let a = positive::<f64>(5, n);
        let mut plain = a.clone();
        cholesky(&mut plain, n).unwrap();
        for power in [-1030, -1000, 1000, 1014] {
            let scale = |x: &f64, power: i32| x * 2f64.powi(power / 2) * 2f64.powi(power - power / 2);
            for isa in isas() {
                let mut scaled: Vec<f64> = a.iter().map(|x| scale(x, power)).collect();
                cholesky_on(isa, &mut scaled, n).unwrap();
                for (x, y) in scaled.iter().zip(&plain) {
                    let y = scale(y, power / 2);
                    assert!(
                        (x - y).abs() <= 1e-9 * y.abs() + 1e-9 * 2f64.powi(power / 2),
                        "{isa:?} {n} 2^{power}: {x} {y}"
                    );
                }
            }
        }
    }
}

#[test]
fn pivots_without_a_reciprocal_divide() {
    let smallest = f64::MIN_POSITIVE / 4096.0;
    for columns in [1, 3, 8, 20] {
        let l = [smallest, 0.0, 0.0, 4.0];
        let mut b = vec![3.0 * smallest; columns];
        b.resize(2 * columns, 12.0);
        for isa in isas() {
            let mut x = b.clone();
            solve_triangular_on(isa, &l, 2, Triangle::Lower, false, &mut x, columns);
            assert!(x.iter().all(|&x| x == 3.0), "{isa:?} {columns}: {x:?}");
        }
        let mut x = vec![1.0; columns];
        x.resize(2 * columns, 0.0);
        solve_triangular(&[0.0, 0.0, 1.0, 1.0], 2, Triangle::Lower, false, &mut x, columns);
        assert!(x[..columns].iter().all(|x| *x == f64::INFINITY), "{columns}: {x:?}");
    }
}
