//! Effects: what a model may ask for, and the handlers that answer. Pyro's counterpart is `pyro.poutine` and the primitives.
//!
//! A model is a function of a context, [`Cx`]. Each statement ([`Cx::sample`], [`Cx::param`], ...) becomes a message that
//! travels outward through the handlers around it, each of which may change it; the outermost one answers what is still
//! open: it draws values, looks parameters up and checks names. On the way back each handler may look at the answer.
//!
//! A handler implements [`Effects`]: code before passing a message outward processes it, code after sees the answer, and a
//! message that is not passed on is hidden from all handlers outside.

mod block;
mod condition;
mod cx;
mod mask;
mod plate;
mod reparam;
mod replay;
mod root;
mod scale;
mod seed;
mod site;
mod substitute;
mod trace;

pub use block::block;
pub use condition::condition;
pub use cx::{Cx, Model};
pub use mask::mask;
pub use plate::Plate;
pub use reparam::{NonCentered, Strategy, reparam};
pub use replay::replay;
pub(crate) use root::run_with;
pub use root::{Seed, run};
pub use scale::scale;
pub use seed::seed;
pub use site::{Data, Deterministic, Param, PlateFrame, Plates, Sample};
pub use substitute::substitute;
pub(crate) use substitute::{Lookup, Substitute};
pub use trace::Trace;

use pyroxene_autograd::Key;

/// The handlers of effects. Every method but [`Effects::outer`] passes its message outward unless overridden.
pub trait Effects {
    /// The next handler outward; none for the outermost.
    fn outer(&mut self) -> Option<&mut dyn Effects>;

    /// A random variable.
    fn sample(&mut self, site: &mut Sample) {
        if let Some(outer) = self.outer() {
            outer.sample(site);
        }
    }

    /// A learnable parameter.
    fn param(&mut self, site: &mut Param) {
        if let Some(outer) = self.outer() {
            outer.param(site);
        }
    }

    /// A reported value.
    fn deterministic(&mut self, site: &mut Deterministic) {
        if let Some(outer) = self.outer() {
            outer.deterministic(site);
        }
    }

    /// Data that may change from run to run.
    fn data(&mut self, site: &mut Data) {
        if let Some(outer) = self.outer() {
            outer.data(site);
        }
    }

    /// A plate about to be entered: handlers inside it are asked for nothing, enclosing plates say which axes they own (in
    /// `taken`), and the outermost handler gives it an axis and, for a subsample, its indices.
    fn plate(&mut self, plate: &mut PlateFrame, taken: &mut Vec<isize>) {
        if let Some(outer) = self.outer() {
            outer.plate(plate, taken);
        }
    }

    /// The key for the draws of a site.
    fn key(&mut self, site: &str) -> Key {
        match self.outer() {
            Some(outer) => outer.key(site),
            None => unreachable!("the outermost handler has a key"),
        }
    }
}
