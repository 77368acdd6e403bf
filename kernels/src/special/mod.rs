//! Incomplete gamma and beta functions, their derivatives by every argument, and the derivatives of gamma and beta draws
//! that follow from them.
//!
//! Functions of single numbers; [`Special`] is one of them as a value and applies it over slices. All use this crate's
//! elementary functions, so the bits are the same on every processor.
//!
//! The two families are computed in one way. The probability on one side of the argument is written as
//! `weight * ratio`, where the weight is the density of the logarithm (gamma) or the logit (beta) of the argument and the
//! ratio is a sum of positive terms. For large parameters the ratio is an integral from the argument outwards, over which
//! the density falls monotonically, by a fixed Gauss-Legendre rule; W. H. Press et al., *Numerical Recipes*, 3rd ed.
//! (2007), section 6.2, integrate the density itself in that way. For small parameters it is a power series. The derivative
//! of the probability by a parameter has the same weight, so it is formed as a ratio too: the derivative of a draw, which is
//! minus the derivative of the probability over the density (M. Figurnov, S. Mohamed and A. Mnih, "Implicit
//! reparameterization gradients", NeurIPS 2018, eq. 5), neither underflows nor cancels in the tails.

mod beta;
mod elementary;
mod gamma;
mod lbeta;
mod quadrature;

pub use beta::{beta_density, beta_logit_slope_a, beta_logit_slope_b, betainc, betainc_by_a, betainc_by_b};
pub use elementary::{STIRLING, digamma_gap};
pub use gamma::{gamma_density, gamma_log_slope, gammainc, gammainc_by_a, gammaincc};
pub use lbeta::lbeta;

use rayon::prelude::*;

/// Elements a task: some tens of microseconds.
const GRAIN: usize = 64;

/// A function of this module as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Special {
    /// [`gammainc`]`(a, x)`
    Gammainc,
    /// [`gammaincc`]`(a, x)`
    Gammaincc,
    /// [`gammainc_by_a`]`(a, x)`
    GammaincByA,
    /// [`gamma_density`]`(a, x)`
    GammaDensity,
    /// [`gamma_log_slope`]`(a, z)`
    GammaLogSlope,
    /// [`betainc`]`(a, b, x)`
    Betainc,
    /// [`betainc_by_a`]`(a, b, x)`
    BetaincByA,
    /// [`betainc_by_b`]`(a, b, x)`
    BetaincByB,
    /// [`beta_density`]`(a, b, x)`
    BetaDensity,
    /// [`beta_logit_slope_a`]`(a, b, z)`
    BetaLogitSlopeA,
    /// [`beta_logit_slope_b`]`(a, b, z)`
    BetaLogitSlopeB,
    /// [`lbeta`]`(a, b)`
    Lbeta,
    /// [`digamma_gap`]`(b, a)`
    DigammaGap,
}

enum Function {
    Two(fn(f64, f64) -> f64),
    Three(fn(f64, f64, f64) -> f64),
}
use Function::{Three, Two};

impl Special {
    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Special::Gammainc => "gammainc",
            Special::Gammaincc => "gammaincc",
            Special::GammaincByA => "gammainc_by_a",
            Special::GammaDensity => "gamma_density",
            Special::GammaLogSlope => "gamma_log_slope",
            Special::Betainc => "betainc",
            Special::BetaincByA => "betainc_by_a",
            Special::BetaincByB => "betainc_by_b",
            Special::BetaDensity => "beta_density",
            Special::BetaLogitSlopeA => "beta_logit_slope_a",
            Special::BetaLogitSlopeB => "beta_logit_slope_b",
            Special::Lbeta => "lbeta",
            Special::DigammaGap => "digamma_gap",
        }
    }

    fn function(self) -> Function {
        match self {
            Special::Gammainc => Two(gammainc),
            Special::Gammaincc => Two(gammaincc),
            Special::GammaincByA => Two(gammainc_by_a),
            Special::GammaDensity => Two(gamma_density),
            Special::GammaLogSlope => Two(gamma_log_slope),
            Special::Betainc => Three(betainc),
            Special::BetaincByA => Three(betainc_by_a),
            Special::BetaincByB => Three(betainc_by_b),
            Special::BetaDensity => Three(beta_density),
            Special::BetaLogitSlopeA => Three(beta_logit_slope_a),
            Special::BetaLogitSlopeB => Three(beta_logit_slope_b),
            Special::Lbeta => Two(lbeta),
            Special::DigammaGap => Two(digamma_gap),
        }
    }

    /// The number of arguments.
    pub fn arity(self) -> usize {
        match self.function() {
            Two(_) => 2,
            Three(_) => 3,
        }
    }

    /// The function of each element of the arguments, in parallel when there are many.
    ///
    /// # Panics
    /// If the number of arguments or their lengths are wrong.
    #[track_caller]
    pub fn apply(self, arguments: &[&[f64]], out: &mut [f64]) {
        let name = self.name();
        assert!(arguments.iter().all(|x| x.len() == out.len()), "{name}: the lengths differ");
        match (self.function(), arguments) {
            (Two(f), &[x, y]) => in_chunks(out, |at| f(x[at], y[at])),
            (Three(f), &[x, y, z]) => in_chunks(out, |at| f(x[at], y[at], z[at])),
            _ => panic!("{name}: {} arguments in place of {}", arguments.len(), self.arity()),
        }
    }
}

/// Sets each element to `f` of its position.
fn in_chunks(out: &mut [f64], f: impl Fn(usize) -> f64 + Sync) {
    let work = |start: usize, out: &mut [f64]| out.iter_mut().enumerate().for_each(|(i, out)| *out = f(start + i));
    if out.len() <= GRAIN {
        work(0, out);
    } else {
        out.par_chunks_mut(GRAIN).enumerate().for_each(|(index, chunk)| work(index * GRAIN, chunk));
    }
}
