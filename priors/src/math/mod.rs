//! Numbers only: everything in here would make sense without a function, a prior or a label.

pub(crate) mod error_function;
pub mod linalg;
pub mod nats;
pub mod normals;
pub mod quadrature;
pub mod real;
pub mod seed;
pub mod simd;
pub mod special;
pub mod stable;

pub use nats::Nats;
pub use real::Real;
pub use seed::Seed;
