//! Exact inference in function space: one Cholesky factor of A = K + noise for each distinct covariance, in its own memory.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use softbias_priors::math::linalg::{self, Cholesky, LinalgError};
use softbias_priors::{Blocks, GaussianPrior, Nats, Points, memory};

use super::noise::Noise;
use super::reduced::residual;
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::evidence::{EffectiveDimension, Evidence, Grade};

/// Factors and weights of the representer form: one entry an output, or one for all when they share a covariance.
#[derive(Clone, Debug)]
pub(crate) struct FunctionSpace {
    /// One Cholesky factor of A for each distinct covariance.
    factors: Vec<Cholesky>,
    /// diag(A⁻¹), likewise.
    inverse_diagonals: Vec<Array1<f64>>,
    /// α = A⁻¹(y − mean): (row, output).
    pub(crate) alpha: Array2<f64>,
    y: Array2<f64>,
    noise: Noise,
    /// Features behind the prior, where there are finitely many: no more directions than these can be determined.
    features: Option<usize>,
    /// What was added to the noise to factor A.
    jitter: f64,
}

/// An amount that was added to the diagonal.
struct Jittered(f64);

const INSTEAD: &str =
    "use a prior with fewer features than rows in weight space (`Exact::WeightSpace`), or fewer rows";

/// Fractions of the mean diagonal that are added where a covariance cannot be factored as it is.
const JITTERS: [f64; 6] = [0.0, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10];

/// The lower triangles of A for each distinct covariance.
fn gram<P: GaussianPrior + ?Sized>(prior: &P, noise: &Noise, x: &Points) -> Result<Vec<Array2<f64>>> {
    memory::announce("the covariance of the rows (row × row)", x.len(), x.len(), INSTEAD)?;
    let mut list = match prior.gram(x)? {
        Blocks::Shared(k) => vec![k],
        Blocks::PerOutput(list) => list,
        blocks => (0..prior.outputs()).map(|c| blocks.of_output(c).to_owned()).collect(),
    };
    for k in &mut list {
        noise.add_to_diagonal(k);
    }
    Ok(list)
}

impl FunctionSpace {
    /// O(n³) time (2n³/3 flops) for each distinct covariance; n² memory that is kept and n² on the way, announced first.
    pub(crate) fn new<P: GaussianPrior + ?Sized>(
        prior: &P,
        noise: Noise,
        data: &Data,
    ) -> Result<FunctionSpace> {
        FunctionSpace::with_jitter(prior, noise, data, true)
    }

    fn with_jitter<P: GaussianPrior + ?Sized>(
        prior: &P,
        noise: Noise,
        data: &Data,
        jitter_allowed: bool,
    ) -> Result<FunctionSpace> {
        noise.check(data.len())?;
        let y = residual(prior, data)?;
        let mut tried = Vec::new();
        for jitter in JITTERS {
            let grams = gram(prior, &noise, data.points())?;
            // What is added counts as noise of the rows, so that evidence, fit and information are those of one model.
            let mean = |a: &Array2<f64>| a.diag().mean().unwrap_or(0.0);
            let added = jitter * grams.iter().map(mean).fold(0.0, f64::max);
            let factors = grams.into_iter().map(|a| Cholesky::in_place(a, added));
            match factors.collect::<std::result::Result<Vec<_>, _>>() {
                Ok(factors) => {
                    let noise = noise.plus(added);
                    return FunctionSpace::of_factors(prior, factors, y, noise, self::Jittered(added));
                }
                Err(error @ LinalgError::NotPositiveDefinite { .. }) => tried.push(error),
                Err(error) => return Err(error.into()),
            }
            if !jitter_allowed {
                break;
            }
        }
        Err(tried.pop().map_or(ModelError::Noise(noise.common().sqrt()), ModelError::from))
    }

    fn of_factors<P: GaussianPrior + ?Sized>(
        prior: &P,
        factors: Vec<Cholesky>,
        y: Array2<f64>,
        noise: Noise,
        Jittered(jitter): Jittered,
    ) -> Result<FunctionSpace> {
        let alpha = solved(&factors, &y)?;
        let inverse_diagonals = factors.iter().map(Cholesky::inverse_diagonal).collect();
        let features = prior.weights().map(|w| w.scales().iter().filter(|s| **s != 0.0).count());
        Ok(FunctionSpace { factors, inverse_diagonals, alpha, y, noise, features, jitter })
    }

