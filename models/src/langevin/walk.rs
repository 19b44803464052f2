//! Where a chain stands: its coordinates, estimates of the gradient there, and what a transition of it is told.

use std::fmt;

use serde::{Deserialize, Serialize};
use softbias_priors::Seed;
use softbias_priors::math::Real;

use crate::net::Target;

/// What a sampler carries from one iteration to the next beside the coordinates: it is saved in checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory<T> {
    /// Vectors of the coordinates' length: momenta, squared slopes.
    pub vectors: Vec<Vec<T>>,
    /// Single numbers.
    pub numbers: Vec<f64>,
}

/// One iteration, as it is told to a sampler.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Its step size.
    pub step: f64,
    /// Whether noise is added.
    pub noisy: bool,
    /// Whether it belongs to warm-up.
    pub warm: bool,
    /// T.
    pub temperature: f64,
    /// The seed of this iteration of this chain.
    pub seed: Seed,
}

/// What a transition says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// U = ½|ε|² − (n/b) Σ ln p where the gradient was last taken; of the batch, if there is one.
    pub potential: f64,
    /// The probability that the proposal was accepted; 1 without a test.
    pub acceptance: f64,
    /// The step size.
    pub step: f64,
}

/// An estimate of Σ ln p over all rows and of its gradient, from a batch.
#[derive(Clone, Copy, Debug)]
pub struct Estimate {
    /// n/b Σ ln p.
    pub log_likelihood: f64,
    /// n/b: what the gradient of the batch is to be multiplied by.
    pub factor: f64,
}

/// A centre at which the gradient of all rows is known (Baker, Fearnhead, Fox & Nemeth 2019).
#[derive(Clone, Debug)]
pub(super) struct Centre<T> {
    pub(super) at: Vec<T>,
    pub(super) gradient: Vec<T>,
}

/// A chain's coordinates and its working memory; nothing is allocated once it is warm.
pub struct Walk<'a, G: Target> {
    pub(super) target: &'a G,
    pub(super) batch: Option<usize>,
    pub(super) centre: Option<&'a Centre<G::Number>>,
    pub(super) eps: Vec<G::Number>,
    /// |ε|².
    pub(super) squares: f64,
    /// Σ over the batch, not scaled up.
    pub(super) gradient: Vec<G::Number>,
    pub(super) spare: [Vec<G::Number>; 3],
    pub(super) sums: Vec<[f64; 2]>,
    pub(super) work: G::Work,
    rows: Vec<usize>,
    seen: Vec<bool>,
}

impl<G: Target> fmt::Debug for Walk<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Walk({}, batch {:?})", self.target.describe(), self.batch)
    }
}

