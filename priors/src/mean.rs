//! Mean functions of Gaussian processes: a basis with coefficients that are fixed, tuned, or integrated out.

use std::fmt;
use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::parameters::{Coordinate, Parameter};
use crate::prior::Result;
use crate::{Parameters, Points, PriorError, Seed};

/// A basis of one's own for a mean: hⱼ(x) for j < `dim`.
pub trait MeanBasis: fmt::Debug + Send + Sync {
    /// Number of functions in the basis.
    fn dim(&self) -> usize;

    /// Writes every hⱼ(x).
    fn fill(&self, x: &[f64], out: &mut [f64]);
}

/// m(x) = Σⱼ cⱼ hⱼ(x), the same for every output.
#[derive(Clone, Debug)]
pub struct Mean {
    basis: Basis,
    coefficients: Vec<f64>,
    role: Role,
    bound: f64,
}

#[derive(Clone, Debug)]
enum Basis {
    /// 1, then every coordinate as far as there are coefficients.
    Linear,
    Own(Arc<dyn MeanBasis>),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Role {
    Fixed,
    Tuned,
    Integrated { sd: f64 },
}

impl Mean {
    fn new(basis: Basis, coefficients: Vec<f64>) -> Mean {
        let bound = 1e6 * coefficients.iter().fold(1.0f64, |m, c| m.max(c.abs()));
        Mean { basis, coefficients, role: Role::Fixed, bound }
    }

    /// 0 everywhere.
    #[must_use]
    pub fn zero() -> Mean {
        Mean::new(Basis::Linear, Vec::new())
    }

    /// The same value everywhere; held fixed until [`Mean::tuned`] or [`Mean::integrated`] say otherwise.
    #[must_use]
    pub fn constant(value: f64) -> Mean {
        Mean::new(Basis::Linear, vec![value])
    }

    /// intercept + slopes · x, likewise.
    #[must_use]
    pub fn linear(intercept: f64, slopes: &[f64]) -> Mean {
        Mean::new(Basis::Linear, [&[intercept], slopes].concat())
    }

    /// Σⱼ cⱼ hⱼ(x) of a basis of one's own, likewise.
    ///
    /// # Errors
    /// Unless there is one coefficient a function.
    pub fn of_basis(basis: impl MeanBasis + 'static, coefficients: Vec<f64>) -> Result<Mean> {
        let (expected, found) = (basis.dim(), coefficients.len());
        if expected != found {
            return Err(PriorError::Dimensions { what: "coefficients of a mean", expected, found });
        }
        Ok(Mean::new(Basis::Own(Arc::new(basis)), coefficients))
    }

    /// The same mean with coefficients that tuning moves, starting from the given ones.
    #[must_use]
    pub fn tuned(self) -> Mean {
        Mean { role: Role::Tuned, ..self }
    }

    /// The same mean with coefficients integrated out under independent N(given value, sd²): their spread becomes a part of the
    /// covariance (Rasmussen & Williams 2006, 2.38).
    #[must_use]
    pub fn integrated(self, sd: f64) -> Mean {
        Mean { role: Role::Integrated { sd }, ..self }
    }

    /// The same mean with coefficients tuned within ±bound (at first a million times the largest, or a million).
    #[must_use]
    pub fn within(self, bound: f64) -> Mean {
        Mean { bound, ..self }
    }

    pub(crate) fn check(&self, x: &Points) -> Result<()> {
        let wanted = self.coefficients.len().saturating_sub(1);
        if matches!(self.basis, Basis::Linear) && wanted > 0 && wanted != x.inputs() {
            let found = x.inputs();
            return Err(PriorError::Dimensions { what: "coordinates of a point", expected: wanted, found });
        }
        // the bound matters where coefficients are tuned within it
        let bounded = |c: &f64| self.role != Role::Tuned || (self.bound.is_finite() && c.abs() <= self.bound);
        let finite = self.coefficients.iter().all(|c| c.is_finite() && bounded(c));
        let spread = !matches!(self.role, Role::Integrated { sd } if !(sd >= 0.0 && (sd * sd).is_finite()));
        if finite && spread {
            return Ok(());
        }
        let found = format!("{:?}, {:?}", self.coefficients, self.role);
        Err(PriorError::Kernel {
            what: "a mean needs finite coefficients, within a finite bound where they are tuned, and sd ≥ 0",
            found,
        })
    }

