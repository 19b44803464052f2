//! What training and sampling work on: a log likelihood of white coordinates ε ~ N(0, I), over all rows or some.

use std::fmt;
use std::sync::Arc;

use softbias_priors::math::Real;
use softbias_priors::net::{Batch, Gradient, Net, Precision, Work};
use softbias_priors::{Prior, WhitePrior};

use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::likelihood::RowLikelihood;
use crate::model::Model;

/// A log likelihood of white coordinates. The prior is N(0, I), always: whoever needs the log posterior subtracts ½|ε|².
pub trait Target: Sync {
    /// f32 or f64.
    type Number: Precision;
    /// Working memory, kept between calls.
    type Work: Default + Send;

    /// How many coordinates.
    fn dim(&self) -> usize;

    /// How many rows of data its sum runs over.
    fn rows(&self) -> usize;

    /// Σ ln p(y | ε) over these rows (`None`: all), not scaled up; its gradient in ε overwrites `gradient`.
    fn log_likelihood(
        &self,
        eps: &[Self::Number],
        rows: Option<&[usize]>,
        work: &mut Self::Work,
        gradient: &mut [Self::Number],
    ) -> f64;

    /// Σ ln p(y | ε) alone; targets that can do it for less than the gradient should say so.
    fn value(&self, eps: &[Self::Number], rows: Option<&[usize]>, work: &mut Self::Work) -> f64 {
        self.log_likelihood(eps, rows, work, &mut vec![Self::Number::ZERO; self.dim()])
    }

    /// What it is, so that a checkpoint of another target is refused: everything that its numbers depend on should change it.
    fn describe(&self) -> String {
        format!("{} coordinates, {} rows", self.dim(), self.rows())
    }
}

/// A net with a likelihood and data, in one precision.
#[derive(Clone)]
pub struct NetTarget<T, L> {
    net: Net,
    likelihood: L,
    data: Data,
    x: Arc<[T]>,
    /// Labels, row by row.
    y: Arc<[f64]>,
}

impl<T, L: fmt::Debug> fmt::Debug for NetTarget<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NetTarget({:?}, {:?}, {} rows)", self.net, self.likelihood, self.data.len())
    }
}

/// Memory of a net's log likelihood.
#[derive(Clone, Debug, Default)]
pub struct NetWork<T> {
    theta: Vec<T>,
    work: Work<T>,
}

impl<T: Precision, L: RowLikelihood> NetTarget<T, L> {
    /// Holds a model against data.
    ///
    /// # Errors
    /// When points or labels do not fit, or there are no rows.
    pub fn new(model: &Model<Net, L>, data: &Data) -> Result<NetTarget<T, L>> {
        if data.is_empty() {
            return Err(ModelError::NoRows);
        }
        model.likelihood.check(data, model.prior.outputs())?;
        let (net, likelihood) = (model.prior.clone(), model.likelihood.clone());
        let x = net.rows_of::<T>(data.points())?.into();
        Ok(NetTarget { net, likelihood, x, y: data.labels().iter().copied().collect(), data: data.clone() })
    }

    /// The net.
    #[must_use]
    pub fn net(&self) -> &Net {
        &self.net
    }

    /// The likelihood.
    #[must_use]
    pub fn likelihood(&self) -> &L {
        &self.likelihood
    }

    /// The data.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Inputs of all rows, as the net reads them.
    #[must_use]
    pub fn inputs(&self) -> &[T] {
        &self.x
    }

    /// Labels of one row.
    #[must_use]
    pub fn labels_of(&self, row: usize) -> &[f64] {
        let k = self.data.outputs();
        &self.y[row * k..(row + 1) * k]
    }

    /// The same data under other priors of the weights.
    #[must_use]
    pub fn with_net(self, net: Net) -> NetTarget<T, L> {
        NetTarget { net, ..self }
    }

    /// The same net and data under another likelihood of the same kind.
    #[must_use]
    pub fn with_likelihood(self, likelihood: L) -> NetTarget<T, L> {
        NetTarget { likelihood, ..self }
    }

    /// Σ ln p(y | θ) over rows (`None`: all) at weights θ, and its gradient.
    pub fn at_weights(
        &self,
        theta: &[T],
        rows: Option<&[usize]>,
        work: &mut Work<T>,
        gradient: Gradient<'_, T>,
    ) -> f64 {
        let count = self.net.count();
        let slopes = |rows: &[usize], f: &[T], df: &mut [T]| {
            // (few outputs need no allocation)
            let (mut few, mut many) = ([0.0; 64], Vec::new());
            let both = if 2 * count <= few.len() {
                &mut few[..2 * count]
            } else {
                many.resize(2 * count, 0.0);
                &mut many[..]
            };
            let (values, slopes) = both.split_at_mut(count);
            let mut sum = 0.0;
            for ((row, f), df) in rows.iter().zip(f.chunks_exact(count)).zip(df.chunks_exact_mut(count)) {
                values.iter_mut().zip(f).for_each(|(v, f)| *v = f.get());
                sum += self.likelihood.row(self.labels_of(*row), values, slopes);
                df.iter_mut().zip(&*slopes).for_each(|(d, s)| *d = T::of(*s));
            }
            sum
        };
        self.net.sum_slopes(theta, Batch { x: &self.x, rows }, &slopes, work, gradient)
    }
}

impl<T: Precision, L: RowLikelihood> Target for NetTarget<T, L> {
    type Number = T;
    type Work = NetWork<T>;

    fn dim(&self) -> usize {
        self.net.dim()
    }

    fn rows(&self) -> usize {
        self.data.len()
    }

    fn log_likelihood(
        &self,
        eps: &[T],
        rows: Option<&[usize]>,
        work: &mut NetWork<T>,
        gradient: &mut [T],
    ) -> f64 {
        work.theta.resize(eps.len(), T::ZERO);
        self.net.place(eps, &mut work.theta);
        self.at_weights(&work.theta, rows, &mut work.work, Gradient::White { eps, out: gradient })
    }

    fn value(&self, eps: &[T], rows: Option<&[usize]>, work: &mut NetWork<T>) -> f64 {
        work.theta.resize(eps.len(), T::ZERO);
        self.net.place(eps, &mut work.theta);
        self.at_weights(&work.theta, rows, &mut work.work, Gradient::None)
    }

    /// Net, likelihood and number of rows in words, priors and data by a hash.
    fn describe(&self) -> String {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |bits: u64| hash = (hash ^ bits).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(29);
        self.data.points().view().iter().for_each(|x| add(x.to_bits()));
        self.y.iter().for_each(|y| add(y.to_bits()));
        format!("{:?}", self.net.tensors()).bytes().for_each(|byte| add(u64::from(byte)));
        format!(
            "{:?}, {:?}, {} rows, priors and data {hash:016x}",
            self.net,
            self.likelihood,
            self.data.len()
        )
    }
}
