//! Inner products in one fixed order.
//!
//! Eight lanes are summed side by side and then folded by a fixed tree, with separate multiplications and additions:
//! the compiler can use any vector width, and every machine gives the same bits.

const LANES: usize = 8;

fn fold(lanes: [f64; LANES]) -> f64 {
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Sum of `term(i)` for `i < n`, where lane `i % 8` receives term `i`.
pub(crate) fn sum_by(n: usize, term: impl Fn(usize) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let whole = n - n % LANES;
    for start in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            lanes[lane] += term(start + lane);
        }
    }
    for i in whole..n {
        lanes[i - whole] += term(i);
    }
    fold(lanes)
}

/// `x . y`
pub(crate) fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    for (x, y) in x.iter().zip(y) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    for (lane, (x, y)) in lanes.iter_mut().zip(x_rest.iter().zip(y_rest)) {
        *lane += x * y;
    }
    fold(lanes)
}

/// `(a . (x + y), b . (x + y))` in one pass.
pub(crate) fn dots_with_sum(a: &[f64], b: &[f64], x: &[f64], y: &[f64]) -> (f64, f64) {
    let (mut of_a, mut of_b) = ([0.0; LANES], [0.0; LANES]);
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    for ((a, b), (x, y)) in a.iter().zip(b).zip(x.iter().zip(y)) {
        for lane in 0..LANES {
            let sum = x[lane] + y[lane];
            of_a[lane] += a[lane] * sum;
            of_b[lane] += b[lane] * sum;
        }
    }
    for (lane, ((a, b), (x, y))) in a_rest.iter().zip(b_rest).zip(x_rest.iter().zip(y_rest)).enumerate() {
        of_a[lane] += a * (x + y);
        of_b[lane] += b * (x + y);
    }
    (fold(of_a), fold(of_b))
}

/// `out = x + factor * y`
pub(crate) fn add_scaled(out: &mut [f64], x: &[f64], factor: f64, y: &[f64]) {
    for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
        *out = x + factor * y;
    }
}

/// `out = x + factor * (w * y)`, elementwise.
pub(crate) fn add_scaled_product(out: &mut [f64], x: &[f64], factor: f64, w: &[f64], y: &[f64]) {
    for (((out, x), w), y) in out.iter_mut().zip(x).zip(w).zip(y) {
        *out = x + factor * (w * y);
    }
}

/// `x += factor * y; v = w * x`, elementwise, and returns `x . v`.
pub(crate) fn kick(x: &mut [f64], factor: f64, y: &[f64], w: &[f64], v: &mut [f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let ((x, x_rest), (v, v_rest)) = (x.as_chunks_mut::<LANES>(), v.as_chunks_mut::<LANES>());
    let ((y, y_rest), (w, w_rest)) = (y.as_chunks::<LANES>(), w.as_chunks::<LANES>());
    for ((x, v), (y, w)) in x.iter_mut().zip(v).zip(y.iter().zip(w)) {
        for lane in 0..LANES {
            let moved = x[lane] + factor * y[lane];
            let product = w[lane] * moved;
            x[lane] = moved;
            v[lane] = product;
            lanes[lane] += moved * product;
        }
    }
    for (lane, ((x, v), (y, w))) in x_rest.iter_mut().zip(v_rest).zip(y_rest.iter().zip(w_rest)).enumerate() {
        *x += factor * y;
        *v = w * *x;
        lanes[lane] += *x * *v;
    }
    fold(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_equal_the_plain_sums_at_every_length() {
        for n in 0..40 {
            let vector = |k: usize| (0..n).map(|i| ((i * k + 3) % 7) as f64 - 2.5).collect::<Vec<_>>();
            let (a, b, x, y) = (vector(1), vector(2), vector(3), vector(5));
            let plain = |u: &[f64], v: &dyn Fn(usize) -> f64| (0..n).map(|i| u[i] * v(i)).sum::<f64>();
            assert_eq!(dot(&a, &b), plain(&a, &|i| b[i]));
            let (with_a, with_b) = dots_with_sum(&a, &b, &x, &y);
            assert_eq!(with_a, plain(&a, &|i| x[i] + y[i]));
            assert_eq!(with_b, plain(&b, &|i| x[i] + y[i]));
            assert_eq!(sum_by(n, |i| a[i] * b[i]), dot(&a, &b));
            let (mut moved, mut product, mut out) = (x.clone(), vec![0.0; n], vec![0.0; n]);
            let square = kick(&mut moved, 0.5, &y, &a, &mut product);
            add_scaled(&mut out, &x, 0.5, &y);
            assert_eq!((&moved, square), (&out, dot(&moved, &product)));
            add_scaled_product(&mut out, &b, 2.0, &a, &moved);
            assert!((0..n).all(|i| product[i] == a[i] * moved[i] && out[i] == b[i] + 2.0 * product[i]));
        }
    }
}
