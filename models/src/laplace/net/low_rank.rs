//! Curvature as its largest eigenvalues, by Lanczos' method.

use std::sync::Arc;

use softbias_priors::Seed;
use softbias_priors::memory;
use softbias_priors::net::Precision;

use super::by_rows::ByRows;
use super::cover::Cover;
use super::error::NetLaplaceError;
use super::fit::{At, Curvature};
use crate::curvature::Lane;
use crate::curvature::{GgnProduct, Lanczos, Roots, in_parts};
use crate::error::Result;
use crate::likelihood::RowLikelihood;

/// The `rank` largest eigenvalues of the curvature under the prior at hand, in twice as many steps; with Σ ln p over the rows.
///
/// They are found in white coordinates, where the prior is the unit: those directions are kept that the data determine best. At other
/// scales the rows are scaled along, which is exact for the same span.
pub(super) fn low_rank<T: Precision, L: RowLikelihood>(
    roots: &Roots<'_, T, L>,
    at: &At<'_, T>,
    cover: &Arc<Cover>,
    rank: usize,
    seed: Seed,
) -> Result<(f64, Arc<dyn Curvature<T>>)> {
    if rank == 0 {
        return Err(NetLaplaceError::Structure("a curvature of low rank needs at least one direction").into());
    }
    let p = at.net.weights();
    let steps = (2 * rank).max(rank + 32).min(p);
    memory::announce("directions of the curvature", steps, p, "use a lower rank, or `NetLaplace::diag`")?;
    let product = GgnProduct::new(roots.target, at.eps)?;
    let (values, mut b) = Lanczos::new(&product, steps, seed)?.largest(rank);
    let scales = cover.scales(&at.net.scales());
    for (mut row, value) in b.rows_mut().into_iter().zip(values) {
        let root = value.max(0.0).sqrt();
        // (where the scale is 0 there is no curvature to be seen)
        row.iter_mut().zip(&scales).for_each(|(b, s)| *b = if *s > 0.0 { *b * root / s } else { 0.0 });
    }
    let mut log = 0.0;
    let on = |(lane, log): &mut (Lane<T>, f64), rows: std::ops::Range<usize>| {
        *log = roots.blocks(rows, |block| roots.forward(lane, block));
    };
    in_parts(roots.target.data().len(), 1, || (Lane::default(), 0.0), on, |(_, own)| log += *own);
    Ok((log, Arc::new(ByRows::of(b, cover))))
}
