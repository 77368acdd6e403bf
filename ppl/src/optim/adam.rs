//! Adam: Kingma & Ba (2015), "Adam: a method for stochastic optimization", algorithm 1.

use super::Optimizer;
use pyroxene_autograd::Var;

/// Adam with bias-corrected first and second moments.
///
/// ```
/// use pyroxene::optim::Adam;
/// let adam = Adam { learning_rate: 0.02, ..Adam::default() };
/// assert_eq!(adam.betas, (0.9, 0.999));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// The step length; 1e-3 by default.
    pub learning_rate: f64,
    /// The decay rates of the two moments; (0.9, 0.999) by default.
    pub betas: (f64, f64),
    /// Added to the root of the second moment; 1e-8 by default.
    pub epsilon: f64,
}

impl Default for Adam {
    fn default() -> Adam {
        Adam { learning_rate: 1e-3, betas: (0.9, 0.999), epsilon: 1e-8 }
    }
}

impl Adam {
    /// Adam with a learning rate and the other settings as published.
    pub fn new(learning_rate: f64) -> Adam {
        Adam { learning_rate, ..Adam::default() }
    }
}

impl Optimizer for Adam {
    fn state_vectors(&self) -> usize {
        2
    }

    fn step(&self, parameters: Var, gradient: Var, state: &[Var], step: Var) -> (Var, Vec<Var>) {
        let (beta1, beta2) = self.betas;
        let mean = state[0] * beta1 + gradient * (1.0 - beta1);
        let square = state[1] * beta2 + gradient.square() * (1.0 - beta2);
        // 1 - beta^t, without cancellation. The corrections are numbers, and one division an element is enough (section 2).
        let [mean_weight, square_weight] = [beta1, beta2].map(|beta| -(step * beta.ln()).exp_m1());
        // Numbers that are computed from that of the step take the type of the parameters.
        let as_parameters = |x: Var| x.cast(parameters.dtype());
        let scale = square.sqrt() * as_parameters(square_weight.sqrt().recip()) + self.epsilon;
        let moved = parameters - mean * as_parameters(self.learning_rate / mean_weight) / scale;
        (moved, vec![mean, square])
    }
}
