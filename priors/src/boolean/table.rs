//! Truth tables: one boolean function each, and where points fall in them.

use std::fmt;

use ndarray::Array2;

use crate::prior::Result;
use crate::{Points, PriorError};

/// The most inputs whose functions are enumerated: 2^(2⁴) = 65,536 functions.
const MOST: usize = 4;

/// Checks the number of inputs, and gives the number of cells of a table, 2ᵏ.
pub(super) fn cell_count(inputs: usize) -> Result<usize> {
    if (1..=MOST).contains(&inputs) {
        return Ok(1 << inputs);
    }
    let what = "boolean functions are enumerated for 1 to 4 inputs (5 have 4 billion)";
    Err(PriorError::Boolean { what, found: format!("{inputs} inputs") })
}

/// The number of functions, 2^(2ᵏ).
pub(super) fn function_count(inputs: usize) -> Result<usize> {
    Ok(1 << cell_count(inputs)?)
}

/// Bit c is bit `input` of c: the table of one input by itself, for four inputs; the low 2ᵏ bits serve fewer.
pub(super) const INPUTS: [u16; MOST] = [0xaaaa, 0xcccc, 0xf0f0, 0xff00];

/// A boolean function of at most four inputs: bit c of the table is set where the function of input number c is +1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TruthTable {
    inputs: u8,
    bits: u16,
}

impl TruthTable {
    /// The function with this table.
    ///
    /// # Errors
    /// Unless there are 1 to 4 inputs and no bits beyond the 2^inputs of the table.
    pub fn new(inputs: usize, bits: u16) -> Result<TruthTable> {
        if usize::from(bits) >= function_count(inputs)? {
            let what = "a table has one bit for each of the 2^inputs inputs";
            return Err(PriorError::Boolean { what, found: format!("{bits:#b} for {inputs} inputs") });
        }
        Ok(TruthTable::trusted(inputs, usize::from(bits)))
    }

    /// For numbers that are known to be in range.
    pub(super) fn trusted(inputs: usize, bits: usize) -> TruthTable {
        TruthTable { inputs: inputs as u8, bits: bits as u16 }
    }

    /// The function that a closure computes from the inputs.
    ///
    /// # Errors
    /// Unless there are 1 to 4 inputs.
    pub fn of(inputs: usize, function: impl Fn(&[bool]) -> bool) -> Result<TruthTable> {
        let bit = |cell: usize| {
            let x: Vec<bool> = (0..inputs).map(|i| cell >> i & 1 == 1).collect();
            usize::from(function(&x)) << cell
        };
        Ok(TruthTable::trusted(inputs, (0..cell_count(inputs)?).map(bit).sum()))
    }

    /// One input by itself, counted from 0.
    ///
    /// # Errors
    /// When there is no such input.
    pub fn input(inputs: usize, which: usize) -> Result<TruthTable> {
        if which >= inputs {
            return Err(PriorError::Dimensions { what: "inputs", expected: which + 1, found: inputs });
        }
        TruthTable::of(inputs, |x| x[which])
    }

    /// Whether an odd number of inputs is +1.
    ///
    /// # Errors
    /// Unless there are 1 to 4 inputs.
    pub fn parity(inputs: usize) -> Result<TruthTable> {
        TruthTable::of(inputs, |x| x.iter().filter(|set| **set).count() % 2 == 1)
    }

    /// Every function, in the order of their tables.
    ///
    /// # Errors
    /// Unless there are 1 to 4 inputs.
    pub fn all(inputs: usize) -> Result<impl Iterator<Item = TruthTable> + Clone> {
        Ok((0..function_count(inputs)?).map(move |bits| TruthTable::trusted(inputs, bits)))
    }

    /// Number of inputs.
    #[must_use]
    pub fn inputs(self) -> usize {
        usize::from(self.inputs)
    }

    /// Number of cells, 2^inputs.
    #[must_use]
    pub fn cells(self) -> usize {
        1 << self.inputs
    }

    /// The table: bit c is the value of input number c.
    #[must_use]
    pub fn bits(self) -> u16 {
        self.bits
    }

    /// The value of an input by its number, −1 or +1; beyond the table −1.
    #[must_use]
    pub fn sign(self, cell: usize) -> f64 {
        if cell < 16 && self.bits >> cell & 1 == 1 { 1.0 } else { -1.0 }
    }

    /// The values at points: (point, 1), each −1 or +1.
    ///
    /// # Errors
    /// When the points do not have coordinates −1 and +1, one an input.
    pub fn values(self, x: &Points) -> Result<Array2<f64>> {
        let cells = cells(self.inputs(), x)?;
        Ok(Array2::from_shape_fn((x.len(), 1), |(i, _)| self.sign(cells[i])))
    }

    /// At how many of the 2^inputs inputs two functions differ; for functions of different numbers of inputs it means nothing.
    #[must_use]
    pub fn disagreements(self, other: TruthTable) -> usize {
        (self.bits ^ other.bits).count_ones() as usize
    }

    /// The same function of reordered inputs: its input i is the old one's input `order[i]`.
    ///
    /// # Errors
    /// Unless `order` is an order of the inputs.
    pub fn permuted(self, order: &[usize]) -> Result<TruthTable> {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..self.inputs()) {
            let what = "an order of the inputs names each of them once";
            return Err(PriorError::Boolean { what, found: format!("{order:?}") });
        }
        let from = |cell: usize| order.iter().enumerate().map(|(i, &o)| (cell >> i & 1) << o).sum::<usize>();
        let bits = (0..self.cells()).map(|cell| usize::from(self.bits >> from(cell) & 1) << cell).sum();
        Ok(TruthTable::trusted(self.inputs(), bits))
    }

    pub(super) fn expect_inputs(self, inputs: usize) -> Result<()> {
        if self.inputs() == inputs {
            return Ok(());
        }
        let what = "inputs of a boolean function";
        Err(PriorError::Dimensions { what, expected: inputs, found: self.inputs() })
    }

    /// Its values as a string, input number 0 first.
    pub(super) fn string(self) -> Vec<bool> {
        (0..self.cells()).map(|cell| self.sign(cell) > 0.0).collect()
    }
}

impl fmt::Display for TruthTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: String = self.string().into_iter().map(|set| if set { '1' } else { '0' }).collect();
        f.pad(&digits)
    }
}

/// All 2ᵏ inputs as points (input number, coordinate), in the order of their numbers.
///
/// # Errors
/// Unless there are 1 to 4 inputs.
pub fn points(inputs: usize) -> Result<Points> {
    let sign = |(cell, i): (usize, usize)| if cell >> i & 1 == 1 { 1.0 } else { -1.0 };
    Points::new(Array2::from_shape_fn((cell_count(inputs)?, inputs), sign))
}

/// The numbers of the inputs that points are.
///
/// # Errors
/// When points do not have that many coordinates, each −1 or +1.
pub fn cells(inputs: usize, x: &Points) -> Result<Vec<usize>> {
    x.expect_inputs(inputs)?;
    if let Some(((row, column), &value)) = x.view().indexed_iter().find(|(_, v)| v.abs() != 1.0) {
        return Err(PriorError::NotSign { row, column, value });
    }
    let cell = |row: ndarray::ArrayView1<'_, f64>| {
        row.iter().enumerate().map(|(i, v)| usize::from(*v > 0.0) << i).sum::<usize>()
    };
    Ok(x.view().rows().into_iter().map(cell).collect())
}
