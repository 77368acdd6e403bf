//! Incomplete gamma and beta functions and their kin, and the pathwise derivatives of draws that they give.

use pyroxene_autograd::{DType, Key, Program, Tensor, Var, grad, scope};
use serde_json::Value;

fn numbers(value: &Value) -> Tensor {
    let texts = value.as_array().expect("numbers").iter();
    Tensor::from(texts.map(|x| x.as_str().expect("a text").parse().expect("a number")).collect::<Vec<f64>>())
}

#[test]
fn golden_values() {
    let golden: Value = serde_json::from_str(include_str!("../../testdata/golden/incomplete.json")).expect("JSON");
    let mut count = 0;
    for case in golden["cases"].as_array().expect("cases") {
        let args: Vec<Tensor> = case["args"].as_array().expect("arguments").iter().map(numbers).collect();
        let name = case["fn"].as_str().expect("a name");
        let p = case["p"].as_u64().unwrap_or(0) as usize;
        let body = |x: &[Var]| match name {
            "gammainc" => x[0].gammainc(x[1]),
            "gammaincc" => x[0].gammaincc(x[1]),
            "betainc" => x[0].betainc(x[1], x[2]),
            "lbeta" => x[0].lbeta(x[1]),
            "multigammaln" => x[0].multigammaln(p),
            other => panic!("{other}"),
        };
        let eager = match name {
            "gammainc" => args[0].gammainc(&args[1]),
            "gammaincc" => args[0].gammaincc(&args[1]),
            "betainc" => args[0].betainc(&args[1], &args[2]),
            "lbeta" => args[0].lbeta(&args[1]),
            "multigammaln" => args[0].multigammaln(p),
            other => panic!("{other}"),
        };
        let direct = scope(|| body(&args.iter().map(Var::from).collect::<Vec<_>>()).to_tensor());
        let shapes: Vec<&[usize]> = args.iter().map(Tensor::shape).collect();
        let mut program = Program::capture(&shapes, |x| vec![body(x)]).expect("no value is read");
        let compiled = program.call(&args).remove(0);
        for (i, want) in numbers(&case["y"]).to_vec::<f64>().into_iter().enumerate() {
            for (engine, y) in [("eager", &eager), ("direct", &direct), ("program", &compiled)] {
                let got = y.at(&[i]);
                let close = got == want || (got - want).abs() <= 1e-12 * want.abs().max(1.0);
                assert!(close, "{name} [{i}], {engine}: {got:e}, not {want:e}");
            }
            count += 1;
        }
    }
    assert!(count > 400, "{count} values");
}

/// Differences of order h^8, for functions of relative accuracy 1e-14 or so.
fn differences(f: impl Fn(f64) -> f64, at: f64) -> f64 {
    let h = 0.02 * at;
    let pairs = [(1.0, 4.0 / 5.0), (2.0, -1.0 / 5.0), (3.0, 4.0 / 105.0), (4.0, -1.0 / 280.0)];
    pairs.iter().map(|(k, weight)| weight * (f(at + k * h) - f(at - k * h))).sum::<f64>() / h
}

fn close(got: f64, want: f64, tolerance: f64, what: &str) {
    assert!((got - want).abs() <= tolerance * want.abs(), "{what}: {got:e}, not {want:e}");
}

#[test]
fn first_derivatives_by_every_argument() {
    for (a, x) in
        [(0.02, 0.3), (0.7, 0.1), (1.3, 2.0), (8.0, 5.0), (8.0, 14.0), (40.0, 33.0), (40.0, 55.0), (900.0, 910.0)]
    {
        for upper in [false, true] {
            let value = |a: Var, x: Var| if upper { a.gammaincc(x) } else { a.gammainc(x) };
            let number = |a: f64, x: f64| scope(|| value(a.into(), x.into()).item());
            let got = scope(|| {
                let (a, x) = (Var::from(a), Var::from(x));
                grad(value(a, x), &[a, x]).iter().map(|g| g.item()).collect::<Vec<_>>()
            });
            if a < 100.0 {
                close(got[0], differences(|a| number(a, x), a), 1e-7, "by a");
                close(got[1], differences(|x| number(a, x), x), 1e-7, "by x");
            } else {
                let h = 1e-3;
                let slope = |f: &dyn Fn(f64) -> f64| (f(h) - f(-h)) / (2.0 * h);
                close(got[0], slope(&|h| number(a + h, x)), 1e-6, "by a");
                close(got[1], slope(&|h| number(a, x + h)), 1e-6, "by x");
            }
        }
    }
    for (a, b, x) in
        [(0.02, 3.0, 0.3), (3.0, 0.1, 0.8), (1.3, 2.0, 0.5), (30.0, 12.0, 0.6), (5.0, 60.0, 0.07), (40.0, 50.0, 0.5)]
    {
        let number = |a: f64, b: f64, x: f64| scope(|| Var::from(a).betainc(b, x).item());
        let got = scope(|| {
            let (a, b, x) = (Var::from(a), Var::from(b), Var::from(x));
            grad(a.betainc(b, x), &[a, b, x]).iter().map(|g| g.item()).collect::<Vec<_>>()
        });
        close(got[0], differences(|a| number(a, b, x), a), 1e-6, "by a");
        close(got[1], differences(|b| number(a, b, x), b), 1e-6, "by b");
        close(got[2], differences(|x| number(a, b, x), x), 1e-6, "by x");
    }
}

