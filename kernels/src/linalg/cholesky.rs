//! Cholesky factors.

use super::Real;

/// The lower Cholesky factor of the symmetric positive definite row-major `a`, in place: only the lower triangle is
/// read, the upper one is zeroed. `Err(pivot)` names the first row whose pivot is not positive and finite; `a` is then
/// unspecified. A NaN or an infinity in the lower triangle is always found.
///
/// # Panics
/// If `a` does not have n * n elements.
#[track_caller]
pub fn cholesky<T: Real>(a: &mut [T], n: usize) -> Result<(), usize> {
    assert_eq!(a.len(), n * n, "cholesky: {n} x {n} elements");
    for i in 0..n {
        for j in 0..=i {
            let mut value = a[i * n + j];
            for k in 0..j {
                value = (-a[i * n + k]).mul_add(a[j * n + k], value);
            }
            if i > j {
                a[i * n + j] = value / a[j * n + j];
            } else if value > T::ZERO && value.is_finite() {
                a[i * n + i] = value.sqrt();
            } else {
                return Err(i);
            }
        }
        a[i * n + i + 1..(i + 1) * n].fill(T::ZERO);
    }
    Ok(())
}
