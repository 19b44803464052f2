//! Laplace's approximation for labels that depend on one function value each: mode, evidence and its gradient.

use std::sync::Arc;

use ndarray::{Array1, Array2, Axis, Ix1, Zip};
use softbias_priors::math::linalg::Cholesky;
use softbias_priors::{GaussianPrior, Nats};

use super::newton::{Hill, Place, climb};
use super::{Laplace, LaplacePosterior};
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::evidence::{Evidence, Grade};
use crate::latent::{
    DifferentiableEvidence, Gradients, Problem, SitePosterior, Sites, Warning, along_prior, roots,
    scaled_both_sides, times_abs,
};
use crate::likelihood::{Curvature, Derivatives, ScalarLikelihood};

struct ScalarHill<'a, L> {
    problem: &'a Problem,
    likelihood: &'a L,
}

impl<L: ScalarLikelihood> ScalarHill<'_, L> {
    fn derivatives(&self, f: &Array1<f64>) -> Vec<Derivatives> {
        self.problem.y.iter().zip(f).map(|(y, f)| self.likelihood.derivatives(*y, *f)).collect()
    }
}

impl<L: ScalarLikelihood> Hill<Ix1> for ScalarHill<'_, L> {
    fn place(&self, alpha: Array1<f64>) -> Place<Ix1> {
        let rise = self.problem.k.dot(&alpha);
        let f = &self.problem.mean + &rise;
        let derivatives = self.derivatives(&f);
        let psi = derivatives.iter().map(|d| d.log).sum::<f64>() - 0.5 * alpha.dot(&rise);
        let slope = derivatives.iter().map(|d| d.first).collect();
        Place { alpha, f, psi, slope }
    }

    /// R&W algorithm 3.1, around a mean: b = W(f − m) + ∇, α = b − S B⁻¹ S K b. Where the curvature is negative the
    /// likelihood has a positive one for steps, so that they never turn.
    fn step(&self, from: &Place<Ix1>) -> Result<Array1<f64>> {
        let rows = self.problem.y.iter().zip(&from.f).zip(self.derivatives(&from.f));
        let w: Array1<f64> = rows.map(|((y, f), d)| self.likelihood.step_curvature(*y, *f, &d)).collect();
        let root = roots(&w);
        let factor = self.problem.factor(&root)?;
        let b = w * (&from.f - &self.problem.mean) + &from.slope;
        Ok(&b - &Problem::precision_times(&factor, &root, &self.problem.k.dot(&b))?)
    }

    fn times_k(&self, v: &Array1<f64>) -> Array1<f64> {
        self.problem.k.dot(v)
    }

    fn times_abs_k(&self, v: &Array1<f64>) -> Array1<f64> {
        times_abs(&self.problem.k, v.view())
    }
}

/// The Gaussian at the mode.
struct Fit {
    place: Place<Ix1>,
    curvature: Vec<Curvature>,
    root: Array1<f64>,
    factor: Cholesky,
    log: f64,
    iterations: usize,
    warnings: Vec<Warning>,
}

impl Fit {
    fn new<L: ScalarLikelihood>(
        problem: &Problem,
        likelihood: &L,
        settings: Laplace,
        start: Option<Array1<f64>>,
    ) -> Result<Fit> {
        if !likelihood.is_smooth() {
            return Err(ModelError::NotSmooth);
        }
        let hill = ScalarHill { problem, likelihood };
        let (place, iterations, mut warnings) =
            climb(&hill, settings, Array1::zeros(problem.y.len()), start)?;
        let derivatives = hill.derivatives(&place.f);
        let curvature: Vec<_> = derivatives.iter().map(|d| likelihood.curvature(d)).collect();
        let rows = derivatives.iter().filter(|d| d.second > 0.0).count();
        if rows > 0 {
            warnings.push(Warning::NegativeCurvature { rows, of: derivatives.len() });
        }
        let root = roots(&curvature.iter().map(|c| c.value).collect());
        let factor = problem.factor(&root)?;
        let log = place.psi - 0.5 * factor.log_det();
        Ok(Fit { place, curvature, root, factor, log, iterations, warnings })
    }

