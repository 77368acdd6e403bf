//! Which expressions depend on which.

use crate::arena::{Var, check_live, with_arena};
use smallvec::SmallVec;
use std::collections::HashMap;

/// For the expressions of the current scopes, which of some sources they were computed from. Made by [`dependence`].
#[derive(Clone, Debug)]
pub struct Dependence {
    first: usize,
    /// Of each expression from the first source on: indices of sources, in order.
    on: Vec<SmallVec<[usize; 2]>>,
}

/// Looks up which expressions were computed from which of `sources`, whether or not a derivative flows.
///
/// ```
/// use pyroxene_autograd::{Var, dependence};
/// let (a, b) = (Var::from([1.0, 2.0]), Var::from(3.0));
/// let sum = (a * 2.0).sum();
/// let found = dependence(&[a, b]);
/// assert_eq!(found.of(sum), [0]);
/// assert_eq!(found.of(b), [1]);
/// ```
#[track_caller]
pub fn dependence(sources: &[Var]) -> Dependence {
    check_live(sources);
    let first = sources.iter().map(|source| source.index as usize).min().unwrap_or(0);
    with_arena(|arena| {
        let mut on: Vec<SmallVec<[usize; 2]>> = Vec::with_capacity(arena.nodes.len() - first);
        let mut at: HashMap<usize, SmallVec<[usize; 2]>> = HashMap::new();
        for (index, source) in sources.iter().enumerate() {
            at.entry(source.index as usize).or_default().push(index);
        }
        for (index, node) in arena.nodes.iter().enumerate().skip(first) {
            let mut found = at.remove(&index).unwrap_or_default();
            for &input in node.inputs.iter().filter(|&&input| input as usize >= first) {
                for &source in &on[input as usize - first] {
                    if let Err(place) = found.binary_search(&source) {
                        found.insert(place, source);
                    }
                }
            }
            on.push(found);
        }
        Dependence { first, on }
    })
}

impl Dependence {
    /// Indices of the sources that `x` was computed from, in increasing order. Expressions made after the look-up count as
    /// independent.
    pub fn of(&self, x: Var) -> &[usize] {
        let place = (x.index as usize).checked_sub(self.first);
        place.and_then(|place| self.on.get(place)).map_or(&[], |found| found.as_slice())
    }
}
