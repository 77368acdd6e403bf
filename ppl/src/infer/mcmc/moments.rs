//! Running variances and covariances.

use super::nuts::Metric;

/// Mean and sums of squared deviations of a stream of positions (Welford 1962, "Note on a method for calculating
/// corrected sums of squares and products"), for a diagonal or a whole covariance.
#[derive(Debug)]
pub(super) struct Moments {
    count: usize,
    mean: Vec<f64>,
    /// One sum a coordinate, or a row-major matrix.
    squares: Vec<f64>,
    /// Deviations from the old mean; of use within `add` only.
    deviation: Vec<f64>,
}

impl Moments {
    pub(super) fn new(metric: Metric, dim: usize) -> Moments {
        let sums = match metric {
            Metric::Diagonal => dim,
            Metric::Dense => dim * dim,
        };
        Moments { count: 0, mean: vec![0.0; dim], squares: vec![0.0; sums], deviation: vec![0.0; dim] }
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.mean.fill(0.0);
        self.squares.fill(0.0);
    }

    pub(super) fn add(&mut self, x: &[f64]) {
        self.count += 1;
        let n = self.count as f64;
        for ((deviation, mean), x) in self.deviation.iter_mut().zip(&mut self.mean).zip(x) {
            *deviation = x - *mean;
            *mean += *deviation / n;
        }
        let dim = x.len();
        if self.squares.len() == dim {
            for (i, square) in self.squares.iter_mut().enumerate() {
                *square += self.deviation[i] * (x[i] - self.mean[i]);
            }
        } else {
            // (x - old mean)(x - new mean)^T = (x - old mean)(x - old mean)^T (n - 1) / n: symmetric to the bit.
            let shrink = (n - 1.0) / n;
            for (row, deviation) in self.squares.chunks_exact_mut(dim).zip(&self.deviation) {
                for (square, other) in row.iter_mut().zip(&self.deviation) {
                    *square += shrink * (deviation * other);
                }
            }
        }
    }

    /// The sample variances or covariance; zeros below two positions.
    #[cfg(test)]
    fn estimate(&self) -> Vec<f64> {
        let divisor = (self.count as f64 - 1.0).max(1.0);
        self.squares.iter().map(|square| square / divisor).collect()
    }

    /// The sample estimate drawn towards 1e-3 (times the identity) with the weight of 5 of its draws, as Stan does: a
    /// short window gives something between the sample and a small isotropic metric.
    pub(super) fn regularised(&self) -> Vec<f64> {
        let n = self.count as f64;
        let divisor = (n - 1.0).max(1.0);
        let dim = self.mean.len();
        let stride = if self.squares.len() == dim { 1 } else { dim + 1 };
        let mut estimate: Vec<f64> = self.squares.iter().map(|square| square / divisor * (n / (n + 5.0))).collect();
        estimate.iter_mut().step_by(stride).for_each(|x| *x += 1e-3 * (5.0 / (n + 5.0)));
        estimate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::test_data::{cases, close, numbers};

    #[test]
    fn estimates_agree_with_reference_values() {
        for case in cases(include_str!("../../../tests/data/stats.json")) {
            if case["fn"] != "welford_covariance" {
                continue;
            }
            let samples = &case["inputs"]["samples"];
            let dim = samples["shape"][1].as_u64().unwrap() as usize;
            let metric = if case["attrs"]["diagonal"] == true { Metric::Diagonal } else { Metric::Dense };
            let mut moments = Moments::new(metric, dim);
            moments.add(&vec![1e3; dim]);
            moments.clear();
            for row in numbers(&samples["data"]).chunks(dim) {
                moments.add(row);
            }
            let estimate = if case["attrs"]["regularize"] == true { moments.regularised() } else { moments.estimate() };
            let expected = numbers(&case["outputs"][0]["data"]);
            assert_eq!(estimate.len(), expected.len());
            for (estimate, expected) in estimate.iter().zip(expected) {
                close(*estimate, expected, 1e-12, &case["id"].to_string());
            }
        }
    }
}
