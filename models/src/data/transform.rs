//! Transforms of inputs and labels: standardising and logarithms, with their exact inverse and what they do to densities.

use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use softbias_priors::{Ledger, Nats, Points, Saw};

use super::{Affine, Data, DataError, expect_finite};

/// One transform of labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum LabelTransform {
    /// (y − shift) / scale, a shift and a scale for each output.
    Affine(Affine),
    /// ln y, of every output.
    Log,
}

impl LabelTransform {
    fn backward(&self, labels: Array2<f64>) -> Array2<f64> {
        match self {
            LabelTransform::Affine(affine) => affine.backward(labels),
            LabelTransform::Log => labels.mapv_into(f64::exp),
        }
    }
}

/// The transforms that labels went through, in order of application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LabelTransforms(Vec<LabelTransform>);

impl LabelTransforms {
    /// The transforms, the first applied first.
    #[must_use]
    pub fn as_slice(&self) -> &[LabelTransform] {
        &self.0
    }

    /// Transformed labels (row, output) on the original scale; any number of rows, so predictions and quantiles too.
    ///
    /// # Errors
    /// For another number of outputs.
    pub fn invert(&self, labels: Array2<f64>) -> Result<Array2<f64>, DataError> {
        if let Some(expected) = self.columns().find(|&columns| columns != labels.ncols()) {
            return Err(DataError::Columns { what: "labels", expected, found: labels.ncols() });
        }
        Ok(self.backward(labels))
    }

    /// The number of outputs of every transform that has one.
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|transform| match transform {
            LabelTransform::Affine(affine) => Some(affine.columns()),
            LabelTransform::Log => None,
        })
    }

    fn backward(&self, labels: Array2<f64>) -> Array2<f64> {
        self.0.iter().rev().fold(labels, |labels, transform| transform.backward(labels))
    }
}

/// Standardising: subtracts a mean and divides by a standard deviation, for inputs, labels or both.
///
/// Learned from data (the standard deviation over n; a constant column gets scale 1), it writes down which rows it saw, in the
/// ledger of whatever it is applied to. Given in advance, with [`Standardise::with`], it owes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standardise {
    inputs: Option<Affine>,
    labels: Option<Affine>,
    /// The transforms before it, where it was learned: it makes no sense after others.
    after: Option<(Vec<Affine>, LabelTransforms)>,
    ledger: Ledger,
}

impl Standardise {
    /// Learned from inputs and labels.
    ///
    /// # Errors
    /// For a column whose spread is too wide or too narrow for a floating-point number.
    pub fn of(data: &Data) -> Result<Standardise, DataError> {
        Standardise::learn(data, true, true)
    }

    /// Learned from inputs; labels are left as they are.
    ///
    /// # Errors
    /// As [`Standardise::of`].
    pub fn inputs(data: &Data) -> Result<Standardise, DataError> {
        Standardise::learn(data, true, false)
    }

    /// Learned from labels; inputs are left as they are.
    ///
    /// # Errors
    /// As [`Standardise::of`].
    pub fn labels(data: &Data) -> Result<Standardise, DataError> {
        Standardise::learn(data, false, true)
    }

    fn learn(data: &Data, inputs: bool, labels: bool) -> Result<Standardise, DataError> {
        // What was learned on the way to the data went into these numbers as well.
        let mut ledger = data.ledger.clone();
        if inputs {
            ledger = ledger.and(&Ledger::saw("standardised inputs", Saw::Inputs, Some(data.rows())));
        }
        if labels {
            ledger = ledger.and(&Ledger::saw("standardised labels", Saw::Labels, Some(data.rows())));
        }
        Ok(Standardise {
            inputs: inputs.then(|| Affine::learn(data.points.view())).transpose()?,
            labels: labels.then(|| Affine::learn(data.labels.view())).transpose()?,
            after: Some((data.input_transforms.clone(), data.label_transforms.clone())),
            ledger,
        })
    }

    /// With numbers fixed in advance, one a column. Leave means and scales of inputs (or labels) empty to leave those as they
    /// are. Numbers that were found by looking at data are not fixed in advance.
    ///
    /// # Errors
    /// As [`Affine::new`].
    pub fn with(
        input_means: impl Into<Vec<f64>>,
        input_scales: impl Into<Vec<f64>>,
        label_means: impl Into<Vec<f64>>,
        label_scales: impl Into<Vec<f64>>,
    ) -> Result<Standardise, DataError> {
        let given = |affine: Affine| (affine.columns() > 0).then_some(affine);
        Ok(Standardise {
            inputs: given(Affine::new(input_means, input_scales)?),
            labels: given(Affine::new(label_means, label_scales)?),
            after: None,
            ledger: Ledger::default(),
        })
    }

    /// Means and scales of the inputs, where it standardises inputs.
    #[must_use]
    pub fn of_inputs(&self) -> Option<&Affine> {
        self.inputs.as_ref()
    }

    /// Means and scales of the labels, where it standardises labels.
    #[must_use]
    pub fn of_labels(&self) -> Option<&Affine> {
        self.labels.as_ref()
    }

