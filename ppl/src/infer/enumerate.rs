//! Discrete latent variables summed out exactly. Pyro's counterparts are `poutine.enum` and `TraceEnum_ELBO`.
//!
//! Each enumerated site gets an axis of its own, to the left of all batch axes, along which its value runs over the support.
//! Everything that depends on it then carries that axis, and the log density sums it out by variable elimination with
//! plates (Obermeyer et al. 2019, "Tensor variable elimination for plated factor graphs"): sites in the innermost plates
//! first, their factors multiplied, summed over the plates that the site is not in, and added up over its values.

use crate::effects::{Effects, Sample, Trace};
use crate::error::Error;
use pyroxene_autograd::{Tensor, Var};
use std::collections::BTreeSet;
use std::rc::Rc;

/// A site that was enumerated.
#[derive(Clone, Debug)]
pub(crate) struct Enumerated {
    name: String,
    /// Its axis, counted from the right.
    dim: usize,
    plates: BTreeSet<Rc<str>>,
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
}

impl Effects for Enumerate<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut Sample) {
        if site.value.is_none() && is_enumerated(site) {
            let support = site.dist.enumerate_support().expect("is_enumerated");
            let dim = self.batch_dims + self.sites.len() + 1;
            let mut shape = vec![1; dim];
            shape[0] = support.len();
            site.value = Some(Var::from(Tensor::from_vec(support, &shape)));
            self.sites.push(Enumerated {
                name: site.name.clone(),
                dim,
                plates: site.plates.iter().map(|plate| plate.name.clone()).collect(),
            });
        }
        self.outer.sample(site);
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
    let mut factors: Vec<Factor> = trace.samples().iter().map(|site| Factor::new(site, enumerated)).collect();
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

impl Factor {
    fn new(site: &Sample, enumerated: &[Enumerated]) -> Factor {
        let value = site.unscaled_log_prob();
        let shape = value.shape();
        let size = |dim: usize| shape.len().checked_sub(dim).map_or(1, |axis| shape[axis]);
        let depends = (0..enumerated.len()).filter(|&index| size(enumerated[index].dim) > 1).collect();
        let plates: BTreeSet<_> =
            site.plates.iter().map(|plate| (plate.name.clone(), plate.dim.unsigned_abs())).collect();
        // Batch axes that no plate owns are parts of one event.
        let taken =
            |dim: usize| plates.iter().any(|&(_, plate)| plate == dim) || enumerated.iter().any(|site| site.dim == dim);
        let own: Vec<isize> = (1..=shape.len()).filter(|&dim| !taken(dim)).map(|dim| -(dim as isize)).collect();
        let mut factor = Factor { value, scale: site.scale, depends, plates, site: site.name.clone() };
        factor.sum(&own);
        factor
    }

    fn sum(&mut self, dims: &[isize]) {
        if !dims.is_empty() {
            self.value = self.value.sum_axes(dims, true);
        }
    }

    fn total(self) -> Var {
        let sum = self.value.sum();
        self.scale.map_or(sum, |scale| sum * scale)
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
        factor.sum(&extra.iter().map(|&(_, dim)| -(dim as isize)).collect::<Vec<_>>());
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
        (Some(a), Some(b)) => a.len() == 1 && b.len() == 1 && a.item() == b.item(),
        (Some(one), None) | (None, Some(one)) => !one.is_traced() && one.len() == 1 && one.item() == 1.0,
    }
}
