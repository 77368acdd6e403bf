//! Steps of passes over rows: the bits of their two products, each for itself.

use super::mixed::widened;
use super::*;

/// What a step leaves in y and z.
fn swept(sweep: impl FnOnce(&mut [f64], &mut [f64]), rows: usize, columns: usize) -> [Vec<u64>; 2] {
    let (mut y, mut z) = (vec![7.0; rows], vec![7.0; columns]);
    sweep(&mut y, &mut z);
    [bits(&y), bits(&z)]
}

#[test]
fn steps_give_the_bits_of_the_two_products() {
    // Fewer, as many and more columns than chains stay in registers, by whole vectors and parts of them.
    for columns in [0, 1, 16, 17, 24, 31, 33, 40, 54, 57, 64, 65, 100, 128, 129] {
        for (next, last) in [(0, 8), (1, 1), (2, 70), (8, 8), (23, 64), (64, 7), (512, 512), (57, 512), (512, 513)] {
            let data = normals::<f32>(1, room(next + last, columns));
            let wide = widened(&data);
            let (x, g) = (normals::<f64>(2, 2 * columns + 1), normals::<f64>(3, last));
            let b = Mat::new(&x, columns, 1, 1 + next % 2, 1);
            for layout in 0..3 {
                let narrow = [next, last].map(|rows| Factor::F32(laid_out(&data, rows, columns, layout)));
                let wide = [next, last].map(|rows| Factor::F64(laid_out(&wide, rows, columns, layout)));
                let g_column = Factor::F64(Mat::new(&g, last, 1, 1, 1));
                for isa in isas() {
                    // A matrix in f32 that is strided both ways has no product with a vector in f64.
                    for [above, below] in if layout < 2 { vec![narrow, wide] } else { vec![wide] } {
                        let apart = swept(
                            |y, z| {
                                gemm_widening_on(isa, above, Factor::F64(b), MatMut::new(y, next, 1, 1));
                                gemm_widening_on(isa, below.t(), g_column, MatMut::new(z, columns, 1, 1));
                            },
                            next,
                            columns,
                        );
                        let together = swept(
                            |y, z| Sweep { next: above, x: b, y, last: below, g: &g, z }.widening_on(isa),
                            next,
                            columns,
                        );
                        assert_eq!(together, apart, "{isa:?} {next} and {last} x {columns}, layout {layout}");
                    }
                    for [above, below] in [narrow, wide] {
                        let mut room = vec![0.0; (next + last + 2) * (columns + 1) + next + last];
                        let apart = swept(
                            |y, z| {
                                gemm_single_on(isa, above, Factor::F64(b), MatMut::new(y, next, 1, 1), &mut room);
                                gemm_single_on(isa, below.t(), g_column, MatMut::new(z, columns, 1, 1), &mut room);
                            },
                            next,
                            columns,
                        );
                        let together = swept(
                            |y, z| Sweep { next: above, x: b, y, last: below, g: &g, z }.single_on(isa, &mut room),
                            next,
                            columns,
                        );
                        assert_eq!(together, apart, "{isa:?} {next} and {last} x {columns}, layout {layout}, f32");
                    }
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "sweep: [2, 2] and [2, 2] with x, y, g and z of lengths [2, 2, 1, 2]")]
fn lengths_that_do_not_fit_are_refused() {
    let rows = Factor::F64(Mat::row_major(&[1.0, 2.0, 3.0, 4.0], 2, 2));
    let x = Mat::row_major(&[1.0, 0.5], 2, 1);
    Sweep { next: rows, x, y: &mut [0.0; 2], last: rows, g: &[1.0], z: &mut [0.0; 2] }.widening();
}