    /// The same for the rows of `all`, of which the first are those known already: O(n²m) for m new rows instead of O((n + m)³).
    pub(crate) fn append<P: GaussianPrior + ?Sized>(
        &self,
        prior: &P,
        noise: Noise,
        all: &Data,
    ) -> Result<FunctionSpace> {
        noise.check(all.len())?;
        let n = self.y.nrows();
        let (old, new) = (all.points().range(0..n)?, all.points().range(n..all.len())?);
        let size = all.len();
        memory::announce("the covariance of the rows (row × row)", size, size, INSTEAD)?;
        let cross = prior.cov(&old, &new)?;
        let corners = prior.gram(&new)?;
        let mut factors = Vec::with_capacity(self.factors.len());
        for (c, known) in self.factors.iter().enumerate() {
            // The new rows of the factor: L₂₁ᵀ = L₁₁⁻¹K₁₂ and the factor of what is left of the corner.
            let right = known.solve_lower(cross.of_output(c))?;
            let mut corner = corners.of_output(c).to_owned();
            noise.tail(n).add_to_diagonal(&mut corner);
            corner -= &linalg::syrk_t(right.view());
            // jitter of the first rows is a part of the noise, and so of the new ones
            let Ok(corner) = Cholesky::in_place(corner, 0.0) else {
                return FunctionSpace::new(prior, noise, all);
            };
            let mut l = Array2::zeros((size, size));
            l.slice_mut(s![..n, ..n]).assign(&known.l());
            l.slice_mut(s![n.., ..n]).assign(&right.t());
            l.slice_mut(s![n.., n..]).assign(&corner.l());
            factors.push(Cholesky::of_factor(l, 0.0));
        }
        let y = residual(prior, all)?;
        FunctionSpace::of_factors(prior, factors, y, noise, Jittered(self.jitter))
    }

    fn at(&self, c: usize) -> usize {
        c.min(self.factors.len() - 1)
    }

    pub(crate) fn noise(&self) -> &Noise {
        &self.noise
    }

    /// Jitter that was added to the diagonal; it is a part of [`FunctionSpace::noise`].
    pub(crate) fn jitter(&self) -> f64 {
        self.jitter
    }

    /// Whether rounding leaves the evidence its digits: no jitter, and noise above the rounding of the largest variance.
    fn is_exact(&self) -> bool {
        let largest =
            |factor: &Cholesky| factor.l().rows().into_iter().map(|r| r.dot(&r)).fold(0.0, f64::max);
        let top = self.factors.iter().map(largest).fold(0.0, f64::max);
        let n = self.y.nrows();
        let least = (0..n).map(|i| self.noise.of_row(i)).fold(f64::INFINITY, f64::min);
        self.jitter == 0.0 && least >= n as f64 * f64::EPSILON * top
    }

    fn log_evidence(&self) -> f64 {
        log_evidence(&self.factors, &self.y, &self.alpha)
    }

    /// tr(A⁻¹K) of one output.
    fn determined(&self, c: usize) -> f64 {
        let diagonal = &self.inverse_diagonals[self.at(c)];
        diagonal.iter().enumerate().map(|(i, a)| 1.0 - self.noise.of_row(i) * a).sum()
    }

    pub(crate) fn evidence(&self, log_jacobian: Nats) -> Evidence {
        let (n, outputs) = self.y.dim();
        let variances = Array1::from_shape_fn(n, |i| self.noise.of_row(i));
        let log_noise: f64 = variances.iter().map(|v| v.ln()).sum();
        let mut information = 0.0;
        let mut fit = 0.0;
        for c in 0..outputs {
            let (alpha, determined) = (self.alpha.column(c), self.determined(c));
            let left = &alpha * &variances;
            let explained = &self.y.column(c) - &left;
            let log_det = self.factors[self.at(c)].log_det();
            information += 0.5 * (log_det - log_noise - determined + alpha.dot(&explained));
            let scatter = alpha.dot(&left) + determined;
            fit -= 0.5 * (n as f64 * (2.0 * std::f64::consts::PI).ln() + log_noise + scatter);
        }
        Evidence {
            log: Nats(self.log_evidence()) + log_jacobian,
            fit: Nats(fit) + log_jacobian,
            information: Nats(information.max(0.0)),
            grade: if self.is_exact() { Grade::Exact } else { Grade::Approximate },
        }
    }

    pub(crate) fn effective_dimension(&self) -> EffectiveDimension {
        let (n, outputs) = self.y.dim();
        let determined: f64 = (0..outputs).map(|c| self.determined(c)).sum();
        let directions = n.min(self.features.unwrap_or(n)) * outputs;
        EffectiveDimension { determined, undetermined: (directions as f64 - determined).max(0.0), directions }
    }

    /// L⁻¹ cov(data, z) for one output: what a variance at z needs.
    pub(crate) fn explained(
        &self,
        cross: ArrayView2<'_, f64>,
        c: usize,
    ) -> std::result::Result<Array2<f64>, LinalgError> {
        self.factors[self.at(c)].solve_lower(cross)
    }

    /// L⁻¹b for every row b of cov(z, data), for one output.
    pub(crate) fn whiten_rows(
        &self,
        cross: Array2<f64>,
        c: usize,
    ) -> std::result::Result<Array2<f64>, LinalgError> {
        self.factors[self.at(c)].whiten_rows(cross)
    }

    /// A⁻¹b for one output.
    pub(crate) fn solve(
        &self,
        b: ArrayView2<'_, f64>,
        c: usize,
    ) -> std::result::Result<Array2<f64>, LinalgError> {
        self.factors[self.at(c)].solve(b)
    }

