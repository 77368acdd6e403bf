//! The arrays that the kernel benchmarks measure on.

/// `n` numbers that look standard normal, from a fixed recurrence.
pub(crate) fn normals(n: usize) -> Vec<f64> {
    let mut state = 1u64;
    let mut uniform = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    // The sum of twelve uniforms.
    (0..n).map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0).collect()
}

/// `n` numbers from 0.1 to 10.1, from a fixed sequence.
pub(crate) fn positives(n: usize) -> Vec<f64> {
    (0..n).map(|i| 0.1 + 10.0 * ((i as f64 * 0.618_033_988_749_894_9) % 1.0)).collect()
}

/// A symmetric positive definite `n` x `n` matrix.
pub(crate) fn positive_definite(n: usize) -> Vec<f64> {
    let a = normals(n * n);
    let mut s = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..n).map(|k| a[i * n + k] * a[j * n + k]).sum();
            let value = dot / n as f64 + f64::from(u8::from(i == j));
            (s[i * n + j], s[j * n + i]) = (value, value);
        }
    }
    s
}
