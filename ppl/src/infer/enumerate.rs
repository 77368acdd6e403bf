//! Discrete latent variables summed out exactly. Pyro's counterparts are `poutine.enum` and `TraceEnum_ELBO`.
//!
//! Each enumerated site gets an axis of its own, to the left of all batch axes, along which its value runs over the support:
//! in a plate of 100, a coin has the values `[[0], [1]]` of shape `[2, 1]`. In front of an event axis put `unsqueeze(-1)`.
//! Everything that depends on it then carries that axis, and the log density sums it out by variable elimination with
//! plates (Obermeyer et al. 2019, "Tensor variable elimination for plated factor graphs"): sites in the innermost plates
//! first, their factors multiplied, summed over the plates that the site is not in, and added up over its values.

use crate::effects::{Effects, Sample, Trace};
use crate::error::Error;
use pyroxene_autograd::{Shape, Tensor, Var, dependence};
use std::collections::BTreeSet;
use std::rc::Rc;

/// A site that was enumerated.
#[derive(Clone, Debug)]
pub(crate) struct Enumerated {
    name: String,
    /// Its axis, counted from the right.
    dim: usize,
    plates: BTreeSet<Rc<str>>,
    value: Var,
    support: usize,
}

/// Whether a site is summed out: a latent one of finite support, unless the model forbids it.
pub(crate) fn is_enumerated(site: &Sample) -> bool {
    !site.observed && site.enumerate != Some(false) && site.dist.enumerate_support().is_some()
}

/// Gives each such site all its values at once.
pub(crate) struct Enumerate<'a> {
    batch_dims: usize,
    pub(crate) sites: Vec<Enumerated>,
    outer: &'a mut dyn Effects,
}

impl<'a> Enumerate<'a> {
    pub(crate) fn new(batch_dims: usize, outer: &'a mut dyn Effects) -> Enumerate<'a> {
        Enumerate { batch_dims, sites: Vec::new(), outer }
    }

    /// The values of the sites enumerated so far.
    pub(crate) fn values(&self) -> Vec<Var> {
        self.sites.iter().map(|site| site.value).collect()
    }
}

impl Effects for Enumerate<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut Sample) {
        site.enumerated_from = (!self.sites.is_empty()).then_some(self.batch_dims + 1);
        if site.value.is_none() && is_enumerated(site) {
            check_plates(site, self.batch_dims);
            let support = site.dist.enumerate_support().expect("is_enumerated");
            let dim = self.batch_dims + self.sites.len() + 1;
            let mut shape = vec![1; dim];
            shape[0] = support.len();
            let enumerated = Enumerated {
                name: site.name.clone(),
                dim,
                plates: site.plates.iter().map(|plate| plate.name.clone()).collect(),
                support: support.len(),
                value: Var::from(Tensor::from_vec(support, &shape)),
            };
            site.value = Some(enumerated.value);
            self.sites.push(enumerated);
        }
        self.outer.sample(site);
    }
}

/// An enumerated site has one value an element of its plates: other batch axes would share it.
fn check_plates(site: &Sample, batch_dims: usize) {
    let rank = site.batch_shape.len();
    let owned = |dim: usize| site.plates.iter().any(|plate| plate.dim.unsigned_abs() == dim);
    if (1..=rank.min(batch_dims)).any(|dim| site.batch_shape[rank - dim] > 1 && !owned(dim)) {
        let message = format!(
            "it is summed out, and its batch shape {:?} has elements that no plate makes independent; put it in a plate",
            site.batch_shape.as_slice()
        );
        Error::at(&site.name, message).raise();
    }
}

/// A term of the log joint density on its way to a number.
struct Factor {
    /// The log density before its scale.
    value: Var,
    scale: Option<Var>,
    /// Indices of the enumerated sites that it depends on.
    depends: BTreeSet<usize>,
    /// The plates whose axes it has, with the axes counted from the right.
    plates: BTreeSet<(Rc<str>, usize)>,
    /// For messages.
    site: String,
}

/// The log density of a trace with its enumerated sites summed out.
pub(crate) fn marginal_log_density(trace: &Trace, enumerated: &[Enumerated]) -> Var {
    if enumerated.is_empty() {
        return trace.log_density();
    }
    let log_probs: Vec<Var> = trace.samples().iter().map(|site| log_prob(site, enumerated)).collect();
    let values: Vec<Var> = enumerated.iter().map(|site| site.value).collect();
    let found = dependence(&values);
    let pairs = trace.samples().iter().zip(log_probs);
    let mut factors: Vec<Factor> =
        pairs.map(|(site, log_prob)| Factor::new(site, log_prob, found.of(log_prob), enumerated)).collect();
    let mut order: Vec<usize> = (0..enumerated.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse((enumerated[index].plates.len(), index)));
    for index in order {
        let (with, without): (Vec<Factor>, Vec<Factor>) =
            factors.into_iter().partition(|factor| factor.depends.contains(&index));
        factors = without;
        factors.push(eliminate(index, &enumerated[index], with, enumerated));
    }
    factors.into_iter().map(Factor::total).sum()
}

/// The log probability of a site before its scale. A masked enumerated site has all its values with equal probability, so that
/// it adds nothing.
fn log_prob(site: &Sample, enumerated: &[Enumerated]) -> Var {
    let own = enumerated.iter().find(|enumerated| enumerated.name == site.name);
    site.masked_log_prob(own.map_or(0.0, |own| -(own.support as f64).ln()))
}

