//! Dense linear algebra on `ndarray` matrices: the one door to the numerical backend.
//!
//! Nothing outside this module names a linear-algebra crate. The default backend is faer, in pure Rust; with one
//! of the features `openblas-system`, `openblas-static`, `intel-mkl-static` or `netlib-system` the same functions
//! call LAPACK. [`BACKEND`] says which one was compiled in.
//!
//! # Conventions
//!
//! * Inputs are views in any memory layout. Contiguous ones, row-major or column-major, are not copied before a
//!   product; strided ones are.
//! * Every returned matrix is in standard (row-major) layout.
//! * Factorizations and solves check that what they read is finite and answer with a [`LinalgError`]. Products let
//!   NaN and infinity through, as scalar arithmetic does, and panic on mismatched shapes, as
//!   [`ndarray::ArrayRef::dot`] does.
//! * Matrices without rows or without columns are valid everywhere.
//!
//! # Reproducibility
//!
//! With the faer backend the bits of a result depend on the inputs and the processor's vector instructions, not on
//! the number of threads: work is cut into blocks by shape alone, every block is computed sequentially, and rayon's
//! pool only decides who computes it. A threaded BLAS makes no such promise.

#[cfg(not(any(
    feature = "openblas-system",
    feature = "openblas-static",
    feature = "intel-mkl-static",
    feature = "netlib-system"
)))]
mod blocked;
mod cholesky;
mod orthogonal;
mod products;
mod slices;
mod triangular;
#[cfg(not(any(
    feature = "openblas-system",
    feature = "openblas-static",
    feature = "intel-mkl-static",
    feature = "netlib-system"
)))]
mod tridiagonal;

#[cfg(not(any(
    feature = "openblas-system",
    feature = "openblas-static",
    feature = "intel-mkl-static",
    feature = "netlib-system"
)))]
#[path = "faer_backend.rs"]
mod backend;
#[cfg(any(
    feature = "openblas-system",
    feature = "openblas-static",
    feature = "intel-mkl-static",
    feature = "netlib-system"
))]
#[path = "lapack_backend.rs"]
mod backend;

use ndarray::{ArrayBase, Data, Dimension};

pub use cholesky::{Cholesky, Jitter};
pub use orthogonal::{Eigh, Qr, Svd, eigenvalues, eigh, qr, qr_apply, qr_r, singular_values, svd};
pub use products::{matmul, matmul_nt, matmul_tn, symmetric_from_lower, syrk, syrk_t, trmm_lower};
pub use slices::{Multiplies, Rows, gemm};
pub use triangular::{
    solve_lower, solve_lower_transposed, solve_lower_transposed_vec, solve_lower_vec, solve_upper,
    solve_upper_transposed, solve_upper_transposed_vec, solve_upper_vec,
};

/// Name of the backend compiled in: `"faer"` or `"lapack"`.
pub const BACKEND: &str = backend::NAME;

/// What can go wrong in a factorization or a solve.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LinalgError {
    /// NaN or infinity in an input, or an overflow in a result.
    #[error("{stage}: {what} contains NaN or infinity; check the data, or rescale it if a result overflowed")]
    NotFinite {
        /// Which array.
        what: &'static str,
        /// Which operation.
        stage: &'static str,
    },
    /// A Cholesky pivot was not positive.
    #[error(
        "{stage}: the {size}×{size} matrix is not positive definite, even with {jitter:e} added to its diagonal; \
         add noise or a larger jitter, or remove repeated points"
    )]
    NotPositiveDefinite {
        /// Which operation.
        stage: &'static str,
        /// Rows of the matrix.
        size: usize,
        /// The largest absolute amount that was added to the diagonal (0 for none).
        jitter: f64,
    },
    /// The shapes of the arguments do not fit the operation.
    #[error("{stage}: {rule}, but found {found}; check the order and the orientation of the arguments")]
    Shape {
        /// Which operation.
        stage: &'static str,
        /// The rule that was broken.
        rule: &'static str,
        /// The shapes that broke it.
        found: String,
    },
    /// An iteration did not converge.
    #[error(
        "{stage}: no convergence on a matrix of smaller dimension {size}; rescale it or look for extreme entries"
    )]
    NoConvergence {
        /// Which operation.
        stage: &'static str,
        /// The smaller dimension of the matrix.
        size: usize,
    },
    /// A triangular matrix has a zero on its diagonal.
    #[error(
        "{stage}: the triangular matrix is singular, with a zero pivot at index {index}; add jitter or drop the column"
    )]
    Singular {
        /// Which operation.
        stage: &'static str,
        /// Index of the first zero pivot.
        index: usize,
    },
    /// A jitter that is negative or not a number.
    #[error(
        "{stage}: the relative jitter {value:e} is not usable; give finite levels, with 0 < first <= last to escalate"
    )]
    BadJitter {
        /// Which operation.
        stage: &'static str,
        /// The level that was given.
        value: f64,
    },
}

/// Fails unless every entry of `a` is finite.
fn ensure_finite<S: Data<Elem = f64>, D: Dimension>(
    a: &ArrayBase<S, D>,
    what: &'static str,
    stage: &'static str,
) -> Result<(), LinalgError> {
    // `x * 0.0` is zero for finite x and NaN otherwise, so the sum vectorizes without a branch.
    let finite = match a.as_slice_memory_order() {
        Some(slice) => slice.chunks(256).all(|part| part.iter().map(|x| x * 0.0).sum::<f64>() == 0.0),
        None => a.iter().all(|x| x.is_finite()),
    };
    if finite { Ok(()) } else { Err(LinalgError::NotFinite { what, stage }) }
}

/// Fails with [`LinalgError::Shape`] unless `holds`.
fn ensure_shape(
    holds: bool,
    stage: &'static str,
    rule: &'static str,
    shapes: &[&[usize]],
) -> Result<(), LinalgError> {
    if holds {
        return Ok(());
    }
    let show = |shape: &&[usize]| shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
    let found = shapes.iter().map(show).collect::<Vec<_>>().join(" and ");
    Err(LinalgError::Shape { stage, rule, found })
}
