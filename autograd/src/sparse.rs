//! Derivatives by tables of which few rows were read.

use crate::arena::{Var, check_live};
use crate::grad::Sweep;
use crate::shape;
use pyroxene_tensor::{DType, Tensor};
use std::collections::BTreeMap;

/// The derivative by a table of which some rows were read by number: zero but for those rows.
#[derive(Clone, Copy, Debug)]
pub struct RowGradient {
    /// The number of each row that was read, i64, shape `[k]`; a row that was read twice is here twice.
    pub rows: Var,
    /// The derivative by each of them, shape `[k, ...]`.
    pub values: Var,
    len: usize,
}

/// The derivative of a scalar `y` by a table that is only read by rows ([`Var::take`], [`Var::index_select`] on the first
/// axis), such as an embedding: as long as the rows that were read, not as the table.
///
/// ```
/// use pyroxene_autograd::{Var, grad_rows};
/// let table = Var::ones(&[1000, 2]);
/// let y = (table.take([7, 3, 7]) * [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).sum();
/// let gradient = grad_rows(y, table);
/// assert_eq!(gradient.values.shape().as_slice(), [3, 2]);
/// let (rows, values) = gradient.coalesce();
/// assert_eq!(rows.to_vec::<i64>(), [3, 7]);
/// assert_eq!(values.to_vec::<f64>(), [3.0, 4.0, 6.0, 8.0]);
/// ```
///
/// # Panics
/// If `y` has more than one element, or depends on the table otherwise than by rows: see [`grad`](crate::grad()) for that.
#[track_caller]
pub fn grad_rows(y: Var, table: Var) -> RowGradient {
    check_live(&[y, table]);
    let (shape, table_shape) = (y.shape(), table.shape());
    shape::one_number("grad_rows", &shape);
    if table_shape.is_empty() {
        shape::fail("grad_rows: the table must have rows, got shape []");
    }
    let sweep = Sweep::run(y, Var::ones(&shape), &[table], Some(table));
    if sweep.found(table).is_some() {
        shape::fail(format_args!(
            "grad_rows: the output depends on the table of shape {table_shape:?} otherwise than by rows; its derivative is dense: use grad"
        ));
    }
    // An index of several axes is a list of rows all the same.
    let row_shape: Vec<isize> = std::iter::once(-1).chain(table_shape[1..].iter().map(|&size| size as isize)).collect();
    let flat = |(rows, values): (Var, Var)| (rows.reshape(&[-1]), values.reshape(&row_shape));
    let (rows, values): (Vec<Var>, Vec<Var>) = sweep.rows.into_iter().map(flat).unzip();
    let mut none = table_shape.clone();
    none[0] = 0;
    let (rows, values) = match rows.len() {
        0 => (Var::from(Tensor::zeros([0], DType::I64)), Var::zeros(&none)),
        _ => (Var::concat(&rows, 0), Var::concat(&values, 0)),
    };
    RowGradient { rows, values, len: table_shape[0] }
}

impl RowGradient {
    /// The rows that were read, in ascending order and each once, and the sum of the derivatives at each.
    #[track_caller]
    pub fn coalesce(&self) -> (Tensor, Tensor) {
        let (rows, values) = (self.numbers(), self.values.to_tensor());
        let mut place: BTreeMap<i64, usize> = rows.iter().map(|&row| (row, 0)).collect();
        place.values_mut().enumerate().for_each(|(k, place)| *place = k);
        let index: Vec<i64> = rows.iter().map(|row| place[row] as i64).collect();
        let distinct: Vec<i64> = place.keys().copied().collect();
        let sums = values.index_add(0, &Tensor::from(index), distinct.len());
        (Tensor::from(distinct), sums)
    }

    /// The derivative by the whole table.
    #[track_caller]
    #[must_use]
    pub fn to_dense(&self) -> Var {
        self.values.index_add(0, self.rows, self.len)
    }

    /// Row numbers counted from the start.
    #[track_caller]
    fn numbers(&self) -> Vec<i64> {
        let rows = self.rows.to_tensor().to_vec::<i64>();
        rows.into_iter().map(|row| if row < 0 { row + self.len as i64 } else { row }).collect()
    }
}
