//! Planted bugs: tests switch one on to see that their checks tell a wrong sampler from the right one. Outside of this
//! crate's tests none can be on, and the questions after them compile to nothing.

/// A mistake that samplers are known to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The U-turn criterion looks at whole trees only, not across the seam of their halves.
    NoSeamChecks,
    /// Momenta are drawn with the covariance of the positions instead of its inverse.
    MetricNotInverted,
    /// The second half step of the leapfrog kicks the wrong way.
    MomentumSign,
    /// Proposals inside a doubling ignore the weights of the two halves.
    EqualWeights,
    /// The U-turn criterion reads the last state of the first half as the end of the whole.
    StaleEdge,
}

/// The bug that is on, if any.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Planted {
    #[cfg(test)]
    pub(crate) fault: Option<Fault>,
}

impl Planted {
    #[inline(always)]
    pub(super) fn has(self, fault: Fault) -> bool {
        #[cfg(test)]
        return self.fault == Some(fault);
        #[cfg(not(test))]
        return matches!(fault, _ if false);
    }
}
