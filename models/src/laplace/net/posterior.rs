//! The Gaussian posterior of a net: evidence, information, draws of weights and of functions.

use std::sync::Arc;

use ndarray::{Array2, Array3};
use softbias_priors::math::stable::log_mean_exp;
use softbias_priors::net::{Gradient, Net, Precision, Work};
use softbias_priors::prior::Result as PriorResult;
use softbias_priors::{Ledger, Nats, Points, Prior, PriorError, Saw, Seed, memory};

use super::NetLaplace;
use super::cover::Cover;
use super::evidence::Terms;
use super::fit::{At, Curvature, Factored};
use super::later::Later;
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::evidence::{EffectiveDimension, Evidence, Grade};
use crate::latent::Warning;
use crate::likelihood::RowLikelihood;
use crate::net::{NetDraws, NetTarget};
use crate::posterior::{Evidenced, Informed};
use crate::risk::{EmpiricalRisk, Loss};

/// N(ε*, Σ) over the white coordinates of a net, made by [`NetLaplace`].
///
/// Two predictives, which differ: `predict` and `log_predictive` (and class probabilities) are those of the net linearised at the optimum,
/// f(x) + J(x)(θ − θ*), which is Gaussian and seldom worse (Immer et al. 2021); `draws`, `sample` and risks are of the net itself at weights
/// drawn from the posterior, which is what certificates hold for.
#[derive(Clone, Debug)]
pub struct NetLaplacePosterior<T, L> {
    pub(super) by: NetLaplace,
    pub(super) net: Net,
    pub(super) likelihood: L,
    pub(super) data: Data,
    pub(super) eps: Arc<[T]>,
    pub(super) theta: Arc<[T]>,
    pub(super) cover: Arc<Cover>,
    pub(super) curvature: Arc<dyn Curvature<T>>,
    pub(super) factored: Arc<dyn Factored<T>>,
    /// Σ ln p(y | θ*).
    pub(super) log_likelihood: f64,
    /// What the curvature is multiplied by, since it was measured at another noise.
    pub(super) weight: f64,
    pub(super) terms: Terms,
    /// What the weights that are constants owe.
    pub(super) fixed: Ledger,
    pub(super) symmetries: f64,
    /// Slopes of Σ ln p in white coordinates of scale 1 over the covered weights, at the noise where the curvature was measured.
    pub(super) slopes: Arc<Later<Vec<f64>>>,
    /// Where a search for scales met its bounds.
    pub(super) bounds: Vec<Warning>,
}

impl<T: Precision, L: RowLikelihood> NetLaplacePosterior<T, L> {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn new(
        by: NetLaplace,
        target: &NetTarget<T, L>,
        (eps, theta): (Vec<T>, Vec<T>),
        cover: Arc<Cover>,
        curvature: Arc<dyn Curvature<T>>,
        log_likelihood: f64,
        fixed: Ledger,
        symmetries: f64,
    ) -> Result<NetLaplacePosterior<T, L>> {
        let net = target.net().clone();
        let factored = curvature.factored(&net.scales(), 1.0)?;
        let terms = Terms::of(&net, &cover, &eps, factored.as_ref());
        let slopes = Arc::new(unit_slopes(target, &cover, &eps, &theta)?);
        let (likelihood, data) = (target.likelihood().clone(), target.data().clone());
        let (eps, theta) = (eps.into(), theta.into());
        Ok(NetLaplacePosterior {
            by,
            net,
            likelihood,
            data,
            eps,
            theta,
            cover,
            curvature,
            factored,
            log_likelihood,
            weight: 1.0,
            terms,
            fixed,
            symmetries,
            slopes,
            bounds: Vec::new(),
        })
    }

    /// The net, with the priors of its weights.
    #[must_use]
    pub fn net(&self) -> &Net {
        &self.net
    }

    /// The likelihood.
    #[must_use]
    pub fn likelihood(&self) -> &L {
        &self.likelihood
    }

    /// The white coordinates where it is centred.
    #[must_use]
    pub fn centre(&self) -> &[T] {
        &self.eps
    }

    /// How many weights are random.
    #[must_use]
    pub fn covered(&self) -> usize {
        self.cover.len()
    }

    /// Σ ln p(y | θ*) over the rows, without the Jacobian of label transforms.
    #[must_use]
    pub fn log_likelihood(&self) -> Nats {
        Nats(self.log_likelihood)
    }

    /// ln of the number of modes that arrangements of hidden units make of this one: `evidence().log + symmetries()` counts them all, as if they
    /// did not overlap. For widths beyond a few units they do.
    #[must_use]
    pub fn symmetries(&self) -> Nats {
        Nats(if self.cover.is_all() { self.symmetries } else { 0.0 })
    }

