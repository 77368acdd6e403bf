//! Steps of variational inference: a network and a guide that follows from its model.

use super::data::Recurrence;
use super::logistic;
use pyroxene::dist::{Bernoulli, Distribution, Normal};
use pyroxene::infer::SviRun;
use pyroxene::nn::{Activation, Layer, Linear, Module, Sequential};
use pyroxene::optim::Optimizer;
use pyroxene::{AutoNormal, Cx, DType, Key, ParamStore, Seed, Svi, Tensor, Var};

const IMAGES: usize = 256;
const PIXELS: usize = 64;
const HIDDEN: usize = 400;
const CODE: usize = 20;

/// A variational autoencoder (Kingma and Welling 2014) of images of 8 x 8 pixels, black or white.
pub(crate) fn autoencoder<T>(
    dtype: DType,
    optimizer: impl Optimizer + Clone,
    start: ParamStore,
    body: impl FnOnce(SviRun) -> T,
) -> T {
    let mut recurrence = Recurrence::new();
    let pixels = (0..IMAGES * PIXELS).map(|_| f64::from(u8::from(recurrence.uniform() < 0.3)));
    let images = Tensor::from_vec(pixels.collect(), [IMAGES, PIXELS]).cast(dtype);
    let key = Key::from_seed(0);
    let mut encoder =
        Sequential::new().then(Linear::new(PIXELS, HIDDEN, key.named("encoder"))).then(Activation::Softplus);
    let (mut loc, mut log_scale) =
        (Linear::new(HIDDEN, CODE, key.named("loc")), Linear::new(HIDDEN, CODE, key.named("scale")));
    let mut decoder = Sequential::new()
        .then(Linear::new(CODE, HIDDEN, key.named("hidden")))
        .then(Activation::Softplus)
        .then(Linear::new(HIDDEN, PIXELS, key.named("pixels")));
    encoder.update(|_, value| value.cast(dtype));
    decoder.update(|_, value| value.cast(dtype));
    loc.update(|_, value| value.cast(dtype));
    log_scale.update(|_, value| value.cast(dtype));
    let model = |cx: &mut Cx| {
        let weights = cx.module("decoder", &decoder);
        cx.plate("image", IMAGES, |cx| {
            let code = cx.sample("code", Normal::new(Var::zeros(&[CODE]).cast(dtype), 1.0).to_event(1));
            cx.observe("pixels", Bernoulli::logits(decoder.forward(&weights, code)).to_event(1), &images);
        });
    };
    let guide = |cx: &mut Cx| {
        let (outer, to_loc) = (cx.module("encoder", &encoder), cx.module("loc", &loc));
        let to_scale = cx.module("scale", &log_scale);
        cx.plate("image", IMAGES, |cx| {
            let hidden = encoder.forward(&outer, Var::from(&images));
            let scale = log_scale.forward(&to_scale, hidden).exp();
            cx.sample("code", Normal::new(loc.forward(&to_loc, hidden), scale).to_event(1));
        });
    };
    body(Svi::new(optimizer).start(&model, &guide, start, Seed(0)).expect("the model is right"))
}

/// A mean-field normal guide of the logistic regression on 569 rows.
pub(crate) fn mean_field<T>(
    dtype: DType,
    optimizer: impl Optimizer + Clone,
    start: ParamStore,
    body: impl FnOnce(SviRun) -> T,
) -> T {
    let model = logistic::breast_cancer(dtype);
    let guide = AutoNormal::new(&model);
    body(Svi::new(optimizer).start(&model, &guide, start, Seed(0)).expect("the model is right"))
}
