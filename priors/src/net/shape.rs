//! Shapes of activations: channels of a grid, row by row.

use std::fmt;

/// Shape of one row of activations: channels × height × width, in this order; a plain vector has a height and a width of 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Channels, or units.
    pub channels: usize,
    /// Rows of the grid.
    pub height: usize,
    /// Columns of the grid.
    pub width: usize,
}

impl Shape {
    /// A vector of that many units.
    #[must_use]
    pub fn flat(units: usize) -> Shape {
        Shape { channels: units, height: 1, width: 1 }
    }

    /// A grid.
    #[must_use]
    pub fn grid(channels: usize, height: usize, width: usize) -> Shape {
        Shape { channels, height, width }
    }

    /// How many numbers a row has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Places of the grid.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.height * self.width
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.positions() == 1 {
            write!(f, "{}", self.channels)
        } else {
            write!(f, "{}×{}×{}", self.channels, self.height, self.width)
        }
    }
}
