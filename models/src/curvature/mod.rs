//! Curvature of a net's log likelihood in white coordinates: generalised Gauss–Newton products, walks over the rows, spectra by Lanczos.

mod hessian;
mod lanczos;
mod product;
mod walk;

pub use hessian::HessianProduct;
pub use lanczos::{Lanczos, Quadrature, SymmetricOperator, trace_of};
pub use product::GgnProduct;
pub(crate) use walk::{Lane, Roots, Seen, Show, Visit, in_parts, sweep};
