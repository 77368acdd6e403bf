use super::*;

/// Numbers of f32 among which are those that conversions get wrong.
fn hostile(key: u64, n: usize) -> Vec<f32> {
    let special = [f32::NAN, f32::INFINITY, -0.0, f32::MAX, f32::MIN_POSITIVE, f32::from_bits(1), -f32::from_bits(77)];
    let mut numbers = normals::<f32>(key, n);
    let at = |k: usize| (k * 37 + key as usize) % n.max(1);
    special.iter().enumerate().for_each(|(k, &x)| numbers[at(k)] = x);
    numbers
}

pub(super) fn widened(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| x.into()).collect()
}

#[test]
fn widening_products_have_the_bits_of_f64() {
    let sizes: Vec<usize> = (0..=67).chain([130, 600, 1100]).collect();
    for (number, &m) in sizes.iter().enumerate() {
        for k in [0, 1, 2, 7, 8, 9, 30, 54, 67, 513, 4100] {
            let data = if (number + k) % 5 == 0 { hostile(3, m * k + 8) } else { normals(3, m * k + 8) };
            let (wide, x) = (widened(&data), normals::<f64>(4, 2 * k + 1));
            let column = Mat::new(&x, k, 1, 1 + number % 2, 1);
            // Along rows, along columns, and as the second factor.
            for layout in [(k, 1), (1, m)] {
                let (narrow, wide) =
                    (Mat::new(&data, m, k, layout.0, layout.1), Mat::new(&wide, m, k, layout.0, layout.1));
                for isa in isas() {
                    let [mut ours, mut theirs, mut turned] = [(); 3].map(|()| vec![7.0; m]);
                    gemm_widening_on(isa, Factor::F32(narrow), Factor::F64(column), MatMut::new(&mut ours, m, 1, 1));
                    gemm_on(isa, wide, column, MatMut::new(&mut theirs, m, 1, 1));
                    assert_eq!(bits(&ours), bits(&theirs), "{isa:?} {m} x {k}, {layout:?}");
                    if m != 1 {
                        let (a, b) = (Factor::F64(column.t()), Factor::F32(narrow).t());
                        gemm_widening_on(isa, a, b, MatMut::new(&mut turned, 1, m, m));
                        assert_eq!(bits(&turned), bits(&theirs), "{isa:?} {m} x {k}, {layout:?}, from the left");
                    }
                }
            }
        }
    }
}

#[test]
fn single_products_are_those_of_f32() {
    for m in [0, 1, 2, 5, 8, 17, 67] {
        for n in [0, 1, 3, 8, 33, 67] {
            for k in [0, 1, 4, 20, 67, 300] {
                let (a, b) = (hostile(m as u64, room(m, k)), normals::<f64>(2, room(k, n)));
                let wide = widened(&a);
                let narrow_b: Vec<f32> = b.iter().map(|&x| x as f32).collect();
                // A vector times a matrix that is strided both ways adds in another order than its copy does.
                let kinds = if m == 1 || n == 1 { 2 } else { 3 };
                let layouts = ((m + k) as u8 % kinds, (n + k) as u8 % kinds);
                let mut theirs = vec![0.0f32; m * n];
                let (first, second) = (laid_out(&a, m, k, layouts.0), laid_out(&b, k, n, layouts.1));
                gemm(first, laid_out(&narrow_b, k, n, layouts.1), MatMut::row_major(&mut theirs, m, n));
                let mut room = vec![0.0; m * k + k * n + m * n];
                let firsts = [Factor::F32(first), Factor::F64(laid_out(&wide, m, k, layouts.0))];
                for (isa, first) in isas().flat_map(|isa| firsts.map(|first| (isa, first))) {
                    for apart in [n, n + 1] {
                        let mut ours = vec![7.0; m * apart + 1];
                        let target = MatMut::new(&mut ours, m, n, apart);
                        gemm_single_on(isa, first, Factor::F64(second), target, &mut room);
                        for (row, theirs) in ours.chunks(apart.max(1)).zip(theirs.chunks(n.max(1))) {
                            assert_eq!(bits(&row[..n]), bits(&widened(theirs)), "{isa:?} {m} x {k} x {n}, {layouts:?}");
                            assert!(row[n..].iter().all(|&x| x == 7.0));
                        }
                        assert_eq!(ours[m * apart], 7.0);
                    }
                    let mut ours = vec![7.0; m * n];
                    let both = [Factor::F64(second), Factor::F32(laid_out(&narrow_b, k, n, layouts.1))];
                    for second in both {
                        gemm_narrow_on(isa, first, second, MatMut::row_major(&mut ours, m, n), &mut room);
                        assert_eq!(bits(&ours), bits(&theirs), "{isa:?} {m} x {k} x {n}, {layouts:?}, in f32");
                    }
                }
            }
        }
    }
}
