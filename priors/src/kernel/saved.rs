//! Kernels as plain data, and back.

use serde::{Deserialize, Serialize};

use super::{
    Kernel, additive, algebra, averaged, changing, dot, network, orders, periodic, power, radial, rules,
    some_inputs, spectral, warped, wendland,
};
use crate::PriorError;
use crate::prior::Result;

/// A built-in kernel as plain data: its kind, its numbers, and the kernels it is made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SavedKernel {
    /// Which kernel; a part of the file format.
    pub kind: String,
    /// Its real numbers, in an order of the kind's own.
    pub values: Vec<f64>,
    /// Its whole numbers, likewise.
    pub counts: Vec<usize>,
    /// Its words.
    pub words: Vec<String>,
    /// The kernels it is made of.
    pub parts: Vec<SavedKernel>,
}

impl SavedKernel {
    /// A kind with its numbers.
    #[must_use]
    pub fn new(kind: &str, values: &[f64]) -> SavedKernel {
        SavedKernel { kind: kind.into(), values: values.to_vec(), ..SavedKernel::default() }
    }

    /// The same, made of these kernels.
    ///
    /// # Errors
    /// When one of them cannot be saved.
    pub fn of(mut self, parts: &[Kernel]) -> Result<SavedKernel> {
        self.parts = parts.iter().map(Kernel::saved).collect::<Result<_>>()?;
        Ok(self)
    }

    /// Builds the kernel again, with every check that building it makes.
    ///
    /// # Errors
    /// For an unknown kind, or numbers that make no kernel.
    pub fn revive(&self) -> Result<Kernel> {
        // One line a file of kernels.
        let kinds = [
            algebra::revive,
            radial::revive,
            power::revive,
            some_inputs::revive,
            rules::revive,
            changing::revive,
            additive::revive,
            averaged::revive,
            warped::revive,
            periodic::revive,
            spectral::revive,
            dot::revive,
            orders::revive,
            wendland::revive,
            network::revive,
        ];
        kinds.iter().find_map(|revive| revive(self)).unwrap_or_else(|| Err(self.malformed()))
    }

    /// The kernels it is made of, built again.
    ///
    /// # Errors
    /// When one of them cannot be.
    pub fn revived_parts(&self) -> Result<Vec<Kernel>> {
        self.parts.iter().map(SavedKernel::revive).collect()
    }

    /// The one part of a kernel made of one.
    ///
    /// # Errors
    /// When there is another number of them, or it cannot be built.
    pub fn revived_part(&self) -> Result<Kernel> {
        if self.parts.len() == 1 { self.parts[0].revive() } else { Err(self.malformed()) }
    }

    /// The error for a description that is none.
    #[must_use]
    pub fn malformed(&self) -> PriorError {
        PriorError::Malformed(format!("kernel `{}` with {} numbers", self.kind, self.values.len()))
    }

    /// Its `N` real numbers.
    ///
    /// # Errors
    /// When there are not so many.
    pub fn numbers<const N: usize>(&self) -> Result<[f64; N]> {
        self.values.as_slice().try_into().map_err(|_| self.malformed())
    }
}
