//! SWAG and MultiSWAG: Gaussians made of the trajectory of a climb.

use std::collections::VecDeque;

use rayon::prelude::*;
use softbias_priors::Seed;
use softbias_priors::net::{Net, Precision};

use super::ensemble::{apart, gathered};
use super::schedule::above;
use super::{Course, NO_STATE, Optimiser, Train, TrainError};
use crate::data::Data;
use crate::error::Result;
use crate::likelihood::RowLikelihood;
use crate::model::{Method, Model};
use crate::net::{NetDraws, NetTarget, Target};

/// What SWAG keeps of a trajectory of white coordinates (Maddox et al. 2019, algorithm 1): its mean, its variance in every coordinate, and the last
/// K deviations from the running mean. It describes a trajectory, and the Gaussian it stands for is as wide as the learning rate makes it: no
/// approximation of the posterior density, so that it has neither evidence nor information.
#[derive(Clone, Debug, PartialEq)]
pub struct Trajectory {
    count: usize,
    mean: Vec<f64>,
    /// Σ (ε − mean)², by Welford's updates: nothing is subtracted.
    squares: Vec<f64>,
    deviations: VecDeque<Vec<f64>>,
    rank: usize,
}

impl Trajectory {
    /// An empty one of `dim` coordinates, which will keep the last `rank` deviations.
    #[must_use]
    pub fn new(dim: usize, rank: usize) -> Trajectory {
        let zeros = vec![0.0; dim];
        Trajectory { count: 0, mean: zeros.clone(), squares: zeros, deviations: VecDeque::new(), rank }
    }

    /// Adds a point. Coordinates beyond the dimension are left out.
    pub fn add<T: Precision>(&mut self, eps: &[T]) {
        self.count += 1;
        let share = 1.0 / self.count as f64;
        let full = self.deviations.len() >= self.rank.max(1);
        let mut own = if full { self.deviations.pop_front().unwrap_or_default() } else { Vec::new() };
        own.resize(self.mean.len(), 0.0);
        let moments = self.mean.iter_mut().zip(&mut self.squares);
        for (((mean, squares), own), eps) in moments.zip(&mut own).zip(eps) {
            let away = eps.get() - *mean;
            *mean += share * away;
            *own = eps.get() - *mean;
            *squares += away * *own;
        }
        if self.rank > 0 {
            self.deviations.push_back(own);
        }
    }

    /// Points added.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Their mean.
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Their variance in every coordinate, mean ε² − (mean ε)².
    #[must_use]
    pub fn variance(&self) -> Vec<f64> {
        self.squares.iter().map(|squares| squares / self.count.max(1) as f64).collect()
    }

    /// The last deviations from the mean as it was then, oldest first.
    pub fn deviations(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.deviations.iter().map(Vec::as_slice)
    }

    /// A draw (equation 1 there): mean + scale · (Σ^½ z₁ + D z₂/√(K − 1))/√2, with the diagonal Σ and the K deviations as columns of D. With
    /// fewer than two deviations D is left out, and the draw is mean + scale · Σ^½ z₁.
    #[must_use]
    pub fn draw(&self, scale: f64, seed: Seed) -> Vec<f64> {
        let columns = self.deviations.len();
        let half = if columns > 1 { 0.5f64.sqrt() } else { 1.0 };
        let mut out = vec![0.0; self.mean.len()];
        seed.named("diagonal").fill_normal(&mut out);
        for (out, squares) in out.iter_mut().zip(&self.squares) {
            *out *= half * (squares / self.count.max(1) as f64).sqrt();
        }
        if columns > 1 {
            let weights = seed.named("low rank").normal1(columns);
            let share = 1.0 / (2.0 * (columns - 1) as f64).sqrt();
            for (column, weight) in self.deviations.iter().zip(weights) {
                out.iter_mut().zip(column).for_each(|(out, d)| *out += share * weight * d);
            }
        }
        out.iter_mut().zip(&self.mean).for_each(|(out, mean)| *out = mean + scale * *out);
        out
    }
}

/// SWAG (Maddox et al. 2019): a Gaussian about the mean of a trajectory of SGD, with a diagonal and a low rank of its own spread. Posterior draws by
/// habit more than by law: see [`Trajectory`].
#[derive(Clone, Debug)]
pub struct Swag<T = f32> {
    train: Train<T>,
    after: usize,
    rank: usize,
    scale: f64,
    draws: usize,
}

impl<T: Precision> Swag<T> {
    /// Along this training, whose coordinates count at the end of every epoch beyond `after`: 30 draws of rank 20, unless said otherwise. The training is
    /// usually SGD that has a large constant rate by then ([`Schedule::settling`](super::Schedule::settling)), or starts at a mode.
    #[must_use]
    pub fn along(train: Train<T>, after: usize) -> Swag<T> {
        Swag { train, after, rank: 20, scale: 1.0, draws: 30 }
    }

    /// Deviations kept.
    #[must_use]
    pub fn rank(self, rank: usize) -> Swag<T> {
        Swag { rank, ..self }
    }