    /// KL of N(f̂, (K⁻¹ + W)⁻¹) from N(m, K): ½ (ln|B| − tr(I − B⁻¹) + αᵀKα), from the diagonal of B⁻¹.
    fn information(&self, problem: &Problem, inverse: &Array2<f64>) -> f64 {
        let determined: f64 = inverse.diag().iter().map(|b| 1.0 - b).sum();
        let distance = self.place.alpha.dot(&(&self.place.f - &problem.mean));
        (0.5 * (self.factor.log_det() - determined + distance)).max(0.0)
    }
}

pub(super) fn condition<L: ScalarLikelihood>(
    settings: Laplace,
    prior: Arc<dyn GaussianPrior>,
    likelihood: L,
    data: &Data,
) -> Result<LaplacePosterior<L>> {
    let problem = Problem::new(&*prior, &likelihood, data)?;
    let fit = Fit::new(&problem, &likelihood, settings, None)?;
    let information = fit.information(&problem, &fit.factor.inverse());
    let evidence = Evidence {
        log: Nats(fit.log) + data.log_jacobian(),
        fit: Nats(fit.log + information) + data.log_jacobian(),
        information: Nats(information),
        grade: Grade::Approximate,
    };
    let sites = Sites { alpha: fit.place.alpha, root: fit.root, factor: fit.factor };
    Ok(SitePosterior::new(prior, likelihood, data, sites, evidence, (fit.iterations, fit.warnings)))
}

impl<L: ScalarLikelihood> DifferentiableEvidence<L> for Laplace {
    /// R&W 5.5.1 with a mean and a likelihood's own parameters. With a = ∇ ln p(y | f̂), R = (K + W⁻¹)⁻¹, s = ∂ ln q/∂f̂ at fixed
    /// parameters, and u = (I + WK)⁻¹ s: the covariance gets ½(aaᵀ − R) + ½(uaᵀ + auᵀ), the mean a + u, both in one symmetric
    /// matrix. O(n³) for the inverse of B beyond the mode; two n × n matrices at a time beyond K.
    fn evidence_gradient(
        &self,
        prior: &dyn GaussianPrior,
        likelihood: &L,
        data: &Data,
        start: Option<&Array2<f64>>,
    ) -> Result<Gradients> {
        let problem = Problem::new(prior, likelihood, data)?;
        let n = data.len();
        let start = start.filter(|alpha| alpha.dim() == (n, 1)).map(|alpha| alpha.column(0).to_owned());
        let fit = Fit::new(&problem, likelihood, *self, start)?;
        let inverse = fit.factor.inverse();
        // Σᵢᵢ of the posterior covariance times a derivative of Wᵢ: S Σ S = I − B⁻¹, and a W of 0 has no slope to weigh
        let variances = Zip::from(&inverse.diag())
            .and(&fit.root)
            .map_collect(|b, s| if *s > 0.0 { (1.0 - b) / s / s } else { 0.0 });
        let through = Zip::from(&variances)
            .and(&Array1::from_iter(fit.curvature.iter().map(|c| c.slope)))
            .map_collect(|v, slope| -0.5 * v * slope);
        let precision = scaled_both_sides(inverse, &fit.root);
        let implicit = &through - &precision.dot(&problem.k.dot(&through));
        let alpha = &fit.place.alpha;
        let mut covariance = precision;
        Zip::from(covariance.rows_mut()).and(alpha).and(&implicit).par_for_each(|mut row, a, u| {
            Zip::from(&mut row).and(alpha).and(&implicit).for_each(|entry, b, v| {
                *entry = 0.5 * (a * b - *entry + u * b + a * v);
            });
        });
        let mean = (alpha + &implicit).insert_axis(Axis(1));
        let along = problem.k.dot(&implicit);
        let mut of_likelihood = Array1::zeros(likelihood.parameters().len());
        for (i, (y, f)) in problem.y.iter().zip(&fit.place.f).enumerate() {
            for (total, slopes) in of_likelihood.iter_mut().zip(likelihood.parameter_slopes(*y, *f)) {
                *total += slopes.log - 0.5 * variances[i] * slopes.curvature + along[i] * slopes.first;
            }
        }
        Ok(Gradients {
            log: fit.log,
            prior: along_prior(prior, data, &problem.blocks(covariance), &mean)?,
            likelihood: of_likelihood,
            warnings: fit.warnings,
            start: alpha.clone().insert_axis(Axis(1)),
        })
    }
}