    /// The basis at the points, (point, function).
    pub(crate) fn design(&self, x: &Points) -> Array2<f64> {
        let mut design = Array2::zeros((x.len(), self.coefficients.len()));
        let mut point = vec![0.0; x.inputs()];
        let mut values = vec![0.0; self.coefficients.len()];
        for (row, mut out) in x.view().rows().into_iter().zip(design.rows_mut()) {
            point.iter_mut().zip(row).for_each(|(p, x)| *p = *x);
            match &self.basis {
                Basis::Linear => values.iter_mut().enumerate().for_each(|(j, v)| {
                    *v = if j == 0 { 1.0 } else { point.get(j - 1).copied().unwrap_or(0.0) };
                }),
                Basis::Own(basis) => basis.fill(&point, &mut values),
            }
            out.assign(&ArrayView1::from(&values));
        }
        design
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.role != Role::Tuned && self.coefficients.iter().all(|c| *c == 0.0)
    }

    pub(crate) fn at(&self, x: &Points) -> Array1<f64> {
        if self.is_zero() {
            return Array1::zeros(x.len());
        }
        self.design(x).dot(&ArrayView1::from(&self.coefficients))
    }

    pub(crate) fn is_spread(&self) -> bool {
        matches!(self.role, Role::Integrated { sd } if sd > 0.0) && !self.coefficients.is_empty()
    }

    /// The basis in units of the coefficients' spread, where they are integrated out.
    pub(crate) fn spread(&self, x: &Points) -> Option<Array2<f64>> {
        match self.role {
            Role::Integrated { sd } if self.is_spread() => Some(self.design(x) * sd),
            _ => None,
        }
    }

    /// White coefficients of draws, (function, draw) an output, where they are integrated out.
    pub(crate) fn drawn(&self, n: usize, outputs: usize, seed: Seed) -> Option<Vec<Array2<f64>>> {
        let spread =
            matches!(self.role, Role::Integrated { sd } if sd > 0.0) && !self.coefficients.is_empty();
        spread.then(|| (0..outputs).map(|c| seed.at(c).normal2(self.coefficients.len(), n)).collect())
    }

    pub(crate) fn parameters(&self) -> Parameters {
        if self.role != Role::Tuned {
            return Parameters::none();
        }
        let bounds = (-self.bound, self.bound);
        let name = |j: usize| match (&self.basis, j) {
            (Basis::Linear, 0) => "constant".to_owned(),
            (Basis::Linear, j) => format!("slope{j}"),
            (Basis::Own(_), j) => format!("c{}", j + 1),
        };
        let each = self.coefficients.iter().enumerate();
        let each = each.map(|(j, &c)| Parameter::free(&name(j), c, bounds, Coordinate::Plain));
        Parameters::new(each).prefixed("mean")
    }

    pub(crate) fn with(&self, theta: &[f64]) -> Mean {
        if self.role != Role::Tuned {
            return self.clone();
        }
        Mean { coefficients: theta.to_vec(), ..self.clone() }
    }

    pub(crate) fn saved(&self) -> Result<SavedMean> {
        match &self.basis {
            Basis::Own(basis) => Err(PriorError::foreign(&**basis)),
            Basis::Linear => {
                Ok(SavedMean { coefficients: self.coefficients.clone(), role: self.role, bound: self.bound })
            }
        }
    }
}

/// A built-in mean as plain data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedMean {
    coefficients: Vec<f64>,
    role: Role,
    bound: f64,
}

impl SavedMean {
    pub(crate) fn revive(&self) -> Mean {
        let basis = Basis::Linear;
        Mean { basis, coefficients: self.coefficients.clone(), role: self.role, bound: self.bound }
    }
}
