//! The integral of a density over the side on which it falls.

use crate::elementwise::unary;
use crate::table::Unary;

/// What is left beyond the upper limit is `e^-38`, 3e-17, of the whole.
const DROP: f64 = 38.0;
const POINTS: usize = 32;

/// An increasing convex function that is zero at 0, and functions that are integrated with it.
pub(super) struct Drop<F> {
    /// Its derivatives at 0, not both zero.
    pub(super) slope: f64,
    pub(super) curvature: f64,
    /// Its value, its derivative and the values of the functions.
    pub(super) at: F,
}

/// The integral of `e^-drop(s)` over s >= 0, and those of the functions times `e^-drop(s)`, by a Gauss-Legendre rule from 0 to
/// where the exponential is below rounding.
pub(super) fn integrals<const N: usize>(drop: &Drop<impl Fn(f64) -> (f64, f64, [f64; N])>) -> (f64, [f64; N]) {
    // Newton's iteration from the quadratic (in units that keep the squares within range); a limit that is a little off
    // moves only the error that is left out.
    let unit = drop.slope.max(drop.curvature.sqrt());
    let (slope, root) = (drop.slope / unit, drop.curvature.sqrt() / unit);
    let mut end = 2.0 * DROP / (slope + (slope * slope + 2.0 * DROP * root * root).sqrt()) / unit;
    for _ in 0..12 {
        let (value, slope, _) = (drop.at)(end);
        let step = (DROP - value) / slope;
        end += step;
        if step.abs() <= 0.05 * end {
            break;
        }
    }
    let mut exponent = [0.0; POINTS];
    let mut functions = [[0.0; N]; POINTS];
    for ((exponent, functions), node) in exponent.iter_mut().zip(&mut functions).zip(NODES) {
        let (value, _, at) = (drop.at)(end * node);
        (*exponent, *functions) = (-value, at);
    }
    let mut weight = [0.0; POINTS];
    unary(Unary::Exp, &exponent, &mut weight);
    let (mut total, mut sums) = (0.0, [0.0; N]);
    for ((weight, factor), functions) in weight.iter().zip(WEIGHTS).zip(functions) {
        let weight = weight * factor * end;
        total += weight;
        for (sum, value) in sums.iter_mut().zip(functions) {
            *sum += weight * value;
        }
    }
    (total, sums)
}

/// Gauss-Legendre points on [0, 1].
const NODES: [f64; POINTS] = [
    0.0013680690752592183,
    0.007194244227365833,
    0.017618872206246784,
    0.03254696203113015,
    0.05183942211697394,
    0.07531619313371501,
    0.1027581020160288,
    0.13390894062985517,
    0.1684778665348924,
    0.20614212137961885,
    0.2465500455338853,
    0.2893243619346823,
    0.33406569885893617,
    0.38035631887393145,
    0.42776401920860174,
    0.4758461671561308,
    0.5241538328438692,
    0.5722359807913983,
    0.6196436811260685,
    0.6659343011410638,
    0.7106756380653176,
    0.7534499544661147,
    0.7938578786203812,
    0.8315221334651076,
    0.8660910593701449,
    0.8972418979839712,
    0.9246838068662849,
    0.9481605778830261,
    0.9674530379688698,
    0.9823811277937532,
    0.9928057557726342,
    0.9986319309247408,
];

/// Their weights.
const WEIGHTS: [f64; POINTS] = [
    0.003509305004735048,
    0.008137197365452835,
    0.01269603265463103,
    0.017136931456510716,
    0.02141794901111334,
    0.025499029631188087,
    0.029342046739267772,
    0.032911111388180925,
    0.03617289705442425,
    0.039096947893535156,
    0.041655962113473374,
    0.043826046502201906,
    0.045586939347881945,
    0.04692219954040228,
    0.04781936003963743,
    0.0482700442573639,
    0.0482700442573639,
    0.04781936003963743,
    0.04692219954040228,
    0.045586939347881945,
    0.043826046502201906,
    0.041655962113473374,
    0.039096947893535156,
    0.03617289705442425,
    0.032911111388180925,
    0.029342046739267772,
    0.025499029631188087,
    0.02141794901111334,
    0.017136931456510716,
    0.01269603265463103,
    0.008137197365452835,
    0.003509305004735048,
];