    /// A factor of the spread.
    #[must_use]
    pub fn scale(self, scale: f64) -> Swag<T> {
        Swag { scale, ..self }
    }

    /// How many draws.
    #[must_use]
    pub fn draws(self, draws: usize) -> Swag<T> {
        Swag { draws, ..self }
    }

    /// The trajectory on any target, and how it went.
    ///
    /// # Errors
    /// [`TrainError`]: for fewer than two epochs that count, a rank of 1 (0: the diagonal alone), L-BFGS, early stopping or checkpoints, and those of
    /// [`Train::climb`].
    pub fn follow<G: Target<Number = T>>(&self, target: &G) -> Result<(Trajectory, Course)> {
        self.check()?;
        self.member(&self.train, target, 0)
    }

    fn check(&self) -> Result<()> {
        self.train.without("SWAG", |train| match train {
            Train { optimiser: Optimiser::Lbfgs, .. } => {
                Some(("L-BFGS", "it needs steps at a learning rate"))
            }
            Train { stopping: Some(_), .. } => Some(("early stopping", "it needs the whole trajectory")),
            Train { save: Some(_), .. } | Train { resume: Some(_), .. } => Some(("checkpoints", NO_STATE)),
            _ => None,
        })?;
        above("the scale of SWAG", self.scale)?;
        let counted = self.train.epochs.saturating_sub(self.after);
        let needs = [
            ("epochs that count", 2, counted),
            ("draws", 1, self.draws),
            ("deviations, unless there are none,", 2, if self.rank == 0 { 2 } else { self.rank }),
        ];
        match needs.into_iter().find(|(_, least, found)| found < least) {
            Some((what, least, found)) => Err(TrainError::TooFew { what, least, found }.into()),
            None => Ok(()),
        }
    }

    fn member<G: Target<Number = T>>(
        &self,
        train: &Train<T>,
        target: &G,
        index: usize,
    ) -> Result<(Trajectory, Course)> {
        let mut trajectory = Trajectory::new(target.dim(), self.rank);
        let climbed = train.follow(target, index, &mut |epoch, eps| {
            if epoch > self.after {
                trajectory.add(eps);
            }
        })?;
        if trajectory.count() < 2 {
            let what = "epochs that count before the interruption";
            return Err(TrainError::TooFew { what, least: 2, found: trajectory.count() }.into());
        }
        Ok((trajectory, climbed.course))
    }

    fn draws_of(&self, trajectory: &Trajectory, seed: Seed) -> Vec<Vec<T>> {
        let seed = seed.named("swag");
        let draw = |i| trajectory.draw(self.scale, seed.at(i)).into_iter().map(T::of).collect();
        (0..self.draws).map(draw).collect()
    }
}

impl<T: Precision, L: RowLikelihood> Method<Net, L> for Swag<T> {
    type Posterior = NetDraws<T, L>;

    /// Trains the net and draws.
    ///
    /// # Errors
    /// Those of [`Swag::follow`], and when model and data do not fit.
    fn condition(&self, model: Model<Net, L>, data: &Data) -> Result<NetDraws<T, L>> {
        let target = NetTarget::new(&model, data)?;
        let (trajectory, course) = self.follow(&target)?;
        gathered(&target, self.draws_of(&trajectory, self.train.seed), std::iter::once(&course))
    }
}

/// MultiSWAG (Wilson & Izmailov 2020, section 3): SWAG from several starts, equally weighted.
#[derive(Clone, Debug)]
pub struct MultiSwag<T = f32> {
    swag: Swag<T>,
    members: usize,
}

impl<T: Precision> MultiSwag<T> {
    /// So many; the seed of member `i` is that of the training at `i`, and every member gives as many draws as one SWAG.
    #[must_use]
    pub fn of(swag: Swag<T>, members: usize) -> MultiSwag<T> {
        MultiSwag { swag, members }
    }
}

impl<T: Precision, L: RowLikelihood> Method<Net, L> for MultiSwag<T> {
    type Posterior = NetDraws<T, L>;

    /// Trains the members in parallel and draws from each.
    ///
    /// # Errors
    /// Those of [`Swag::follow`], without members, for a given start, and when model and data do not fit.
    fn condition(&self, model: Model<Net, L>, data: &Data) -> Result<NetDraws<T, L>> {
        self.swag.check()?;
        let target = NetTarget::new(&model, data)?;
        let members = apart(&self.swag.train, "MultiSWAG", self.members)?;
        let one = |(i, train): (usize, &Train<T>)| {
            let (trajectory, course) = self.swag.member(train, &target, i)?;
            Ok((self.swag.draws_of(&trajectory, train.seed), course))
        };
        let (draws, courses): (Vec<_>, Vec<_>) =
            members.par_iter().enumerate().map(one).collect::<Result<Vec<_>>>()?.into_iter().unzip();
        gathered(&target, draws.concat(), courses.iter())
    }
}
