//! A small generator, so that one number from proptest makes one plan.

pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let x = self.0 ^ self.0 >> 33;
        x.wrapping_mul(0xff51afd7ed558ccd) >> 20
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Equal to the bit, or both NaN.
pub(crate) fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// The two f32 in the place of an f64.
fn halves(x: f64) -> [f64; 2] {
    [x.to_bits() as u32, (x.to_bits() >> 32) as u32].map(|bits| f32::from_bits(bits).into())
}

/// [`same`] of the two f32 in the places of f64.
pub(crate) fn same_halves(a: f64, b: f64) -> bool {
    halves(a).into_iter().zip(halves(b)).all(|(a, b)| same(a, b))
}
