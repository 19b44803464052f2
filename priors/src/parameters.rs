//! Named parameters of a prior: values, bounds, the coordinate they are tuned in, and which are held fixed.

use serde::{Deserialize, Serialize};

use crate::PriorError;

/// The coordinate in which a parameter is tuned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Coordinate {
    /// The parameter itself.
    Plain,
    /// Its logarithm, for positive parameters.
    Log,
    /// A variance on [0, ∞) whose zero is an ordinary value (softness²): tuned in its logarithm inside, while both ends are
    /// evaluated explicitly.
    Variance,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name, unique within a model; parts prefix it (`rest.power`).
    pub name: String,
    /// Its value, in its natural unit.
    pub value: f64,
    /// Lower bound (included).
    pub lower: f64,
    /// Upper bound (included).
    pub upper: f64,
    /// The coordinate it is tuned in.
    pub coordinate: Coordinate,
    /// Whether tuning leaves it alone.
    pub fixed: bool,
}

impl Parameter {
    /// A parameter that tuning may move.
    #[must_use]
    pub fn free(name: &str, value: f64, (lower, upper): (f64, f64), coordinate: Coordinate) -> Parameter {
        Parameter { name: name.into(), value, lower, upper, coordinate, fixed: false }
    }

    /// The same, held fixed or not.
    #[must_use]
    pub fn fixed(mut self, fixed: bool) -> Parameter {
        self.fixed = fixed;
        self
    }
}

/// The parameters of a prior, in a fixed order; parameter vectors and gradients follow it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Parameters(Vec<Parameter>);

impl Parameters {
    /// These parameters.
    #[must_use]
    pub fn new(list: impl IntoIterator<Item = Parameter>) -> Parameters {
        Parameters(list.into_iter().collect())
    }

    /// None.
    #[must_use]
    pub fn none() -> Parameters {
        Parameters::default()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, Parameter> {
        self.0.iter()
    }

    /// Their values.
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        self.0.iter().map(|p| p.value).collect()
    }

    /// The same parameters, each name prefixed `prefix.`.
    #[must_use]
    pub fn prefixed(mut self, prefix: &str) -> Parameters {
        for p in &mut self.0 {
            p.name = format!("{prefix}.{}", p.name);
        }
        self
    }

    /// These, then those.
    #[must_use]
    pub fn followed_by(mut self, more: Parameters) -> Parameters {
        self.0.extend(more.0);
        self
    }

    /// The place of a parameter by name.
    ///
    /// # Errors
    /// When no parameter has it; the error lists those there are.
    pub fn position(&self, name: &str) -> Result<usize, PriorError> {
        self.0.iter().position(|p| p.name == name).ok_or_else(|| PriorError::UnknownParameter {
            name: name.into(),
            known: self.0.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// The same parameters with one held fixed (or set free).
    ///
    /// # Errors
    /// When no parameter has that name.
    pub fn with_fixed(mut self, name: &str, fixed: bool) -> Result<Parameters, PriorError> {
        let at = self.position(name)?;
        self.0[at].fixed = fixed;
        Ok(self)
    }

    /// Checks a parameter vector against the bounds.
    ///
    /// # Errors
    /// For a wrong length, NaN, or a value out of bounds.
    pub fn check(&self, theta: &[f64]) -> Result<(), PriorError> {
        if theta.len() != self.len() {
            return Err(PriorError::Dimensions {
                what: "parameters",
                expected: self.len(),
                found: theta.len(),
            });
        }
        for (p, &value) in self.0.iter().zip(theta) {
            if !(p.lower..=p.upper).contains(&value) {
                let Parameter { name, lower, upper, .. } = p.clone();
                return Err(PriorError::Parameter { name, value, lower, upper });
            }
        }
        Ok(())
    }
}

impl IntoIterator for Parameters {
    type Item = Parameter;
    type IntoIter = std::vec::IntoIter<Parameter>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
