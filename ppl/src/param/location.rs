//! Devices of loaded parameters.

use pyroxene_tensor::{Device, DeviceError};
use std::collections::BTreeMap;
use std::fmt;

/// Where parameters go that were saved from some device.
///
/// ```
/// use pyroxene::{Device, param::MapLocation};
/// let everything = MapLocation::from(Device::Cpu);
/// let by_name = MapLocation::from("cpu");
/// let some = MapLocation::from([("cuda:0", "cpu"), ("cuda:1", "cpu")]);
/// let by_rule = MapLocation::by(|saved| if saved.starts_with("cuda") { "cpu".into() } else { saved.into() });
/// # let _ = (everything, by_name, some, by_rule);
/// ```
pub struct MapLocation(Rule);

enum Rule {
    All(String),
    Some(BTreeMap<String, String>),
    Function(Box<dyn Fn(&str) -> String>),
}

impl MapLocation {
    /// By a function from the name of the device at saving to that of the device to go to.
    pub fn by(function: impl Fn(&str) -> String + 'static) -> MapLocation {
        MapLocation(Rule::Function(Box::new(function)))
    }

    /// Where what was saved from a device goes.
    pub(super) fn find(&self, saved: &str) -> Result<Device, DeviceError> {
        match &self.0 {
            Rule::All(name) => name.parse(),
            Rule::Some(names) => names.get(saved).map_or(saved, String::as_str).parse(),
            Rule::Function(function) => function(saved).parse(),
        }
    }
}

impl Default for MapLocation {
    /// To the device of the same name.
    fn default() -> MapLocation {
        MapLocation(Rule::Some(BTreeMap::new()))
    }
}

impl From<Device> for MapLocation {
    /// All to one device.
    fn from(device: Device) -> MapLocation {
        MapLocation(Rule::All(device.to_string()))
    }
}

impl From<&str> for MapLocation {
    /// All to the device of this name.
    fn from(name: &str) -> MapLocation {
        MapLocation(Rule::All(name.to_string()))
    }
}

impl<K: Into<String>, V: Into<String>, const N: usize> From<[(K, V); N]> for MapLocation {
    /// From the first of a pair to the second; from others to the device of the same name.
    fn from(pairs: [(K, V); N]) -> MapLocation {
        MapLocation(Rule::Some(pairs.into_iter().map(|(from, to)| (from.into(), to.into())).collect()))
    }
}

impl fmt::Debug for MapLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::All(name) => write!(f, "MapLocation(all to {name:?})"),
            Rule::Some(names) => write!(f, "MapLocation({names:?})"),
            Rule::Function(_) => f.write_str("MapLocation(by a function)"),
        }
    }
}
