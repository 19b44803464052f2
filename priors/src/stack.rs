//! Several outputs, independent, each from a prior of its own.

use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, ArrayView2, Axis, concatenate, s};

use crate::math::Seed;
use crate::paths::{Paths, StackPaths};
use crate::prior::Result;
use crate::{Blocks, GaussianPrior, Ledger, Parameters, Points, Prior, PriorError, SavedPrior, memory};

/// Independent outputs with unlike priors: output c follows the c-th part. Parameters are prefixed `0.`, `1.`, ….
#[derive(Clone, Debug)]
pub struct Stack(Vec<Arc<dyn GaussianPrior>>);

impl Stack {
    /// One part an output.
    ///
    /// # Errors
    /// Without a part, or when a part has more than one output.
    pub fn new(parts: Vec<Arc<dyn GaussianPrior>>) -> Result<Stack> {
        if parts.is_empty() {
            return Err(PriorError::Empty("outputs of a stack"));
        }
        for part in &parts {
            if part.outputs() != 1 {
                return Err(PriorError::Dimensions {
                    what: "outputs of a part",
                    expected: 1,
                    found: part.outputs(),
                });
            }
        }
        Ok(Stack(parts))
    }

    fn beside(
        &self,
        of_part: impl Fn(&Arc<dyn GaussianPrior>) -> Result<Array2<f64>>,
    ) -> Result<Array2<f64>> {
        let columns = self.0.iter().map(of_part).collect::<Result<Vec<_>>>()?;
        let views: Vec<_> = columns.iter().map(|column| column.view()).collect();
        concatenate(Axis(1), &views).map_err(|_| PriorError::Dimensions {
            what: "points",
            expected: columns[0].nrows(),
            found: 0,
        })
    }
}

impl Prior for Stack {
    fn outputs(&self) -> usize {
        self.0.len()
    }

    fn draws(&self, n: usize, x: &Points, seed: Seed) -> Result<Array3<f64>> {
        memory::announce_draws(n, x.len(), self.0.len())?;
        let mut draws = Array3::zeros((n, x.len(), self.0.len()));
        for (c, part) in self.0.iter().enumerate() {
            let of_part = part.draws(n, x, seed.at(c))?;
            draws.index_axis_mut(Axis(2), c).assign(&of_part.index_axis(Axis(2), 0));
        }
        Ok(draws)
    }

    fn ledger(&self) -> Ledger {
        self.0.iter().fold(Ledger::default(), |all, part| all.and(&part.ledger()))
    }
}

impl GaussianPrior for Stack {
    fn mean(&self, x: &Points) -> Result<Array2<f64>> {
        self.beside(|part| part.mean(x))
    }

    fn centred(&self) -> bool {
        self.0.iter().all(GaussianPrior::centred)
    }

    fn cov(&self, x: &Points, z: &Points) -> Result<Blocks> {
        let of_part = |part: &Arc<dyn GaussianPrior>| Ok(part.cov(x, z)?.of_output(0).to_owned());
        Ok(Blocks::PerOutput(self.0.iter().map(of_part).collect::<Result<_>>()?))
    }

    fn gram(&self, x: &Points) -> Result<Blocks> {
        let of_part = |part: &Arc<dyn GaussianPrior>| Ok(part.gram(x)?.of_output(0).to_owned());
        Ok(Blocks::PerOutput(self.0.iter().map(of_part).collect::<Result<_>>()?))
    }

    fn var(&self, x: &Points) -> Result<Array2<f64>> {
        self.beside(|part| part.var(x))
    }

    fn parameters(&self) -> Parameters {
        let all = self.0.iter().enumerate();
        all.fold(Parameters::none(), |all, (c, part)| {
            all.followed_by(part.parameters().prefixed(&c.to_string()))
        })
    }

    fn with(&self, theta: &[f64]) -> Result<Arc<dyn GaussianPrior>> {
        self.parameters().check(theta)?;
        let mut left = theta;
        let mut parts = Vec::with_capacity(self.0.len());
        for part in &self.0 {
            let (mine, others) = left.split_at(part.parameters().len());
            parts.push(part.with(mine)?);
            left = others;
        }
        Ok(Arc::new(Stack(parts)))
    }

    fn contract(&self, x: &Points, w: &Blocks) -> Result<Array1<f64>> {
        Ok(self.contract_with_sum(x, w)?.1)
    }

    fn contract_with_sum(&self, x: &Points, w: &Blocks) -> Result<(f64, Array1<f64>)> {
        w.check_square(x.len(), self.0.len())?;
        let (mut sum, mut gradient) = (0.0, Vec::new());
        for (c, part) in self.0.iter().enumerate() {
            let (of_part, slopes) = part.contract_with_sum(x, &Blocks::Shared(w.of_output(c).to_owned()))?;
            sum += of_part;
            gradient.extend(slopes);
        }
        Ok((sum, gradient.into()))
    }

    fn contract_mean(&self, x: &Points, g: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        if g.dim() != (x.len(), self.0.len()) {
            let (expected, found) = (self.0.len(), g.ncols());
            return Err(PriorError::Dimensions { what: "columns of a gradient", expected, found });
        }
        let (mut gradient, mut moves) = (Vec::new(), false);
        for (c, part) in self.0.iter().enumerate() {
            let of_part = part.contract_mean(x, g.slice(s![.., c..c + 1]))?;
            moves |= of_part.is_some();
            gradient.extend(of_part.unwrap_or_else(|| Array1::zeros(part.parameters().len())));
        }
        Ok(moves.then(|| gradient.into()))
    }

    fn mean_slope(&self, x: &Points) -> Result<Array3<f64>> {
        let mut slopes = Array3::zeros((x.len(), self.0.len(), x.inputs()));
        for (c, part) in self.0.iter().enumerate() {
            slopes.index_axis_mut(Axis(1), c).assign(&part.mean_slope(x)?.index_axis(Axis(1), 0));
        }
        Ok(slopes)
    }

    fn cov_slope(
        &self,
        x: &Points,
        z: &Points,
        v: ArrayView2<'_, f64>,
        output: usize,
    ) -> Result<Array3<f64>> {
        match self.0.get(output) {
            Some(part) => part.cov_slope(x, z, v, 0),
            None => {
                Err(PriorError::Dimensions { what: "outputs", expected: output + 1, found: self.0.len() })
            }
        }
    }

    fn paths(&self, n: usize, inputs: usize, seed: Seed) -> Result<Arc<dyn Paths>> {
        let of_part = |(c, part): (usize, &Arc<dyn GaussianPrior>)| part.paths(n, inputs, seed.at(c));
        Ok(Arc::new(StackPaths(self.0.iter().enumerate().map(of_part).collect::<Result<_>>()?)))
    }

    fn saved(&self) -> Result<SavedPrior> {
        Ok(SavedPrior::Stack(self.0.iter().map(GaussianPrior::saved).collect::<Result<_>>()?))
    }
}
