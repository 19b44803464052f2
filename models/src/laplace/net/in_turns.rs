//! Training and tuning in turns: the weights climb at the scales that the evidence prefers, which follow the weights.

use softbias_priors::net::{Net, Precision};

use super::{NetLaplace, NetLaplaceError, NetLaplacePosterior};
use crate::data::Data;
use crate::error::Result;
use crate::likelihood::RowLikelihood;
use crate::model::Model;
use crate::net::NetTarget;
use crate::train::Train;

impl NetLaplace {
    /// The posterior at scales of priors (noise, softness) that were tuned while the net was trained (Immer et al. 2021): so many rounds of
    /// training from where the last one ended, an approximation there and `tune`, for example
    /// `|posterior| posterior.tune_scales(&TuneScales::new().iterations(8))`; then training once more, so that the evidence is that of a mode. A few
    /// steps of tuning a round are enough, as weights and scales follow each other. Its ledger says that its scales were tuned on these rows. Which
    /// optimum is found depends on the scales at the start: of several, the evidences tell.
    ///
    /// Cost: rounds + 1 times training and approximating, rounds times tuning. `train` says how each round climbs (its start is that of the first alone); a watcher of
    /// it that interrupts ends that round.
    ///
    /// # Errors
    /// Those of training, of [`NetLaplace::at`] and of `tune`; for no rounds, and where training is to be saved or resumed: turns have no single
    /// state to save.
    pub fn in_turns<T: Precision, L: RowLikelihood>(
        &self,
        train: &Train<T>,
        rounds: usize,
        model: &Model<Net, L>,
        data: &Data,
        tune: impl Fn(&NetLaplacePosterior<T, L>) -> Result<NetLaplacePosterior<T, L>>,
    ) -> Result<NetLaplacePosterior<T, L>> {
        if rounds == 0 {
            return Err(NetLaplaceError::Structure("training in turns takes at least one round").into());
        }
        train.fit_for_turns()?;
        let mut bounds = Vec::new();
        let mut target = NetTarget::<T, L>::new(model, data)?;
        let mut train = train.clone();
        for round in 0..rounds {
            let climbed = train.clone().round(round).climb(&target)?;
            let tuned = tune(&self.at(&target, &climbed.coordinates)?)?;
            target = target.with_net(tuned.net().clone()).with_likelihood(tuned.likelihood().clone());
            bounds = tuned.bounds.clone();
            train = train.start(tuned.centre().iter().map(|e| e.get()).collect::<Vec<f64>>());
        }
        let climbed = train.round(rounds).climb(&target)?;
        let mut posterior = self.at(&target, &climbed.coordinates)?;
        posterior.bounds = bounds;
        Ok(posterior)
    }
}
