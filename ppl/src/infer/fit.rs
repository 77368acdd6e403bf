//! The result of sampling a model: draws by site, their summary, and what to worry about.

use super::compile::{Compile, Routine};
use super::diagnostics::{Summary, e_bfmi};
use super::latent::{Layout, layout};
use super::mcmc::{Nuts, Samples, sample_chains_here};
use super::model_density::Potential;
use crate::effects::{Model, Seed};
use crate::error::{Error, catch};
use crate::values::Values;
use pyroxene_autograd::{Shape, Tensor};
use std::fmt;

/// Draws from a posterior: for each site and reported value a tensor `[chains, draws, ...]`.
///
/// Printing it shows a table of means, standard deviations, quantiles, effective sample sizes and R-hat, and below it what
/// the sampler complains about, with the sites concerned.
#[derive(Clone, Debug)]
pub struct Fit {
    names: Vec<String>,
    draws: Values,
    samples: Samples,
    layout: Layout,
    max_depth: u32,
}

/// One number of a site, and what its draws say.
#[derive(Clone, Debug)]
pub struct Row {
    /// The site's name, with the index of the element: `theta[3]`, `beta[0, 1]`.
    pub name: String,
    /// Its mean, spread, quantiles and diagnostics.
    pub summary: Summary,
}

impl Nuts {
    /// Samples the latent variables of a model.
    ///
    /// Continuous variables are sampled in an unconstrained space, from which each is mapped onto its support; discrete
    /// ones of finite support are summed out. The model is traced and compiled once, if it can be: see [`Compile`](super::Compile).
    ///
    /// ```
    /// use pyroxene::{Cx, Nuts, Seed, condition, dist::{HalfNormal, Normal}};
    /// let model = |cx: &mut Cx| {
    ///     let mean = cx.sample("mean", Normal::new(0.0, 10.0));
    ///     let sd = cx.sample("sd", HalfNormal::new(5.0));
    ///     cx.plate("data", 4, |cx| cx.sample("y", Normal::new(mean, sd)));
    /// };
    /// let posterior = condition(model, [("y", [4.1, 5.2, 4.8, 5.7])]);
    /// let fit = Nuts::default().progress(false).run(&posterior, Seed(0))?;
    /// println!("{fit}");
    /// assert!((fit["mean"].mean().item() - 4.9).abs() < 0.5);
    /// # Ok::<(), pyroxene::Error>(())
    /// ```
    ///
    /// # Errors
    /// A setting out of range, what is wrong with the model or its data (see [`Error`]), no initial position with a finite
    /// density, or an interruption before the first draw.
    pub fn run<R>(&self, model: &(impl Model<R> + ?Sized), seed: Seed) -> Result<Fit, Error> {
        self.validate().map_err(setting)?;
        let layout = layout(&|cx: &mut crate::Cx| model(cx), seed)?;
        let (samples, draws) = catch(|| self.draw(&layout, &|cx: &mut crate::Cx| model(cx), seed))??;
        let names = layout.names().into_iter().map(|(name, _)| name).collect();
        Ok(Fit { names, draws, samples, layout, max_depth: self.max_depth })
    }

    /// The chains, and their draws by name. A model that is traced at each evaluation may raise an error.
    fn draw<R>(&self, layout: &Layout, model: &impl Model<R>, seed: Seed) -> Result<(Samples, Values), Error> {
        let (samples, compile) = match layout.density(model, self.compile)? {
            Potential::Compiled(mut density) => {
                let initial = layout.initial(model, &mut density, self.chains, seed)?;
                (self.sample_density(|_| density.clone(), &initial, seed.0), Compile::Always)
            }
            Potential::Traced(mut density) => {
                let initial = layout.initial(model, &mut density, self.chains, seed)?;
                (sample_chains_here(self, |_| density.clone(), &initial, seed.0), Compile::Never)
            }
        };
        let samples = samples.map_err(setting)?;
        let draws = constrain(layout.constrain(model, compile)?, &layout.names(), &samples)?;
        Ok((samples, draws))
    }
}

fn setting(error: super::SampleError) -> Error {
    Error::new(error.to_string()).with_source(error)
}

/// The draws of each name, from those of the unconstrained vector.
fn constrain(mut routine: Routine, names: &[(String, Shape)], samples: &Samples) -> Result<Values, Error> {
    let chains = samples.chains.len();
    let draws = samples.chains.first().map_or(0, |chain| chain.draws());
    let sizes: Vec<usize> = names.iter().map(|(_, shape)| shape.iter().product()).collect();
    let mut columns: Vec<Vec<f64>> = sizes.iter().map(|size| vec![0.0; chains * draws * size]).collect();
    for (c, chain) in samples.chains.iter().enumerate() {
        for draw in 0..draws {
            let row = c * draws + draw;
            let pairs = columns.iter_mut().zip(&sizes);
            let mut outputs: Vec<&mut [f64]> =
                pairs.map(|(column, &size)| &mut column[row * size..(row + 1) * size]).collect();
            routine.run(&[chain.position(draw)], &mut outputs)?;
        }
    }
    let tensor = |column: Vec<f64>, shape: &Shape| {
        let full: Shape = [chains, draws].into_iter().chain(shape.iter().copied()).collect();
        Tensor::from_vec(column, full)
    };
    Ok(columns.into_iter().zip(names).map(|(column, (name, shape))| (name.clone(), tensor(column, shape))).collect())
}

