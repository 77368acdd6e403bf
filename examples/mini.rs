//! A probabilistic programming language in one file.
//!
//! A probabilistic program is an ordinary function that draws random variables and says what was observed. What it *means*
//! depends on who listens: run it and it simulates; fix some of its values and it scores them; compare it with a second
//! program and it learns. This file builds such a language from nothing but expressions that know their derivatives, and
//! then uses it. Read it from top to bottom; `cargo run --release --example mini` runs it.
//!
//! 1. Distributions: how to draw, and how probable a value is.
//! 2. Messages: a model asks questions, handlers answer.
//! 3. Handlers: seed, condition, trace, replay, block, plate, and a store of parameters.
//! 4. Inference: the evidence lower bound, Adam, and the loop around them.
//! 5. A tour, the mean of a normal, a regression.
//!
//! The framework proper has the same shape, with more of everything: see `pyroxene::effects` and `pyroxene::infer`.

use pyroxene::{Key, Tensor, Var, grad, scope};
use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::rc::Rc;

// ---------------------------------------------------------------------------------------------- 1. Distributions
//
// A `Var` is an expression: `a * b + 1.0` computes nothing yet, but remembers how. That is why a log probability can be
// differentiated, and a draw too: a normal draw is `loc + scale * noise`, and the noise depends on nothing but its key.

trait Distribution {
    /// A draw of the given shape, decided by the key alone.
    fn draw(&self, key: Key, shape: &[usize]) -> Var;
    /// The logarithm of the density, element by element.
    fn log_prob(&self, value: Var) -> Var;
}

struct Normal {
    loc: Var,
    scale: Var,
}

impl Normal {
    fn new(loc: impl Into<Var>, scale: impl Into<Var>) -> Normal {
        Normal { loc: loc.into(), scale: scale.into() }
    }
}

impl Distribution for Normal {
    fn draw(&self, key: Key, shape: &[usize]) -> Var {
        self.loc + self.scale * key.normal(shape)
    }

    fn log_prob(&self, value: Var) -> Var {
        let z = (value - self.loc) / self.scale;
        -0.5 * z * z - self.scale.ln() - 0.5 * TAU.ln()
    }
}

/// The exponential of a normal variable: positive, so fit for a scale.
struct LogNormal(Normal);

impl Distribution for LogNormal {
    fn draw(&self, key: Key, shape: &[usize]) -> Var {
        self.0.draw(key, shape).exp()
    }

    fn log_prob(&self, value: Var) -> Var {
        self.0.log_prob(value.ln()) - value.ln() // a density changes by the slope of the map, d ln(x) / dx = 1 / x
    }
}

// --------------------------------------------------------------------------------------------------- 2. Messages
//
// A model does not draw anything itself. Each statement becomes a message that leaves the model and travels outward through
// the handlers around it, which may read it, answer it, change it or keep it to themselves. The whole language is two
// things and one function: a message, a context that takes it, and `handle`, which puts a handler around a piece of model.

#[derive(Clone)]
struct Message {
    name: String,
    question: Question,
    /// The answer, once somebody has given it.
    value: Option<Var>,
    /// The shape that the value must have: one axis for each plate around.
    shape: Vec<usize>,
}

#[derive(Clone)]
enum Question {
    /// What is the value of this random variable?
    Sample(Rc<dyn Distribution>),
    /// What is the value of this parameter, which starts here?
    Param(Tensor),
}

/// The context of a running model: whoever takes its messages.
struct Cx<'a>(&'a mut dyn FnMut(&mut Message));

impl Cx<'_> {
    fn sample(&mut self, name: &str, dist: impl Distribution + 'static) -> Var {
        self.ask(name, Question::Sample(Rc::new(dist)))
    }

    fn param(&mut self, name: &str, start: impl Into<Tensor>) -> Var {
        self.ask(name, Question::Param(start.into()))
    }

    fn ask(&mut self, name: &str, question: Question) -> Var {
        let mut message = Message { name: name.to_string(), question, value: None, shape: vec![] };
        self.send(&mut message);
        let Some(value) = message.value else { panic!("{name} has no value: is there a `seed` (or a store) around?") };
        if let Question::Sample(_) = message.question {
            assert_eq!(value.shape().as_slice(), message.shape, "{name}: shape of the value, and of the plates around");
        }
        value
    }

    fn send(&mut self, message: &mut Message) {
        (self.0)(message);
    }
}

/// Runs `body` with `handler` around it. What the handler does before `outer.send(message)` happens on the way out, what it
/// does after happens on the way back; if it does not send the message on, nobody further out ever hears of it.
fn handle<R>(cx: &mut Cx, body: impl FnOnce(&mut Cx) -> R, mut handler: impl FnMut(&mut Message, &mut Cx)) -> R {
    body(&mut Cx(&mut |message| handler(message, cx)))
}

