//! The mean-field normal guide. Pyro's counterpart is `AutoNormal`; Kucukelbir et al. (2017), "Automatic differentiation
//! variational inference".

use super::Guide;
use crate::constraint::Constraint;
use crate::dist::{Delta, Distribution, Independent, Normal};
use crate::effects::{Cx, Effects, Model, Param, Plates, Sample};
use crate::error::Error;
use crate::infer::is_enumerated;
use crate::transform::biject_to;
use pyroxene_autograd::{Shape, Var};
use std::rc::Rc;

/// Independent normal distributions over the unconstrained forms of all continuous latent sites of a model.
///
/// For each site `x` there are two parameters of the unconstrained form's shape, `auto.x.loc` and `auto.x.scale`, in the type of the
/// site's values. Sites in a subsampled plate have parameters for all of the plate's elements.
#[derive(Clone, Debug)]
pub struct AutoNormal<M> {
    model: M,
    initial_scale: f64,
}

impl<M> AutoNormal<M> {
    /// The guide for a model; locations start at zero in the unconstrained space, scales at 0.1.
    pub fn new<R>(model: M) -> AutoNormal<M>
    where
        M: Model<R>,
    {
        AutoNormal { model, initial_scale: 0.1 }
    }

    /// Starts all scales at `scale`.
    #[must_use]
    pub fn initial_scale(self, scale: f64) -> AutoNormal<M> {
        AutoNormal { initial_scale: scale, ..self }
    }
}

impl<M: Fn(&mut Cx) -> R, R> AutoNormal<M> {
    /// Runs the model with each latent site drawn from the guide; only the guide's own sites are seen outside.
    fn draw(&self, cx: &mut Cx) {
        (self.model)(&mut Cx(&mut Auto { initial_scale: self.initial_scale, outer: cx.0 }));
    }
}

impl<M: Fn(&mut Cx)> Guide for AutoNormal<M> {
    fn run(&self, cx: &mut Cx) {
        self.draw(cx);
    }
}

struct Auto<'a> {
    initial_scale: f64,
    outer: &'a mut dyn Effects,
}

impl Effects for Auto<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut Sample) {
        if site.observed {
            return;
        }
        if is_enumerated(site) || site.dist.is_point_mass() {
            // The model sums it out or knows it; its value here decides nothing that is recorded.
            let key = self.outer.key(&site.name);
            site.value = Some(site.dist.draw(key, &site.batch_shape));
            return;
        }
        let Some(transform) = biject_to(&site.dist.support()) else {
            let message = format!("AutoNormal wants continuous sites, {} is discrete", site.dist.name());
            Error::at(&site.name, message).raise();
        };
        let shape = transform.inverse_shape(&site.shape());
        let key = self.outer.key(&site.name);
        let dtype = site.dist.draw(key, &site.batch_shape).dtype();
        let [at_zero, spread] = [0.0, self.initial_scale].map(|init| Var::from(init).cast(dtype));
        let loc = self.param(site, "loc", at_zero, &shape, Constraint::Real);
        let scale = self.param(site, "scale", spread, &shape, Constraint::Positive);
        let event = shape.len() - site.batch_shape.len().min(shape.len());
        let mut point = Sample {
            name: format!("auto.{}", site.name),
            dist: Rc::new(Independent::new(Normal::new(loc, scale), event)),
            auxiliary: true,
            ..site.clone()
        };
        self.outer.sample(&mut point);
        let point = point.value.expect("a site that has run has a value");
        let value = transform.forward(point);
        // The density of the value, given that of the point.
        let density = -transform.log_abs_det(point, value);
        let event = site.dist.event_shape().len();
        let density = sum_to_batch(density, &site.batch_shape);
        let delta: Rc<dyn Distribution> = Rc::new(Delta::new(value, event).log_density(density));
        let mut pushed = Sample { dist: delta, value: Some(value), ..site.clone() };
        self.outer.sample(&mut pushed);
        site.value = Some(value);
    }

    fn deterministic(&mut self, _: &mut crate::effects::Deterministic) {}
}

/// Jacobians come with one number an event of the transform, which may be smaller than the site's.
fn sum_to_batch(density: Var, batch: &Shape) -> Var {
    let extra: Vec<isize> = (batch.len() as isize..density.ndim() as isize).collect();
    if extra.is_empty() { density } else { density.sum_axes(&extra, false) }
}

impl Auto<'_> {
    /// A parameter of the site, with all elements of the plates around it, of which a subsample is looked at.
    fn param(&mut self, site: &Sample, kind: &str, init: Var, shape: &Shape, constraint: Constraint) -> Var {
        let axes = plate_axes(&site.plates, site.batch_shape.len());
        let mut full = shape.clone();
        for &(axis, size, _) in &axes {
            full[axis] = size;
        }
        let name = format!("auto.{}.{kind}", site.name);
        let mut param = Param { name, init: init.expand(&full), constraint, value: None };
        self.outer.param(&mut param);
        let value = param.value.expect("the outermost handler gives every parameter a value");
        axes.iter().fold(value, |value, &(axis, _, indices)| match indices {
            Some(indices) => value.index_select(axis as isize, indices),
            None => value,
        })
    }
}

/// The axis of each plate, its full size, and its subsample.
fn plate_axes(plates: &Plates, batch_dims: usize) -> Vec<(usize, usize, Option<Var>)> {
    let axis = |plate: &crate::effects::PlateFrame| batch_dims - plate.dim.unsigned_abs();
    plates.iter().map(|plate| (axis(plate), plate.full_size, plate.indices)).collect()
}