impl Fit {
    /// The names of sites and reported values, in the order of the model.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The draws of a name, `[chains, draws, ...]`.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.draws.get(name)
    }

    /// All draws, by name, each `[chains, draws, ...]`.
    pub fn draws(&self) -> &Values {
        &self.draws
    }

    /// The chains on the unconstrained space, with the facts about each transition.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// Number of divergent transitions after warm-up.
    pub fn divergences(&self) -> usize {
        self.samples.divergences()
    }

    /// A row for each number of each site and reported value.
    pub fn summary(&self) -> Vec<Row> {
        self.names.iter().flat_map(|name| rows(name, &self.draws[name.as_str()])).collect()
    }

    /// What the sampler complains about, in sentences that name the sites concerned; empty if all is well.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings_of(&self.summary())
    }

    fn warnings_of(&self, rows: &[Row]) -> Vec<String> {
        let mut warnings = Vec::new();
        let total: usize = self.samples.chains.iter().map(|chain| chain.draws()).sum();
        if self.samples.interrupted {
            warnings.push(format!("interrupted: {total} draws in {} chains were kept", self.samples.chains.len()));
        }
        let divergences = self.divergences();
        if divergences > 0 {
            warnings.push(format!(
                "{divergences} of {total} transitions diverged, most unusually in {}; \
                 raise target_accept or reparameterise (see `reparam`)",
                self.unusual_at_divergences()
            ));
        }
        let stats = || self.samples.chains.iter().flat_map(|chain| &chain.stats);
        let deep = stats().filter(|row| row.depth >= self.max_depth).count();
        if deep > 0 {
            let slowest = rows.iter().min_by(|a, b| a.summary.ess_bulk.total_cmp(&b.summary.ess_bulk));
            let slowest = slowest.map_or(String::new(), |row| format!("; {} mixes slowest", row.name));
            warnings.push(format!(
                "{deep} of {total} transitions reached the maximal tree depth {}{slowest}",
                self.max_depth
            ));
        }
        let low = |chain: &&super::ChainDraws| e_bfmi(&chain.energies()) < 0.3;
        let slow: Vec<&super::ChainDraws> = self.samples.chains.iter().filter(low).collect();
        if let Some(first) = slow.first() {
            let chains: Vec<String> =
                slow.iter().map(|c| format!("{} ({:.2})", c.chain, e_bfmi(&c.energies()))).collect();
            warnings.push(format!(
                "E-BFMI is below 0.3 in chains {}; the energy goes with {}",
                chains.join(", "),
                self.goes_with(first)
            ));
        }
        let unmixed: Vec<&str> =
            rows.iter().filter(|row| row.summary.r_hat > 1.01).map(|row| row.name.as_str()).collect();
        if !unmixed.is_empty() {
            warnings.push(format!("R-hat is above 1.01 for {}: the chains do not agree", list(&unmixed)));
        }
        let few = 100.0 * self.samples.chains.len() as f64;
        let scarce: Vec<&str> = rows
            .iter()
            .filter(|row| row.summary.ess_bulk < few || row.summary.ess_tail < few)
            .map(|row| row.name.as_str())
            .collect();
        if !scarce.is_empty() {
            warnings.push(format!("fewer than {few} effective draws of {}", list(&scarce)));
        }
        warnings
    }

    /// The sites whose positions before divergences lie farthest from their usual ones, in standard deviations.
    fn unusual_at_divergences(&self) -> String {
        let score = |coordinate: usize| {
            let (mean, sd) = moments(self.samples.chains.iter().flat_map(|chain| chain.coordinate(coordinate)));
            let there = self.samples.chains.iter().flat_map(|chain| &chain.divergences);
            let (at_divergences, _) = moments(there.map(|divergence| divergence.position[coordinate]));
            (at_divergences - mean) / sd
        };
        self.rank(score, |score| format!("{score:+.1} sd, unconstrained"))
    }

    /// The sites that correlate most with the energy of a chain.
    fn goes_with(&self, chain: &super::ChainDraws) -> String {
        let energy = chain.energies();
        let (energy_mean, energy_sd) = moments(energy.iter().copied());
        let score = |coordinate: usize| {
            let x = chain.coordinate(coordinate);
            let (mean, sd) = moments(x.iter().copied());
            let products = x.iter().zip(&energy).map(|(x, e)| (x - mean) * (e - energy_mean));
            products.sum::<f64>() / (x.len() as f64 * sd * energy_sd)
        };
        self.rank(score, |score| format!("correlation {score:+.2}"))
    }

    /// The three sites with the largest scores of a coordinate, in words.
    fn rank(&self, score: impl Fn(usize) -> f64, say: impl Fn(f64) -> String) -> String {
        let mut scored: Vec<(f64, &str)> = self
            .layout
            .latents
            .iter()
            .filter_map(|latent| {
                let best = latent.range.clone().map(&score).max_by(|a, b| a.abs().total_cmp(&b.abs()))?;
                Some((best, latent.name.as_str()))
            })
            .collect();
        scored.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
        let words: Vec<String> =
            scored.iter().take(3).map(|&(score, name)| format!("{name} ({})", say(score))).collect();
        words.join(", ")
    }
}

