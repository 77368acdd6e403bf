//! NumPyro's counterpart is `numpyro.handlers.seed`.

use super::{Cx, Effects, Model, Seed};
use pyroxene_autograd::Key;

struct Seeded<'a> {
    key: Key,
    outer: &'a mut dyn Effects,
}

impl Effects for Seeded<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut super::Sample) {
        site.key.get_or_insert(self.key.named(&site.name));
        self.outer.sample(site);
    }

    fn plate(&mut self, plate: &mut super::PlateFrame, taken: &mut Vec<isize>) {
        if plate.size != plate.full_size && plate.indices.is_none() {
            plate.indices = Some(self.key(&plate.name).choice(plate.full_size, plate.size));
        }
        self.outer.plate(plate, taken);
    }

    fn key(&mut self, site: &str) -> Key {
        self.key.named(site)
    }
}

/// The model with its draws and subsamples decided by a seed of its own, whatever the seed of the run.
///
/// ```
/// use pyroxene::{Cx, Seed, dist::Normal, run, seed};
/// let model = seed(|cx: &mut Cx| cx.sample("x", Normal::new(0.0, 1.0)).item(), Seed(7));
/// assert_eq!(run(&model, Seed(0))?, run(&model, Seed(1))?);
/// # Ok::<(), pyroxene::Error>(())
/// ```
pub fn seed<R>(model: impl Model<R>, seed: Seed) -> impl Fn(&mut Cx) -> R {
    move |cx| model(&mut Cx(&mut Seeded { key: Key::from_seed(seed.0), outer: cx.0 }))
}
