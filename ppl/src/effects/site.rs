//! What a model says, as messages: typed structs that handlers read and change on their way outward.

use crate::constraint::Constraint;
use crate::dist::Distribution;
use crate::error::Error;
use pyroxene_autograd::{Key, Shape, Var};
use smallvec::SmallVec;
use std::rc::Rc;

/// A plate that a site stands in.
#[derive(Clone, Debug)]
pub struct PlateFrame {
    /// The plate's name.
    pub name: Rc<str>,
    /// Number of independent elements in all.
    pub full_size: usize,
    /// Number of elements looked at in this run: the size of the axis.
    pub size: usize,
    /// The axis of batch shapes that the plate owns, counted from the right: -1, -2, ...
    pub dim: isize,
    /// The elements of a subsample (a vector of i64).
    pub indices: Option<Var>,
}

impl PlateFrame {
    /// By what the log probabilities inside are multiplied so that their sum stands for all elements.
    pub fn scale(&self) -> f64 {
        if self.size == 0 { 1.0 } else { self.full_size as f64 / self.size as f64 }
    }
}

/// The plates around a site, innermost first.
pub type Plates = SmallVec<[PlateFrame; 2]>;

/// Data that may change from run to run.
#[derive(Clone, Debug)]
pub struct Data {
    /// Its name, unique in a run.
    pub name: String,
    /// The value: that of the model, unless a handler sets another.
    pub value: Var,
}

/// A request for the value of a random variable.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The site's name, unique in a run.
    pub name: String,
    /// Its distribution.
    pub dist: Rc<dyn Distribution>,
    /// The value; the outermost handler draws one if none has set it.
    pub value: Option<Var>,
    /// Whether the value is data.
    pub observed: bool,
    /// The distribution's batch shape, stretched by the plates around.
    pub batch_shape: Shape,
    /// The plates around, innermost first.
    pub plates: Plates,
    /// By what the log probability is multiplied.
    pub scale: Option<Var>,
    /// Where the log probability counts (booleans).
    pub mask: Option<Var>,
    /// The key for the draw, where a handler inside has decided it.
    pub key: Option<Key>,
    /// Whether a guide's site stands for no site of the model.
    pub auxiliary: bool,
    /// Whether inference may sum the site out; none leaves it to the algorithm.
    pub enumerate: Option<bool>,
    /// Where discrete sites are enumerated: their axes are those from here on, counted from the right.
    pub enumerated_from: Option<usize>,
}

impl Sample {
    /// A site outside any plate.
    pub fn new(name: impl Into<String>, dist: Rc<dyn Distribution>) -> Sample {
        let batch_shape = dist.batch_shape();
        Sample {
            name: name.into(),
            dist,
            value: None,
            observed: false,
            batch_shape,
            plates: Plates::new(),
            scale: None,
            mask: None,
            key: None,
            auxiliary: false,
            enumerate: None,
            enumerated_from: None,
        }
    }

    /// Number of axes of the log probability: those of the batch shape, or of the value if it has more.
    pub(crate) fn batch_rank(&self) -> usize {
        let value = self.value.map_or(0, |value| value.ndim().saturating_sub(self.dist.event_shape().len()));
        self.batch_shape.len().max(value)
    }

    /// Makes the value data.
    pub fn observe(&mut self, value: impl Into<Var>) {
        self.value = Some(value.into());
        self.observed = true;
    }

    /// The shape of a draw: batch shape, then event shape.
    pub fn shape(&self) -> Shape {
        self.batch_shape.iter().chain(&self.dist.event_shape()).copied().collect()
    }

    /// Multiplies the log probability.
    pub fn scale_by(&mut self, factor: Var) {
        self.scale = Some(self.scale.map_or(factor, |scale| scale * factor));
    }

    /// The log probability of the value, an entry for each element of the batch shape: masked, then scaled.
    ///
    /// # Panics
    /// If the site has no value yet.
    pub fn log_prob(&self) -> Var {
        let log_prob = self.unscaled_log_prob();
        match self.scale {
            None => log_prob,
            Some(scale) => self.same_extent("scale", log_prob, log_prob * scale),
        }
    }

    /// [`Sample::log_prob`] before the scale.
    pub fn unscaled_log_prob(&self) -> Var {
        self.masked_log_prob(0.0)
    }

    /// [`Sample::unscaled_log_prob`] with a number of one's choice where the mask is false.
    pub(crate) fn masked_log_prob(&self, masked_out: f64) -> Var {
        let value = self.value.expect("a site that has run has a value");
        let mut log_prob = self.dist.log_prob(value);
        let shape = log_prob.shape();
        if shape != self.batch_shape {
            let joint = pyroxene_tensor::shape::broadcast("log_prob", &[&shape, &self.batch_shape]);
            log_prob = log_prob.expand(&joint.expect("the value was checked against the batch shape"));
        }
        match self.mask {
            None => log_prob,
            Some(mask) => self.same_extent("mask", log_prob, mask.where_(log_prob, masked_out)),
        }
    }

    /// A mask or scale must not repeat the site: it may only have axes that the site has, or those of enumerated values.
    fn same_extent(&self, what: &str, before: Var, after: Var) -> Var {
        let (before, grown) = (before.shape(), after.shape());
        let size = |dim: usize| before.len().checked_sub(dim).map_or(1, |axis| before[axis]);
        let first_enumerated = self.enumerated_from.unwrap_or(usize::MAX);
        let repeats = (1..=grown.len()).any(|dim| dim < first_enumerated && grown[grown.len() - dim] != size(dim));
        if repeats {
            let message = format!(
                "a {what} would repeat its log probability: shape {:?} became {:?}",
                before.as_slice(),
                grown.as_slice()
            );
            Error::at(&self.name, message).raise();
        }
        after
    }

    /// The plates in words: `plate "school" (8)`.
    pub(crate) fn describe_plates(&self) -> String {
        if self.plates.is_empty() {
            return "no plate".to_string();
        }
        let describe = |plate: &PlateFrame| format!("plate {:?} of size {}", plate.name, plate.size);
        self.plates.iter().map(describe).collect::<Vec<_>>().join(", ")
    }
}

/// A request for the value of a learnable parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// The parameter's name.
    pub name: String,
    /// The value it starts from.
    pub init: Var,
    /// Where its values lie.
    pub constraint: Constraint,
    /// The value; the outermost handler looks it up or starts it if none has set it.
    pub value: Option<Var>,
}

/// A value that the model reports under a name.
#[derive(Clone, Debug)]
pub struct Deterministic {
    /// The name under which it is reported.
    pub name: String,
    /// The value.
    pub value: Var,
    /// The plates around, innermost first.
    pub plates: Plates,
}
