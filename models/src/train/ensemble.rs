//! Deep ensembles: climbs from several starts (Lakshminarayanan, Pritzel & Blundell 2017).

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use softbias_priors::net::{Net, Precision};

use super::climb::{Climbed, Course};
use super::trained::debt;
use super::{NO_STATE, Train, TrainError};
use crate::data::Data;
use crate::error::Result;
use crate::likelihood::RowLikelihood;
use crate::model::{Method, Model};
use crate::net::{NetDraws, NetTarget, Target};
use crate::watch::Watch;

/// Several climbs of the same posterior, each from a start of its own and in an order of its own, equally weighted: functions from several modes.
#[derive(Clone, Debug)]
pub struct Ensemble<T = f32> {
    train: Train<T>,
    members: usize,
}

impl<T: Precision> Ensemble<T> {
    /// So many climbs; the seed of member `i` is `seed.at(i)`.
    #[must_use]
    pub fn of(train: Train<T>, members: usize) -> Ensemble<T> {
        Ensemble { train, members }
    }

    /// The climbs, in parallel.
    ///
    /// # Errors
    /// [`TrainError::TooFew`] without members, [`TrainError::Unsupported`] for a given start or checkpoints, and those of [`Train::climb`].
    pub fn climb<G: Target<Number = T>>(&self, target: &G) -> Result<Vec<Climbed<T>>> {
        let members = apart(&self.train, "an ensemble", self.members)?;
        members.par_iter().enumerate().map(|(i, train)| train.follow(target, i, &mut |_, _| {})).collect()
    }
}

/// The same training once a member, watched by one watcher: a break ends all of them.
pub(super) fn apart<T: Precision>(
    train: &Train<T>,
    method: &'static str,
    members: usize,
) -> Result<Vec<Train<T>>> {
    if members == 0 {
        return Err(TrainError::TooFew { what: "members", least: 1, found: 0 }.into());
    }
    train.without(method, |train| match train {
        Train { start: Some(_), .. } => Some(("start", "its members begin at draws from the prior")),
        Train { save: Some(_), .. } | Train { resume: Some(_), .. } => Some(("checkpoints", NO_STATE)),
        _ => None,
    })?;
    let ended = Arc::new(AtomicBool::new(false));
    let told = Arc::new(Mutex::new(()));
    let member = |i| {
        let own = train.clone().seed(train.seed.at(i));
        if train.watch.is_none() {
            return own;
        }
        let (watch, ended, told) = (train.watch.clone(), ended.clone(), told.clone());
        let one = move |progress: &_| {
            let _alone = told.lock().unwrap_or_else(PoisonError::into_inner);
            if !ended.load(Ordering::Relaxed) && watch.tell(progress).is_break() {
                ended.store(true, Ordering::Relaxed);
            }
            if ended.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        Train { watch: Watch::by(one), ..own }
    };
    Ok((0..members).map(member).collect())
}

/// Coordinates as a posterior that owes what their climbs looked at.
pub(super) fn gathered<'c, T: Precision, L: RowLikelihood>(
    target: &NetTarget<T, L>,
    draws: Vec<Vec<T>>,
    courses: impl Iterator<Item = &'c Course>,
) -> Result<NetDraws<T, L>> {
    let owed = courses.map(|course| debt(course, target.data()));
    let owed = owed.reduce(|all, one| all.and(&one)).unwrap_or_default();
    Ok(NetDraws::new(target, draws)?.charged(owed))
}

impl<T: Precision, L: RowLikelihood> Method<Net, L> for Ensemble<T> {
    type Posterior = NetDraws<T, L>;

    /// Trains the members.
    ///
    /// # Errors
    /// Those of [`Ensemble::climb`], and when model and data do not fit.
    fn condition(&self, model: Model<Net, L>, data: &Data) -> Result<NetDraws<T, L>> {
        let target = NetTarget::new(&model, data)?;
        let (draws, courses): (Vec<_>, Vec<_>) =
            self.climb(&target)?.into_iter().map(|one| (one.coordinates, one.course)).unzip();
        gathered(&target, draws, courses.iter())
    }
}
