//! Laws that every prior keeps, as functions that anyone can call on a prior of their own.
//!
//! Each returns an error that names the broken law and by how much; in a test: `laws::gaussian(&mine, &x, Seed::new(1))?`.

mod kernel;
mod process;

use ndarray::{Array1, Array2, Array3, Axis};
use thiserror::Error;

use crate::linear::design;
use crate::math::{Seed, linalg};
use crate::{Bias, Blocks, GaussianPrior, Points, Prior, PriorError, Softness, WhitePrior};

pub use kernel::kernel;

/// A law that does not hold.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LawError {
    /// The law, and how it was broken.
    #[error("law broken: {law}: {found:.3e} exceeds {allowed:.3e}")]
    Broken {
        /// The law, in words.
        law: &'static str,
        /// The size of the departure.
        found: f64,
        /// What rounding or sampling would explain.
        allowed: f64,
    },
    /// The prior failed while it was asked.
    #[error(transparent)]
    Prior(#[from] PriorError),
}

type Verdict = Result<(), LawError>;

/// Checks one law: `found ≤ allowed`. NaN breaks it.
///
/// # Errors
/// [`LawError::Broken`] when it does not hold.
pub fn hold(law: &'static str, found: f64, allowed: f64) -> Verdict {
    if found <= allowed { Ok(()) } else { Err(LawError::Broken { law, found, allowed }) }
}

/// The largest absolute difference, relative to the largest entry (at least `floor`); NaN when shapes differ.
fn gap<D: ndarray::Dimension>(a: &ndarray::Array<f64, D>, b: &ndarray::Array<f64, D>, floor: f64) -> f64 {
    if a.shape() != b.shape() {
        return f64::NAN;
    }
    let size = a.iter().chain(b).fold(floor, |m, v| m.max(v.abs()));
    let nan = a.iter().chain(b).any(|v| v.is_nan());
    let worst = a.iter().zip(b).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
    if nan {
        f64::NAN
    } else if worst == 0.0 {
        0.0
    } else {
        worst / size
    }
}

/// Laws of any prior: shapes of draws, the same numbers for the same seed on one thread and on several, other numbers for another
/// seed, more draws extend fewer.
///
/// # Errors
/// The first broken law.
pub fn prior<P: Prior + ?Sized>(prior: &P, x: &Points, seed: Seed) -> Verdict {
    let draws = prior.draws(3, x, seed)?;
    let shape = (3, x.len(), prior.outputs());
    hold("draws have shape (draw, point, output)", f64::from(u8::from(draws.dim() != shape)), 0.0)?;
    hold("draws are finite", draws.iter().filter(|v| !v.is_finite()).count() as f64, 0.0)?;
    let mut again: Vec<Result<Array3<f64>, PriorError>> = Vec::new();
    for threads in [1, 4] {
        if let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
            again.push(pool.install(|| prior.draws(3, x, seed)));
        }
    }
    for other in again {
        hold("the same seed gives the same draws on any number of threads", gap(&draws, &other?, 0.0), 0.0)?;
    }
    let fewer = draws.slice(ndarray::s![..2, .., ..]).to_owned();
    hold("more draws extend fewer", gap(&prior.draws(2, x, seed)?, &fewer, 0.0), 1e-12)?;
    let other = prior.draws(3, x, seed.named("another"))?;
    let constant = draws.iter().all(|v| *v == draws[[0, 0, 0]]);
    hold("another seed gives other draws", f64::from(u8::from(other == draws && !constant)), 0.0)
}

