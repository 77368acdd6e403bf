//! Devices, and their names.

use crate::tensor::Tensor;
use std::fmt;
use std::str::FromStr;

/// The device that holds a tensor's elements.
///
/// ```
/// use pyroxene_tensor::{Device, Tensor};
/// let device: Device = "cpu".parse()?;
/// assert_eq!(Tensor::from([1.0, 2.0]).to_device(device).device(), Device::Cpu);
///
/// let error = "cuda:0".parse::<Device>().unwrap_err();
/// assert_eq!(error.to_string(), r#"device "cuda:0" is not available here; available: cpu"#);
/// # Ok::<(), pyroxene_tensor::DeviceError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Device {
    /// Main memory, named `cpu`.
    #[default]
    Cpu,
}

impl Device {
    /// The devices that this build can use.
    pub fn available() -> &'static [Device] {
        &[Device::Cpu]
    }
}

impl fmt::Display for Device {
    /// The name that parses as the device.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Device::Cpu => "cpu",
        })
    }
}

impl FromStr for Device {
    type Err = DeviceError;

    /// The device of a name such as `cpu` or `cpu:0`, in small letters. What is not available is an error.
    fn from_str(name: &str) -> Result<Device, DeviceError> {
        match name {
            "cpu" | "cpu:0" => Ok(Device::Cpu),
            _ => Err(DeviceError { name: name.to_string() }),
        }
    }
}

/// A device that does not exist or that this build cannot use. The message lists those that are available.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceError {
    name: String,
}

impl DeviceError {
    /// The name asked for.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let available: Vec<String> = Device::available().iter().map(Device::to_string).collect();
        let DeviceError { name } = self;
        // The kinds that other frameworks name. Anything else is a slip of the pen.
        let kind = name.split(':').next().unwrap_or_default();
        let verdict = match kind {
            "cpu" | "cuda" | "wgpu" | "gpu" | "mps" | "xpu" | "hip" | "vulkan" | "metal" => "is not available here",
            _ => "is not known",
        };
        write!(f, "device {name:?} {verdict}; available: {}", available.join(", "))
    }
}

impl std::error::Error for DeviceError {}

impl Tensor {
    /// The tensor with its elements on a device; without a copy if they are there already.
    #[must_use]
    pub fn to_device(&self, device: Device) -> Tensor {
        match (self.device(), device) {
            (Device::Cpu, Device::Cpu) => self.clone(),
        }
    }
}