/// Runs a model, which is any function of a context, with nobody further out.
fn run<R>(model: impl FnOnce(&mut Cx) -> R) -> R {
    model(&mut Cx(&mut |_| {}))
}

// --------------------------------------------------------------------------------------------------- 3. Handlers
//
// Most handlers make a model from a model, so they nest: `seed(condition(model, data), key)`. Read it from the inside out,
// as the messages travel: what is conditioned has its answer before it reaches the seed, and is not drawn.

/// Draws what nobody has answered. Each site has a stream of its own, by name: adding a site changes no other site's draws.
fn seed<R>(model: impl Fn(&mut Cx) -> R, key: Key) -> impl Fn(&mut Cx) -> R {
    move |cx| {
        handle(cx, &model, |message, outer| {
            if let (Question::Sample(dist), None) = (&message.question, message.value) {
                message.value = Some(dist.draw(key.named(&message.name), &message.shape));
            }
            outer.send(message);
        })
    }
}

/// Fixes random variables to data: an observation is an answer that nobody has to draw.
fn condition<R>(model: impl Fn(&mut Cx) -> R, data: Vec<(&str, Tensor)>) -> impl Fn(&mut Cx) -> R {
    move |cx| {
        handle(cx, &model, |message, outer| {
            if let Some((_, value)) = data.iter().find(|(name, _)| *name == message.name) {
                message.value = Some(value.into());
            }
            outer.send(message);
        })
    }
}

/// Gives random variables the values that they had in an earlier run. They stay random: this is how the guide below
/// proposes, and the model judges.
fn replay<R>(model: impl Fn(&mut Cx) -> R, earlier: &Trace) -> impl Fn(&mut Cx) -> R {
    move |cx| {
        handle(cx, &model, |message, outer| {
            message.value = message.value.or_else(|| earlier.value(&message.name));
            outer.send(message);
        })
    }
}

/// Hides sites from everyone further out. They must have been answered further in.
fn block<R>(model: impl Fn(&mut Cx) -> R, hide: impl Fn(&Message) -> bool) -> impl Fn(&mut Cx) -> R {
    move |cx| {
        handle(cx, &model, |message, outer| {
            if !hide(message) {
                outer.send(message);
            }
        })
    }
}

impl Cx<'_> {
    /// Runs `body` for `size` independent elements at once: each random variable inside gets an axis. The innermost plate
    /// speaks first, so its axis is the leftmost.
    fn plate<R>(&mut self, size: usize, body: impl FnOnce(&mut Cx) -> R) -> R {
        handle(self, body, |message, outer| {
            message.shape.push(size);
            outer.send(message);
        })
    }
}

struct Trace(Vec<Message>);

/// Runs a model and writes down each message as it was answered.
fn trace<R>(cx: &mut Cx, model: impl FnOnce(&mut Cx) -> R) -> Trace {
    let mut messages: Vec<Message> = vec![];
    handle(cx, model, |message, outer| {
        outer.send(message);
        assert!(messages.iter().all(|earlier| earlier.name != message.name), "two sites are named {}", message.name);
        messages.push(message.clone());
    });
    Trace(messages)
}

impl Trace {
    fn value(&self, name: &str) -> Option<Var> {
        self.0.iter().find(|message| message.name == name)?.value
    }

    /// The log probability of all that happened: the sum over the random variables, observed or not.
    fn log_density(&self) -> Var {
        let term = |message: &Message| match &message.question {
            Question::Sample(dist) => dist.log_prob(message.value?).sum().into(),
            Question::Param(_) => None,
        };
        self.0.iter().filter_map(term).sum()
    }
}

/// Parameters by name. They outlive the expressions made from them, so they are kept as data.
type Store = BTreeMap<String, Tensor>;

/// Answers questions for parameters, and lists those that were asked for.
fn provide<R>(cx: &mut Cx, store: &mut Store, body: impl FnOnce(&mut Cx) -> R) -> (R, BTreeMap<String, Var>) {
    let mut used = BTreeMap::new();
    let result = handle(cx, body, |message, outer| {
        if let Question::Param(start) = &message.question {
            let known = &*store.entry(message.name.clone()).or_insert_with(|| start.clone());
            message.value = Some(*used.entry(message.name.clone()).or_insert_with(|| known.into()));
        }
        outer.send(message);
    });
    (result, used)
}

// -------------------------------------------------------------------------------------------------- 4. Inference
//
// The posterior p(z | x) of the latent variables z given data x is known up to a factor: it is p(x, z) / p(x). A *guide* is
// a second program that draws the same latent variables from a distribution q(z) with parameters. For every guide
//
//     ELBO = E_q[ ln p(x, z) - ln q(z) ]  <=  ln p(x),
//
// with equality where q is the posterior. So inference becomes climbing, and all that climbing needs is a gradient. One run
// of the guide gives an unbiased estimate, because its draws are differentiable functions of the parameters.

