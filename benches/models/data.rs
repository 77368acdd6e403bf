//! Where data come from: tables, and numbers from a fixed recurrence.

use pyroxene::Tensor;

/// Knuth's linear congruential generator: the same data on every machine and in every language.
pub(crate) struct Recurrence(u64);

impl Recurrence {
    pub(crate) fn new() -> Recurrence {
        Recurrence(1)
    }

    /// Uniform on [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Near enough to standard normal: the sum of twelve uniform numbers.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    pub(crate) fn normals(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.normal()).collect()
    }

    /// A place in a list of probabilities that add up to one.
    pub(crate) fn category(&mut self, probabilities: &[f64]) -> usize {
        let mut left = self.uniform();
        let found = probabilities.iter().position(|p| {
            left -= p;
            left < 0.0
        });
        found.unwrap_or(probabilities.len() - 1)
    }
}

/// The columns of a table of numbers below a row of names.
pub(crate) fn columns(csv: &str) -> Vec<Vec<f64>> {
    let rows: Vec<Vec<f64>> = csv
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|field| field.parse().expect("the table holds numbers")).collect())
        .collect();
    (0..rows[0].len()).map(|column| rows.iter().map(|row| row[column]).collect()).collect()
}

/// A column with mean zero and variance one.
pub(crate) fn standardised(column: &[f64]) -> Vec<f64> {
    let n = column.len() as f64;
    let mean = column.iter().sum::<f64>() / n;
    let sd = (column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    column.iter().map(|x| (x - mean) / sd).collect()
}

/// Positions as an index.
pub(crate) fn index(places: impl IntoIterator<Item = usize>) -> Tensor {
    Tensor::from(places.into_iter().map(|place| place as i64).collect::<Vec<i64>>())
}