/// By a parameter and then by the value: both orders of differentiation meet where the other one exists.
#[test]
fn mixed_derivatives() {
    for (a, x) in [(0.3, 0.2), (2.5, 4.0), (30.0, 25.0)] {
        let (a, x) = (Var::from(a), Var::from(x));
        let by = grad(a.gammainc(x), &[a, x]);
        close(grad(by[0], &[x])[0].item(), grad(by[1], &[a])[0].item(), 1e-11, "P by a and x");
        // The derivative of z's logarithm by a, itself differentiated by z: as a quotient of derivatives of P.
        let slope = -by[0] / (x * by[1]);
        let by_x = grad(slope, &[x])[0].item();
        let draw = |x: f64| scope(|| -(grad_by_a(a.item(), x)) / x);
        close(by_x, differences(draw, x.item()), 1e-7, "the slope by x");
    }
    for (a, b, x) in [(0.3, 2.0, 0.2), (2.5, 4.0, 0.6), (30.0, 25.0, 0.5)] {
        let (a, b, x) = (Var::from(a), Var::from(b), Var::from(x));
        let by = grad(a.betainc(b, x), &[a, b, x]);
        close(grad(by[0], &[x])[0].item(), grad(by[2], &[a])[0].item(), 1e-11, "I by a and x");
        close(grad(by[1], &[x])[0].item(), grad(by[2], &[b])[0].item(), 1e-11, "I by b and x");
    }
}

fn grad_by_a(a: f64, x: f64) -> f64 {
    let (a, x) = (Var::from(a), Var::from(x));
    let by = grad(a.gammainc(x), &[a, x]);
    (by[0] / by[1]).item()
}

#[test]
fn logarithms_of_the_beta_function_differentiate_stably() {
    let (a, b) = (Var::from([2.0, 1e-8, 1e12]), Var::from([3.0, 1e12, 1e-8]));
    let by_a = grad(a.lbeta(b).sum(), &[a])[0];
    // psi(a) - psi(a + b); the last is -b / a.
    let want = [1.0 - 25.0 / 12.0, -1e8 - (1e12_f64).ln() - 0.577_215_664_901_532_9, -1e-20];
    for (got, want) in by_a.to_tensor().to_vec::<f64>().into_iter().zip(want) {
        close(got, want, 1e-11, "by a");
    }
    let twice = grad(by_a.sum(), &[a])[0].to_tensor().at(&[0]);
    close(twice, 0.423_611_111_111_111_1, 1e-12, "twice");
    let nothing = Var::from([0.5, 1.0]).multigammaln(3).to_tensor().to_vec::<f64>();
    assert!(nothing[0].is_nan() && nothing[1] == f64::INFINITY);
}

#[test]
fn element_types_and_shapes() {
    let f32s = Var::from(Tensor::from([0.5, 2.0]).cast(DType::F32));
    assert_eq!((f32s.gammainc(1.5).dtype(), f32s.gammainc([1.5]).dtype()), (DType::F32, DType::F64));
    assert_eq!(Var::from([1i64, 2]).gammaincc(2).dtype(), DType::F64);
    assert_eq!(f32s.gammainc(1.5).to_tensor().dtype(), DType::F32);
    let x = Var::from([[0.1], [0.2], [0.3]]);
    assert_eq!(Var::from([1.0, 2.0]).betainc(3.0, x).shape().as_slice(), [3, 2]);
    assert_eq!(Var::zeros(&[0, 2]).lbeta([1.0, 2.0]).to_tensor().shape(), [0, 2]);
}