impl Factor {
    fn new(site: &Sample, value: Var, depends: &[usize], enumerated: &[Enumerated]) -> Factor {
        let shape = value.shape();
        let size = |dim: usize| shape.len().checked_sub(dim).map_or(1, |axis| shape[axis]);
        if let Some(lost) = depends.iter().map(|&index| &enumerated[index]).find(|on| size(on.dim) != on.support) {
            let message = format!(
                "it depends on the values of the enumerated site {:?}, but not along their axis (-{}): a reduction mixed them, \
                 or they met an event axis, before which they want `unsqueeze(-1)`",
                lost.name, lost.dim
            );
            Error::at(&site.name, message).raise();
        }
        let foreign = |(index, on): &(usize, &Enumerated)| size(on.dim) > 1 && !depends.contains(index);
        if let Some((_, on)) = enumerated.iter().enumerate().find(foreign) {
            let message = format!(
                "its log probability of shape {:?} has an axis where the values of the enumerated site {:?} lie, without \
                 depending on them",
                shape.as_slice(),
                on.name
            );
            Error::at(&site.name, message).raise();
        }
        let plates: BTreeSet<_> =
            site.plates.iter().map(|plate| (plate.name.clone(), plate.dim.unsigned_abs())).collect();
        let mut factor = Factor {
            value,
            scale: site.scale,
            depends: depends.iter().copied().collect(),
            plates,
            site: site.name.clone(),
        };
        if factor.depends.is_empty() {
            factor.apply_scale();
            return factor;
        }
        // Batch axes that no plate owns are parts of one event.
        let taken = |dim: usize| {
            factor.plates.iter().any(|&(_, plate)| plate == dim) || enumerated.iter().any(|site| site.dim == dim)
        };
        let own: Vec<usize> = (1..=shape.len()).filter(|&dim| !taken(dim)).collect();
        factor.sum(&own);
        factor
    }

    /// Sums over axes, counted from the right.
    fn sum(&mut self, dims: &[usize]) {
        let scale = self.scale.map_or(Shape::new(), Var::shape);
        let size = |&dim: &usize| scale.len().checked_sub(dim).map_or(1, |axis| scale[axis]);
        if dims.iter().map(size).any(|size| size > 1) {
            let message = "its scale differs within what is summed before an enumerated site is summed out";
            Error::at(&self.site, message).raise();
        }
        if !dims.is_empty() {
            let axes: Vec<isize> = dims.iter().map(|&dim| -(dim as isize)).collect();
            self.value = self.value.sum_axes(&axes, true);
        }
    }

    fn apply_scale(&mut self) {
        if let Some(scale) = self.scale.take() {
            self.value *= scale;
        }
    }

    fn total(mut self) -> Var {
        self.apply_scale();
        self.value.sum()
    }
}

/// Multiplies the factors that depend on a site and sums it out.
fn eliminate(index: usize, site: &Enumerated, factors: Vec<Factor>, enumerated: &[Enumerated]) -> Factor {
    let mut product: Option<Factor> = None;
    for mut factor in factors {
        if !site.plates.iter().all(|plate| factor.plates.iter().any(|(own, _)| own == plate)) {
            let message = format!("it depends on the enumerated site {:?}, whose plates it is outside of", site.name);
            Error::at(&factor.site, message).raise();
        }
        let extra: BTreeSet<_> =
            factor.plates.iter().filter(|(name, _)| !site.plates.contains(name)).cloned().collect();
        let in_extra =
            |other: &usize| *other != index && extra.iter().any(|(plate, _)| enumerated[*other].plates.contains(plate));
        if let Some(other) = factor.depends.iter().find(|other| in_extra(other)) {
            let message = format!(
                "it depends on the enumerated sites {:?} and {:?} of plates that do not nest; summing them out would cost \
                 exponential time",
                site.name, enumerated[*other].name
            );
            Error::at(&factor.site, message).raise();
        }
        factor.sum(&extra.iter().map(|&(_, dim)| dim).collect::<Vec<_>>());
        factor.plates = factor.plates.difference(&extra).cloned().collect();
        product = Some(match product {
            None => factor,
            Some(product) => multiply(product, factor, site),
        });
    }
    let mut product = product.expect("a site depends on its own value");
    product.value = product.value.logsumexp(&[-(site.dim as isize)], true);
    product.depends.remove(&index);
    product
}

fn multiply(a: Factor, b: Factor, over: &Enumerated) -> Factor {
    if !same_scale(a.scale, b.scale) {
        let message = format!(
            "sites {:?} and {:?} are scaled differently, so that summing out {:?} would mean no model",
            a.site, b.site, over.name
        );
        Error::at(&over.name, message).raise();
    }
    Factor {
        value: a.value + b.value,
        scale: a.scale,
        depends: a.depends.union(&b.depends).copied().collect(),
        plates: a.plates.union(&b.plates).cloned().collect(),
        site: a.site,
    }
}

fn same_scale(a: Option<Var>, b: Option<Var>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) if a.is_traced() || b.is_traced() => a.same(b),
        (Some(a), Some(b)) => a.shape() == b.shape() && a.equal(b).all().item() == 1.0,
        (Some(one), None) | (None, Some(one)) => !one.is_traced() && one.len() == 1 && one.item() == 1.0,
    }
}