    /// Mean and variance of each label given all the others, each (row, output): y − α/diag(A⁻¹) and 1/diag(A⁻¹) (Rasmussen &
    /// Williams 2006, 5.12), as departures from `labels`, the noise of the row included in the variance.
    pub(crate) fn leave_one_out(&self, labels: &Array2<f64>) -> (Array2<f64>, Array2<f64>) {
        let spread = |(i, c): (usize, usize)| 1.0 / self.inverse_diagonals[self.at(c)][i];
        let variance = Array2::from_shape_fn(labels.dim(), spread);
        (labels - &(&self.alpha * &variance), variance)
    }

    /// Without jitter: an error instead.
    pub(crate) fn unjittered<P: GaussianPrior + ?Sized>(
        prior: &P,
        noise: Noise,
        data: &Data,
    ) -> Result<FunctionSpace> {
        FunctionSpace::with_jitter(prior, noise, data, false)
    }

    /// ln p(row i | rows before), summed over outputs.
    pub(crate) fn prequential(&self) -> Result<Array1<f64>> {
        let mut log = Array1::zeros(self.y.nrows());
        for c in 0..self.y.ncols() {
            let factor = &self.factors[self.at(c)];
            let z = factor.solve_lower(self.y.column(c).insert_axis(Axis(1)))?;
            for (i, log) in log.iter_mut().enumerate() {
                let variance = factor.l()[[i, i]].powi(2);
                *log -= 0.5 * (z[[i, 0]].powi(2) + (2.0 * std::f64::consts::PI * variance).ln());
            }
        }
        Ok(log)
    }
}

fn solved(factors: &[Cholesky], y: &Array2<f64>) -> Result<Array2<f64>> {
    if let [shared] = factors {
        return Ok(shared.solve(y.view())?);
    }
    let mut alpha = Array2::zeros(y.raw_dim());
    for (c, factor) in factors.iter().enumerate() {
        alpha.column_mut(c).assign(&factor.solve_vec(y.column(c))?);
    }
    Ok(alpha)
}

fn log_evidence(factors: &[Cholesky], y: &Array2<f64>, alpha: &Array2<f64>) -> f64 {
    let (n, outputs) = y.dim();
    let log_det: f64 = (0..outputs).map(|c| factors[c.min(factors.len() - 1)].log_det()).sum();
    -0.5 * ((y * alpha).sum() + log_det + (n * outputs) as f64 * (2.0 * std::f64::consts::PI).ln())
}

/// The log evidence, and what its gradient is made of.
pub(crate) struct Slopes {
    pub(crate) log: f64,
    /// ∂/∂K: ½(αα' − A⁻¹), in the blocks of the covariance (summed over outputs that share one).
    pub(crate) covariance: Blocks,
    /// ∂/∂mean: α, (row, output).
    pub(crate) mean: Array2<f64>,
    /// ∂/∂ of the common noise variance.
    pub(crate) noise: f64,
    /// (y − mean)ᵀA⁻¹(y − mean), over outputs.
    pub(crate) quadratic: f64,
}

/// Log evidence and gradient from one factorisation: n³ flops for each distinct covariance, and two n × n matrices in all (K, L and
/// A⁻¹ in one, what they are computed with and then the result in the other). No jitter: what changes with the parameters has no
/// place in a differentiated objective.
pub(crate) fn evidence_slopes<P: GaussianPrior + ?Sized>(
    prior: &P,
    noise: &Noise,
    data: &Data,
) -> Result<Slopes> {
    noise.check(data.len())?;
    let y = residual(prior, data)?;
    let outputs = y.ncols();
    let grams = gram(prior, noise, data.points())?.into_iter();
    let factors = grams.map(|a| Cholesky::in_place(a, 0.0)).collect::<std::result::Result<Vec<_>, _>>()?;
    let alpha = solved(&factors, &y)?;
    let log = log_evidence(&factors, &y, &alpha);
    let shared = factors.len() == 1;
    let of_factor = |(c, factor): (usize, Cholesky)| {
        // α by rows: its products run along memory
        let mine = if shared { alpha.clone() } else { alpha.slice(s![.., c..c + 1]).to_owned() };
        let copies = if shared { outputs as f64 } else { 1.0 };
        let single = (mine.ncols() == 1).then(|| mine.column(0).to_vec());
        match single {
            Some(alpha) => {
                factor.into_inverse(move |i, j, inverse| 0.5 * (alpha[i] * alpha[j] - copies * inverse))
            }
            None => factor
                .into_inverse(move |i, j, inverse| 0.5 * (mine.row(i).dot(&mine.row(j)) - copies * inverse)),
        }
    };
    let mut matrices: Vec<Array2<f64>> = factors.into_iter().enumerate().map(of_factor).collect();
    let slope = matrices.iter().map(|w| w.diag().sum()).sum();
    let covariance = match matrices.pop() {
        Some(one) if shared => Blocks::Shared(one),
        last => Blocks::PerOutput(matrices.into_iter().chain(last).collect()),
    };
    Ok(Slopes { log, covariance, noise: slope, quadratic: (&y * &alpha).sum(), mean: alpha })
}