    /// What its numbers owe to data.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Standardised data, whose ledger gains what the numbers owe.
    ///
    /// # Errors
    /// For another number of columns, for data that did not go through the same transforms before as those it was learned
    /// from, and where a number overflows.
    pub fn apply(&self, data: &Data) -> Result<Data, DataError> {
        let mut out = data.clone();
        if let Some(affine) = &self.inputs {
            if let Some((before, _)) = &self.after {
                data.expect_input_transforms(before)?;
            }
            out.points = self.apply_points(&data.points)?;
            out.input_transforms.push(affine.clone());
        }
        if let Some(affine) = &self.labels {
            if let Some((_, before)) = &self.after {
                data.expect_label_transforms(before)?;
            }
            affine.expect_columns("labels", data.outputs())?;
            out = out
                .push_labels(LabelTransform::Affine(affine.clone()), affine.forward(data.labels().clone()))?;
        }
        out.ledger = out.ledger.and(&self.ledger);
        Ok(out)
    }

    /// Standardised points, with the identities that they have.
    ///
    /// # Errors
    /// For another number of inputs, and where a number overflows.
    pub fn apply_points(&self, points: &Points) -> Result<Points, DataError> {
        self.map_points(points, Affine::forward)
    }

    /// Points on the scale before this transform; the inverse of [`apply_points`](Standardise::apply_points).
    ///
    /// # Errors
    /// For another number of inputs, and where a number overflows.
    pub fn invert_points(&self, points: &Points) -> Result<Points, DataError> {
        self.map_points(points, Affine::backward)
    }

    fn map_points(
        &self,
        points: &Points,
        map: impl Fn(&Affine, Array2<f64>) -> Array2<f64>,
    ) -> Result<Points, DataError> {
        let Some(affine) = &self.inputs else {
            return Ok(points.clone());
        };
        affine.expect_columns("inputs", points.inputs())?;
        let mapped = Points::new(map(affine, points.view().to_owned()))?;
        Ok(match points.rows() {
            Some(rows) => mapped.identified(rows)?,
            None => mapped,
        })
    }

    /// Labels (row, output) on the scale before this transform; any number of rows. Only this one is undone: see
    /// [`LabelTransforms::invert`] for the way back through all.
    ///
    /// # Errors
    /// For another number of outputs.
    pub fn invert_labels(&self, labels: Array2<f64>) -> Result<Array2<f64>, DataError> {
        let Some(affine) = &self.labels else {
            return Ok(labels);
        };
        affine.expect_columns("labels", labels.ncols())?;
        Ok(affine.backward(labels))
    }
}

impl Data {
    /// Checks that inputs and labels of `other` went through the same transforms: only then are their numbers comparable.
    ///
    /// # Errors
    /// When they did not.
    pub fn expect_same_transforms(&self, other: &Data) -> Result<(), DataError> {
        self.expect_input_transforms(&other.input_transforms)?;
        self.expect_label_transforms(&other.label_transforms)
    }

    /// The data with the natural logarithm of every label.
    ///
    /// # Errors
    /// For a label ≤ 0, named by row, column and value.
    pub fn log_labels(&self) -> Result<Data, DataError> {
        if let Some(((row, column), &value)) = self.labels.indexed_iter().find(|(_, value)| **value <= 0.0) {
            let name = self.names.labels().get(column).cloned().unwrap_or_default();
            return Err(DataError::NotPositive { row, column, name, value });
        }
        self.clone().push_labels(LabelTransform::Log, self.labels.mapv(f64::ln))
    }

    /// The transforms that the labels went through, in order, and the way back.
    #[must_use]
    pub fn label_transforms(&self) -> &LabelTransforms {
        &self.label_transforms
    }

    /// The transforms that the inputs went through, in order.
    #[must_use]
    pub fn input_transforms(&self) -> &[Affine] {
        &self.input_transforms
    }

    /// The labels (row, output) as they were before all transforms, exact to rounding.
    #[must_use]
    pub fn original_labels(&self) -> Array2<f64> {
        self.label_transforms.backward(self.labels().clone())
    }

    /// Σ over rows and outputs of ln |d transformed / d original|, over all label transforms.
    ///
    /// The log density of the transformed labels plus this is the log density of the original ones, so that evidence on
    /// different scales of the same labels can be compared.
    #[must_use]
    pub fn log_jacobian(&self) -> Nats {
        let mut labels = self.labels().clone();
        let mut sum = 0.0;
        for transform in self.label_transforms.0.iter().rev() {
            sum -= match transform {
                LabelTransform::Affine(affine) => {
                    self.len() as f64 * affine.scale().iter().map(|scale| scale.ln()).sum::<f64>()
                }
                // d ln y / dy = 1 / y, and ln y is what stands here.
                LabelTransform::Log => labels.sum(),
            };
            labels = transform.backward(labels);
        }
        Nats(sum)
    }

    fn push_labels(mut self, transform: LabelTransform, labels: Array2<f64>) -> Result<Data, DataError> {
        expect_finite("transformed label", &labels)?;
        self.labels = Arc::new(labels);
        self.label_transforms.0.push(transform);
        Ok(self)
    }

    pub(super) fn expect_input_transforms(&self, expected: &[Affine]) -> Result<(), DataError> {
        let same = self.input_transforms == expected;
        if same { Ok(()) } else { Err(DataError::Transforms { what: "inputs" }) }
    }

    pub(super) fn expect_label_transforms(&self, expected: &LabelTransforms) -> Result<(), DataError> {
        let same = self.label_transforms == *expected;
        if same { Ok(()) } else { Err(DataError::Transforms { what: "labels" }) }
    }
}
