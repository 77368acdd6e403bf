//! Draws against the distributions' own moments and densities, with fixed keys, on both engines.

mod golden;

use golden::{cases, tensor};
use pyroxene::dist::*;
use pyroxene_autograd::{Key, Program, Tensor, Var, grad, scope};
use std::f64::consts::FRAC_PI_2;

const DRAWS: usize = 100_000;
/// A standard normal variable exceeds this in size once in 150,000 times; about 300 are looked at.
const BOUND: f64 = 4.5;

type Make = fn() -> Box<dyn Distribution>;

macro_rules! cases_of {
    ($($name:literal $make:expr;)*) => { vec![$(($name, (|| Box::new($make)) as Make)),*] };
}

/// Draws by direct evaluation, which a Program with the key as its input must repeat bit for bit.
fn draws(make: Make, shape: &[usize]) -> Tensor {
    let direct = scope(|| make().draw(Key::from_seed(20), shape).to_tensor());
    let mut program = Program::capture(&[[Key::WORDS]], |root| vec![make().draw(Key::from_root(root[0]), shape)])
        .expect("no value is read");
    let compiled = program.call(&[Tensor::from(Key::words(20))]).remove(0);
    assert_eq!(direct.shape(), compiled.shape());
    let bits = |x: &Tensor| x.iter_f64().map(f64::to_bits).collect::<Vec<u64>>();
    assert_eq!(bits(&direct), bits(&compiled), "direct evaluation and the Program differ");
    direct
}

fn scalar(name: &str, x: &[f64], mean: f64, variance: f64) {
    let n = x.len() as f64;
    if mean.is_finite() && variance.is_finite() {
        let average = x.iter().sum::<f64>() / n;
        let z = (average - mean) / (variance / n).sqrt();
        assert!(z.abs() < BOUND, "{name}: mean {average} against {mean}, z = {z}");
        let squares: Vec<f64> = x.iter().map(|x| (x - mean).powi(2)).collect();
        let spread = squares.iter().sum::<f64>() / n;
        let error = (squares.iter().map(|s| (s - spread).powi(2)).sum::<f64>() / n / n).sqrt();
        let z = (spread - variance) / error;
        assert!(z.abs() < BOUND, "{name}: variance {spread} against {variance}, z = {z}");
    }
}

#[test]
fn continuous_draws_follow_the_density() {
    let dists = cases_of! {
        "normal" Normal::new(1.5, 0.7);
        "half-normal" HalfNormal::new(2.0);
        "log-normal" LogNormal::new(-0.3, 0.5);
        "Cauchy" Cauchy::new(-1.0, 2.0);
        "half-Cauchy" HalfCauchy::new(3.0);
        "t with 5 degrees" StudentT::new(5.0, 1.0, 2.0);
        "t with 1.2 degrees" StudentT::new(1.2, 0.0, 1.0);
        "uniform" Uniform::new(-2.0, 0.5);
        "exponential" Exponential::new(0.25);
        "gamma of 0.3" Gamma::new(0.3, 2.0);
        "gamma of 1" Gamma::new(1.0, 0.5);
        "gamma of 40" Gamma::new(40.0, 10.0);
        "beta" Beta::new(2.5, 0.8);
        "beta of small counts" Beta::new(0.4, 0.3);
        "beta of large counts" Beta::new(60.0, 20.0);
    };
    for (name, make) in dists {
        let x = draws(make, &[DRAWS]).to_vec::<f64>();
        let (mean, variance) = scope(|| {
            let dist = make();
            assert!(dist.support().check(Var::from(x.as_slice())).all().item() == 1.0, "{name}: outside the support");
            (dist.mean().expect("a mean").item(), dist.variance().expect("a variance").item())
        });
        scalar(name, &x, mean, variance);
        // Bins between fixed points of s, with x = tan(s) so that they cover the line; the probability of a bin is the
        // integral of the density by the midpoint rule on a grid that is finest at the ends of bins.
        let (bins, nodes) = (16, 4000);
        let edge = |k: usize| -FRAC_PI_2 + 2.0 * FRAC_PI_2 * k as f64 / bins as f64;
        for k in 0..bins {
            let (low, high) = (edge(k), edge(k + 1));
            let width = (high - low) / nodes as f64;
            // s = low + (high - low) u²(3 - 2u) puts many nodes where a density may be infinite: at 0, an edge.
            let place = |i: usize| {
                let u = (i as f64 + 0.5) / nodes as f64;
                (low + (high - low) * u * u * (3.0 - 2.0 * u), 6.0 * u * (1.0 - u))
            };
            let points: Vec<f64> = (0..nodes).map(|i| place(i).0.tan()).collect();
            let densities = scope(|| make().log_prob(Var::from(points)).exp().to_tensor().to_vec::<f64>());
            let mass = |(i, density): (usize, &f64)| {
                let (s, slope) = place(i);
                density * (1.0 + s.tan().powi(2)) * slope * width
            };
            let probability: f64 = densities.iter().enumerate().map(mass).filter(|mass| mass.is_finite()).sum();
            let count = x.iter().filter(|x| (low..high).contains(&x.atan())).count() as f64;
            let n = DRAWS as f64;
            let deviation = (n * probability * (1.0 - probability)).max(1.0).sqrt();
            let z = (count - n * probability) / deviation;
            assert!(z.abs() < BOUND, "{name}, bin {k}: {count} against {}, z = {z}", n * probability);
        }
    }
}

