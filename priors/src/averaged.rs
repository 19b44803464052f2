//! A linear family averaged over actions on its points: features that hardly change under small symmetries.

use ndarray::{Array1, Array2};

use crate::group::Action;
use crate::linear::{Linear, Weights};
use crate::prior::Result;
use crate::{Ledger, Points, PriorError};

/// f̄(x) = mean over actions a of f(a x): every feature is replaced by its average over the actions.
///
/// The actions need form no group: averaged over a few small shifts, functions are smoothed along shifts, softly, and need not be
/// invariant. (Over a whole group they are, and [`Kernel::averaged`](crate::Kernel::averaged) does that for kernels.) Parameters of the
/// family stay as they are. Cost: one basis an action.
#[derive(Clone, Debug)]
pub struct Averaged<L> {
    family: L,
    actions: Vec<Action>,
}

impl<L: Linear> Averaged<L> {
    /// The family averaged over these actions.
    ///
    /// # Errors
    /// Without actions, and for actions on points of other numbers of inputs.
    pub fn over(family: L, actions: &[Action]) -> Result<Averaged<L>> {
        let first = actions.first().ok_or(PriorError::Empty("actions to average over"))?;
        match actions.iter().find(|action| action.inputs() != first.inputs()) {
            Some(other) => {
                let (expected, found) = (first.inputs(), other.inputs());
                Err(PriorError::Dimensions { what: "inputs of the actions", expected, found })
            }
            None => Ok(Averaged { family, actions: actions.to_vec() }),
        }
    }
}

impl<L: Linear> Weights for Averaged<L> {
    fn dim(&self) -> usize {
        self.family.dim()
    }

    fn basis(&self, x: &Points) -> Result<Array2<f64>> {
        let mut total: Option<Array2<f64>> = None;
        for action in &self.actions {
            x.expect_inputs(action.inputs())?;
            let mut moved = Array2::zeros(x.view().raw_dim());
            for (from, mut to) in x.view().rows().into_iter().zip(moved.rows_mut()) {
                for (i, (source, sign, shift)) in action.coordinates().enumerate() {
                    to[i] = sign * from[source] + shift;
                }
            }
            let values = self.family.basis(&Points::new(moved)?)?;
            match &mut total {
                None => total = Some(values),
                Some(total) => *total += &values,
            }
        }
        let total = total.ok_or(PriorError::Empty("actions to average over"))?;
        Ok(total / self.actions.len() as f64)
    }

    fn scales(&self) -> Array1<f64> {
        self.family.scales()
    }
}

impl<L: Linear> Linear for Averaged<L> {
    fn copies(&self) -> usize {
        self.family.copies()
    }

    fn weight_mean(&self) -> Option<Array1<f64>> {
        self.family.weight_mean()
    }

    fn owes(&self) -> Ledger {
        self.family.owes()
    }
}
