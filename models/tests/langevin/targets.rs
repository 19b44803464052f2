//! Targets with known laws, and estimates with their errors.

use softbias_models::Target;
use softbias_models::langevin::diagnostics::ess_mean;

/// −½ λ (ε − m)² for each coordinate: the posterior is N(λm/(1 + λ), 1/(1 + λ)). λ = 0 leaves the prior.
pub(crate) struct Normal {
    pub(crate) lambda: Vec<f64>,
    pub(crate) centre: f64,
}

impl Normal {
    pub(crate) fn flat(dim: usize) -> Normal {
        Normal { lambda: vec![0.0; dim], centre: 0.0 }
    }
}

impl Target for Normal {
    type Number = f64;
    type Work = ();

    fn dim(&self) -> usize {
        self.lambda.len()
    }

    fn rows(&self) -> usize {
        1
    }

    fn log_likelihood(&self, eps: &[f64], _: Option<&[usize]>, _: &mut (), gradient: &mut [f64]) -> f64 {
        let mut sum = 0.0;
        for ((e, l), g) in eps.iter().zip(&self.lambda).zip(gradient) {
            *g = l * (self.centre - e);
            sum -= 0.5 * l * (e - self.centre).powi(2);
        }
        sum
    }
}

/// Rows yⱼ ~ N(ε, s²) for every coordinate alike.
pub(crate) struct Rows {
    pub(crate) y: Vec<f64>,
    pub(crate) sd: f64,
    pub(crate) dim: usize,
}

impl Rows {
    /// Precision and mean of the posterior of one coordinate.
    pub(crate) fn exact(&self) -> (f64, f64) {
        let precision = 1.0 + self.y.len() as f64 / (self.sd * self.sd);
        (precision, self.y.iter().sum::<f64>() / (self.sd * self.sd) / precision)
    }
}

impl Target for Rows {
    type Number = f64;
    type Work = ();

    fn dim(&self) -> usize {
        self.dim
    }

    fn rows(&self) -> usize {
        self.y.len()
    }

    fn log_likelihood(&self, eps: &[f64], rows: Option<&[usize]>, _: &mut (), gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let mut sum = 0.0;
        let mut add = |y: f64| {
            for (e, g) in eps.iter().zip(gradient.iter_mut()) {
                let away = (y - e) / self.sd;
                *g += away / self.sd;
                sum -= 0.5 * away * away;
            }
        };
        match rows {
            Some(rows) => rows.iter().for_each(|i| add(self.y[*i])),
            None => self.y.iter().for_each(|y| add(*y)),
        }
        sum
    }
}

/// Any density of two coordinates: ln π and its slopes, the prior taken off.
pub(crate) struct Plane<F>(pub(crate) F);

impl<F: Fn(f64, f64) -> (f64, [f64; 2]) + Sync> Target for Plane<F> {
    type Number = f64;
    type Work = ();

    fn dim(&self) -> usize {
        2
    }

    fn rows(&self) -> usize {
        1
    }

    fn log_likelihood(&self, eps: &[f64], _: Option<&[usize]>, _: &mut (), gradient: &mut [f64]) -> f64 {
        let (log, slopes) = (self.0)(eps[0], eps[1]);
        gradient[0] = slopes[0] + eps[0];
        gradient[1] = slopes[1] + eps[1];
        log + 0.5 * (eps[0] * eps[0] + eps[1] * eps[1])
    }
}

/// Mean and its standard error, from chains, by their effective size.
pub(crate) fn mean(chains: &[Vec<f64>]) -> (f64, f64) {
    let all: Vec<f64> = chains.iter().flatten().copied().collect();
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / all.len() as f64;
    (mean, (variance / ess_mean(chains)).sqrt())
}

/// Asserts that the mean is what it should be within four standard errors, and that those are small enough to say something.
pub(crate) fn assert_mean(chains: &[Vec<f64>], expected: f64, scale: f64, what: &str) {
    let (found, error) = mean(chains);
    assert!((found - expected).abs() < 4.0 * error, "{what}: {found} ± {error}, expected {expected}");
    assert!(error < 0.1 * scale, "{what}: ± {error} tells nothing at scale {scale}");
}
