//! Polynomials of any order with scales by order: hard (orders cut off) or soft (orders fading).

mod basis;
mod scales;
mod terms;
mod window;

use std::ops::RangeInclusive;
use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView1, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use basis::Basis;
pub use scales::Scales;
pub use terms::Truncation;
pub use window::Window;

use crate::linear::{Linear, Weights};
use crate::prior::Result;
use crate::{GaussianPrior, Ledger, Parameters, Points, PriorError, SavedPrior};

/// A Gaussian prior over polynomials, f(x) = Σ sⱼ εⱼ bⱼ(t(x)), in one input or several.
///
/// Inputs are rescaled from a declared [`Window`] to [−1, 1]; the basis is orthonormal Legendre unless said otherwise. Orders
/// starting at 0 have flat scales by default; orders starting higher, the `rest` of a soft bias, fade as (j/first)⁻² by default: a
/// flat rest is a poor prior.
///
/// ```
/// use softbias_priors::{Polynomial, PriorExt, Softness};
///
/// // hard at 0: a cubic; soft beyond: order 150, fading
/// let soft = |s| Polynomial::orders(0..=3).relaxed(s, Polynomial::orders(4..=150));
/// let prior = soft(Softness::new(0.1).unwrap());
/// # let _ = prior;
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Polynomial {
    lo: usize,
    hi: usize,
    basis: Basis,
    scales: Scales,
    window: Window,
    truncation: Truncation,
    beyond: bool,
    outputs: usize,
    mean: Option<Vec<f64>>,
}

/// Orders above this are refused: their scales would be listed in gigabytes.
const HIGHEST_ORDER: usize = 50_000_000;

impl Polynomial {
    /// The polynomials with these orders, in one input on the window [−1, 1].
    #[must_use]
    pub fn orders(orders: RangeInclusive<usize>) -> Polynomial {
        let (lo, hi) = (*orders.start(), *orders.end());
        let scales = if lo == 0 { Scales::flat() } else { Scales::power(2.0).from_order(lo) };
        let (basis, window, truncation) = (Basis::default(), Window::unit(1), Truncation::default());
        Polynomial { lo, hi, basis, scales, window, truncation, beyond: false, outputs: 1, mean: None }
    }

    /// In another basis.
    #[must_use]
    pub fn basis(self, basis: Basis) -> Polynomial {
        Polynomial { basis, ..self }
    }

    /// With other scales by order.
    #[must_use]
    pub fn scales(self, scales: Scales) -> Polynomial {
        Polynomial { scales, ..self }
    }

    /// On this input window; its number of intervals is the number of inputs.
    #[must_use]
    pub fn window(self, window: Window) -> Polynomial {
        Polynomial { window, ..self }
    }

    /// With every product whose *largest* degree is in the range, instead of whose total degree is.
    #[must_use]
    pub fn tensor(self) -> Polynomial {
        Polynomial { truncation: Truncation::Tensor, ..self }
    }

    /// Allows points outside the window, where polynomials of high order explode.
    #[must_use]
    pub fn beyond_window(self) -> Polynomial {
        Polynomial { beyond: true, ..self }
    }

    /// With several outputs, independent copies.
    #[must_use]
    pub fn with_outputs(self, outputs: usize) -> Polynomial {
        Polynomial { outputs, ..self }
    }

    /// With means of the coefficients, in the order of the terms (by order, then lexicographic).
    #[must_use]
    pub fn with_mean(self, mean: impl IntoIterator<Item = f64>) -> Polynomial {
        Polynomial { mean: Some(mean.into_iter().collect()), ..self }
    }

    /// The range of orders.
    #[must_use]
    pub fn order_range(&self) -> RangeInclusive<usize> {
        self.lo..=self.hi
    }

    /// The same polynomial, every part of its description checked. (Using it makes the same checks.)
    ///
    /// # Errors
    /// For an empty range of orders, an invalid window or scale, too many terms, or a wrong number of means.
    pub fn checked(self) -> Result<Polynomial> {
        self.check()?;
        Ok(self)
    }

