//! Draws of tensors: shapes, types, parameters that are refused, and independence of keys. The distributions are tested
//! where the samplers are.

mod common;
use common::*;
use pyroxene_tensor::{DType, Key, Tensor};

#[test]
fn shapes_and_types() {
    let key = Key::from_seed(0);
    assert_eq!(key.uniform(&[]).shape(), [0_usize; 0]);
    assert_eq!(key.normal(&[2, 0, 3]).shape(), [2, 0, 3]);
    let rate = Tensor::from([[1.0], [100.0]]);
    let x = key.poisson(&rate, &[3, 2, 50]);
    assert_eq!(x.shape(), [3, 2, 50]);
    assert!(x.select(1, 0).max().item() < x.select(1, 1).min().item());
    // A transposed view is read in the order of its axes.
    let trials = Tensor::from([[0, 1000, 0], [1000, 0, 1000]]).t();
    let counts = key.binomial(&trials, 0.5, &[3, 2]);
    assert_eq!(counts.greater(0.0).to_vec::<bool>(), trials.greater(0).to_vec::<bool>());
    let counts = key.multinomial(7, [1.0, 2.0, 3.0, 4.0], &[5]);
    assert_eq!((counts.shape(), counts.dtype()), ([5, 4].as_slice(), DType::F64));
    assert!(counts.sum_axes(&[-1], false).allclose(7.0, 0.0, 0.0));
    assert_eq!(key.categorical([[1.0, 0.0], [0.0, 1.0]], &[2]).to_vec::<f64>(), [0.0, 1.0]);
    assert_eq!(key.categorical(Tensor::zeros([0, 2], DType::F64), &[0]).shape(), [0]);
    let order = key.permutation(100);
    assert_eq!(order.dtype(), DType::I64);
    let mut sorted = order.to_vec::<i64>();
    assert_ne!(sorted, (0..100).collect::<Vec<_>>());
    sorted.sort_unstable();
    assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    assert_eq!(key.choice(100, 7).to_vec::<i64>(), order.to_vec::<i64>()[..7]);
    let full = key.randint(i64::MIN, i64::MAX, &[1000]).to_vec::<i64>();
    assert!(full.iter().any(|&x| x < i64::MIN / 2) && full.iter().any(|&x| x > i64::MAX / 2));
    assert_eq!(key.weighted_choice([0.0, 2.0, 0.0], 1).to_vec::<i64>(), [1]);
    assert_eq!(key.bernoulli([0.0, 1.0], &[2]).to_vec::<f64>(), [0.0, 1.0]);
}

#[test]
fn derived_keys_do_not_collide() {
    let key = Key::from_seed(9);
    let mut all: Vec<Key> = key.split(50);
    all.extend((0..50).map(|i| key.indexed(i)));
    all.extend((0..50).map(|i| key.named(&i.to_string())));
    all.extend(key.named("a").split(50));
    all.push(key);
    let mut first: Vec<u64> = all.iter().map(|key| key.uniform(&[]).item().to_bits()).collect();
    first.sort_unstable();
    first.dedup();
    assert_eq!(first.len(), all.len());
    assert_eq!(key.split(50)[..3], key.split(3));
    // Neighbouring keys are not correlated.
    let n = 100_000;
    let [a, b] = key.split(2)[..] else { unreachable!("two keys") };
    let product = (a.normal(&[n]) * b.normal(&[n])).mean().item();
    assert!(product.abs() < 4.0 / (n as f64).sqrt(), "{product}");
}

#[test]
fn parameters_are_refused_by_name_and_value() {
    let key = Key::from_seed(0);
    let says = |expected: &str, f: &dyn Fn() -> Tensor| assert_eq!(panic_message(f), expected);
    says("gamma: the concentration must be positive and finite, got -1 at [1, 0]", &|| {
        key.gamma([[1.0], [-1.0]], &[2, 2])
    });
    says("beta: concentration0 must be positive and finite, got 0 at [0]", &|| key.beta(1.0, [0.0, 1.0], &[2]));
    says("dirichlet: the concentration must be positive and finite, got NaN at [0, 1]", &|| {
        key.dirichlet([1.0, f64::NAN], &[3])
    });
    says("dirichlet: the concentration is a number and has no axis of categories", &|| key.dirichlet(1.0, &[3]));
    says("poisson: the rate must be non-negative and finite, got inf at []", &|| key.poisson(f64::INFINITY, &[]));
    says("binomial: the number of trials must be a non-negative whole number, got 2.5 at [0]", &|| {
        key.binomial(2.5, 0.5, &[1])
    });
    says("binomial: the probability must be in [0, 1], got 1.5 at [1]", &|| key.binomial(3, [0.5, 1.5], &[2]));
    says("binomial: the probability of shape [3] does not broadcast to [2]", &|| {
        key.binomial(3, [0.5, 0.5, 0.5], &[2])
    });
    says("bernoulli: the probability of shape [2] does not broadcast to []", &|| key.bernoulli([0.5, 0.5], &[]));
    says("multinomial: the weights must be non-negative and finite, got -2 at [1, 1]", &|| {
        key.multinomial(3, [[1.0, 2.0], [1.0, -2.0]], &[2])
    });
    says("multinomial: none of the weights is positive for the draw at [1]", &|| {
        key.multinomial(3, [[1.0, 2.0], [0.0, 0.0]], &[2])
    });
    says("categorical: none of the weights is positive for the draw at []", &|| {
        key.categorical(Tensor::zeros([0], DType::F64), &[])
    });
    says("randint: there is no whole number from 3 up to 3", &|| key.randint(3, 3, &[2]));
    says("choice: 4 of 3 without replacement", &|| key.choice(3, 4));
    says("weighted_choice: the weights [1, 2] are not a vector", &|| key.weighted_choice([[1.0, 2.0]], 1));
    says("weighted_choice: 2 without replacement, but 1 weights are positive", &|| key.weighted_choice([1.0, 0.0], 2));
    says("weighted_choice: the weights must be non-negative and finite, got -1 at [1]", &|| {
        key.weighted_choice([1.0, -1.0], 1)
    });
    says("gammainc: cannot broadcast [2] with [3]", &|| Tensor::from([1.0, 2.0]).gammainc([1.0, 2.0, 3.0]));
    says("betainc: cannot broadcast [2] with [] with [3]", &|| Tensor::from([1.0, 2.0]).betainc(1.0, [0.1, 0.2, 0.3]));
    says("multigammaln: the dimension p must be at least 1, got 0", &|| Tensor::from(2.0).multigammaln(0));
}

#[test]
fn special_functions_of_views_and_types() {
    let x = Tensor::from([[0.5, 1.0, 2.0], [3.0, 4.0, 5.0]]);
    let a = Tensor::from([0.3, 2.0]);
    let direct = a.gammainc(x.t());
    for (i, j) in [(0, 0), (2, 1), (1, 0)] {
        let one = Tensor::from(a.at(&[j])).gammainc(x.at(&[j, i])).item();
        assert_eq!(direct.at(&[i, j]), one);
    }
    assert_eq!(a.gammaincc(x.flip(1).t()).to_vec::<f64>(), a.gammaincc(x.t()).flip(0).to_vec::<f64>());
    assert_eq!(a.cast(DType::F32).gammainc(1.5).dtype(), DType::F32);
    assert_eq!(a.cast(DType::F32).betainc(1.5, &a / 4.0).dtype(), DType::F64);
    assert_eq!(Tensor::from([1, 2]).lbeta(3).dtype(), DType::F64);
    assert_eq!(Tensor::zeros([0, 2], DType::F64).gammainc(&a).shape(), [0, 2]);
}
