//! The context that model code speaks to.

use super::plate::{Plate, PlateScope};
use super::{Data, Deterministic, Effects, Param, Sample, Trace, mask::Mask, scale::Scale, trace::Record};
use crate::constraint::Constraint;
use crate::dist::{Distribution, Unit};
use crate::error::Error;
use pyroxene_autograd::Var;
use pyroxene_tensor::context;
use std::rc::Rc;

/// The context of a running model.
///
/// ```
/// use pyroxene::{Cx, Seed, dist::Normal, run};
/// fn model(cx: &mut Cx) -> f64 {
///     let mean = cx.sample("mean", Normal::new(0.0, 1.0));
///     cx.plate("data", 3, |cx| cx.sample("x", Normal::new(mean, 0.1))).sum().item()
/// }
/// let total = run(model, Seed(0))?;
/// assert!(total.is_finite());
/// # Ok::<(), pyroxene::Error>(())
/// ```
pub struct Cx<'a>(pub(crate) &'a mut (dyn Effects + 'a));

/// A model: any function of a context. It captures its data.
pub trait Model<R>: Fn(&mut Cx) -> R {}

impl<R, F: Fn(&mut Cx) -> R> Model<R> for F {}

impl<'a> Cx<'a> {
    /// The context whose messages go to a handler of one's own, see [`Effects`].
    pub fn new(handler: &'a mut (dyn Effects + 'a)) -> Cx<'a> {
        Cx(handler)
    }
}

impl Cx<'_> {
    /// The handler that messages go to: the `outer` of a handler of one's own.
    pub fn effects(&mut self) -> &mut dyn Effects {
        self.0
    }

    /// A random variable: its value is drawn, or is what a handler sets.
    ///
    /// Names are unique in a run. Inside plates the distribution's batch shape is stretched to the plates' sizes.
    #[track_caller]
    pub fn sample(&mut self, name: &str, dist: impl Distribution + 'static) -> Var {
        self.visit(Sample::new(name, Rc::new(dist)))
    }

    /// A random variable whose value is data.
    #[track_caller]
    pub fn observe(&mut self, name: &str, dist: impl Distribution + 'static, value: impl Into<Var>) -> Var {
        let mut site = Sample::new(name, Rc::new(dist));
        site.observe(value);
        self.visit(site)
    }

    fn visit(&mut self, mut site: Sample) -> Var {
        context::set_site(&site.name);
        self.0.sample(&mut site);
        site.value.expect("the outermost handler gives every site a value")
    }

    /// A term of the joint log density: every element of `log_density` counts.
    #[track_caller]
    pub fn factor(&mut self, name: &str, log_density: impl Into<Var>) {
        self.observe(name, Unit::new(log_density), Vec::<f64>::new());
    }

    /// A learnable parameter on the real line, started at `init` when it is first asked for.
    #[track_caller]
    pub fn param(&mut self, name: &str, init: impl Into<Var>) -> Var {
        self.constrained_param(name, init, Constraint::Real)
    }

    /// A learnable parameter whose values satisfy a constraint.
    #[track_caller]
    pub fn constrained_param(&mut self, name: &str, init: impl Into<Var>, constraint: Constraint) -> Var {
        context::set_site(name);
        let mut site = Param { name: name.to_string(), init: init.into(), constraint, value: None };
        self.0.param(&mut site);
        site.value.expect("the outermost handler gives every parameter a value")
    }

    /// Declares data that may change from run to run, such as the rows of a minibatch: `value`, unless a handler sets other
    /// data under this name ([`substitute`](crate::substitute), [`SviRun::step_on`](crate::infer::SviRun::step_on)).
    ///
    /// All other data are constants of a compiled model.
    ///
    /// ```
    /// use pyroxene::{Cx, Seed, Tensor, run, substitute};
    /// let model = |cx: &mut Cx| cx.data("x", [1.0, 2.0]).sum().item();
    /// assert_eq!(run(&model, Seed(0))?, 3.0);
    /// assert_eq!(run(substitute(model, [("x", [1.0, 2.0, 4.0])]), Seed(0))?, 7.0);
    /// # Ok::<(), pyroxene::Error>(())
    /// ```
    pub fn data(&mut self, name: &str, value: impl Into<Var>) -> Var {
        let mut site = Data { name: name.to_string(), value: value.into() };
        self.0.data(&mut site);
        site.value
    }

    /// Reports a value under a name, so that traces, fits and predictions carry it.
    pub fn deterministic(&mut self, name: &str, value: impl Into<Var>) -> Var {
        let mut site = Deterministic { name: name.to_string(), value: value.into(), plates: Default::default() };
        self.0.deterministic(&mut site);
        site.value
    }

    /// Runs `body` for `size` conditionally independent elements at once, along a batch axis that the plate owns.
    pub fn plate<R>(&mut self, name: &str, size: usize, body: impl FnOnce(&mut Cx) -> R) -> R {
        self.plate_with(Plate::new(name, size), |cx, _| body(cx))
    }

    /// A plate with an axis of the user's choice or over a subsample; `body` also gets the indices of the elements, a
    /// vector of i64. Log probabilities inside a subsample are scaled up to the full size.
    ///
    /// ```
    /// use pyroxene::{Cx, Plate, Seed, Var, dist::Normal, run};
    /// let data = Var::from([1.0, 2.0, 3.0, 4.0]);
    /// run(
    ///     |cx: &mut Cx| {
    ///         cx.plate_with(Plate::new("data", 4).subsample(2), |cx, indices| {
    ///             cx.observe("x", Normal::new(0.0, 1.0), data.index_select(0, indices));
    ///         })
    ///     },
    ///     Seed(0),
    /// )?;
    /// # Ok::<(), pyroxene::Error>(())
    /// ```
    pub fn plate_with<R>(&mut self, plate: Plate, body: impl FnOnce(&mut Cx, Var) -> R) -> R {
        let mut scope = PlateScope::enter(plate, self.0);
        let indices = scope.indices();
        let _described = context::push(scope.describe());
        body(&mut Cx(&mut scope), indices)
    }

    /// Multiplies the log probabilities of the sites in `body` by a positive factor.
    pub fn scale<R>(&mut self, factor: impl Into<Var>, body: impl FnOnce(&mut Cx) -> R) -> R {
        let factor = factor.into();
        if !factor.is_traced() && factor.greater(0.0).all().item() == 0.0 {
            Error::new(format!("scale: the factor must be positive, got {factor}")).raise();
        }
        body(&mut Cx(&mut Scale { factor, outer: self.0 }))
    }

    /// Lets the log probabilities of the sites in `body` count only where `mask` (booleans) is true.
    pub fn mask<R>(&mut self, mask: impl Into<Var>, body: impl FnOnce(&mut Cx) -> R) -> R {
        body(&mut Cx(&mut Mask { mask: mask.into(), outer: self.0 }))
    }

    /// Runs `body` and records its sites. Whatever changes them must stand inside `body`, or outside this call.
    pub fn trace<R>(&mut self, body: impl FnOnce(&mut Cx) -> R) -> (R, Trace) {
        let mut record = Record { trace: Trace::default(), outer: self.0 };
        let result = body(&mut Cx(&mut record));
        (result, record.trace)
    }
}
