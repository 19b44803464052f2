//! The Laplace posterior of C functions given class labels: correlated between classes, known at any points.

use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, Axis, array, s};
use rayon::prelude::*;
use softbias_priors::math::linalg::{self, Cholesky, Jitter};
use softbias_priors::{GaussianPrior, Ledger, Nats, Points, Prior, PriorError, PriorExt, Saw, Seed, memory};

use super::Laplace;
use super::softmax::{ClassFit, Classes, Precision};
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::evidence::{Evidence, Grade};
use crate::latent::{ClassRule, Warning};
use crate::likelihood::Softmax;
use crate::posterior::{Evidenced, Informed, Posterior};
use crate::prediction::Prediction;
use crate::risk::{EmpiricalRisk, Loss, MonteCarlo};

type PriorResult<T> = std::result::Result<T, PriorError>;

/// Test points at a time: a prediction holds C matrices of (row × this).
const BLOCK: usize = 256;

/// The approximate posterior of C functions under the softmax likelihood.
///
/// Labels correlate the classes, which the independent outputs of a [`GaussianPrior`] cannot say; so it is a [`Prior`] (with draws
/// joint over points *and* classes) and a [`Posterior`], with [`SoftmaxPosterior::class_covariances`] for the rest.
#[derive(Clone, Debug)]
pub struct SoftmaxPosterior {
    prior: Arc<dyn GaussianPrior>,
    likelihood: Softmax,
    data: Data,
    /// K⁻¹(f̂ − mean), (row, class).
    alpha: Array2<f64>,
    precision: Arc<Precision>,
    evidence: Evidence,
    iterations: usize,
    warnings: Vec<Warning>,
    seed: Seed,
}

/// What predictions at a few points need: everything is (class) or (class, class) at each point.
struct AtPoints {
    mean: Array2<f64>,
    /// Variance of each class if the others were known, (point, class).
    own: Array2<f64>,
    /// q_c = M⁻¹E_c k_c, (point, row), a matrix a class: q_cᵀq_d is the rest of the covariance.
    shared: Vec<Array2<f64>>,
}

impl AtPoints {
    fn covariance(&self, point: usize) -> Array2<f64> {
        let classes = self.shared.len();
        let mut covariance = Array2::zeros((classes, classes));
        for c in 0..classes {
            for d in 0..=c {
                let both = self.shared[c].row(point).dot(&self.shared[d].row(point));
                covariance[[c, d]] = both;
                covariance[[d, c]] = both;
            }
            covariance[[c, c]] += self.own[[point, c]];
        }
        covariance
    }
}

impl SoftmaxPosterior {
    pub(super) fn new(
        settings: Laplace,
        prior: Arc<dyn GaussianPrior>,
        likelihood: Softmax,
        data: &Data,
    ) -> Result<SoftmaxPosterior> {
        let classes = Classes::new(&*prior, &likelihood, data)?;
        let fit = ClassFit::new(&classes, settings, None)?;
        let information = fit.information(&classes)?;
        let evidence = Evidence {
            log: Nats(fit.log) + data.log_jacobian(),
            fit: Nats(fit.log + information) + data.log_jacobian(),
            information: Nats(information),
            grade: Grade::Approximate,
        };
        Ok(SoftmaxPosterior {
            prior,
            likelihood,
            data: data.clone(),
            alpha: fit.place.alpha,
            precision: Arc::new(fit.precision),
            evidence,
            iterations: fit.iterations,
            warnings: fit.warnings,
            seed: Seed::new(0),
        })
    }

    /// The prior that was conditioned.
    #[must_use]
    pub fn prior(&self) -> &Arc<dyn GaussianPrior> {
        &self.prior
    }

    /// The likelihood.
    #[must_use]
    pub fn likelihood(&self) -> Softmax {
        self.likelihood
    }

    /// The rows it was conditioned on.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Newton steps that were made.
    #[must_use]
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    /// What should be known about this approximation.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The same posterior, owing `ledger` on top: for example because it was chosen among several by looking at rows.
    #[must_use]
    pub fn charged(mut self, ledger: Ledger) -> SoftmaxPosterior {
        self.prior = Arc::new(self.prior.charged(ledger));
        self
    }

    /// The same posterior with another random shift of the rule that integrates class probabilities: what differs is its error.
    #[must_use]
    pub fn seeded(self, seed: Seed) -> SoftmaxPosterior {
        SoftmaxPosterior { seed, ..self }
    }