fn elbo<A, B>(cx: &mut Cx, model: &impl Fn(&mut Cx) -> A, guide: &impl Fn(&mut Cx) -> B, key: Key) -> Var {
    let proposed = trace(cx, seed(guide, key.named("guide")));
    let judged = trace(cx, seed(replay(model, &proposed), key.named("model")));
    judged.log_density() - proposed.log_density()
}

/// The direction of a step downhill: the gradient over its typical size, so that every parameter moves at about the same
/// pace, whatever its unit. `moments` are running means of the gradient and of its square (Adam: Kingma and Ba, 2015).
fn adam(moments: &mut (Tensor, Tensor), step: u64, gradient: Var) -> Var {
    let mean = 0.9 * Var::from(&moments.0) + 0.1 * gradient;
    let square = 0.99 * Var::from(&moments.1) + 0.01 * gradient * gradient;
    *moments = (mean.to_tensor(), square.to_tensor());
    // Both began at zero, and are corrected for it.
    let (begun, begun_square) = (1.0 - 0.9f64.powf(step as f64), 1.0 - 0.99f64.powf(step as f64));
    mean / begun / ((square / begun_square).sqrt() + 1e-8)
}

/// Stochastic variational inference: fits the parameters of the guide, and of the model if it has any.
fn fit<A, B>(model: impl Fn(&mut Cx) -> A, guide: impl Fn(&mut Cx) -> B, steps: u64) -> Store {
    let (mut store, mut moments) = (Store::new(), BTreeMap::new());
    for step in 1..=steps {
        // Big steps to get there, small ones to settle: from 0.1 down to 0.001.
        let rate = 0.1 * 0.01f64.powf(step as f64 / steps as f64);
        // The expressions of a step are freed when its scope ends; what lasts is in the store.
        scope(|| {
            let key = Key::from_seed(0).indexed(step);
            let (loss, parameters) = run(|cx| provide(cx, &mut store, |cx| -elbo(cx, &model, &guide, key)));
            let gradients = grad(loss, &parameters.values().copied().collect::<Vec<_>>());
            for ((name, value), gradient) in parameters.into_iter().zip(gradients) {
                let moments = moments.entry(name.clone()).or_insert((0.0.into(), 0.0.into()));
                store.insert(name, (value - rate * adam(moments, step, gradient)).to_tensor());
            }
        });
    }
    store
}

// ------------------------------------------------------------------------------------------------------ 5. In use

/// One model, five meanings.
fn tour() {
    let model = |cx: &mut Cx| {
        let mean = cx.sample("mean", Normal::new(0.0, 1.0));
        cx.plate(3, |cx| cx.sample("x", Normal::new(mean, 2.0)))
    };
    let key = Key::from_seed(1);

    // Simulated: the same key gives the same draws.
    let x = run(seed(model, key)).to_tensor().to_vec::<f64>();
    assert_eq!(x, run(seed(model, key)).to_tensor().to_vec::<f64>());
    println!("three draws of x:           {x:.3?}");

    // Scored: with every value given, the trace holds the joint density.
    let x = Tensor::from([1.0, 2.0, 3.0]);
    let known = condition(model, vec![("mean", 0.5.into()), ("x", x.clone())]);
    let log_density = run(|cx| trace(cx, known)).log_density().item();
    let by_hand = -0.5 * 0.25 - (0.25 + 2.25 + 6.25) / 8.0 - 3.0 * 2f64.ln() - 2.0 * TAU.ln();
    assert!((log_density - by_hand).abs() < 1e-12);
    println!("ln p(mean = 0.5, x):        {log_density:.6}");

    // Replayed: the latent value comes from another run, what is left is drawn anew.
    let first = run(|cx| trace(cx, seed(model, key)));
    let again = run(|cx| trace(cx, seed(replay(condition(model, vec![("x", x)]), &first), Key::from_seed(2))));
    assert_eq!(first.value("mean").map(Var::item), again.value("mean").map(Var::item));

    // Blocked: a listener outside hears of x alone.
    let heard = run(|cx| trace(cx, block(seed(model, key), |message| message.name == "mean")));
    assert_eq!(heard.0.iter().map(|message| message.name.as_str()).collect::<Vec<_>>(), ["x"]);

    // Nested plates: the inner axis stands to the left of the outer one.
    let grid = |cx: &mut Cx| cx.plate(2, |cx| cx.plate(3, |cx| cx.sample("z", Normal::new(0.0, 1.0))));
    assert_eq!(run(seed(grid, key)).shape().as_slice(), [3, 2]);
}