/// Laws of a Gaussian prior: those of [`prior`]; symmetric and positive covariance; variance = its diagonal; cov(x, z) =
/// cov(z, x)ᵀ; features reproduce it; parameters given back change nothing; `contract` = differences; the Gram matrix, sums, slopes
/// of mean and covariance, moments of paths and the saved form are those of mean and covariance; sample moments of draws.
///
/// # Errors
/// The first broken law.
pub fn gaussian<P: GaussianPrior + ?Sized>(prior: &P, x: &Points, seed: Seed) -> Verdict {
    self::prior(prior, x, seed)?;
    let n = x.len();
    let (mean, var, cov) = (prior.mean(x)?, prior.var(x)?, prior.cov(x, x)?);
    let z = Points::new(x.view().slice(ndarray::s![..n.div_ceil(2), ..]).to_owned())?;
    let (xz, zx) = (prior.cov(x, &z)?, prior.cov(&z, x)?);
    hold(
        "a centred prior has mean zero",
        if prior.centred() { mean.iter().fold(0.0, |m, v| f64::max(m, v.abs())) } else { 0.0 },
        0.0,
    )?;
    for c in 0..prior.outputs() {
        let k = cov.of_output(c).to_owned();
        hold("the covariance is symmetric", gap(&k, &k.t().to_owned(), 0.0), 1e-13)?;
        hold(
            "variance is the diagonal of the covariance",
            gap(&var.column(c).to_owned(), &k.diag().to_owned(), 0.0),
            1e-10,
        )?;
        hold("no variance is negative", -var.iter().copied().fold(0.0, f64::min), 0.0)?;
        let (values, top) = (
            linalg::eigh(k.view()).map_err(PriorError::from)?.values,
            k.diag().iter().copied().fold(0.0, f64::max),
        );
        let least = values.iter().copied().fold(0.0, f64::min);
        hold("the covariance is positive", -least, 1e-11 * top * n as f64)?;
        hold(
            "cov(x, z) = cov(z, x)ᵀ",
            gap(&xz.of_output(c).to_owned(), &zx.of_output(c).t().to_owned(), 0.0),
            1e-11,
        )?;
        let part = k.slice(ndarray::s![.., ..z.len()]).to_owned();
        hold("cov(x, z) is a part of cov(x, x)", gap(&xz.of_output(c).to_owned(), &part, 0.0), 1e-10)?;
        if let Some(weights) = prior.weights() {
            let phi = design(&*weights, x)?;
            hold("the features reproduce the covariance", gap(&linalg::syrk(phi.view()), &k, 0.0), 1e-10)?;
        }
    }
    parameters(prior, x, seed)?;
    process::process(prior, x, seed)?;
    moments(prior, x, seed)
}

fn parameters<P: GaussianPrior + ?Sized>(prior: &P, x: &Points, seed: Seed) -> Verdict {
    let theta = prior.parameters().values();
    let cov = prior.cov(x, x)?;
    let w = process::weights(&cov, seed);
    let gradient = prior.contract(x, &w)?;
    hold("contract gives one number a parameter", (gradient.len() as f64 - theta.len() as f64).abs(), 0.0)?;
    if theta.is_empty() {
        return Ok(());
    }
    let same = prior.with(&theta)?.cov(x, x)?;
    hold(
        "its own parameters give the same prior",
        gap(&same.of_output(0).to_owned(), &cov.of_output(0).to_owned(), 0.0),
        1e-12,
    )?;
    let absolute = |blocks: Blocks| blocks.map(|k| k.mapv_into(f64::abs));
    let magnitude = absolute(cov.clone()).inner(&absolute(w.clone()))?;
    for (k, p) in prior.parameters().iter().enumerate() {
        if p.lower == p.upper {
            continue;
        }
        let at = |value: f64| -> Result<f64, PriorError> {
            let mut moved = theta.clone();
            moved[k] = value;
            prior.with(&moved)?.cov(x, x)?.inner(&w)
        };
        // One-sided (second order) at a bound, so that softness² is checked at the hard end too.
        let h = 1e-4 * p.value.abs().max(1e-3);
        let one_sided = |h: f64| -> Result<f64, PriorError> {
            Ok((-3.0 * at(p.value)? + 4.0 * at(p.value + h)? - at(p.value + 2.0 * h)?) / (2.0 * h))
        };
        let slope = if p.value - h < p.lower {
            one_sided(h)?
        } else if p.value + h > p.upper {
            one_sided(-h)?
        } else {
            // Of second order, and of fourth with the wide step that allows, where there is room for it: the one resolves kinks,
            // the other waves. A wrong gradient is near neither.
            let wide = 10.0 * h;
            let central =
                |h: f64| -> Result<f64, PriorError> { Ok((at(p.value + h)? - at(p.value - h)?) / (2.0 * h)) };
            let second = central(h)?;
            if p.value - 2.0 * wide < p.lower || p.value + 2.0 * wide > p.upper {
                second
            } else {
                let fourth = (4.0 * central(wide)? - central(2.0 * wide)?) / 3.0;
                let nearer = (fourth - gradient[k]).abs() < (second - gradient[k]).abs();
                if nearer { fourth } else { second }
            }
        };
        // What rounding of the sums does to a difference is no broken law.
        let rounding = 8.0 * f64::EPSILON * magnitude / h;
        let size = slope.abs().max(gradient[k].abs()).max(1e-6 * cov.inner(&w)?.abs()).max(1e5 * rounding);
        let law = "contract agrees with differences of the covariance";
        hold(law, if size == 0.0 { 0.0 } else { (slope - gradient[k]).abs() / size }, 1e-5)?;
    }
    Ok(())
}

/// Number of draws behind the check of sample moments.
const DRAWS: usize = 4000;

