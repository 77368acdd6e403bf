//! Rank normalisation.

use super::super::scalar::ln;

/// Replaces each draw by the normal quantile of its rank among all draws of all chains, ties sharing their mean rank;
/// ranks become probabilities as `(r - 3/8) / (S + 1/4)` (Blom 1958, "Statistical estimates and transformed
/// beta-variables").
pub(super) fn rank_normalize(chains: &[&[f64]]) -> Vec<Vec<f64>> {
    let mut order: Vec<(f64, usize, usize)> = chains
        .iter()
        .enumerate()
        .flat_map(|(chain, draws)| draws.iter().enumerate().map(move |(draw, x)| (*x, chain, draw)))
        .collect();
    order.sort_by(|a, b| a.partial_cmp(b).expect("the caller has no NaN"));
    let mut scores: Vec<Vec<f64>> = chains.iter().map(|draws| vec![0.0; draws.len()]).collect();
    let mut start = 0;
    while start < order.len() {
        let ties = order[start..].iter().take_while(|(x, ..)| *x == order[start].0).count();
        let rank = start as f64 + (ties as f64 + 1.0) / 2.0;
        let score = normal_quantile((rank - 0.375) / (order.len() as f64 + 0.25));
        for (_, chain, draw) in &order[start..start + ties] {
            scores[*chain][*draw] = score;
        }
        start += ties;
    }
    scores
}

/// Inverse of the standard normal distribution function on (0, 1), to about 1e-16 relative
/// (Wichura 1988, "Algorithm AS 241: the percentage points of the normal distribution").
fn normal_quantile(p: f64) -> f64 {
    let ratio = |numerator: [f64; 8], denominator: [f64; 8], r: f64| {
        let polynomial = |c: [f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
        polynomial(numerator) / polynomial(denominator)
    };
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(CENTRE.0, CENTRE.1, 0.180625 - q * q);
    }
    let r = (-ln(p.min(1.0 - p))).sqrt();
    let x = if r <= 5.0 { ratio(MIDDLE.0, MIDDLE.1, r - 1.6) } else { ratio(TAIL.0, TAIL.1, r - 5.0) };
    x.copysign(q)
}

/// Numerator and denominator for |p - 1/2| <= 0.425.
const CENTRE: ([f64; 8], [f64; 8]) = (
    [
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ],
    [
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ],
);
/// For sqrt(-ln p) <= 5.
const MIDDLE: ([f64; 8], [f64; 8]) = (
    [
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ],
    [
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ],
);
/// For smaller p.
const TAIL: ([f64; 8], [f64; 8]) = (
    [
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ],
    [
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantiles() {
        // Phi^-1 from mpmath at 30 digits.
        let expected = [
            (0.5, 0.0),
            (0.6, 0.253347103135799798),
            (0.95, 1.64485362695147271),
            (0.975, 1.95996398454005423),
            (1e-3, -3.09023230616781354),
            (1e-10, -6.36134090240406),
            (1e-100, -21.2734535609653),
        ];
        for (p, x) in expected {
            assert!((normal_quantile(p) - x).abs() <= 2e-14 * x.abs(), "{p}: {}", normal_quantile(p));
        }
    }

    #[test]
    fn ties_share_their_mean_rank() {
        let scores = rank_normalize(&[&[3.0, 1.0], &[3.0, 7.0]]);
        let score = |rank: f64| normal_quantile((rank - 0.375) / 4.25);
        assert_eq!(scores, [[score(2.5), score(1.0)], [score(2.5), score(4.0)]]);
    }
}
