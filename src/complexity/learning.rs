//! The local learning coefficient (Lau et al. 2023): how fast the volume of nearly optimal weights grows around an optimum, by tempered sampling.

use softbias_models::langevin::{Kernel, Sampler};
use softbias_models::{Result, Target};

/// A posterior tempered to β about one point: exp(β ln p(y | ε) − ½γ|ε − ε*|²), written as a target over white coordinates.
struct Localised<'a, G: Target> {
    inner: &'a G,
    centre: &'a [G::Number],
    beta: f64,
    gamma: f64,
}

impl<G: Target> Target for Localised<'_, G> {
    type Number = G::Number;
    type Work = G::Work;

    fn dim(&self) -> usize {
        self.inner.dim()
    }

    fn rows(&self) -> usize {
        self.inner.rows()
    }

    fn log_likelihood(
        &self,
        eps: &[G::Number],
        rows: Option<&[usize]>,
        work: &mut G::Work,
        gradient: &mut [G::Number],
    ) -> f64 {
        use softbias_priors::math::Real;
        let log = self.inner.log_likelihood(eps, rows, work, gradient);
        // samplers take N(0, I) off again; a batch carries its share
        let share = rows.map_or(1.0, |rows| rows.len() as f64 / self.inner.rows() as f64);
        let mut near = 0.0;
        for ((g, e), c) in gradient.iter_mut().zip(eps).zip(self.centre) {
            let (e, away) = (e.get(), e.get() - c.get());
            near += 0.5 * (e * e - self.gamma * away * away);
            *g = G::Number::of(self.beta * g.get() + share * (e - self.gamma * away));
        }
        self.beta * log + share * near
    }
}

/// An estimate of the local learning coefficient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalLearning {
    /// λ̂ = β (ln p(y | ε*) − E_β ln p(y | ε)): half the number of weights where the optimum is regular and all weights matter, less where it is
    /// singular.
    pub coefficient: f64,
    /// Its standard error, by the spread between chains.
    pub standard_error: f64,
    /// β.
    pub temperature: f64,
}

/// How the local learning coefficient is estimated: at β = 1/ln n unless said otherwise, held to the optimum by a Gaussian of precision γ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearningCoefficient {
    beta: Option<f64>,
    gamma: f64,
}

impl Default for LearningCoefficient {
    fn default() -> LearningCoefficient {
        LearningCoefficient { beta: None, gamma: 1.0 }
    }
}

impl LearningCoefficient {
    /// β = 1/ln n (Watanabe 2013) and γ = 1, the precision of the prior.
    #[must_use]
    pub fn new() -> LearningCoefficient {
        LearningCoefficient::default()
    }

    /// Another inverse temperature.
    #[must_use]
    pub fn temperature(self, beta: f64) -> LearningCoefficient {
        LearningCoefficient { beta: Some(beta), ..self }
    }

    /// Another precision of the Gaussian about the optimum.
    #[must_use]
    pub fn held_by(self, gamma: f64) -> LearningCoefficient {
        LearningCoefficient { gamma, ..self }
    }

    /// The coefficient at an optimum, by any sampler (SGLD is usual; with a Metropolis test there is no bias of the step). Chains begin at the optimum.
    ///
    /// # Errors
    /// Those of sampling; and of fewer than two chains there is no standard error (it is NaN).
    pub fn at<G: Target, K: Kernel>(
        &self,
        target: &G,
        optimum: &[G::Number],
        sampler: Sampler<K>,
    ) -> Result<LocalLearning> {
        use softbias_priors::math::Real;
        let beta = self.beta.unwrap_or(1.0 / (target.rows().max(3) as f64).ln());
        let local = Localised { inner: target, centre: optimum, beta, gamma: self.gamma };
        let start: Vec<f64> = optimum.iter().map(|e| e.get()).collect();
        let samples = sampler.start(vec![start]).sample(&local)?;
        let (mut work, mut gradient) = (G::Work::default(), vec![G::Number::of(0.0); target.dim()]);
        let top = target.log_likelihood(optimum, None, &mut work, &mut gradient);
        let means: Vec<f64> = (0..samples.count())
            .map(|chain| {
                let draws = samples.chain(chain);
                let logs = draws.iter().map(|eps| target.log_likelihood(eps, None, &mut work, &mut gradient));
                logs.sum::<f64>() / draws.len() as f64
            })
            .collect();
        let m = means.len() as f64;
        let mean = means.iter().sum::<f64>() / m;
        let spread = means.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (m - 1.0);
        Ok(LocalLearning {
            coefficient: beta * (top - mean),
            standard_error: beta * (spread / m).sqrt(),
            temperature: beta,
        })
    }
}
