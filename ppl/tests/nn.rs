//! Modules and layers: names, states, modes, gradients, and networks inside models.

use pyroxene::dist::Normal;
use pyroxene::nn::{
    Activation, Buffer, Dropout, Init, Layer, Linear, Module, Parameter, Sequential, Weights, value_and_grad,
};
use pyroxene::optim::Adam;
use pyroxene::{Cx, DType, Key, ParamStore, Seed, Svi, Tensor, Var, condition, module};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[derive(Clone, Debug)]
struct Net {
    first: Linear,
    rest: Vec<Linear>,
    head: Option<Sequential>,
    mask: Buffer,
    width: usize,
}

module!(Net { first, rest, head, mask });

impl Net {
    fn new() -> Net {
        let key = Key::from_seed(3);
        Net {
            first: Linear::new(4, 3, key.named("first")),
            rest: vec![Linear::new(3, 3, key.named("0")), Linear::new(3, 3, key.named("1")).without_bias()],
            head: Some(Sequential::new().then(Activation::Tanh).then(Linear::new(3, 2, key.named("head")))),
            mask: Buffer::new([1.0, 0.0, 1.0]),
            width: 3,
        }
    }

    fn forward(&self, weights: &Weights, x: Var) -> Var {
        let x = self.first.forward(weights, x) * &self.mask.value;
        let x = self.rest.iter().fold(x, |x, layer| layer.forward(weights, x).tanh());
        self.head.as_ref().map_or(x, |head| head.forward(weights, x))
    }
}

fn names<T>(list: Vec<(String, T)>) -> Vec<String> {
    list.into_iter().map(|(name, _)| name).collect()
}

fn message(body: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(body)).expect_err("a panic");
    payload.downcast_ref::<String>().cloned().expect("a message")
}

#[test]
fn parts_have_dotted_names_in_order() {
    let net = Net::new();
    assert_eq!(
        names(net.parameters()),
        ["first.weight", "first.bias", "rest.0.weight", "rest.0.bias", "rest.1.weight", "head.1.weight", "head.1.bias"]
    );
    assert_eq!(names(net.buffers()), ["mask"]);
    assert_eq!(names(net.modules()), ["", "first", "rest.0", "rest.1", "head", "head.0", "head.1"]);
    assert_eq!(names(net.children()), ["first", "head"]);
    assert_eq!(net.width, 3);
}

#[test]
fn a_state_goes_from_one_module_to_another() {
    let (mut net, other) = (Net::new(), {
        let mut other = Net::new();
        other.update(|_, value| value + 1.0);
        other
    });
    let x = Var::from([[1.0, 2.0, 3.0, 4.0]]);
    let expected = other.forward(&other.weights(), x).to_tensor();
    assert!(!net.forward(&net.weights(), x).to_tensor().allclose(&expected, 0.0, 1e-6));
    net.load_state(&other.state()).expect("the same module");
    assert!(net.forward(&net.weights(), x).to_tensor().allclose(&expected, 0.0, 0.0));

    let mut state = other.state();
    state.remove("mask");
    assert!(net.load_state(&state).unwrap_err().to_string().contains("mask"));
    state.insert("mask".into(), Tensor::from([1.0]));
    assert!(net.load_state(&state).unwrap_err().to_string().contains("[3]"));
    state.insert("mask".into(), Tensor::from([1.0, 1.0, 1.0]));
    state.insert("extra".into(), Tensor::from([1.0]));
    assert!(net.load_state(&state).unwrap_err().to_string().contains("extra"));
    assert!(net.forward(&net.weights(), x).to_tensor().allclose(&expected, 0.0, 0.0), "a failed load changes nothing");
}

#[test]
fn clones_are_independent() {
    let net = Net::new();
    let mut copy = net.clone();
    copy.update(|_, value| value * 0.0);
    assert!(net.first.weight.value.abs().sum().item() > 0.0);
    let text = message(|| _ = copy.first.forward(&net.weights(), Var::ones(&[4])));
    assert!(text.contains("another module"), "{text}");
}

