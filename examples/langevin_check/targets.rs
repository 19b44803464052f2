//! Densities of a few coordinates as targets: the prior N(0, I) is taken off what they give.

use softbias::Samples;
use softbias::langevin::diagnostics::ess_mean;
use softbias::net::Target;

/// ln π and its slopes.
pub(crate) struct Density<F> {
    pub(crate) dim: usize,
    pub(crate) log: F,
}

impl<F: Fn(&[f64], &mut [f64]) -> f64 + Sync> Target for Density<F> {
    type Number = f64;
    type Work = ();

    fn dim(&self) -> usize {
        self.dim
    }

    fn rows(&self) -> usize {
        1
    }

    fn log_likelihood(&self, eps: &[f64], _: Option<&[usize]>, _: &mut (), gradient: &mut [f64]) -> f64 {
        let log = (self.log)(eps, gradient);
        gradient.iter_mut().zip(eps).for_each(|(g, e)| *g += e);
        log + 0.5 * eps.iter().map(|e| e * e).sum::<f64>()
    }
}

/// The mean of a number of every draw, and its standard error.
pub(crate) fn mean_of(samples: &Samples<f64>, number: impl Fn(&[f64]) -> f64) -> (f64, f64) {
    let chains = samples.of(number);
    let count = chains.iter().map(Vec::len).sum::<usize>() as f64;
    let mean = chains.iter().flatten().sum::<f64>() / count;
    let variance = chains.iter().flatten().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    (mean, (variance / ess_mean(&chains)).sqrt())
}