fn moments(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let values: Vec<f64> = values.collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt())
}

/// At most five names.
fn list(names: &[&str]) -> String {
    let shown = names.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{shown} and {} more", names.len() - 5) } else { shown }
}

/// A row for each element of `[chains, draws, ...]`.
fn rows(name: &str, draws: &Tensor) -> Vec<Row> {
    let [chains, count] = [draws.shape()[0], draws.shape()[1]];
    let shape = &draws.shape()[2..];
    let size: usize = shape.iter().product();
    let data = draws.to_vec::<f64>();
    let column = |chain: usize, element: usize| -> Vec<f64> {
        (0..count).map(|draw| data[(chain * count + draw) * size + element]).collect()
    };
    let row = |element: usize| {
        let columns: Vec<Vec<f64>> = (0..chains).map(|chain| column(chain, element)).collect();
        let summary = Summary::of(&columns.iter().map(Vec::as_slice).collect::<Vec<_>>());
        Row { name: format!("{name}{}", index(shape, element)), summary }
    };
    (0..size).map(row).collect()
}

fn index(shape: &[usize], mut element: usize) -> String {
    if shape.is_empty() {
        return String::new();
    }
    let mut index = Vec::new();
    for &size in shape.iter().rev() {
        index.insert(0, (element % size).to_string());
        element /= size;
    }
    format!("[{}]", index.join(", "))
}

impl From<&Fit> for Values {
    /// The draws of all chains one after the other: `[chains * draws, ...]` for each name.
    fn from(fit: &Fit) -> Values {
        let flat = |draws: &Tensor| {
            let rest = draws.shape()[2..].iter().map(|&size| size as isize);
            draws.reshape(&std::iter::once(-1).chain(rest).collect::<Vec<_>>())
        };
        fit.draws.iter().map(|(name, draws)| (name, flat(draws))).collect()
    }
}

impl std::ops::Index<&str> for Fit {
    type Output = Tensor;

    /// # Panics
    /// If there is no such site; the message lists those there are.
    #[track_caller]
    fn index(&self, name: &str) -> &Tensor {
        &self.draws[name]
    }
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.summary();
        let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
        writeln!(
            f,
            "{:width$} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8} {:>8} {:>6}",
            "", "mean", "sd", "5%", "50%", "95%", "ess_bulk", "ess_tail", "r_hat"
        )?;
        for row in &rows {
            let s = &row.summary;
            write!(f, "{:width$}", row.name)?;
            for value in [s.mean, s.sd, s.q5, s.q50, s.q95] {
                write!(f, " {:>9}", number(value))?;
            }
            writeln!(f, " {:>8.0} {:>8.0} {:>6.3}", s.ess_bulk, s.ess_tail, s.r_hat)?;
        }
        let chains = &self.samples.chains;
        let draws = chains.first().map_or(0, |chain| chain.draws());
        let stats = || chains.iter().flat_map(|chain| &chain.stats);
        let leapfrogs: f64 = stats().map(|row| f64::from(row.leapfrogs)).sum();
        let acceptance: f64 = stats().map(|row| row.acceptance).sum();
        let total = (chains.len() * draws) as f64;
        let step: f64 = chains.iter().filter_map(|chain| chain.stats.last()).map(|row| row.step_size).sum();
        write!(
            f,
            "{} chains of {draws} draws, {} divergences, mean acceptance {:.2}, step size {:.3}, {:.1} leapfrogs a draw",
            chains.len(),
            self.divergences(),
            acceptance / total,
            step / chains.len() as f64,
            leapfrogs / total
        )?;
        self.warnings_of(&rows).iter().try_for_each(|warning| write!(f, "\nwarning: {warning}"))
    }
}

/// Four significant digits in at most nine characters.
fn number(x: f64) -> String {
    if x != 0.0 && x.is_finite() && !(1e-3..1e6).contains(&x.abs()) {
        return format!("{x:.2e}");
    }
    let digits = if x == 0.0 || !x.is_finite() { 3 } else { (3 - x.abs().log10().floor() as i32).clamp(0, 4) };
    format!("{x:.*}", digits as usize)
}