/// The mean of a normal, where the exact posterior is known.
fn mean_of_a_normal() {
    let x = Tensor::from([4.1, 5.3, 6.2, 4.8, 5.9, 5.0, 4.4, 5.7, 6.6, 5.2]);
    let model = |cx: &mut Cx| {
        let mean = cx.sample("mean", Normal::new(0.0, 10.0));
        cx.plate(10, |cx| cx.sample("x", Normal::new(mean, 1.0)));
    };
    // The guide names the same latent variable. Its scale is kept positive by an exponential.
    let guide = |cx: &mut Cx| {
        let (loc, ln_scale) = (cx.param("loc", 0.0), cx.param("ln_scale", 0.0));
        cx.sample("mean", Normal::new(loc, ln_scale.exp()));
    };
    let store = fit(condition(model, vec![("x", x.clone())]), guide, 2_000);
    let (loc, scale) = (store["loc"].item(), store["ln_scale"].item().exp());

    // Precisions add up: 1/100 from the prior, 1 from each observation.
    let precision = 0.01 + x.len() as f64;
    let (exact_loc, exact_scale) = (x.sum().item() / precision, precision.recip().sqrt());
    println!("mean of a normal:           {loc:.3} +- {scale:.3}, exactly {exact_loc:.3} +- {exact_scale:.3}");
    assert!((loc - exact_loc).abs() < 0.05 * exact_scale && (scale / exact_scale - 1.0).abs() < 0.05);
}

/// A line with unknown noise. The program that explains the data also makes them, and predicts new ones.
fn regression() {
    let line = |x: Tensor| {
        move |cx: &mut Cx| {
            let intercept = cx.sample("intercept", Normal::new(0.0, 10.0));
            let slope = cx.sample("slope", Normal::new(0.0, 10.0));
            let noise = cx.sample("noise", LogNormal(Normal::new(0.0, 1.0)));
            cx.plate(x.len(), |cx| cx.sample("y", Normal::new(intercept + slope * &x, noise)))
        }
    };
    let guide = |cx: &mut Cx| {
        let mut normal = |name: &str| {
            let (loc, ln_scale) = (cx.param(&format!("{name}.loc"), 0.0), cx.param(&format!("{name}.ln_scale"), -2.0));
            Normal::new(loc, ln_scale.exp())
        };
        let (intercept, slope, noise) = (normal("intercept"), normal("slope"), normal("noise"));
        cx.sample("intercept", intercept);
        cx.sample("slope", slope);
        cx.sample("noise", LogNormal(noise));
    };

    // Make data: fix the truth, and run the model forward.
    let x: Vec<f64> = (0..50).map(|i| f64::from(i) / 12.5 - 1.96).collect();
    let truth = vec![("intercept", 1.5.into()), ("slope", 0.7.into()), ("noise", 0.3.into())];
    let y = run(seed(condition(line(x.clone().into()), truth), Key::from_seed(3))).to_tensor();

    // Forget the truth, and look at the data only.
    let store = fit(condition(line(x.clone().into()), vec![("y", y.clone())]), guide, 3_000);
    let (intercept, slope) = (store["intercept.loc"].item(), store["slope.loc"].item());
    let noise = store["noise.loc"].item().exp();

    // With priors this wide the answer is close to least squares; x has mean zero.
    let y = y.to_vec::<f64>();
    let mean = y.iter().sum::<f64>() / 50.0;
    let steepness = x.iter().zip(&y).map(|(x, y)| x * y).sum::<f64>() / x.iter().map(|x| x * x).sum::<f64>();
    println!("regression:                 y = {intercept:.3} + {slope:.3} x, noise {noise:.3}");
    println!("    least squares:          y = {mean:.3} + {steepness:.3} x; the truth: y = 1.5 + 0.7 x, noise 0.3");
    assert!((intercept - mean).abs() < 0.01 && (slope - steepness).abs() < 0.01);
    assert!((intercept - 1.5).abs() < 0.15 && (slope - 0.7).abs() < 0.15 && (noise - 0.3).abs() < 0.1);

    // Predict at x = 5: the guide proposes a line, the model makes y from it, a thousand times.
    let predict = |i| {
        let key = Key::from_seed(4).indexed(i);
        let (proposed, _) = run(|cx| provide(cx, &mut store.clone(), |cx| trace(cx, seed(guide, key))));
        run(seed(replay(line([5.0].into()), &proposed), key.named("model"))).item()
    };
    let draws: Vec<f64> = (0..1_000).map(|i| scope(|| predict(i))).collect();
    let predicted = draws.iter().sum::<f64>() / 1_000.0;
    let spread = (draws.iter().map(|y| (y - predicted).powi(2)).sum::<f64>() / 999.0).sqrt();
    println!("    prediction at x = 5:    {predicted:.2} +- {spread:.2}");
    assert!((predicted - (intercept + 5.0 * slope)).abs() < 0.05 && spread > noise);
}

fn main() {
    scope(tour);
    scope(mean_of_a_normal);
    scope(regression);
}
