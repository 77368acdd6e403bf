//! Traces: the record of a run. Pyro's counterparts are `pyro.poutine.trace` and `Trace`.

use super::{Data, Deterministic, Effects, Param, PlateFrame, Sample};
use pyroxene_autograd::{Var, scope};
use pyroxene_tensor::Tensor;
use std::collections::HashMap;

/// What one run of a model did, in order.
///
/// ```
/// use pyroxene::{Cx, Seed, dist::Normal, run};
/// let model = |cx: &mut Cx| cx.sample("x", Normal::new(0.0, 1.0));
/// let (name, log_density) = run(
///     |cx: &mut Cx| {
///         let (_, trace) = cx.trace(model);
///         (trace.samples()[0].name.clone(), trace.log_density().item())
///     },
///     Seed(0),
/// )?;
/// assert_eq!(name, "x");
/// assert!(log_density < -0.9);
/// # Ok::<(), pyroxene::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Trace {
    samples: Vec<Sample>,
    params: Vec<Param>,
    deterministic: Vec<Deterministic>,
    data: Vec<Data>,
    plates: Vec<PlateFrame>,
    by_name: HashMap<String, usize>,
}

impl Trace {
    /// The sample sites, in the order of the run.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The parameters, in the order in which they were first asked for.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The reported values, in the order of the run.
    pub fn deterministic(&self) -> &[Deterministic] {
        &self.deterministic
    }

    /// The data that were declared, in the order of the run.
    pub fn data(&self) -> &[Data] {
        &self.data
    }

    /// The plates, in the order in which they were entered.
    pub fn plates(&self) -> &[PlateFrame] {
        &self.plates
    }

    /// The sample site of a name.
    pub fn sample(&self, name: &str) -> Option<&Sample> {
        self.by_name.get(name).map(|&index| &self.samples[index])
    }

    /// The sample sites that are neither data nor factors.
    pub fn latents(&self) -> impl Iterator<Item = &Sample> {
        self.samples.iter().filter(|site| !site.observed)
    }

    /// The value of a sample site or of a reported value.
    pub fn value(&self, name: &str) -> Option<Var> {
        let reported = || self.deterministic.iter().find(|site| site.name == name).map(|site| site.value);
        self.sample(name).and_then(|site| site.value).or_else(reported)
    }

    /// The joint log density: the sum of all sites' log probabilities.
    pub fn log_density(&self) -> Var {
        self.samples.iter().map(|site| site.log_prob().sum()).sum()
    }

    /// The first site whose log probability is not finite, with the reason in words.
    pub(crate) fn first_failure(&self) -> Option<(String, String)> {
        self.samples.iter().find_map(|site| scope(|| failure(site).map(|reason| (site.name.clone(), reason))))
    }
}

/// Why the log probability of a site is not finite at its value: a parameter or a value outside its domain.
fn failure(site: &Sample) -> Option<String> {
    let log_prob = site.log_prob().to_tensor();
    let bad = first(&log_prob, |x| !x.is_finite())?;
    for parameter in site.dist.parameters() {
        let inside = parameter.constraint.check(parameter.value).to_tensor();
        if first(&inside, |x| x == 0.0).is_some() {
            let value = parameter.value.to_tensor();
            return Some(format!(
                "the parameter `{}` of {} must be {}, got {value}",
                parameter.name,
                site.dist.name(),
                parameter.constraint
            ));
        }
    }
    let value = site.value.expect("a site that has run has a value");
    let inside = site.dist.support().check(value).to_tensor();
    if let Some((place, _)) = first(&inside, |x| x == 0.0) {
        let entry = if inside.len() == value.len() {
            format!(" {}", value.to_tensor().to_vec::<f64>()[place])
        } else {
            String::new()
        };
        return Some(format!(
            "the value{entry}{} is outside the support of {}, which is {}",
            at(&inside, place),
            site.dist.name(),
            site.dist.support()
        ));
    }
    let (place, log_prob_there) = bad;
    Some(format!("the log probability of {} is {log_prob_there}{}", site.dist.name(), at(&log_prob, place)))
}

/// The first element for which `test` holds, with its place in row-major order.
fn first(tensor: &Tensor, test: impl Fn(f64) -> bool) -> Option<(usize, f64)> {
    tensor.to_vec::<f64>().into_iter().enumerate().find(|&(_, x)| test(x))
}

/// ` at index [1, 2]`, or nothing for a scalar.
fn at(tensor: &Tensor, mut place: usize) -> String {
    if tensor.ndim() == 0 {
        return String::new();
    }
    let mut index: Vec<usize> = Vec::new();
    for &size in tensor.shape().iter().rev() {
        index.insert(0, place % size);
        place /= size;
    }
    format!(" at index {index:?}")
}

/// Records what passes; see [`Cx::trace`](super::Cx::trace).
pub(crate) struct Record<'a> {
    pub(crate) trace: Trace,
    pub(crate) outer: &'a mut dyn Effects,
}

impl Effects for Record<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut Sample) {
        self.outer.sample(site);
        self.trace.by_name.insert(site.name.clone(), self.trace.samples.len());
        self.trace.samples.push(site.clone());
    }

    fn param(&mut self, site: &mut Param) {
        self.outer.param(site);
        if self.trace.params.iter().all(|known| known.name != site.name) {
            self.trace.params.push(site.clone());
        }
    }

    fn deterministic(&mut self, site: &mut Deterministic) {
        self.outer.deterministic(site);
        self.trace.deterministic.push(site.clone());
    }

    fn data(&mut self, site: &mut Data) {
        self.outer.data(site);
        self.trace.data.push(site.clone());
    }

    fn plate(&mut self, plate: &mut PlateFrame, taken: &mut Vec<isize>) {
        self.outer.plate(plate, taken);
        self.trace.plates.push(plate.clone());
    }
}
