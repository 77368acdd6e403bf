//! Memory of f64 that holds f32.

/// The memory as f32, two in the place of each f64.
///
/// ```
/// use pyroxene_kernels::buffer::{halves, halves_mut};
/// let mut memory = [0.0; 2];
/// halves_mut(&mut memory)[3] = 0.5;
/// assert_eq!(halves(&memory), [0.0, 0.0, 0.0, 0.5]);
/// ```
pub fn halves(memory: &[f64]) -> &[f32] {
    // SAFETY: the same bytes, which are aligned for f32 as they are for f64; all bits are an f32.
    unsafe { std::slice::from_raw_parts(memory.as_ptr().cast(), 2 * memory.len()) }
}

/// [`halves`] for writing.
pub fn halves_mut(memory: &mut [f64]) -> &mut [f32] {
    // SAFETY: as of `halves`, all bits are an f64 too, and the borrow is passed on.
    unsafe { std::slice::from_raw_parts_mut(memory.as_mut_ptr().cast(), 2 * memory.len()) }
}