/// The derivative of each draw, summed with weights, against differences of the quantile at a held distribution function.
#[test]
fn draws_move_along_their_quantiles() {
    let key = Key::from_seed(3);
    // z(a + h) with P(a + h, z) = P(a, z), by Newton's iteration.
    let moved = |a: f64, z: f64, h: f64| {
        scope(|| {
            let (target, mut y) = (Var::from(a).gammainc(z).item(), z);
            for _ in 0..50 {
                let at = Var::from(y);
                let p = Var::from(a + h).gammainc(at);
                y -= (p.item() - target) / grad(p, &[at])[0].item();
            }
            y
        })
    };
    for a in [0.4, 1.7, 25.0] {
        let concentration = Var::from(vec![a; 5]);
        let z = key.gamma(concentration, &[5]);
        let slopes = grad(z.sum(), &[concentration])[0].to_tensor().to_vec::<f64>();
        for (z, slope) in z.to_tensor().to_vec::<f64>().into_iter().zip(slopes) {
            let h = 1e-4 * a;
            let quotient = (moved(a, z, h) - moved(a, z, -h)) / (2.0 * h);
            close(slope, quotient, 1e-6, "gamma");
        }
    }
    let moved = |a: f64, b: f64, z: f64, da: f64, db: f64| {
        scope(|| {
            let (target, mut y) = (Var::from(a).betainc(b, z).item(), z);
            for _ in 0..50 {
                let at = Var::from(y);
                let p = Var::from(a + da).betainc(b + db, at);
                y -= (p.item() - target) / grad(p, &[at])[0].item();
            }
            y
        })
    };
    for (a, b) in [(0.6, 1.5), (3.0, 2.0), (40.0, 15.0)] {
        let (va, vb) = (Var::from(vec![a; 5]), Var::from(vec![b; 5]));
        let z = key.beta(va, vb, &[5]);
        let slopes = grad(z.sum(), &[va, vb]);
        for (i, z) in z.to_tensor().to_vec::<f64>().into_iter().enumerate() {
            let h = 1e-4;
            let by_a = (moved(a, b, z, h, 0.0) - moved(a, b, z, -h, 0.0)) / (2.0 * h);
            let by_b = (moved(a, b, z, 0.0, h) - moved(a, b, z, 0.0, -h)) / (2.0 * h);
            close(slopes[0].to_tensor().at(&[i]), by_a, 1e-6, "beta by a");
            close(slopes[1].to_tensor().at(&[i]), by_b, 1e-6, "beta by b");
        }
    }
}

/// z-score of the mean of the entries against a known value, by their own spread.
fn z_score(values: &[f64], want: f64) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    (mean - want) / (variance / n).sqrt()
}

/// E[f(z)] has a closed form, and so its gradient; each draw has parameters of its own, so that gradients come draw by draw.
#[test]
fn gradients_of_expectations() {
    let n = 40_000;
    let key = Key::from_seed(8);
    let per_draw = |parameters: &[f64], f: &dyn Fn(&[Var]) -> Var| -> Vec<Vec<f64>> {
        scope(|| {
            let vars: Vec<Var> = parameters.iter().map(|&p| Var::from(vec![p; n])).collect();
            grad(f(&vars).sum(), &vars).into_iter().map(|g| g.to_tensor().to_vec()).collect()
        })
    };
    for a in [0.3, 1.0, 6.0] {
        // E[z] = a, E[ln z] = psi(a), E[z^2] = a (a + 1).
        let psi = |x: f64| scope(|| Var::from(1.0).polygamma(x).item());
        let checks: [(&dyn Fn(Var) -> Var, f64); 3] =
            [(&|z| z, 1.0), (&|z: Var| z.ln(), psi(a)), (&|z: Var| z.square(), 2.0 * a + 1.0)];
        for (which, (f, want)) in checks.into_iter().enumerate() {
            let g = per_draw(&[a], &|x| f(key.gamma(x[0], &[n])));
            assert!(z_score(&g[0], want).abs() < 4.0, "gamma {a}, {which}: {}", z_score(&g[0], want));
        }
    }
    for (a, b) in [(0.5, 0.8), (2.0, 3.0), (50.0, 9.0_f64)] {
        // E[z] = a / (a + b).
        let s = a + b;
        let g = per_draw(&[a, b], &|x| key.beta(x[0], x[1], &[n]));
        assert!(z_score(&g[0], b / (s * s)).abs() < 4.0, "beta {a} {b}");
        assert!(z_score(&g[1], -a / (s * s)).abs() < 4.0, "beta {a} {b}");
    }
    // E[x_0 x_1] = a0 a1 / (s (s + 1)).
    let a = [0.7, 2.0, 1.3];
    let s: f64 = a.iter().sum();
    let g = per_draw(&a, &|x| {
        let draw = key.dirichlet(Var::stack(x, 1), &[n]);
        draw.select(1, 0) * draw.select(1, 1)
    });
    let (mean, tail) = (a[0] * a[1] / (s * (s + 1.0)), (2.0 * s + 1.0) / (s * (s + 1.0)));
    for (k, want) in [mean / a[0] - mean * tail, mean / a[1] - mean * tail, -mean * tail].into_iter().enumerate() {
        assert!(z_score(&g[k], want).abs() < 4.0, "Dirichlet by {k}: {}", z_score(&g[k], want));
    }
}

