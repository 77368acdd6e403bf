use pyroxene_tensor::{Device, Tensor};

#[test]
fn names_are_parsed_and_printed() {
    for &device in Device::available() {
        assert_eq!(device.to_string().parse(), Ok(device));
        assert_eq!(Tensor::from([1, 2]).to_device(device).device(), device);
    }
    assert_eq!("cpu:0".parse(), Ok(Device::Cpu));
}

#[test]
fn what_is_not_there_is_refused_with_what_is() {
    let says = |name: &str, message: &str| {
        let error = name.parse::<Device>().unwrap_err();
        assert_eq!(error.name(), name);
        assert_eq!(error.to_string(), message);
    };
    says("cuda:0", "device \"cuda:0\" is not available here; available: cpu");
    says("wgpu", "device \"wgpu\" is not available here; available: cpu");
    says("cpu:1", "device \"cpu:1\" is not available here; available: cpu");
    says("CPU", "device \"CPU\" is not known; available: cpu");
    says("", "device \"\" is not known; available: cpu");
}
