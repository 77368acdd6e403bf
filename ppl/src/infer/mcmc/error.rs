//! Why sampling could not start or gave nothing.

use std::fmt;

/// Why a sampler gave no draws: settings out of range, unusable initial positions, or an interruption before the first
/// draw.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleError(pub(super) Kind);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Setting { name: &'static str, value: String, rule: &'static str },
    InitialCount { chains: usize, positions: usize },
    InitialLength { chain: usize, length: usize, dim: usize },
    InitialDensity { chain: usize, log_density: f64 },
    InitialGradient { chain: usize, coordinate: usize, value: f64 },
    Interrupted,
}

impl SampleError {
    /// The chain that could not start, if it was one chain's initial position.
    pub fn chain(&self) -> Option<usize> {
        match self.0 {
            Kind::InitialLength { chain, .. }
            | Kind::InitialDensity { chain, .. }
            | Kind::InitialGradient { chain, .. } => Some(chain),
            _ => None,
        }
    }

    /// Whether Ctrl-C came before any draw.
    pub fn is_interrupted(&self) -> bool {
        self.0 == Kind::Interrupted
    }
}

impl fmt::Display for SampleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Setting { name, value, rule } => write!(f, "nuts: {name} is {value}; it must be {rule}"),
            Kind::InitialCount { chains, positions } => {
                write!(f, "nuts: {positions} initial positions for {chains} chains; there must be one for each")
            }
            Kind::InitialLength { chain, length, dim } => {
                write!(f, "nuts: the initial position of chain {chain} has {length} coordinates, the density has {dim}")
            }
            Kind::InitialDensity { chain, log_density } => {
                write!(f, "nuts: the log density where chain {chain} starts is {log_density}; it must be finite")
            }
            Kind::InitialGradient { chain, coordinate, value } => {
                write!(
                    f,
                    "nuts: where chain {chain} starts, the gradient's coordinate {coordinate} is {value}; it must be finite"
                )
            }
            Kind::Interrupted => write!(f, "nuts: interrupted before the first draw"),
        }
    }
}

impl std::error::Error for SampleError {}
