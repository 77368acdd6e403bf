//! Pyro's counterpart is `pyro.poutine.replay`.

use super::{Cx, Effects, Model, PlateFrame, Sample, Trace};

struct Replay<'a> {
    trace: &'a Trace,
    outer: &'a mut dyn Effects,
}

impl Effects for Replay<'_> {
    fn outer(&mut self) -> Option<&mut dyn Effects> {
        Some(self.outer)
    }

    fn sample(&mut self, site: &mut Sample) {
        if site.value.is_none()
            && let Some(recorded) = self.trace.sample(&site.name)
        {
            if recorded.observed {
                let message = "a trace to replay has data at a site that the model draws";
                crate::Error::at(&site.name, message).raise();
            }
            site.value = recorded.value;
        }
        self.outer.sample(site);
    }

    fn plate(&mut self, plate: &mut PlateFrame, taken: &mut Vec<isize>) {
        if let Some(recorded) = self.trace.plates().iter().find(|recorded| recorded.name == plate.name) {
            if (recorded.size, recorded.full_size) != (plate.size, plate.full_size) {
                let message = format!(
                    "plate {:?} has {} of {} elements, in the trace to replay {} of {}",
                    plate.name, plate.size, plate.full_size, recorded.size, recorded.full_size
                );
                crate::Error::at(&plate.name, message).raise();
            }
            plate.indices = recorded.indices;
        }
        self.outer.plate(plate, taken);
    }
}

/// The model with the latent values and the subsamples of a trace. Sites that the trace lacks are drawn.
///
/// ```
/// use pyroxene::{Cx, Seed, dist::Normal, replay, run};
/// let model = |cx: &mut Cx| cx.sample("x", Normal::new(0.0, 1.0));
/// let (first, again) = run(
///     |cx: &mut Cx| {
///         let (first, trace) = cx.trace(model);
///         // A block hides the second visit of the name from the outermost check.
///         let again = pyroxene::block(replay(model, trace), |_| true)(cx);
///         (first.item(), again.item())
///     },
///     Seed(0),
/// )?;
/// assert_eq!(first, again);
/// # Ok::<(), pyroxene::Error>(())
/// ```
pub fn replay<R>(model: impl Model<R>, trace: Trace) -> impl Fn(&mut Cx) -> R {
    move |cx| model(&mut Cx(&mut Replay { trace: &trace, outer: cx.0 }))
}
