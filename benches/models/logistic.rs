//! Logistic regression on few and on many rows.

use super::Posterior;
use super::data::{Recurrence, columns, standardised};
use pyroxene::dist::{Bernoulli, Normal};
use pyroxene::{DType, Tensor, Var, condition};

/// The model before it is conditioned.
fn prior(x: Tensor) -> Posterior {
    Box::new(move |cx| {
        // Numbers of the type of the data, so that the latent variables have it too.
        let prior = || Normal::new(Var::from(0.0).cast(x.dtype()), Var::from(2.5).cast(x.dtype()));
        let intercept = cx.sample("intercept", prior());
        let slopes = cx.plate("feature", x.size(1), |cx| cx.sample("slope", prior()));
        cx.plate("row", x.size(0), |cx| {
            cx.sample("y", Bernoulli::logits(intercept + Var::from(&x).matmul(slopes)));
        });
    })
}

fn regression(x: Tensor, y: Tensor) -> Posterior {
    Box::new(condition(prior(x), [("y", y)]))
}

/// 30 standardised measurements of 569 breast masses (Wolberg et al. 1993), and which are benign.
fn breast_cancer_data() -> (Tensor, Tensor) {
    let mut table = columns(include_str!("../../testdata/breast_cancer.csv"));
    let benign = table.pop().expect("the last column is the label");
    let features: Vec<Vec<f64>> = table.iter().map(|column| standardised(column)).collect();
    let rows = (0..benign.len()).flat_map(|row| features.iter().map(move |column| column[row])).collect();
    (Tensor::from_vec(rows, [benign.len(), features.len()]), Tensor::from(benign))
}

pub(crate) fn breast_cancer(dtype: DType) -> Posterior {
    let (x, y) = breast_cancer_data();
    regression(x.cast(dtype), y.cast(dtype))
}

pub(crate) fn breast_cancer_prior() -> Posterior {
    prior(breast_cancer_data().0)
}

/// Rows in the shape of the forest cover data (Blackard and Dean 1999): ten dense columns and 44 sparse ones.
pub(crate) fn forest_cover(rows: usize, dtype: DType) -> Posterior {
    const COLUMNS: usize = 54;
    let mut recurrence = Recurrence::new();
    let slopes = recurrence.normals(COLUMNS);
    let (mut x, mut y) = (Vec::with_capacity(rows * COLUMNS), Vec::with_capacity(rows));
    for _ in 0..rows {
        let mut logit = 0.3;
        for (column, slope) in slopes.iter().enumerate() {
            let u = recurrence.uniform();
            let entry = match column {
                0..10 => (u - 0.5) * 12f64.sqrt(),
                _ if u < 0.1 => 3.0,
                _ => -1.0 / 3.0,
            };
            logit += 0.5 * slope * entry;
            x.push(entry);
        }
        let positive = recurrence.uniform() < 1.0 / (1.0 + (-logit).exp());
        y.push(f64::from(u8::from(positive)));
    }
    regression(Tensor::from_vec(x, [rows, COLUMNS]).cast(dtype), Tensor::from(y).cast(dtype))
}
