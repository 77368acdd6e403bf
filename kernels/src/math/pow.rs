//! Lane functions by way of the standard library.
use crate::simd::{Simd, Vector};
#[inline(always)]
pub(crate) fn pow<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    let (a, b) = (x.to_array(), y.to_array());
    Vector::new(x.simd, x.simd.from_array(std::array::from_fn(|i| a[i].powf(b[i]))))
}