fn moments<P: GaussianPrior + ?Sized>(prior: &P, x: &Points, seed: Seed) -> Verdict {
    let (mean, cov) = (prior.mean(x)?, prior.cov(x, x)?);
    let draws = prior.draws(DRAWS, x, seed.named("moments"))?;
    let m = DRAWS as f64;
    for c in 0..prior.outputs() {
        let values = draws.index_axis(Axis(2), c);
        let k = cov.of_output(c);
        let centred = &values - &mean.column(c);
        let average = centred.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(x.len()));
        let sample = linalg::syrk_t(centred.view()) / m;
        for i in 0..x.len() {
            // Five and a half standard errors: one false alarm in 10⁷ comparisons.
            let allowed = 5.5 * (k[[i, i]] / m).sqrt() + 1e-12;
            hold("the mean of draws is the mean", average[i].abs(), allowed)?;
            for j in 0..=i {
                let error = ((k[[i, i]] * k[[j, j]] + k[[i, j]].powi(2)) / m).sqrt();
                hold(
                    "the covariance of draws is the covariance",
                    (sample[[i, j]] - k[[i, j]]).abs(),
                    5.5 * error + 1e-12,
                )?;
            }
        }
    }
    Ok(())
}

/// Laws of a white prior: Jacobian, forward derivative and reverse derivative agree with each other and with differences, also at
/// coincident points.
///
/// # Errors
/// The first broken law.
pub fn white<P: WhitePrior + ?Sized>(prior: &P, x: &Points, seed: Seed) -> Verdict {
    let eps = seed.named("eps").normal1(prior.dim());
    let tangent = seed.named("tangent").normal1(prior.dim());
    let cotangent = seed.named("cotangent").normal2(x.len(), prior.outputs());
    let value = prior.forward(eps.view(), x)?;
    let (same, back) = prior.pullback(eps.view(), x)?;
    hold("pullback gives the value of forward", gap(&value, &same, 0.0), 1e-12)?;
    let mut gradient = vec![0.0; prior.dim()];
    back(cotangent.view(), &mut gradient)?;
    let push = prior.pushforward(eps.view(), x, tangent.view())?;
    let (left, right) =
        ((&cotangent * &push).sum(), tangent.iter().zip(&gradient).map(|(t, g)| t * g).sum::<f64>());
    let size = (&cotangent * &push).mapv(f64::abs).sum().max(f64::MIN_POSITIVE);
    hold("⟨cotangent, J tangent⟩ = ⟨Jᵀ cotangent, tangent⟩", (left - right).abs() / size, 1e-10)?;
    let jacobian = prior.jacobian(eps.view(), x)?;
    let by_jacobian = jacobian.map_axis(Axis(2), |row| row.dot(&tangent));
    hold("the Jacobian times a tangent is the pushforward", gap(&by_jacobian, &push, 0.0), 1e-10)?;
    let h = 1e-5;
    let ahead = prior.forward((&eps + &(&tangent * h)).view(), x)?;
    let behind = prior.forward((&eps - &(&tangent * h)).view(), x)?;
    hold("the pushforward agrees with differences", gap(&((ahead - behind) / (2.0 * h)), &push, 0.0), 1e-6)
}

/// Laws of a bias: at softness 0 it is its core alone; variance never falls as softness grows; the gap to the hard end closes as
/// softness².
///
/// # Errors
/// The first broken law.
pub fn bias<B>(bias: &B, core: &dyn GaussianPrior, x: &Points) -> Verdict
where
    B: Bias,
    B::Prior: GaussianPrior,
{
    let hard = bias.hard();
    for c in 0..core.outputs() {
        let (a, b) = (hard.cov(x, x)?.of_output(c).to_owned(), core.cov(x, x)?.of_output(c).to_owned());
        hold("the hard end is the core alone", gap(&a, &b, 0.0), 1e-12)?;
    }
    let at = |s: f64| -> Result<Array2<f64>, PriorError> { bias.at(Softness::new(s)?).var(x) };
    let mut last = hard.var(x)?;
    for s in [1e-3, 1e-2, 0.1, 1.0, 10.0] {
        let var = at(s)?;
        let fall =
            last.iter().zip(&var).fold(0.0, |m: f64, (a, b)| m.max((a - b) / a.abs().max(f64::MIN_POSITIVE)));
        hold("more softness, no less variance", fall, 1e-12)?;
        last = var;
    }
    let zero = at(0.0)?;
    let unit = at(1.0)? - &zero;
    let small = (at(1e-2)? - &zero) * 1e4;
    hold("the gap to the hard end closes as softness²", gap(&small, &unit, f64::MIN_POSITIVE), 1e-7)
}
