//! How large a coefficient may be, by its order: the soft version of a cut-off.

use serde::{Deserialize, Serialize};

use crate::parameters::{Coordinate, Parameter};
use crate::prior::Result;
use crate::{Parameters, PriorError};

/// Prior standard deviation sⱼ of the coefficient of order j.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scales {
    law: Law,
    from: usize,
    tuned: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Law {
    Flat,
    Geometric { gamma: f64 },
    Power { exponent: f64 },
    CutOff { last: usize },
    List(Vec<f64>),
}

const GAMMA_BOUNDS: (f64, f64) = (1.0, 1e6);
const EXPONENT_BOUNDS: (f64, f64) = (1e-3, 30.0);

impl Scales {
    fn of(law: Law) -> Scales {
        Scales { law, from: 0, tuned: false }
    }

    /// sⱼ = 1 at every order.
    #[must_use]
    pub fn flat() -> Scales {
        Scales::of(Law::Flat)
    }

    /// sⱼ = γ^(−j/2), γ ≥ 1: variances fall geometrically (Wilson 2025, the penalty γʲ wⱼ²).
    #[must_use]
    pub fn geometric(gamma: f64) -> Scales {
        Scales::of(Law::Geometric { gamma })
    }

    /// sⱼ = (1+j)^(−p).
    #[must_use]
    pub fn power(exponent: f64) -> Scales {
        Scales::of(Law::Power { exponent })
    }

    /// sⱼ = 1 up to order `last` and 0 above: a hard constraint, as scales.
    #[must_use]
    pub fn cut_off(last: usize) -> Scales {
        Scales::of(Law::CutOff { last })
    }

    /// Scales by any rule, evaluated once for the orders 0..=`highest` and kept as a list.
    #[must_use]
    pub fn rule(highest: usize, scale: impl Fn(usize) -> f64) -> Scales {
        Scales::of(Law::List((0..=highest).map(scale).collect()))
    }

    /// The same decay started at `order`, where it is 1: γ^(−(j−order)/2), or (j/order)^(−p) for order ≥ 1.
    #[must_use]
    pub fn from_order(self, order: usize) -> Scales {
        Scales { from: order, ..self }
    }

    /// Lets tuning move γ or the exponent (called `gamma` or `power`); other laws have no parameter.
    #[must_use]
    pub fn tuned(self) -> Scales {
        Scales { tuned: true, ..self }
    }

    /// The scale of one order.
    #[must_use]
    pub fn at(&self, order: usize) -> f64 {
        let j = order as f64;
        match &self.law {
            Law::Flat => 1.0,
            Law::Geometric { gamma } => gamma.powf(-0.5 * (j - self.from as f64)),
            Law::Power { exponent } => self.ratio(order).powf(-exponent),
            Law::CutOff { last } => f64::from(u8::from(order <= *last)),
            Law::List(list) => list.get(order).copied().unwrap_or(0.0),
        }
    }

    fn ratio(&self, order: usize) -> f64 {
        if self.from == 0 { 1.0 + order as f64 } else { order.max(1) as f64 / self.from as f64 }
    }

    /// d(sⱼ²)/dθ for the parameter of the law; 0 where it has none.
    pub(crate) fn slope(&self, order: usize) -> f64 {
        let square = self.at(order).powi(2);
        match &self.law {
            Law::Geometric { gamma } => -(order as f64 - self.from as f64) * square / gamma,
            Law::Power { .. } => -2.0 * self.ratio(order).ln() * square,
            _ => 0.0,
        }
    }

    pub(crate) fn parameters(&self) -> Parameters {
        let parameter = match self.law {
            Law::Geometric { gamma } => Parameter::free("gamma", gamma, GAMMA_BOUNDS, Coordinate::Log),
            Law::Power { exponent } => Parameter::free("power", exponent, EXPONENT_BOUNDS, Coordinate::Log),
            _ => return Parameters::none(),
        };
        Parameters::new([parameter.fixed(!self.tuned)])
    }

    pub(crate) fn with(&self, value: f64) -> Scales {
        let law = match &self.law {
            Law::Geometric { .. } => Law::Geometric { gamma: value },
            Law::Power { .. } => Law::Power { exponent: value },
            other => other.clone(),
        };
        Scales { law, ..*self }
    }

    /// Checks the parameter and the scale of every order in the range.
    pub(crate) fn check(&self, orders: std::ops::RangeInclusive<usize>) -> Result<()> {
        let parameters = self.parameters();
        parameters.check(&parameters.values())?;
        if let Law::List(list) = &self.law
            && list.len() <= *orders.end()
        {
            return Err(PriorError::Dimensions {
                what: "scales by order",
                expected: orders.end() + 1,
                found: list.len(),
            });
        }
        match orders.map(|order| (order, self.at(order))).find(|(_, s)| !s.is_finite() || *s < 0.0) {
            Some((order, value)) => Err(PriorError::Scale { order, value }),
            None => Ok(()),
        }
    }
}