    fn check(&self) -> Result<()> {
        if self.lo > self.hi {
            return Err(PriorError::Empty("orders of a polynomial"));
        }
        if self.outputs == 0 {
            return Err(PriorError::Empty("outputs of a polynomial"));
        }
        if self.hi > HIGHEST_ORDER {
            return Err(PriorError::Dimensions {
                what: "highest order, at most",
                expected: HIGHEST_ORDER,
                found: self.hi,
            });
        }
        self.window.check()?;
        let expected = self.truncation.count(self.lo, self.hi, self.window.inputs())?;
        self.scales.check(self.lo..=self.hi)?;
        match &self.mean {
            Some(mean) if mean.len() != expected => {
                Err(PriorError::Dimensions { what: "means of the coefficients", expected, found: mean.len() })
            }
            Some(mean) => match mean.iter().enumerate().find(|(_, m)| !m.is_finite()) {
                Some((column, &value)) => {
                    Err(PriorError::NotFinite { what: "mean of a coefficient", row: 0, column, value })
                }
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    fn by_term(&self, of_order: impl Fn(usize) -> f64) -> Array1<f64> {
        // A prior that fails its checks answers with no terms here and with the error from `basis`.
        if self.window.inputs() == 1 {
            let count = if self.dim() == 0 { 0 } else { usize::MAX };
            return (self.lo..=self.hi).take(count).map(of_order).collect();
        }
        let terms = self.truncation.terms(self.lo, self.hi, self.window.inputs()).unwrap_or_default();
        terms.iter().map(|degrees| of_order(self.truncation.order(degrees))).collect()
    }
}

impl Weights for Polynomial {
    fn dim(&self) -> usize {
        self.truncation.count(self.lo, self.hi, self.window.inputs()).unwrap_or(0)
    }

    fn basis(&self, x: &Points) -> Result<Array2<f64>> {
        self.check()?;
        let t = self.window.rescale(x, self.beyond)?;
        let (basis, lo, orders) = (self.basis, self.lo, self.hi + 1);
        let mut values = Array2::zeros((x.len(), self.dim()));
        if self.window.inputs() == 1 {
            values.axis_iter_mut(Axis(0)).into_par_iter().zip(t.axis_iter(Axis(0))).for_each_init(
                || vec![0.0; orders],
                |all, (mut row, t)| {
                    basis.evaluate(t[0], all);
                    row.iter_mut().zip(&all[lo..]).for_each(|(b, v)| *b = *v);
                },
            );
            return Ok(values);
        }
        let terms = self.truncation.terms(self.lo, self.hi, self.window.inputs())?;
        values.axis_iter_mut(Axis(0)).into_par_iter().zip(t.axis_iter(Axis(0))).for_each_init(
            || vec![0.0; orders * self.window.inputs()],
            |all, (mut row, t)| {
                all.chunks_mut(orders).zip(t).for_each(|(of_input, &t)| basis.evaluate(t, of_input));
                for (b, degrees) in row.iter_mut().zip(&terms) {
                    *b = degrees.iter().enumerate().map(|(i, &d)| all[i * orders + d as usize]).product();
                }
            },
        );
        Ok(values)
    }

    fn scales(&self) -> Array1<f64> {
        self.by_term(|order| self.scales.at(order))
    }

    fn scale_gradient(&self, q: ArrayView1<'_, f64>) -> Array1<f64> {
        if self.scales.parameters().is_empty() {
            return Array1::zeros(0);
        }
        Array1::from_elem(1, self.by_term(|order| self.scales.slope(order)).dot(&q))
    }
}

impl Linear for Polynomial {
    fn copies(&self) -> usize {
        self.outputs
    }

    fn weight_mean(&self) -> Option<Array1<f64>> {
        self.mean.clone().map(Array1::from_vec)
    }

    fn owes(&self) -> Ledger {
        self.window.ledger().clone()
    }

    fn tunables(&self) -> Parameters {
        self.scales.parameters()
    }

    fn tuned_to(&self, theta: &[f64]) -> Result<Arc<dyn GaussianPrior>> {
        let scales = theta.iter().fold(self.scales.clone(), |scales, &value| scales.with(value));
        Ok(Arc::new(Polynomial { scales, ..self.clone() }.checked()?))
    }

    fn description(&self) -> Option<SavedPrior> {
        Some(SavedPrior::Polynomial(self.clone()))
    }
}