impl<'a, G: Target> Walk<'a, G> {
    pub(super) fn new(
        target: &'a G,
        batch: Option<usize>,
        centre: Option<&'a Centre<G::Number>>,
        eps: Vec<G::Number>,
    ) -> Walk<'a, G> {
        let zeros = || vec![G::Number::ZERO; eps.len()];
        let squares = eps.iter().map(|e| e.get() * e.get()).sum();
        Walk {
            target,
            batch: batch.filter(|b| *b < target.rows()),
            centre,
            squares,
            gradient: zeros(),
            spare: [zeros(), zeros(), zeros()],
            eps,
            sums: Vec::new(),
            work: G::Work::default(),
            rows: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// Draws a batch and leaves the gradient of its Σ ln p in `gradient`; with a centre, that of the batch less its own at the centre plus b/n of
    /// all rows' there.
    pub(super) fn estimate(&mut self, seed: Seed) -> Estimate {
        if let Some(batch) = self.batch {
            seed.named("rows").subset(self.target.rows(), batch, &mut self.seen, &mut self.rows);
        }
        let rows = self.batch.map(|_| &self.rows[..]);
        let value = self.target.log_likelihood(&self.eps, rows, &mut self.work, &mut self.gradient);
        let factor = self.batch.map_or(1.0, |batch| self.target.rows() as f64 / batch as f64);
        if let (Some(centre), Some(_)) = (self.centre, rows) {
            let own = &mut self.spare[0];
            self.target.log_likelihood(&centre.at, rows, &mut self.work, own);
            let share = G::Number::of(1.0 / factor);
            for ((g, own), all) in self.gradient.iter_mut().zip(own).zip(&centre.gradient) {
                *g += share * *all - *own;
            }
        }
        Estimate { log_likelihood: factor * value, factor }
    }

    /// The gradient of Σ ln p over the same batch elsewhere, not scaled up: at `spare[0]`, left in `spare[1]`.
    pub(super) fn again_at_spare(&mut self) {
        let rows = self.batch.map(|_| &self.rows[..]);
        let [at, gradient, _] = &mut self.spare;
        self.target.log_likelihood(at, rows, &mut self.work, gradient);
    }
}

/// U of all rows at ε, and its slopes.
pub(super) fn potential<G: Target>(
    target: &G,
    eps: &[G::Number],
    work: &mut G::Work,
    slopes: &mut [G::Number],
) -> f64 {
    let value = target.log_likelihood(eps, None, work, slopes);
    slopes.iter_mut().zip(eps).for_each(|(s, e)| *s = *e - *s);
    0.5 * eps.iter().map(|e| e.get() * e.get()).sum::<f64>() - value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 40 labels ±1 of one coordinate under a logistic likelihood.
    struct Logistic;

    impl Target for Logistic {
        type Number = f64;
        type Work = ();

        fn dim(&self) -> usize {
            1
        }

        fn rows(&self) -> usize {
            40
        }

        fn log_likelihood(
            &self,
            eps: &[f64],
            rows: Option<&[usize]>,
            _: &mut (),
            gradient: &mut [f64],
        ) -> f64 {
            let all: Vec<usize> = (0..40).collect();
            let (mut sum, mut slope) = (0.0, 0.0);
            for &row in rows.unwrap_or(&all) {
                let x = 0.1 * row as f64 - 1.0;
                let margin = x * eps[0] * if row % 3 == 0 { -1.0 } else { 1.0 };
                sum -= (-margin).exp().ln_1p();
                slope += margin / eps[0] / (1.0 + margin.exp());
            }
            gradient[0] = slope;
            sum
        }
    }

    /// Mean and variance of the scaled-up gradient over batches of four.
    fn noise(centre: Option<&Centre<f64>>, at: f64) -> (f64, f64) {
        let mut walk = Walk::new(&Logistic, Some(4), centre, vec![at]);
        let draw = |i: usize| {
            let estimate = walk.estimate(Seed::new(1).at(i));
            estimate.factor * walk.gradient[0]
        };
        let all: Vec<f64> = (0..20_000).map(draw).collect();
        let mean = all.iter().sum::<f64>() / 2e4;
        (mean, all.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / 2e4)
    }

    #[test]
    fn control_variates_leave_the_mean_and_take_the_noise() {
        let full = |at: f64| {
            let mut gradient = vec![0.0];
            Logistic.log_likelihood(&[at], None, &mut (), &mut gradient);
            gradient
        };
        let centre = Centre { at: vec![0.5], gradient: full(0.5) };
        let mut before = 0.0;
        for at in [0.5, 0.6, 1.0] {
            let ((plain, loud), (mean, quiet)) = (noise(None, at), noise(Some(&centre), at));
            let exact = full(at)[0];
            assert!((plain - exact).abs() < 4.0 * (loud / 2e4).sqrt(), "{plain} {exact}");
            assert!((mean - exact).abs() < 4.0 * (quiet / 2e4).sqrt() + 1e-12, "{mean} {exact}");
            // less noise the nearer the centre is, none there
            assert!(quiet < 0.1 * loud && quiet >= before, "{at}: {quiet} {loud}");
            before = quiet;
        }
        assert!(noise(Some(&centre), 0.5).1 < 1e-20);
    }
}
