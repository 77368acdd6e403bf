//! The shapes of recurrences over Markov chains.

use super::{Result, Shape, broadcast, size};
use crate::error::ShapeError;
use pyroxene_kernels::logspace::Chain;

/// The shape of the forward algorithm's result, `[.., steps, states]`, and the sizes of a chain: for a first row
/// `[.., states]`, transitions `[states, states]`, `[.., 1, states, states]` or `[.., steps - 1, states, states]`, and emissions
/// `[.., steps, states]`, of which the leading axes broadcast.
///
/// ```
/// use pyroxene_tensor::shape;
/// let (shape, chain) = shape::log_forward(&[3], &[3, 3], &[5, 10, 3]).unwrap();
/// assert_eq!((shape.as_slice(), chain.matrices), (&[5, 10, 3][..], 1));
/// ```
pub fn log_forward(initial: &[usize], transitions: &[usize], emissions: &[usize]) -> Result<(Shape, Chain)> {
    let ([batch @ .., steps, states], [first_batch @ .., first]) = (emissions, initial) else {
        bail!(
            "log_forward: emissions {emissions:?} must be [.., steps, states] and the first row {initial:?} [.., states]"
        );
    };
    let (matrix_batch, matrices, matrix) = match transitions {
        [batch @ .., matrices, rows, columns] => (batch, *matrices, [*rows, *columns]),
        [rows, columns] => (&transitions[..0], 1, [*rows, *columns]),
        _ => bail!("log_forward: transitions {transitions:?} must be matrices"),
    };
    if first != states || matrix != [*states; 2] {
        bail!(
            "log_forward: emissions {emissions:?}, the first row {initial:?} and transitions {transitions:?} do not have the \
             same states"
        );
    }
    if matrices != 1 && matrices + 1 != (*steps).max(1) {
        bail!("log_forward: {matrices} transitions of {transitions:?} for {steps} steps of {emissions:?}");
    }
    let Ok(mut out) = broadcast("log_forward", &[first_batch, matrix_batch, batch]) else {
        bail!("log_forward: cannot broadcast the leading axes of {initial:?}, {transitions:?} and {emissions:?}");
    };
    out.extend([*steps, *states]);
    size("log_forward", &out)?;
    Ok((out, Chain { steps: *steps, states: *states, matrices }))
}
