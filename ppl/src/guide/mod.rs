//! Guides: approximations of a posterior for variational inference. Pyro's counterpart is `pyro.infer.autoguide`.

mod auto_normal;

pub use auto_normal::AutoNormal;

use crate::effects::Cx;

/// A family of distributions over a model's latent sites: a function of a context that draws them under the same names, with
/// learnable parameters.
pub trait Guide {
    /// Draws the latent sites.
    fn run(&self, cx: &mut Cx);
}

impl<F: Fn(&mut Cx)> Guide for F {
    fn run(&self, cx: &mut Cx) {
        self(cx);
    }
}
