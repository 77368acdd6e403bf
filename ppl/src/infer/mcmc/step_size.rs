//! Adaptation of the step size.

use crate::infer::scalar::{exp, ln};

/// Nesterov's dual averaging of the logarithm of the step size, towards a mean acceptance statistic
/// (Hoffman and Gelman 2014, section 3.2, with their constants).
#[derive(Clone, Debug)]
pub(super) struct DualAveraging {
    /// How strongly the iterates are drawn to the centre.
    shrinkage: f64,
    /// Stabilises the first iterations.
    offset: f64,
    /// How fast the average forgets them.
    decay: f64,
    centre: f64,
    count: f64,
    error: f64,
    average: f64,
}

impl DualAveraging {
    /// Starts from a step size, with a centre of ten times that: larger steps are cheaper to try than smaller ones.
    pub(super) fn new(step: f64) -> DualAveraging {
        DualAveraging {
            shrinkage: 0.05,
            offset: 10.0,
            decay: 0.75,
            centre: ln(10.0 * step),
            count: 0.0,
            error: 0.0,
            average: 0.0,
        }
    }

    /// Takes in `target - statistic` of one transition, and gives the step size of the next one.
    pub(super) fn update(&mut self, error: f64) -> f64 {
        exp(self.next(error))
    }

    /// The step size to keep: the average of the iterates, the later ones weighing more. None before the first one.
    pub(super) fn averaged(&self) -> Option<f64> {
        (self.count > 0.0).then(|| exp(self.average))
    }

    fn next(&mut self, error: f64) -> f64 {
        self.count += 1.0;
        let weight = 1.0 / (self.count + self.offset);
        self.error = (1.0 - weight) * self.error + weight * error;
        let iterate = self.centre - self.error * self.count.sqrt() / self.shrinkage;
        let weight = exp(-self.decay * ln(self.count));
        self.average = (1.0 - weight) * self.average + weight * iterate;
        iterate
    }
}

/// The smallest and the largest step size that a search tries.
const RANGE: std::ops::Range<f64> = 1e-12..1e7;

/// A step size to begin with: doubled or halved until the acceptance probability of one step crosses 0.8
/// (Hoffman and Gelman 2014, algorithm 4, with Stan's threshold). `gain(step)` is the change of `-energy` over a step
/// with a new momentum. On a density that is flat or fails everywhere the search ends at the range's end.
pub(super) fn reasonable(mut step: f64, mut gain: impl FnMut(f64) -> f64) -> f64 {
    let threshold = ln(0.8);
    let mut accepts = |step| gain(step) > threshold;
    let grow = accepts(step);
    let factor = if grow { 2.0 } else { 0.5 };
    while RANGE.contains(&step) {
        step *= factor;
        if accepts(step) != grow {
            break;
        }
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::test_data::{cases, close, numbers};

    #[test]
    fn iterates_agree_with_reference_values() {
        for case in cases(include_str!("../../../tests/data/stats.json")) {
            if case["fn"] != "dual_averaging" {
                continue;
            }
            let attr = |name: &str| case["attrs"][name].as_f64().unwrap();
            let mut averaging = DualAveraging {
                shrinkage: attr("gamma"),
                offset: attr("t0"),
                decay: attr("kappa"),
                centre: attr("prox_center"),
                ..DualAveraging::new(1.0)
            };
            let outputs = [0, 1].map(|i| numbers(&case["outputs"][i]["data"]));
            for (i, g) in numbers(&case["inputs"]["g"]["data"]).into_iter().enumerate() {
                close(averaging.next(g), outputs[0][i], 1e-12, "iterate");
                close(averaging.average, outputs[1][i], 1e-12, "average");
            }
        }
    }

    #[test]
    fn finds_the_step_where_the_statistic_meets_the_target() {
        // The statistic falls with the step size as 1 / (1 + step), which is 0.8 at 0.25.
        let mut averaging = DualAveraging::new(3.0);
        assert_eq!(averaging.averaged(), None);
        let mut step = 3.0;
        for _ in 0..2000 {
            step = averaging.update(0.8 - 1.0 / (1.0 + step));
        }
        assert!((averaging.averaged().unwrap() - 0.25).abs() < 0.01, "{averaging:?}");
    }

    #[test]
    fn the_search_crosses_the_threshold_and_ends_everywhere() {
        for start in [1e-6, 1.0, 1e5] {
            let step = reasonable(start, |step| -step * step);
            assert!((0.2..1.0).contains(&step), "{step}");
        }
        assert!(reasonable(1.0, |_| 0.0) >= 1e7);
        assert!(reasonable(1.0, |_| f64::NEG_INFINITY) <= 1e-12);
    }
}