    /// What a Newton step from the centre would add to the log evidence: ½ gᵀM⁻¹g, half the Newton decrement, with the slopes g of the log
    /// posterior in the white coordinates that are covered; 0 at a mode. (Exact where the log posterior is quadratic with this curvature.) After
    /// scales or noise were tuned, at fixed weights, it says what is lost by not training again. Cost: one gradient over
    /// all rows, once, and one solve; of the full curvature of a net with more weights than the root has rows also the rows of its root, once.
    ///
    /// # Errors
    /// When the eigenvectors of a Kronecker factor cannot be found.
    pub fn short_of_mode(&self) -> Result<Nats> {
        let scales = self.cover.scales(&self.net.scales());
        let slope = |(index, (slope, scale)): (usize, (&f64, &f64))| {
            self.weight * scale * slope - self.eps[self.cover.place(index)].get()
        };
        let g: Vec<f64> = self.slopes.get().iter().zip(&scales).enumerate().map(slope).collect();
        Ok(Nats(0.5 * self.factored.inverse_square(&g)?))
    }

    /// What has to be said about it: that it is not centred at a mode ([`NetLaplacePosterior::short_of_mode`] above 0.1 nats, a tenth of what
    /// is worth a mention between two models), that a tuned scale stands on a bound of its search, and that it is one mode of many, where hidden
    /// units can be arranged. Cost: that of [`NetLaplacePosterior::short_of_mode`].
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.bounds.clone();
        let short = self.short_of_mode().map_or(f64::NAN, Nats::get);
        if short.is_nan() || short > NOTEWORTHY {
            warnings.push(Warning::NotAtMode { short });
        }
        let symmetries = self.symmetries().get();
        if symmetries > 0.0 {
            warnings.push(Warning::OneMode { symmetries });
        }
        warnings
    }

    /// How many directions of the weights the data determine: `determined` = Σ λ/(1 + λ) over eigenvalues λ of the curvature in white coordinates.
    #[must_use]
    pub fn effective_dimension(&self) -> EffectiveDimension {
        let determined = self.terms.determined();
        let rows = self.data.len() * self.likelihood.columns(self.net.count());
        let directions = rows.min(self.cover.len());
        EffectiveDimension { determined, undetermined: (directions as f64 - determined).max(0.0), directions }
    }

    /// Independent draws of white coordinates, as a posterior that is a list of weights.
    ///
    /// # Errors
    /// Without a draw, or over the memory limit.
    pub fn sample(&self, n: usize, seed: Seed) -> Result<NetDraws<T, L>> {
        if n == 0 {
            return Err(ModelError::NoDraws);
        }
        memory::announce("draws (draw × weight)", n, self.net.weights(), "ask for fewer draws at a time")?;
        let draws = self.factored.draws(n, seed)?;
        let moved = |away: ndarray::ArrayView1<'_, f64>| {
            let mut eps = self.eps.to_vec();
            for (index, away) in away.iter().enumerate() {
                let own = &mut eps[self.cover.place(index)];
                *own = T::of(own.get() + away);
            }
            eps
        };
        let draws = draws.rows().into_iter().map(moved).collect();
        Ok(NetDraws::drawn(&self.net, &self.likelihood, &self.data, draws).charged(self.fixed.clone()))
    }

    /// ln ∫ Π p(y | f) dQ over all later rows *together*, by `draws` draws of weights: of a posterior fitted on a part of the data, this is the
    /// conditional marginal likelihood of the rest (Lotfi et al. 2022), with the Jacobian of label transforms. Biased low, the less the more
    /// draws there are.
    ///
    /// # Errors
    /// Without a draw, and when the rows do not fit.
    pub fn conditional_evidence(&self, later: &Data, draws: usize, seed: Seed) -> Result<Nats> {
        self.data.expect_same_transforms(later)?;
        self.likelihood.check(later, self.net.count())?;
        if draws == 0 {
            return Err(ModelError::NoDraws);
        }
        let mut slopes = vec![0.0; self.net.count()];
        let mut logs = Vec::with_capacity(draws);
        for (batch, size) in batches(draws) {
            let values = self.draws(size, later.points(), seed.at(batch))?;
            for function in values.outer_iter() {
                let rows = later.labels().rows().into_iter().zip(function.rows());
                let of_row = |(y, f): (ndarray::ArrayView1<'_, f64>, ndarray::ArrayView1<'_, f64>)| {
                    self.likelihood.row(&y.to_vec(), &f.to_vec(), &mut slopes)
                };
                logs.push(rows.map(of_row).sum());
            }
        }
        Ok(Nats(log_mean_exp(&logs)) + later.log_jacobian())
    }

    pub(super) fn at(&self) -> At<'_, T> {
        At { net: &self.net, eps: &self.eps, theta: &self.theta }
    }

    /// Means and covariances of the outputs of the linearised net, (point, output) and (point, output, output).
    ///
    /// # Errors
    /// When the points do not fit, and over the memory limit.
    pub fn linearised(&self, x: &Points) -> Result<(Array2<f64>, Array3<f64>)> {
        let (width, count) = (self.net.width(), self.net.count());
        memory::announce(
            "covariances (point × output²)",
            x.len(),
            count * count,
            "ask for fewer points at a time",
        )?;
        let rows = self.net.rows_of::<T>(x)?;
        let values = self.net.outputs_at(&self.theta, &rows);
        let mean = values.iter().map(|f| f.get()).collect();
        let mut covariances = Vec::with_capacity(x.len() * count * count);
        for part in rows.chunks(width * self.factored.rows_at_once(&self.net).max(1)) {
            covariances.extend(self.factored.covariances(&self.at(), part)?);
        }
        let wrong = |found: usize| PriorError::Dimensions {
            what: "outputs of a net",
            expected: x.len() * count,
            found,
        };
        let mean = Array2::from_shape_vec((x.len(), count), mean).map_err(|_| wrong(values.len()))?;
        let all = covariances.len();
        let covariances =
            Array3::from_shape_vec((x.len(), count, count), covariances).map_err(|_| wrong(all))?;
        Ok((mean, covariances))
    }
}

