//! Running a Program allocates nothing: a density is evaluated millions of times.

use pyroxene::dist::{Bernoulli, Categorical, Dirichlet, Gamma, HalfCauchy, MultivariateNormal, Normal};
use pyroxene::infer::{LogDensity, ModelDensity, Nuts};
use pyroxene::{Cx, DType, Seed, Tensor, Var, condition};

#[path = "../../autograd/tests/common/counting.rs"]
mod counting;

use counting::{allocations, count};

/// Allocations of a thousand evaluations after the first.
fn evaluations(model: impl Fn(&mut Cx)) -> u64 {
    let mut density = ModelDensity::new(&model, Seed(0)).expect("the model is right");
    let position = vec![0.1; density.dim()];
    let mut gradient = vec![0.0; density.dim()];
    assert!(density.evaluate(&position, &mut gradient).is_finite());
    allocations(|| {
        for _ in 0..1000 {
            density.evaluate(&position, &mut gradient);
        }
    })
}

fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i as f64 * 0.7).sin()).collect()
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1.0; 10]))), 1);
}

#[test]
fn densities_allocate_nothing() {
    let schools = |cx: &mut Cx| {
        let mu = cx.sample("mu", Normal::new(0.0, 5.0));
        let tau = cx.sample("tau", HalfCauchy::new(5.0));
        cx.plate("school", 8, |cx| {
            let theta = cx.sample("theta", Normal::new(mu, tau));
            cx.observe("y", Normal::new(theta, 10.0), numbers(8));
        });
    };
    assert_eq!(evaluations(schools), 0);
    let x = Tensor::from_vec(numbers(600), [60, 10]);
    let logistic = condition(
        |cx: &mut Cx| {
            let slopes = cx.plate("feature", 10, |cx| cx.sample("slope", Normal::new(0.0, 2.5)));
            cx.plate("row", 60, |cx| drop(cx.sample("y", Bernoulli::logits(Var::from(&x).matmul(slopes))).shape()));
        },
        [("y", vec![1.0; 60])],
    );
    assert_eq!(evaluations(logistic), 0);
    let process = |cx: &mut Cx| {
        let scale = cx.sample("scale", Gamma::new(2.0, 1.0));
        let covariance = Var::from(Tensor::eye(20, DType::F64)) * scale + 0.5;
        cx.observe("y", MultivariateNormal::from_covariance(Var::zeros(&[20]), covariance), numbers(20));
    };
    assert_eq!(evaluations(process), 0);
    let mixture = |cx: &mut Cx| {
        let weights = cx.sample("weights", Dirichlet::new([1.0, 1.0, 1.0]));
        let locs = cx.plate("component", 3, |cx| cx.sample("loc", Normal::new(0.0, 3.0)));
        cx.plate("data", 30, |cx| {
            let z = cx.sample("z", Categorical::probs(weights));
            cx.observe("y", Normal::new(locs.take(z), 1.0), numbers(30));
        });
    };
    assert_eq!(evaluations(mixture), 0);
}

/// A standard normal that counts what happens between its evaluations.
struct Watched {
    dim: usize,
    at: u64,
    evaluations: u64,
    most: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl LogDensity for Watched {
    fn dim(&self) -> usize {
        self.dim
    }

    fn evaluate(&mut self, position: &[f64], gradient: &mut [f64]) -> f64 {
        self.evaluations += 1;
        // Warm-up and the first trajectories make the pool of states.
        if self.evaluations > 5_000 {
            self.most.fetch_max(count() - self.at, std::sync::atomic::Ordering::Relaxed);
        }
        self.at = count();
        gradient.iter_mut().zip(position).for_each(|(g, x)| *g = -x);
        -0.5 * position.iter().map(|x| x * x).sum::<f64>()
    }
}

#[test]
fn leapfrogs_allocate_nothing() {
    let most = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let density = |_| Watched { dim: 10, at: 0, evaluations: 0, most: most.clone() };
    let nuts = Nuts::default().chains(1).warmup(300).draws(3_000).threads(1).progress(false).interruptible(false);
    nuts.sample_density(density, &[vec![0.5; 10]], 0).expect("the settings are right");
    // The only growth between two evaluations is that of the list of draws, which has its room from the start.
    assert_eq!(most.load(std::sync::atomic::Ordering::Relaxed), 0);
}