/// The derivatives stay finite where draws round to the ends of their range.
#[test]
fn tiny_and_huge_concentrations() {
    let key = Key::from_seed(1);
    for size in [1e-300, 1e-4, 1e12] {
        let a = Var::from([size, 2.0 * size, 3.0 * size]);
        let gamma = key.gamma(a, &[50, 3]);
        let beta = key.beta(a, size, &[50, 3]);
        let dirichlet = key.dirichlet(a, &[50]);
        let weights = Tensor::from([0.3, -1.0, 2.0]);
        for (name, draw) in [("gamma", gamma), ("beta", beta), ("Dirichlet", dirichlet)] {
            let slope = grad((draw * &weights).sum(), &[a])[0].to_tensor().to_vec::<f64>();
            assert!(slope.iter().all(|g| g.is_finite()), "{name} at {size:e}: {slope:?}");
        }
    }
    let one = Var::from([2.0]);
    assert_eq!(grad(key.dirichlet(one, &[]).sum(), &[one])[0].to_tensor().to_vec::<f64>(), [0.0]);
}

#[test]
fn eager_and_traced_keys_draw_the_same() {
    let (eager, traced) = (pyroxene_tensor::Key::from_seed(5), Key::from_seed(5));
    let same = |a: Tensor, b: Var| {
        let b = b.to_tensor();
        assert_eq!((a.shape(), a.dtype(), a.to_vec::<f64>()), (b.shape(), b.dtype(), b.to_vec::<f64>()));
    };
    same(eager.named("a").uniform(&[3]), traced.named("a").uniform(&[3]));
    same(eager.indexed(2).normal(&[3]), traced.indexed(2).normal(&[3]));
    for (eager, traced) in eager.split(3).into_iter().zip(traced.split(3)) {
        same(eager.exponential(&[2, 2]), traced.exponential(&[2, 2]));
        same(eager.gamma([0.3, 2.0], &[2, 2]), traced.gamma([0.3, 2.0], &[2, 2]));
        same(eager.beta([0.3, 2.0], 3, &[2]), traced.beta([0.3, 2.0], 3, &[2]));
        same(eager.dirichlet([0.3, 2.0], &[4]), traced.dirichlet([0.3, 2.0], &[4]));
        same(eager.poisson([0.3, 200.0], &[2]), traced.poisson([0.3, 200.0], &[2]));
        same(eager.binomial(40, [0.3, 0.6], &[2]), traced.binomial(40, [0.3, 0.6], &[2]));
        same(eager.multinomial([5, 6], [1.0, 2.0], &[2]), traced.multinomial([5, 6], [1.0, 2.0], &[2]));
        same(eager.bernoulli(0.4, &[9]), traced.bernoulli(0.4, &[9]));
        same(eager.categorical([1.0, 2.0], &[9]), traced.categorical([1.0, 2.0], &[9]));
        same(eager.randint(-4, 9, &[9]), traced.randint(-4, 9, &[9]));
        same(eager.permutation(9), traced.permutation(9));
        same(eager.choice(9, 4), traced.choice(9, 4));
        same(eager.weighted_choice([1.0, 0.0, 3.0], 2), traced.weighted_choice([1.0, 0.0, 3.0], 2));
    }
}