/// Log evidence, in nats, whose loss is warned of.
const NOTEWORTHY: f64 = 0.1;

/// Slopes of Σ ln p over all rows in white coordinates of scale 1, of the covered weights.
fn unit_slopes<T: Precision, L: RowLikelihood>(
    target: &NetTarget<T, L>,
    cover: &Cover,
    eps: &[T],
    theta: &[T],
) -> Result<Later<Vec<f64>>> {
    let unit = target.net().with_scales(&vec![1.0; target.net().tensors().len()])?;
    let (target, cover) = (target.clone().with_net(unit), cover.clone());
    let (eps, theta) = (eps.to_vec(), theta.to_vec());
    Ok(Later::new(move || {
        let mut all = vec![T::ZERO; theta.len()];
        let out = Gradient::White { eps: &eps, out: &mut all };
        target.at_weights(&theta, None, &mut Work::default(), out);
        let mut own = vec![0.0; cover.len()];
        cover.select(&all, &mut own);
        own
    }))
}

/// Draws of functions at a time.
const AT_ONCE: usize = 32;

fn batches(draws: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..draws.div_ceil(AT_ONCE)).map(move |batch| (batch, AT_ONCE.min(draws - batch * AT_ONCE)))
}

impl<T: Precision, L: RowLikelihood> Prior for NetLaplacePosterior<T, L> {
    fn outputs(&self) -> usize {
        self.net.count()
    }

    /// The net at weights drawn from the posterior.
    fn draws(&self, n: usize, x: &Points, seed: Seed) -> PriorResult<Array3<f64>> {
        memory::announce_draws(n, x.len(), self.net.count())?;
        let mut all = Array3::zeros((n, x.len(), self.net.count()));
        for (batch, size) in batches(n) {
            let drawn = self.sample(size, seed.at(batch)).map_err(|error| match error {
                ModelError::Prior(error) => error,
                ModelError::TooLarge(error) => error.into(),
                ModelError::Linalg(error) => error.into(),
                other => PriorError::Net { layer: "posterior".to_owned(), problem: other.to_string() },
            })?;
            let from = batch * AT_ONCE;
            all.slice_mut(ndarray::s![from..from + size, .., ..]).assign(&drawn.functions_at(x)?);
        }
        Ok(all)
    }

    fn ledger(&self) -> Ledger {
        let seen = Ledger::saw("conditioned", Saw::Labels, Some(self.data.rows()));
        self.net.ledger().and(&self.fixed).of_posterior().and(self.data.ledger()).and(&seen)
    }
}

impl<T: Precision, L: RowLikelihood> Evidenced for NetLaplacePosterior<T, L> {
    /// Of this mode; see [`NetLaplacePosterior::symmetries`].
    fn evidence_of(&self) -> Evidence {
        let log = Nats(self.terms.log(self.log_likelihood)) + self.data.log_jacobian();
        let information = Nats(self.terms.information());
        Evidence { log, fit: log + information, information, grade: Grade::Approximate }
    }
}

impl<T: Precision, L: RowLikelihood> Informed for NetLaplacePosterior<T, L> {
    /// KL of this Gaussian from the prior: exact for the posterior that is at hand, whether or not it is near the true one.
    fn information(&self) -> Nats {
        Nats(self.terms.information())
    }

    fn prior_ledger(&self) -> Ledger {
        self.net.ledger().of_functions().and(&self.fixed).and(self.data.ledger())
    }

    fn conditioned_on(&self) -> &Data {
        &self.data
    }

    /// # Errors
    /// [`ModelError::ByDraws`], always: what a certificate holds for is the net at drawn weights, not its linearisation.
    fn risk(&self, loss: Loss, data: &Data) -> Result<EmpiricalRisk> {
        let _ = (loss, data);
        Err(ModelError::ByDraws("a net at random weights has no Gibbs risk in closed form"))
    }
}
