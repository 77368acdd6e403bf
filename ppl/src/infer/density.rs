//! What the gradient-based samplers need to know of a target.

/// A log density on R^n with its gradient, up to an additive constant.
///
/// This is the whole contract between a model and a sampler: anything that can be evaluated can be sampled.
///
/// ```
/// use pyroxene::infer::LogDensity;
///
/// /// The standard normal distribution on R^n.
/// struct StandardNormal(usize);
///
/// impl LogDensity for StandardNormal {
///     fn dim(&self) -> usize {
///         self.0
///     }
///     fn evaluate(&mut self, position: &[f64], gradient: &mut [f64]) -> f64 {
///         for (g, x) in gradient.iter_mut().zip(position) {
///             *g = -x;
///         }
///         -0.5 * position.iter().map(|x| x * x).sum::<f64>()
///     }
/// }
/// # let mut gradient = [0.0; 2];
/// # assert_eq!(StandardNormal(2).evaluate(&[1.0, 3.0], &mut gradient), -5.0);
/// # assert_eq!(gradient, [-1.0, -3.0]);
/// ```
pub trait LogDensity {
    /// The number of coordinates.
    fn dim(&self) -> usize;

    /// The log density at `position`; `gradient` receives its gradient. Both slices have [`dim`](Self::dim) elements.
    ///
    /// A point where the density is zero or cannot be computed gives `-inf` or NaN; the gradient is then not read.
    fn evaluate(&mut self, position: &[f64], gradient: &mut [f64]) -> f64;
}