#[test]
fn the_type_of_parameters_and_buffers_changes_at_once() {
    let mut net = Net::new();
    net.to_dtype(DType::F32);
    assert!(net.state().values().all(|value| value.dtype() == DType::F32));
    let y = net.forward(&net.weights(), Var::from(Tensor::from([1f32, 2.0, 3.0, 4.0])));
    assert_eq!(y.dtype(), DType::F32);
    assert!(message(|| net.to_dtype(DType::I64)).contains("I64"));
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let net = Net::new();
    let x = Tensor::from([[0.1, -0.2, 0.3, 0.4], [1.0, 0.5, -0.5, 0.2]]);
    let loss = |net: &Net, weights: &Weights| net.forward(weights, Var::from(&x)).square().sum();
    let (value, gradients) = value_and_grad(&net, |weights| loss(&net, weights));
    assert_eq!(value, loss(&net, &net.weights()).item());
    assert_eq!(gradients.len(), 7);
    for (name, gradient) in &gradients {
        for i in 0..gradient.len() {
            let at = |step: f64| {
                let mut moved = net.clone();
                moved.update(|other, value| {
                    let mut data = value.to_vec::<f64>();
                    if other == name {
                        data[i] += step;
                    }
                    Tensor::from_vec(data, value.shape())
                });
                loss(&moved, &moved.weights()).item()
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((gradient.to_vec::<f64>()[i] - slope).abs() < 1e-8, "{name}[{i}]");
        }
    }
}

#[test]
fn frozen_parameters_stay() {
    let mut net = Net::new();
    net.rest.iter_mut().for_each(|layer| layer.set_trainable(false));
    let (_, gradients) = value_and_grad(&net, |weights| net.forward(weights, Var::ones(&[1, 4])).sum());
    assert_eq!(gradients.keys().collect::<Vec<_>>(), ["first.bias", "first.weight", "head.1.bias", "head.1.weight"]);
    let before = net.rest[0].weight.value.clone();
    net.update(|_, value| value + 1.0);
    assert!(net.rest[0].weight.value.allclose(&before, 0.0, 0.0));
}

#[test]
fn activations_are_what_their_names_say() {
    let x = [-2.0f64, -0.5, 0.0, 0.7, 3.0];
    let exp_sum: f64 = x.iter().map(|x| x.exp()).sum();
    type Case = (Activation, fn(f64, f64) -> f64);
    let cases: [Case; 9] = [
        (Activation::Relu, |x, _| x.max(0.0)),
        (Activation::Tanh, |x, _| x.tanh()),
        (Activation::Sigmoid, |x, _| 1.0 / (1.0 + (-x).exp())),
        (Activation::Softplus, |x, _| x.exp().ln_1p()),
        (Activation::Silu, |x, _| x / (1.0 + (-x).exp())),
        (Activation::Elu, |x, _| if x < 0.0 { x.exp_m1() } else { x }),
        (Activation::Exp, |x, _| x.exp()),
        (Activation::Softmax, |x, sum| x.exp() / sum),
        (Activation::LogSoftmax, |x, sum| x - sum.ln()),
    ];
    for (activation, f) in cases {
        let y = activation.forward(&activation.weights(), x.into()).to_tensor().to_vec::<f64>();
        for (x, y) in x.iter().zip(y) {
            assert!((y - f(*x, exp_sum)).abs() < 1e-14, "{activation:?} at {x}");
        }
    }
    let y = Activation::Gelu.apply(Var::from(1.0)).item();
    assert!((y - 0.841_344_746_068_542_9).abs() < 1e-14);
}

#[test]
fn weights_start_in_their_bounds() {
    let spread = |init: Init| init.matrix(200, 300, Key::from_seed(1)).square().mean().item().sqrt();
    let uniform = |bound: f64| bound / 3f64.sqrt();
    for (init, expected) in [
        (Init::Uniform, uniform(300f64.sqrt().recip())),
        (Init::GlorotUniform, uniform((6.0 / 500f64).sqrt())),
        (Init::GlorotNormal, (2.0 / 500f64).sqrt()),
        (Init::HeUniform, uniform((6.0 / 300f64).sqrt())),
        (Init::HeNormal, (2.0 / 300f64).sqrt()),
        (Init::Constant(0.25), 0.25),
    ] {
        assert!((spread(init) / expected - 1.0).abs() < 0.02, "{init:?}");
    }
    let layer = Linear::new(16, 2, Key::from_seed(0));
    let bias = layer.bias.as_ref().expect("a bias").value.clone();
    assert!(bias.abs().max().item() <= 0.25 && bias.abs().min().item() > 0.0);
}

#[test]
fn dropout_depends_on_the_mode_and_the_key() {
    let net = Sequential::new().then(Dropout::new(0.25)).then(Dropout::new(0.25));
    let x = Var::ones(&[4000]);
    let key = Key::from_seed(5);
    assert_eq!(net.forward(&net.weights(), x).sum().item(), 4000.0);
    let run = |weights: &Weights| net.forward(weights, x).to_tensor().to_vec::<f64>();
    let (a, b) = (run(&net.weights().training(key)), run(&net.weights().training(key)));
    assert_eq!(a, b);
    let weights = net.weights().training(key);
    run(&weights);
    assert_ne!(run(&weights), a, "another pass draws anew");
    // Two layers that dropped the same elements would keep 3/4 of them.
    let kept = a.iter().filter(|x| **x > 0.0).count() as f64 / 4000.0;
    assert!((kept - 0.5625).abs() < 0.03, "{kept}");
    assert!(message(|| _ = Dropout::new(1.0)).contains("[0, 1)"));
}

#[test]
fn mistakes_are_told() {
    let layer = Linear::new(3, 2, Key::from_seed(0));
    let text = message(|| _ = layer.forward(&layer.weights(), Var::ones(&[5, 4])));
    assert!(text.contains("from 3 to 2") && text.contains("[5, 4]"), "{text}");
    let text = message(|| drop(Weights::new(&layer, |_, _| Var::ones(&[7]))));
    assert!(text.contains("weight") && text.contains("[2, 3]") && text.contains("[7]"), "{text}");
    let mut layer = layer;
    let text = message(|| layer.update(|_, _| Tensor::from([1.0])));
    assert!(text.contains("[2, 3]") && text.contains("[1]"), "{text}");
}

/// A network learnt by variational inference inside a model: its parameters are the model's.
#[test]
fn a_network_in_a_model_learns() {
    let x: Vec<[f64; 1]> = (0..40).map(|i| [i as f64 / 10.0 - 2.0]).collect();
    let y: Vec<f64> = x.iter().map(|[x]| x * x - 1.0).collect();
    let inputs = Tensor::from_vec(x.iter().map(|[x]| *x).collect(), [40, 1]);
    let key = Key::from_seed(2);
    let mut net = Sequential::new().then(Linear::new(1, 16, key.named("a"))).then(Activation::Tanh).then(Linear::new(
        16,
        1,
        key.named("b"),
    ));
    let model = |cx: &mut Cx| {
        let weights = cx.module("net", &net);
        let mean = net.forward(&weights, Var::from(&inputs)).squeeze(-1);
        cx.plate("row", 40, |cx| cx.sample("y", Normal::new(mean, 0.1)));
    };
    let fit =
        Svi::new(Adam::new(0.02)).steps(2000).run(&condition(model, [("y", y.clone())]), &|_: &mut Cx| {}, Seed(0));
    let params: ParamStore = fit.expect("the model is right").params;
    let state =
        params.iter().map(|(name, value)| (name.strip_prefix("net.").expect("of the net").into(), value.clone()));
    net.load_state(&state.collect()).expect("the same network");
    let fitted = net.forward(&net.weights(), Var::from(&inputs)).to_tensor().to_vec::<f64>();
    let error = fitted.iter().zip(&y).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / 40.0;
    assert!(error < 0.01, "mean square error {error}");
}

/// A parameter alone is a module, too.
#[test]
fn a_parameter_is_a_module() {
    let scale = Parameter::new([2.0, 3.0]);
    let (value, gradients) = value_and_grad(&scale, |weights| {
        let x = weights.get(&scale);
        x.select(0, 0) * x.select(0, 1)
    });
    assert_eq!((value, gradients[""].to_vec::<f64>()), (6.0, vec![3.0, 2.0]));
}
