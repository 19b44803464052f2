//! Laws of what a Gaussian prior offers beside its covariance: Gram matrix, sums, slopes, draws that are functions, saved form.

use ndarray::{Array1, Array2, Array3, Axis};

use super::{Verdict, gap, hold};
use crate::math::Seed;
use crate::paths::difference_slopes;
use crate::prior::Result;
use crate::{Blocks, GaussianPrior, Points, PriorError};

/// Paths behind the check of their moments.
const PATHS: usize = 300;

pub(super) fn process<P: GaussianPrior + ?Sized>(prior: &P, x: &Points, seed: Seed) -> Verdict {
    sums(prior, x, seed)?;
    mean(prior, x, seed)?;
    slopes(prior, x, seed)?;
    paths(prior, x, seed)?;
    saved(prior, x)
}

/// Symmetric weights in the blocks of a covariance.
pub(super) fn weights(like: &Blocks, seed: Seed) -> Blocks {
    let random = |(c, k): (usize, &Array2<f64>)| {
        let w = seed.named("weights").at(c).normal2(k.nrows(), k.ncols());
        &w + &w.t()
    };
    match like {
        Blocks::PerOutput(list) => Blocks::PerOutput(list.iter().enumerate().map(random).collect()),
        Blocks::Shared(k) => Blocks::Shared(random((0, k))),
    }
}

fn sums<P: GaussianPrior + ?Sized>(prior: &P, x: &Points, seed: Seed) -> Verdict {
    let (cov, gram) = (prior.cov(x, x)?, prior.gram(x)?);
    for c in 0..prior.outputs() {
        let lower = |k: &Blocks| {
            let k = k.of_output(c);
            Array2::from_shape_fn(k.dim(), |(i, j)| if j <= i { k[[i, j]] } else { 0.0 })
        };
        hold("the Gram matrix is the covariance", gap(&lower(&gram), &lower(&cov), 0.0), 1e-12)?;
    }
    let w = weights(&cov, seed);
    let (sum, gradient) = prior.contract_with_sum(x, &w)?;
    let absolute = |blocks: Blocks| blocks.map(|k| k.mapv_into(f64::abs));
    let size = absolute(w.clone()).inner(&absolute(cov.clone()))?.max(f64::MIN_POSITIVE);
    hold("contract_with_sum gives Σ w k", (sum - w.inner(&cov)?).abs() / size, 1e-11)?;
    hold("contract_with_sum gives what contract gives", gap(&gradient, &prior.contract(x, &w)?, 0.0), 1e-12)
}

fn mean<P: GaussianPrior + ?Sized>(prior: &P, x: &Points, seed: Seed) -> Verdict {
    let g = seed.named("mean").normal2(x.len(), prior.outputs());
    let theta = prior.parameters().values();
    let found = prior.contract_mean(x, g.view())?.unwrap_or_else(|| Array1::zeros(theta.len()));
    hold("contract_mean gives one number a parameter", (found.len() as f64 - theta.len() as f64).abs(), 0.0)?;
    for (k, p) in prior.parameters().iter().enumerate().filter(|(_, p)| p.lower < p.upper) {
        let at = |step: f64| -> Result<f64> {
            let mut moved = theta.clone();
            moved[k] = (p.value + step).clamp(p.lower, p.upper);
            Ok((&prior.with(&moved)?.mean(x)? * &g).sum())
        };
        let h = 1e-4 * p.value.abs().max(1e-3);
        let (ahead, behind) = (h.min(p.upper - p.value), h.min(p.value - p.lower));
        let slope = (at(ahead)? - at(-behind)?) / (ahead + behind);
        let size = slope.abs().max(found[k].abs()).max(1e-8 * at(0.0)?.abs() / h);
        let off = if size == 0.0 { 0.0 } else { (slope - found[k]).abs() / size };
        hold("contract_mean agrees with differences of the mean", off, 1e-4)?;
    }
    Ok(())
}

/// Of the middle of all entries, so that a kink here and there is none's fault.
fn middle_gap(a: &Array3<f64>, b: &Array3<f64>, floor: f64) -> f64 {
    if a.dim() != b.dim() {
        return f64::NAN;
    }
    let size = a.iter().chain(b).fold(floor, |m, v| m.max(v.abs()));
    let mut gaps: Vec<f64> = a.iter().zip(b).map(|(a, b)| (a - b).abs() / size).collect();
    gaps.sort_by(f64::total_cmp);
    gaps.get(gaps.len() * 3 / 4).copied().unwrap_or(0.0)
}