    /// Covariance of the C function values at each point, (point, class, class). C·O(n²) a point.
    ///
    /// # Errors
    /// When the points do not fit, or the result would be over the memory limit.
    pub fn class_covariances(&self, x: &Points) -> Result<Array3<f64>> {
        let classes = self.likelihood.count();
        memory::announce(
            "covariances (point · class × class)",
            x.len() * classes,
            classes,
            "ask for fewer points",
        )?;
        let mut all = Array3::zeros((x.len(), classes, classes));
        self.by_blocks(x, |start, at| {
            for i in 0..at.mean.nrows() {
                all.index_axis_mut(Axis(0), start + i).assign(&at.covariance(i));
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// Probability of each class at the points, (point, class), the functions integrated out over their correlated Gaussian: for two
    /// classes by quadrature, for more by a lattice rule of 16381 nodes, whose error is below 1e-4 for three classes and up to 2e-3
    /// for ten of large variance ([`SoftmaxPosterior::seeded`] shows it). Rows sum to 1.
    ///
    /// # Errors
    /// When the points do not fit.
    pub fn class_probabilities(&self, x: &Points) -> Result<Array2<f64>> {
        Ok(self.log_probabilities(x)?.mapv_into(f64::exp))
    }

    fn log_probabilities(&self, x: &Points) -> Result<Array2<f64>> {
        let classes = self.likelihood.count();
        let rule = ClassRule::new(classes, self.seed);
        let mut all = Array2::zeros((x.len(), classes));
        self.by_blocks(x, |start, at| {
            let of_point =
                |i: usize| rule.log_probabilities(&at.mean.row(i).to_vec(), at.covariance(i).view());
            let rows = (0..at.mean.nrows()).into_par_iter().map(of_point).collect::<Result<Vec<_>>>()?;
            for (i, row) in rows.into_iter().enumerate() {
                all.row_mut(start + i).assign(&Array1::from(row));
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// Mean and variance of each function, (point, class).
    fn moments(&self, x: &Points) -> Result<(Array2<f64>, Array2<f64>)> {
        let mut mean = Array2::zeros((x.len(), self.likelihood.count()));
        let mut var = mean.clone();
        self.by_blocks(x, |start, at| {
            let rows = s![start..start + at.mean.nrows(), ..];
            mean.slice_mut(rows).assign(&at.mean);
            var.slice_mut(rows).assign(&at.own);
            for (c, q) in at.shared.iter().enumerate() {
                let more = q.map_axis(Axis(1), |row| row.dot(&row));
                var.slice_mut(s![start..start + more.len(), c]).scaled_add(1.0, &more);
            }
            Ok(())
        })?;
        Ok((mean, var))
    }

    fn by_blocks(&self, x: &Points, mut visit: impl FnMut(usize, AtPoints) -> Result<()>) -> Result<()> {
        for start in (0..x.len()).step_by(BLOCK) {
            let part = x.range(start..(start + BLOCK).min(x.len()))?;
            let at = self.at(&part).map_err(|error| match error {
                ModelError::Prior(inner) => ModelError::Prior(inner.of_row_after(start)),
                other => other,
            })?;
            visit(start, at)?;
        }
        Ok(())
    }

    /// R&W algorithm 3.4, around a mean.
    fn at(&self, x: &Points) -> Result<AtPoints> {
        let cross = self.prior.cov(self.data.points(), x)?;
        let (mut mean, mut own) = (self.prior.mean(x)?, self.prior.var(x)?);
        let of_class = |c: usize| -> Result<(Array1<f64>, Array1<f64>, Array2<f64>)> {
            let k = cross.of_output(c);
            let b = linalg::matmul(self.precision.e[c].view(), k);
            let explained = (&b * &k).sum_axis(Axis(0));
            let q = self.precision.m.solve_lower(b.view())?.t().as_standard_layout().into_owned();
            Ok((k.t().dot(&self.alpha.column(c)), explained, q))
        };
        let parts = (0..mean.ncols()).into_par_iter().map(of_class).collect::<Result<Vec<_>>>()?;
        let mut shared = Vec::with_capacity(parts.len());
        for (c, (rise, explained, q)) in parts.into_iter().enumerate() {
            mean.column_mut(c).scaled_add(1.0, &rise);
            own.column_mut(c).zip_mut_with(&explained, |v, e| *v = (*v - e).max(0.0));
            shared.push(q);
        }
        Ok(AtPoints { mean, own, shared })
    }
}

impl Prior for SoftmaxPosterior {
    fn outputs(&self) -> usize {
        self.likelihood.count()
    }

    /// f_c = mean_c + chol(K** − K*ᵀE_cK*) ε_c + q_cᵀη with one η for all classes: joint over points and classes, without a matrix over
    /// both. C·O(n²m + m³) for m points.
    fn draws(&self, n: usize, x: &Points, seed: Seed) -> PriorResult<Array3<f64>> {
        memory::announce_draws(n, x.len(), self.outputs())?;
        memory::announce(
            "a covariance (row × point)",
            self.data.len(),
            x.len(),
            "ask for fewer points at a time",
        )?;
        let cross = self.prior.cov(self.data.points(), x)?;
        let own = self.prior.cov(x, x)?;
        let mean = self.prior.mean(x)?;
        let common = seed.named("common").normal2(n, self.data.len());
        let jitter = Jitter::Escalating { first: 1e-14, last: 1e-8 };
        let mut draws = Array3::zeros((n, x.len(), self.outputs()));
        for c in 0..self.outputs() {
            let k = cross.of_output(c);
            let b = linalg::matmul(self.precision.e[c].view(), k);
            let explained = linalg::matmul_tn(k, b.view());
            let left = &own.of_output(c) - &((&explained + &explained.t()) * 0.5);
            let factor = Cholesky::new(left.view(), jitter)?;
            let q = self.precision.m.solve_lower(b.view())?;
            let mut values = linalg::matmul_nt(seed.at(c).normal2(n, x.len()).view(), factor.l());
            values += &linalg::matmul(common.view(), q.view());
            values += &(&k.t().dot(&self.alpha.column(c)) + &mean.column(c));
            draws.index_axis_mut(Axis(2), c).assign(&values);
        }
        Ok(draws)
    }

    fn ledger(&self) -> Ledger {
        let seen = Ledger::saw("conditioned", Saw::Labels, Some(self.data.rows()));
        self.prior.ledger().of_posterior().and(self.data.ledger()).and(&seen)
    }
}

impl Posterior for SoftmaxPosterior {
    /// Mean and variance of the latent functions, (point, class), each class by itself.
    fn predict(&self, x: &Points) -> Result<Prediction> {
        let (mean, var) = self.moments(x)?;
        Ok(Prediction::new(mean, var, 0.0))
    }

    /// ln p(y | data) of new labels, one number a row; by the same rule.
    fn log_predictive(&self, data: &Data) -> Result<Array1<f64>> {
        self.data.expect_same_transforms(data)?;
        let labels = self.likelihood.labels(data)?;
        let all = self.log_probabilities(data.points())?;
        Ok(labels.iter().zip(all.rows()).map(|(label, row)| row[*label]).collect())
    }
}

impl Evidenced for SoftmaxPosterior {
    fn evidence_of(&self) -> Evidence {
        self.evidence
    }
}

impl Informed for SoftmaxPosterior {
    /// KL of this Gaussian from the prior: exact for the approximate posterior that is at hand, so a PAC-Bayes bound on it holds.
    fn information(&self) -> Nats {
        self.evidence.information
    }

    fn prior_ledger(&self) -> Ledger {
        self.prior.ledger().of_functions().and(self.data.ledger())
    }

    fn conditioned_on(&self) -> &Data {
        &self.data
    }

    /// [`Loss::Misclassified`] of two classes, in closed form.
    ///
    /// # Errors
    /// [`ModelError::ByDraws`] for more classes and other losses, whose values are correlated between outputs; and when the data do
    /// not fit.
    fn risk(&self, loss: Loss, data: &Data) -> Result<EmpiricalRisk> {
        self.data.expect_same_transforms(data)?;
        EmpiricalRisk::check(loss, data, self.outputs())?;
        if loss != Loss::Misclassified || self.outputs() != 2 {
            return Err(ModelError::ByDraws(
                "more than two correlated classes have no Gibbs risk in closed form",
            ));
        }
        let mut rows = Vec::with_capacity(data.len());
        self.by_blocks(data.points(), |start, at| {
            for i in 0..at.mean.nrows() {
                let c = at.covariance(i);
                let spread = (c[[0, 0]] + c[[1, 1]] - c[[0, 1]] - c[[1, 0]]).max(0.0);
                let lead = at.mean[[i, 1]] - at.mean[[i, 0]];
                let y = if loss.of_row(data.labels().row(start + i), array![0.0, 1.0].view()) == 0.0 {
                    1.0
                } else {
                    -1.0
                };
                rows.push(Loss::ZeroOne.moments(y, lead, spread)?);
            }
            Ok(())
        })?;
        Ok(EmpiricalRisk::of_rows(loss, 2, &rows))
    }

    /// Draws are made row by row, independent between rows: their expectation needs no more than each row's own Gaussian, and
    /// draws × rows losses are averaged.
    fn risk_by_draws(&self, loss: Loss, data: &Data, how: MonteCarlo) -> Result<EmpiricalRisk> {
        how.check(loss)?;
        self.data.expect_same_transforms(data)?;
        let classes = self.outputs();
        EmpiricalRisk::check(loss, data, classes)?;
        let mut total = 0.0;
        self.by_blocks(data.points(), |start, at| {
            let of_point = |i: usize| -> Result<f64> {
                let eigen = linalg::eigh(at.covariance(i).view())?;
                let spread = &eigen.vectors * &eigen.values.mapv(|v| v.max(0.0).sqrt());
                let draws = how.seed.at(start + i).normal2(how.draws, classes);
                let mut f = linalg::matmul_nt(draws.view(), spread.view());
                f += &at.mean.row(i);
                let y = data.labels().row(start + i);
                Ok(f.rows().into_iter().map(|f| loss.of_row(y, f)).sum())
            };
            let points = 0..at.mean.nrows();
            total += points.into_par_iter().map(of_point).collect::<Result<Vec<_>>>()?.iter().sum::<f64>();
            Ok(())
        })?;
        let losses = how.draws * data.len();
        Ok(EmpiricalRisk::drawn(loss, data, classes, total / losses as f64, losses, how.delta))
    }
}