#[test]
fn discrete_draws_follow_the_mass() {
    let dists = cases_of! {
        "Bernoulli" Bernoulli::probs(0.3);
        "Bernoulli by logits" Bernoulli::logits(-1.3);
        "certain" Bernoulli::probs(1.0);
        "Poisson of 0.4" Poisson::new(0.4);
        "Poisson of 6" Poisson::new(6.0);
        "Poisson of 45" Poisson::new(45.0);
        "categorical" Categorical::probs([2.0, 0.0, 1.0, 5.0]);
        "categorical by logits" Categorical::logits([0.3, -1.0, f64::NEG_INFINITY, 2.0, 0.0]);
    };
    for (name, make) in dists {
        let x = draws(make, &[DRAWS]).to_vec::<f64>();
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let masses = scope(|| make().log_prob(Var::from(values.as_slice())).exp().to_tensor().to_vec::<f64>());
        let n = DRAWS as f64;
        assert!((masses.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{name}: the masses do not sum to one");
        for (value, mass) in values.iter().zip(masses) {
            let count = x.iter().filter(|&x| x == value).count() as f64;
            if mass == 0.0 {
                assert_eq!(count, 0.0, "{name}: {value} has no mass");
            } else if n * mass > 20.0 {
                let z = (count - n * mass) / (n * mass * (1.0 - mass)).max(1e-9).sqrt();
                assert!(z.abs() < BOUND, "{name}: {count} of {value} against {}, z = {z}", n * mass);
            }
        }
        let moments =
            scope(|| make().mean().zip(make().variance()).map(|(mean, variance)| (mean.item(), variance.item())));
        if let Some((mean, variance)) = moments.filter(|moments| moments.1 > 0.0) {
            scalar(name, &x, mean, variance);
        }
    }
}

#[test]
fn vector_draws_have_the_moments() {
    let dists = cases_of! {
        "normal by covariance" MultivariateNormal::from_covariance([1.0, -1.0, 0.5], [[4.0, 2.0, 0.3], [2.0, 5.0, -1.0], [0.3, -1.0, 1.5]]);
        "batch of normals" MultivariateNormal::from_scale_tril(
            [1.0, -1.0],
            Tensor::from(vec![1.0, 0.0, 0.5, 2.0, 0.3, 0.0, -0.7, 0.2]).reshape(&[2, 2, 2])
        );
        "Dirichlet" Dirichlet::new([0.5, 2.0, 7.0]);
        "Dirichlet of tiny counts" Dirichlet::new([1e-3, 2e-3, 1e-3]);
        "independent" StudentT::new(9.0, [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], [1.0, 2.0, 0.5]).to_event(1);
    };
    for (name, make) in dists {
        let (batch, event) = scope(|| (make().batch_shape(), make().event_shape()));
        let shape: Vec<usize> = [DRAWS / 5].iter().chain(&batch).copied().collect();
        let x = draws(make, &shape);
        let size: usize = batch.iter().chain(&event).product();
        let (mean, variance) = scope(|| {
            let flat = |x: Option<Var>| x.expect("a moment").reshape(&[-1]).to_tensor().to_vec::<f64>();
            assert!(make().support().check(&x).all().item() == 1.0, "{name}: outside the support");
            (flat(make().mean()), flat(make().variance()))
        });
        let x = x.to_vec::<f64>();
        for k in 0..size {
            let entries: Vec<f64> = x.iter().skip(k).step_by(size).copied().collect();
            scalar(&format!("{name}, entry {k}"), &entries, mean[k], variance[k]);
        }
    }
    // The covariance between entries, which the moments of each leave open.
    let (name, make) = ("covariance", || MultivariateNormal::from_covariance([0.0, 0.0], [[1.0, -0.8], [-0.8, 2.0]]));
    let x = scope(|| make().draw(Key::from_seed(4), &[DRAWS]).to_tensor().to_vec::<f64>());
    let products: Vec<f64> = x.chunks(2).map(|pair| pair[0] * pair[1]).collect();
    // Isserlis: the variance of the product is 1 * 2 + 0.8².
    scalar(name, &products, -0.8, 2.64);
}

#[test]
fn reparameterised_gradients_have_the_right_expectation() {
    let mut seen = 0;
    for case in cases("distributions.json").iter().filter(|case| case["kind"] == "expected_grad") {
        let id = case["id"].as_str().expect("an id");
        let args = case["spec"]["args"].as_object().expect("args");
        let n = 50_000;
        scope(|| {
            // Every draw has arguments of its own, so that the gradients come draw by draw.
            let own = |name: &str| {
                let value = tensor(&args[name]);
                let shape: Vec<usize> = [n].iter().chain(value.shape()).copied().collect();
                Var::from(value.expand(&shape))
            };
            let names: Vec<&str> = args.keys().map(String::as_str).collect();
            let vars: Vec<Var> = names.iter().map(|name| own(name)).collect();
            let get = |name: &str| vars[names.iter().position(|known| *known == name).expect("an argument")];
            let dist: Box<dyn Distribution> = match case["spec"]["name"].as_str().expect("a name") {
                "Normal" => Box::new(Normal::new(get("loc"), get("scale"))),
                "Cauchy" => Box::new(Cauchy::new(get("loc"), get("scale"))),
                "Uniform" => Box::new(Uniform::new(get("low"), get("high"))),
                "Exponential" => Box::new(Exponential::new(get("rate"))),
                "Gamma" => Box::new(Gamma::new(get("concentration"), get("rate"))),
                "Beta" => Box::new(Beta::new(get("concentration1"), get("concentration0"))),
                "StudentT" => Box::new(StudentT::new(get("df"), get("loc"), get("scale"))),
                "MultivariateNormal" => Box::new(MultivariateNormal::from_scale_tril(get("loc"), get("scale_tril"))),
                other => panic!("no distribution {other}"),
            };
            assert!(dist.is_reparameterized(), "{id}");
            let x = dist.draw(Key::from_seed(7), &[n]);
            let phase = x * tensor(&case["w"]);
            let phase = if phase.ndim() > 1 { phase.sum_axes(&[-1], false) } else { phase };
            let y = (phase + case["c"].as_f64().expect("a number")).cos();
            let compare = |what: &str, samples: Tensor, want: Tensor| {
                let (samples, want) = (samples.to_vec::<f64>(), want.to_vec::<f64>());
                for (k, want) in want.iter().enumerate() {
                    let entries: Vec<f64> = samples.iter().skip(k).step_by(samples.len() / n).copied().collect();
                    let mean = entries.iter().sum::<f64>() / n as f64;
                    let spread = entries.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / n as f64;
                    let bound = BOUND * (spread / n as f64).sqrt() + 1e-14;
                    assert!((mean - want).abs() <= bound, "{id} {what} [{k}]: {mean} against {want}, bound {bound}");
                }
            };
            compare("value", y.to_tensor(), tensor(&case["expected"]));
            for (name, gradient) in names.iter().zip(grad(y.sum(), &vars)) {
                // These derivatives have no second moment to measure them by.
                let heavy = match id {
                    "expected-Cauchy-0" | "expected-Cauchy-1" => *name == "scale",
                    "expected-StudentT-0" => *name == "scale" || *name == "df",
                    _ => false,
                };
                if !heavy {
                    compare(name, gradient.to_tensor(), tensor(&case["grad"][*name]));
                }
            }
        });
        seen += 1;
    }
    assert_eq!(seen, 16);
}

#[test]
fn the_rest() {
    scope(|| {
        use pyroxene::constraint::Constraint;
        let key = Key::from_seed(1);
        for (constraint, event) in [
            (Constraint::Real, vec![]),
            (Constraint::Positive, vec![3]),
            (Constraint::Simplex, vec![4]),
            (Constraint::CorrCholesky, vec![3, 3]),
            (Constraint::Interval(Var::from([0.0, 1.0]), Var::from([1.0, 5.0])), vec![]),
        ] {
            let flat = ImproperUniform::new(constraint.clone(), &[2], &event);
            let x = flat.draw(key, &[5, 2]);
            let shape: Vec<usize> = [5, 2].iter().chain(&event).copied().collect();
            assert_eq!(x.shape().as_slice(), shape, "{constraint}");
            let log_prob = flat.log_prob(x).to_tensor();
            assert_eq!(
                (log_prob.shape(), log_prob.to_vec::<f64>()),
                ([5, 2].as_slice(), vec![0.0; 10]),
                "{constraint}"
            );
            assert_eq!(flat.support().event_dims(), event.len());
        }
        let flat = ImproperUniform::new(Constraint::Positive, &[], &[]);
        let log_prob = flat.log_prob([-1.0, 2.0, f64::NAN].into()).to_tensor().to_vec::<f64>();
        assert!(log_prob[0] == f64::NEG_INFINITY && log_prob[1] == 0.0 && log_prob[2].is_nan());

        let unit = Unit::new([1.0, 2.0]);
        let x = unit.draw(key, &[3, 2]);
        assert_eq!(x.shape().as_slice(), [3, 2, 0]);
        assert_eq!(unit.log_prob(x).to_tensor().to_vec::<f64>(), [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
    });
}

#[test]
fn a_gamma_draw_moves_with_its_parameters() {
    let (concentration, rate) = (Var::from(3.0), Var::from(2.0));
    let x = Gamma::new(concentration, rate).draw(Key::from_seed(0), &[]);
    let slopes = grad(x, &[concentration, rate]);
    assert!((slopes[1].item() + x.item() / 2.0).abs() < 1e-14);
    // dx/da = -(dP/da) / p, by the distribution function.
    let (a, at) = (Var::from(3.0), Var::from(2.0 * x.item()));
    let partial = grad(a.gammainc(at), &[a, at]);
    let expected = -partial[0].item() / partial[1].item() / 2.0;
    assert!((slopes[0].item() - expected).abs() < 1e-12 * expected);
}
