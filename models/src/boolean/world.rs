//! A world whose truth is known: a target, uniform inputs, labels that may be flipped.

use ndarray::Array1;
use softbias_priors::boolean::{BooleanPrior, TruthTable, points};
use softbias_priors::{PriorError, Seed};

use crate::data::Data;
use crate::error::Result;
use crate::likelihood::Flips;

/// The law of rows: an input uniform over all 2ᵏ, and as label the target's value, flipped or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct World {
    target: TruthTable,
    flips: Flips,
}

impl World {
    /// The world of this target, without a flip.
    #[must_use]
    pub fn of(target: TruthTable) -> World {
        World { target, flips: Flips::none() }
    }

    /// The same world with labels that are flipped.
    #[must_use]
    pub fn flipped(self, flips: Flips) -> World {
        World { flips, ..self }
    }

    /// The function behind the labels.
    #[must_use]
    pub fn target(self) -> TruthTable {
        self.target
    }

    /// How labels are flipped.
    #[must_use]
    pub fn flips(self) -> Flips {
        self.flips
    }

    /// `n` independent rows, declared so; a longer sample extends a shorter one.
    ///
    /// # Errors
    /// Without rows.
    pub fn sample(self, n: usize, seed: Seed) -> Result<Data> {
        let all = points(self.target.inputs())?;
        let cells: Vec<usize> = seed
            .named("inputs")
            .uniform1(n, 0.0, self.target.cells() as f64)
            .iter()
            .map(|u| (*u as usize).min(self.target.cells() - 1))
            .collect();
        let coins = seed.named("flips").uniform1(n, 0.0, 1.0);
        let label = |(cell, coin): (&usize, &f64)| {
            let sign = self.target.sign(*cell);
            if *coin < self.flips.probability() { -sign } else { sign }
        };
        let labels: Array1<f64> = cells.iter().zip(&coins).map(label).collect();
        let inputs = all.view().select(ndarray::Axis(0), &cells);
        Ok(Data::regression(inputs, labels)?.declared_iid())
    }

    /// The zero–one risk on new rows of a function drawn from a law, exactly: the share of inputs at which it is not the target, each
    /// weighed by its probability, and the flips.
    ///
    /// # Errors
    /// For a law over functions of another number of inputs.
    pub fn risk(self, law: &BooleanPrior) -> Result<f64> {
        if law.inputs() != self.target.inputs() {
            let (expected, found) = (law.inputs(), self.target.inputs());
            return Err(PriorError::Dimensions { what: "inputs of the target", expected, found }.into());
        }
        let wrong = |(cell, sides): (usize, &[f64; 2])| sides[usize::from(self.target.sign(cell) < 0.0)];
        let mean = law.marginals().iter().enumerate().map(wrong).sum::<f64>() / self.target.cells() as f64;
        Ok(self.with_flips(mean))
    }

    /// The zero–one risk on new rows of one function.
    #[must_use]
    pub fn risk_of(self, function: TruthTable) -> f64 {
        self.with_flips(function.disagreements(self.target) as f64 / self.target.cells() as f64)
    }

    fn with_flips(self, error: f64) -> f64 {
        let flip = self.flips.probability();
        flip + (1.0 - 2.0 * flip) * error
    }
}
