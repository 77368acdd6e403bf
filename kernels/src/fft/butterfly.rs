//! Transforms of a few complex vectors, lane by lane.

use crate::simd::{Simd, Vector};

/// The forward transform of R complex numbers in place. `roots` are cos and sin of 2 pi k / R, for the odd radices.
#[inline(always)]
pub(super) fn butterfly<S: Simd, const R: usize>(re: &mut [Vector<S>; R], im: &mut [Vector<S>; R], roots: &[[f64; 2]]) {
    match R {
        2 => {
            (re[0], re[1]) = (re[0] + re[1], re[0] - re[1]);
            (im[0], im[1]) = (im[0] + im[1], im[0] - im[1]);
        }
        4 => {
            let (a, b) = four([re[0], re[1], re[2], re[3]], [im[0], im[1], im[2], im[3]]);
            for k in 0..4 {
                (re[k], im[k]) = (a[k], b[k]);
            }
        }
        8 => eight(re, im),
        _ => odd(re, im, roots),
    }
}

#[inline(always)]
fn four<S: Simd>(re: [Vector<S>; 4], im: [Vector<S>; 4]) -> ([Vector<S>; 4], [Vector<S>; 4]) {
    let (even_re, even_im) = (re[0] + re[2], im[0] + im[2]);
    let (apart_re, apart_im) = (re[0] - re[2], im[0] - im[2]);
    let (odd_re, odd_im) = (re[1] + re[3], im[1] + im[3]);
    let (turn_re, turn_im) = (re[1] - re[3], im[1] - im[3]);
    (
        [even_re + odd_re, apart_re + turn_im, even_re - odd_re, apart_re - turn_im],
        [even_im + odd_im, apart_im - turn_re, even_im - odd_im, apart_im + turn_re],
    )
}

#[inline(always)]
fn eight<S: Simd>(re: &mut [Vector<S>], im: &mut [Vector<S>]) {
    let (even_re, even_im) = four([re[0], re[2], re[4], re[6]], [im[0], im[2], im[4], im[6]]);
    let (odd_re, odd_im) = four([re[1], re[3], re[5], re[7]], [im[1], im[3], im[5], im[7]]);
    let half = std::f64::consts::FRAC_1_SQRT_2;
    // The odd part times exp(-2 pi i k / 8).
    let turned_re = [odd_re[0], (odd_re[1] + odd_im[1]) * half, odd_im[2], (odd_im[3] - odd_re[3]) * half];
    let turned_im = [odd_im[0], (odd_im[1] - odd_re[1]) * half, -odd_re[2], -((odd_im[3] + odd_re[3]) * half)];
    for k in 0..4 {
        re[k] = even_re[k] + turned_re[k];
        im[k] = even_im[k] + turned_im[k];
        re[k + 4] = even_re[k] - turned_re[k];
        im[k + 4] = even_im[k] - turned_im[k];
    }
}

/// Terms k and R - k are paired: their sum goes with the cosine and their difference with the sine.
#[inline(always)]
fn odd<S: Simd, const R: usize>(re: &mut [Vector<S>; R], im: &mut [Vector<S>; R], roots: &[[f64; 2]]) {
    let half = R / 2;
    let (x_re, x_im) = (*re, *im);
    let (mut sum_re, mut sum_im) = (x_re, x_im);
    let (mut apart_re, mut apart_im) = (x_re, x_im);
    for k in 1..=half {
        (sum_re[k], sum_im[k]) = (x_re[k] + x_re[R - k], x_im[k] + x_im[R - k]);
        (apart_re[k], apart_im[k]) = (x_re[k] - x_re[R - k], x_im[k] - x_im[R - k]);
        (re[0], im[0]) = (re[0] + sum_re[k], im[0] + sum_im[k]);
    }
    for j in 1..=half {
        let zero = x_re[0].constant(0.0);
        let (mut even_re, mut even_im) = (x_re[0], x_im[0]);
        let (mut odd_re, mut odd_im) = (zero, zero);
        for k in 1..=half {
            let [cos, sin] = roots[j * k % R];
            even_re = sum_re[k].fma(cos, even_re);
            even_im = sum_im[k].fma(cos, even_im);
            odd_re = apart_re[k].fma(sin, odd_re);
            odd_im = apart_im[k].fma(sin, odd_im);
        }
        (re[j], im[j]) = (even_re + odd_im, even_im - odd_re);
        (re[R - j], im[R - j]) = (even_re - odd_im, even_im + odd_re);
    }
}
