//! Bayesian logistic regression: which breast masses are benign?
//!
//! 569 masses, 30 measurements of the cell nuclei of each (Wolberg et al. 1993, see testdata/README.md). Every fifth mass is
//! kept aside to see whether the predicted probabilities are honest.
//!
//!     cargo run --release --example logistic_regression

use pyroxene::dist::{Bernoulli, Normal};
use pyroxene::{
    AutoNormal, Cx, Error, Nuts, Seed, Svi, Tensor, Values, Var, condition, optim::Adam, posterior_predictive,
};

const DATA: &str = include_str!("../testdata/breast_cancer.csv");

/// Measurements (standardised) and labels of some of the masses.
struct Masses {
    features: Tensor,
    benign: Tensor,
}

impl Masses {
    fn count(&self) -> usize {
        self.benign.len()
    }
}

/// The masses to learn from, and those kept aside.
fn read() -> (Masses, Masses) {
    let number = |field: &str| field.parse::<f64>().expect("the file holds numbers");
    let rows: Vec<Vec<f64>> = DATA.lines().skip(1).map(|line| line.split(',').map(number).collect()).collect();
    let n = rows.len() as f64;
    let features = rows[0].len() - 1;
    let mean: Vec<f64> = (0..features).map(|k| rows.iter().map(|row| row[k]).sum::<f64>() / n).collect();
    let sd = |k: usize| (rows.iter().map(|row| (row[k] - mean[k]).powi(2)).sum::<f64>() / n).sqrt();
    let sd: Vec<f64> = (0..features).map(sd).collect();
    let select = |aside: bool| {
        let rows: Vec<&Vec<f64>> =
            rows.iter().enumerate().filter(|(i, _)| (i % 5 == 0) == aside).map(|(_, row)| row).collect();
        let standardised = rows.iter().flat_map(|row| (0..features).map(|k| (row[k] - mean[k]) / sd[k]));
        Masses {
            features: Tensor::from_vec(standardised.collect::<Vec<f64>>(), [rows.len(), features]),
            benign: Tensor::from(rows.iter().map(|row| row[features]).collect::<Vec<f64>>()),
        }
    };
    (select(false), select(true))
}

fn model(cx: &mut Cx, masses: &Masses) {
    let intercept = cx.sample("intercept", Normal::new(0.0, 2.5));
    let slopes = cx.plate("feature", masses.features.size(1), |cx| cx.sample("slope", Normal::new(0.0, 2.5)));
    cx.plate("mass", masses.count(), |cx| {
        let logits = intercept + Var::from(&masses.features).matmul(slopes);
        cx.sample("benign", Bernoulli::logits(logits));
    });
}

/// Accuracy on the masses kept aside, and the mean log score of their predicted probabilities.
fn score(posterior: impl Into<Values>, aside: &Masses) -> Result<(f64, f64), Error> {
    let drawn = posterior_predictive(&|cx: &mut Cx| model(cx, aside), posterior, Seed(2))?;
    let probability = drawn["benign"].mean_axes(&[0], false).to_vec::<f64>();
    let truth = aside.benign.to_vec::<f64>();
    let n = truth.len() as f64;
    let right = probability.iter().zip(&truth).filter(|&(&p, &y)| (p > 0.5) == (y == 1.0)).count();
    let log_score = |(&p, &y): (&f64, &f64)| if y == 1.0 { p.max(1e-4).ln() } else { (1.0 - p).max(1e-4).ln() };
    Ok((right as f64 / n, probability.iter().zip(&truth).map(log_score).sum::<f64>() / n))
}

fn main() -> Result<(), Error> {
    let (known, aside) = read();
    let posterior = condition(|cx: &mut Cx| model(cx, &known), [("benign", known.benign.clone())]);

    let fit = Nuts::default().run(&posterior, Seed(0))?;
    println!("NUTS:\n\n{fit}\n");
    assert_eq!(fit.divergences(), 0);
    let (accuracy, log_score) = score(&fit, &aside)?;
    println!("NUTS: {:.1} % of the masses kept aside are right, mean log score {log_score:.3}", 100.0 * accuracy);
    assert!(accuracy > 0.94 && log_score > -0.2);

    // The same model by variational inference: faster, and the correlations of the slopes are lost.
    let guide = AutoNormal::new(&posterior);
    let svi = Svi::new(Adam::new(0.02)).steps(3_000).run(&posterior, &guide, Seed(0))?;
    let draws = svi.draws(&guide, 2_000, Seed(1))?;
    let (accuracy, log_score) = score(draws, &aside)?;
    println!("SVI:  {:.1} % of the masses kept aside are right, mean log score {log_score:.3}", 100.0 * accuracy);
    assert!(accuracy > 0.94 && log_score > -0.2);
    Ok(())
}
