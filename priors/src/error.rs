//! What can be wrong with a prior, its parameters or the points it is asked at.

use thiserror::Error;

use crate::math::linalg::LinalgError;
use crate::memory::TooLarge;

/// An error of the priors crate: what was wrong, where, and what to do.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum PriorError {
    /// NaN or an infinity in the input.
    #[error(
        "{what} at row {row}, column {column} is {value}: remove or impute it, every number must be finite"
    )]
    NotFinite {
        /// Which numbers.
        what: &'static str,
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The offending number.
        value: f64,
    },
    /// A layer of a net that cannot be.
    #[error("layer `{layer}`: {problem}")]
    Net {
        /// Which layer, by its place and kind.
        layer: String,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// Shapes that do not fit together.
    #[error("{what}: expected {expected}, found {found}")]
    Dimensions {
        /// Which dimension.
        what: &'static str,
        /// What the prior was built for.
        expected: usize,
        /// What it was given.
        found: usize,
    },
    /// A softness that is no standard deviation.
    #[error("softness must be a finite number ≥ 0 (0 is the hard constraint), found {0}")]
    Softness(f64),
    /// A ladder that is none.
    #[error(
        "a softness ladder needs 0 < low < high, both finite, and at least 2 rungs; found low {low}, high {high}, {rungs} rungs"
    )]
    Ladder {
        /// The lowest soft rung.
        low: f64,
        /// The highest rung.
        high: f64,
        /// How many.
        rungs: usize,
    },
    /// An input window that is none.
    #[error(
        "the input window of coordinate {input} needs finite low < high, found [{low}, {high}]: declare it wider"
    )]
    Window {
        /// Which coordinate.
        input: usize,
        /// Its lower end.
        low: f64,
        /// Its upper end.
        high: f64,
    },
    /// A point outside the declared window of a polynomial.
    #[error(
        "point {row} has coordinate {input} = {value}, outside the declared window [{low}, {high}]; polynomials explode there: \
         declare a window that covers it, or allow it with `beyond_window()`"
    )]
    OutsideWindow {
        /// Row of the point.
        row: usize,
        /// Coordinate.
        input: usize,
        /// Its value.
        value: f64,
        /// Lower end of the window.
        low: f64,
        /// Upper end of the window.
        high: f64,
    },
    /// A scale by order that is no standard deviation.
    #[error("the scale of order {order} must be finite and ≥ 0, found {value}")]
    Scale {
        /// The order.
        order: usize,
        /// Its scale.
        value: f64,
    },
    /// A multivariate basis with too many terms.
    #[error(
        "{count} terms of order up to {order} in {inputs} inputs are more than the limit of {limit}: lower the order, or use random features"
    )]
    Terms {
        /// How many there would be.
        count: u128,
        /// How many are allowed.
        limit: u128,
        /// Number of inputs.
        inputs: usize,
        /// Highest order.
        order: usize,
    },
    /// A range of orders, or a basis, with nothing in it.
    #[error("{0}: there must be at least one")]
    Empty(&'static str),
    /// A parameter outside its bounds.
    #[error("parameter `{name}` must lie in [{lower}, {upper}], found {value}")]
    Parameter {
        /// Its name.
        name: String,
        /// The value given.
        value: f64,
        /// Lower bound.
        lower: f64,
        /// Upper bound.
        upper: f64,
    },
    /// A name that no parameter has.
    #[error("no parameter is called `{name}`; there are: {known}")]
    UnknownParameter {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A part that is not built in was to be saved.
    #[error(
        "`{0}` is not a built-in part and cannot be saved: save its own description beside it and build it again on loading"
    )]
    Foreign(String),
    /// A saved description that is not that of a prior.
    #[error("not a valid description of a prior: {0}; the file was written by another release, or by hand")]
    Malformed(String),
    /// A prior of which no functions can be drawn that are evaluated anywhere.
    #[error("no random functions are known for `{0}`: use `draws` at a fixed list of points")]
    NoPaths(String),
    /// Numbers that make no kernel.
    #[error("{what}, found {found}")]
    Kernel {
        /// The rule that was broken.
        what: &'static str,
        /// What was found instead.
        found: String,
    },
    /// Actions that make no finite group.
    #[error("{what}, found {found}")]
    Group {
        /// The rule that was broken.
        what: &'static str,
        /// What was found instead.
        found: String,
    },
    /// Numbers that make no boolean function, grammar or law over functions.
    #[error("{what}, found {found}")]
    Boolean {
        /// The rule that was broken.
        what: &'static str,
        /// What was found instead.
        found: String,
    },
    /// A point of a boolean world that is none.
    #[error(
        "boolean functions are asked at points of −1 and +1; row {row}, column {column} has {value}: code false as −1 and true as +1"
    )]
    NotSign {
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The offending number.
        value: f64,
    },
    /// An allocation over the limit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// Linear algebra failed.
    #[error(transparent)]
    Linalg(#[from] LinalgError),
}

impl PriorError {
    /// A part that cannot be saved, by the name that its `Debug` form starts with.
    pub(crate) fn foreign<P: std::fmt::Debug + ?Sized>(part: &P) -> PriorError {
        let text = format!("{part:?}");
        PriorError::Foreign(text.split([' ', '(', '{']).next().unwrap_or_default().to_owned())
    }

    /// The same error about a part of the points that starts after `skipped` rows, with the row counted over all of them.
    #[must_use]
    pub fn of_row_after(mut self, skipped: usize) -> PriorError {
        if let PriorError::OutsideWindow { row, .. }
        | PriorError::NotFinite { row, .. }
        | PriorError::NotSign { row, .. } = &mut self
        {
            *row += skipped;
        }
        self
    }
}