/// The points drawn together, so that steps from them stay where the prior is defined.
fn shrunk(x: &Points, factor: f64) -> Result<Points> {
    match x.view().mean_axis(Axis(0)) {
        Some(centre) => Points::new((&x.view() - &centre) * factor + &centre),
        None => Ok(x.clone()),
    }
}

fn slopes<P: GaussianPrior + ?Sized>(prior: &P, x: &Points, seed: Seed) -> Verdict {
    // other points on the other side, for slopes where points coincide may be a matter of taste
    let (x, z) = (&shrunk(x, 0.93)?, shrunk(x, 0.81)?);
    let by_steps = difference_slopes(x, prior.outputs(), |x| prior.mean(x))?;
    let floor = 1e-6 * prior.mean(x)?.iter().fold(1e-30, |m: f64, v| m.max(v.abs()));
    let law = "slopes of the mean agree with differences";
    hold(law, middle_gap(&prior.mean_slope(x)?, &by_steps, floor), 1e-4)?;
    let v = seed.named("slope").normal2(x.len(), 2);
    for c in 0..prior.outputs() {
        let found = prior.cov_slope(x, &z, v.view(), c)?;
        let along = |x: &Points| Ok(prior.cov(x, &z)?.of_output(c).dot(&v));
        let by_steps = difference_slopes(x, v.ncols(), along)?;
        let floor = 1e-6 * prior.var(x)?.iter().fold(1e-30, |m: f64, v| m.max(v.abs()));
        hold("slopes of the covariance agree with differences", middle_gap(&found, &by_steps, floor), 1e-4)?;
    }
    Ok(())
}

fn paths<P: GaussianPrior + ?Sized>(prior: &P, x: &Points, seed: Seed) -> Verdict {
    let paths = match prior.paths(PATHS, x.inputs(), seed.named("paths")) {
        Err(PriorError::NoPaths(_)) => return Ok(()),
        paths => paths?,
    };
    let values = paths.values(x)?;
    let shape = (PATHS, x.len(), prior.outputs());
    hold("paths have shape (draw, point, output)", f64::from(u8::from(values.dim() != shape)), 0.0)?;
    let half = Points::new(x.view().slice(ndarray::s![..x.len().div_ceil(2), ..]).to_owned())?;
    let part = values.slice(ndarray::s![.., ..half.len(), ..]).to_owned();
    hold("paths are functions of each point alone", gap(&paths.values(&half)?, &part, 1e-300), 1e-10)?;
    let (mean, cov) = (prior.mean(x)?, prior.cov(x, x)?);
    let m = PATHS as f64;
    for c in 0..prior.outputs() {
        let centred = &values.index_axis(Axis(2), c) - &mean.column(c);
        let (k, sample) = (cov.of_output(c), centred.t().dot(&centred) / m);
        for i in 0..x.len() {
            let average = centred.column(i).sum() / m;
            hold("the mean of paths is the mean", average.abs(), 5.5 * (k[[i, i]] / m).sqrt() + 1e-12)?;
            for j in 0..=i {
                // that of the draws, and 1/√2048 of the random functions behind them all
                let error =
                    (k[[i, i]] * k[[j, j]] + k[[i, j]].powi(2)).sqrt() * (1.0 / m + 1.0 / 1024.0).sqrt();
                let off = (sample[[i, j]] - k[[i, j]]).abs();
                hold("the covariance of paths is the covariance", off, 5.5 * error + 1e-12)?;
            }
        }
    }
    Ok(())
}

fn saved<P: GaussianPrior + ?Sized>(prior: &P, x: &Points) -> Verdict {
    let saved = match prior.saved() {
        Err(PriorError::Foreign(_)) => return Ok(()),
        saved => saved?,
    };
    let revived = saved.revive()?;
    let same = revived.parameters() == prior.parameters() && revived.outputs() == prior.outputs();
    hold("a revived prior has the same parameters and outputs", f64::from(u8::from(!same)), 0.0)?;
    hold("a revived prior owes what it owed", f64::from(u8::from(revived.ledger() != prior.ledger())), 0.0)?;
    hold("a revived prior has the same mean", gap(&revived.mean(x)?, &prior.mean(x)?, 0.0), 0.0)?;
    let (a, b) = (revived.cov(x, x)?, prior.cov(x, x)?);
    for c in 0..prior.outputs() {
        let (a, b) = (a.of_output(c).to_owned(), b.of_output(c).to_owned());
        hold("a revived prior has the same covariance", gap(&a, &b, 0.0), 0.0)?;
    }
    Ok(())
}
