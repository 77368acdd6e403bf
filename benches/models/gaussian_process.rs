//! Regression with a Gaussian process whose function values are integrated out.

use super::Posterior;
use super::data::{Recurrence, columns};
use pyroxene::dist::{Gamma, HalfNormal, MultivariateNormal};
use pyroxene::{DType, Tensor, Var};

fn regression(x: &[f64], y: Vec<f64>) -> Posterior {
    let n = x.len();
    let squares = x.iter().flat_map(|a| x.iter().map(move |b| (a - b) * (a - b))).collect();
    let (squares, identity) = (Tensor::from_vec(squares, [n, n]), Tensor::eye(n, DType::F64));
    let y = Tensor::from(y);
    Box::new(move |cx| {
        let length = cx.sample("length", Gamma::new(25.0, 4.0));
        let amplitude = cx.sample("amplitude", HalfNormal::new(2.0));
        let noise = cx.sample("noise", HalfNormal::new(1.0));
        let kernel = amplitude.square() * (-0.5 * &squares / length.square()).exp();
        let covariance = kernel + noise * &identity;
        cx.observe("y", MultivariateNormal::from_covariance(Var::zeros(&[n]), covariance), &y);
    })
}

/// Eleven points of a public example.
pub(crate) fn eleven_points() -> Posterior {
    let mut table = columns(include_str!("../../testdata/benchmarks/process.csv"));
    let y = table.remove(1);
    regression(&table[0], y)
}

pub(crate) fn five_hundred_points() -> Posterior {
    let mut recurrence = Recurrence::new();
    let mut x: Vec<f64> = (0..500).map(|_| 20.0 * recurrence.uniform()).collect();
    x.sort_by(f64::total_cmp);
    let y = x.iter().map(|x| x.sin() + 0.5 * (3.0 * x).sin() + 0.3 * recurrence.normal()).collect();
    regression(&x, y)
}
