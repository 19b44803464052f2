//! Saved data: a plain form that is checked again when it is read, so that a corrupt file is an error and not a wrong result.

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use softbias_priors::{Ledger, Points, Row};

use super::sampling::{Origin, Sampling};
use super::{Affine, Data, DataError, LabelTransforms, Names};

/// Data as plain fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plain {
    inputs: Array2<f64>,
    labels: Array2<f64>,
    rows: Vec<Row>,
    names: Names,
    sampling: Sampling,
    list: Option<Vec<Row>>,
    input_transforms: Vec<Affine>,
    label_transforms: LabelTransforms,
    ledger: Ledger,
}

impl From<Data> for Plain {
    fn from(data: Data) -> Plain {
        Plain {
            inputs: data.points.view().to_owned(),
            labels: data.labels().clone(),
            rows: data.rows().to_vec(),
            names: data.names().clone(),
            sampling: data.origin.sampling,
            list: data.origin.list.map(|list| list.to_vec()),
            input_transforms: data.input_transforms,
            label_transforms: data.label_transforms,
            ledger: data.ledger,
        }
    }
}

impl TryFrom<Plain> for Data {
    type Error = DataError;

    fn try_from(plain: Plain) -> Result<Data, DataError> {
        if plain.rows.len() != plain.inputs.nrows() {
            return Err(DataError::Corrupt("there is not one identity for each row"));
        }
        let x = Points::new(plain.inputs)?.identified(plain.rows)?;
        let mut data = Data::new(x, plain.labels)?.named(plain.names)?;
        if plain.input_transforms.iter().any(|affine| affine.columns() != data.inputs()) {
            return Err(DataError::Corrupt("a transform of the inputs has another number of columns"));
        }
        if plain.label_transforms.columns().any(|columns| columns != data.outputs()) {
            return Err(DataError::Corrupt("a transform of the labels has another number of columns"));
        }
        let is_part = |list: &[Row]| data.rows().iter().all(|row| list.binary_search(row).is_ok());
        let fits = match (plain.sampling, &plain.list) {
            (Sampling::RandomSplit { of }, Some(list)) => {
                list.len() == of && list.is_sorted() && is_part(list)
            }
            (Sampling::RandomSplit { .. }, None) => false,
            (_, list) => list.is_none(),
        };
        if !fits {
            return Err(DataError::Corrupt("the rows are not a part of the list that is named, or of none"));
        }
        data.origin = Origin { sampling: plain.sampling, list: plain.list.map(Into::into) };
        data.input_transforms = plain.input_transforms;
        data.label_transforms = plain.label_transforms;
        data.ledger = plain.ledger;
        Ok(data)
    }
}
