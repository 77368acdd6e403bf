//! The shapes of recurrences over Markov chains.

use super::{Result, Shape, broadcast, size};
use crate::error::ShapeError;
use pyroxene_kernels::logspace::Chain;

/// The shape of a table of a Markov chain, `[.., steps, states]`, and the sizes of a chain: for a first row
/// `[.., states]`, transitions `[states, states]`, `[.., 1, states, states]` or `[.., steps - 1, states, states]`, and emissions
/// `[.., steps, states]`, of which the leading axes broadcast.
///
/// ```
/// use pyroxene_tensor::shape;
/// let (shape, chain) = shape::chain("log_forward", &[3], &[3, 3], &[5, 10, 3]).unwrap();
/// assert_eq!((shape.as_slice(), chain.matrices), (&[5, 10, 3][..], 1));
/// ```
pub fn chain(op: &str, initial: &[usize], transitions: &[usize], emissions: &[usize]) -> Result<(Shape, Chain)> {
    let ([batch @ .., steps, states], [first_batch @ .., first]) = (emissions, initial) else {
        bail!("{op}: emissions {emissions:?} must be [.., steps, states] and the first row {initial:?} [.., states]");
    };
    let (matrix_batch, matrices, matrix) = match transitions {
        [batch @ .., matrices, rows, columns] => (batch, *matrices, [*rows, *columns]),
        [rows, columns] => (&transitions[..0], 1, [*rows, *columns]),
        _ => bail!("{op}: transitions {transitions:?} must be matrices"),
    };
    if first != states || matrix != [*states; 2] {
        bail!(
            "{op}: emissions {emissions:?}, the first row {initial:?} and transitions {transitions:?} do not have the \
             same states"
        );
    }
    if matrices != 1 && matrices + 1 != (*steps).max(1) {
        bail!("{op}: {matrices} transitions of {transitions:?} for {steps} steps of {emissions:?}");
    }
    let Ok(mut out) = broadcast(op, &[first_batch, matrix_batch, batch]) else {
        bail!("{op}: cannot broadcast the leading axes of {initial:?}, {transitions:?} and {emissions:?}");
    };
    out.extend([*steps, *states]);
    size(op, &out)?;
    Ok((out, Chain { steps: *steps, states: *states, matrices }))
}
