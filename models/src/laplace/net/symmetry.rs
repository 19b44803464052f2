//! How many modes of a net's posterior are copies of one: hidden units change places, and signs where their activation is odd.

use softbias_priors::math::special::ln_gamma;
use softbias_priors::net::{Net, Tensor};

use super::cover::Place;

/// ln of the number of arrangements of hidden units that leave function and prior as they are: Σ ln H! over hidden dense layers of H units, and
/// H ln 2 where tanh, erf or sin is behind them (Chen, Lu & Hecht-Nielsen 1993). Layers count that stand one behind another in the net itself,
/// dense – activation – dense; not those within branches.
pub(super) fn symmetries(net: &Net, places: &[Place]) -> f64 {
    let layers: Vec<_> = net.layers().collect();
    let dense = |index: usize| {
        let tensors = layers[index].tensors();
        let start = tensors.first()?.start;
        let place = places.iter().find(|place| place.start == start)?;
        place.matrix.filter(|matrix| matrix.plain)?;
        // with the priors of the net, whose scales may have changed since
        Some(place.tensors(net).map(|tensor| &net.tensors()[tensor]).collect::<Vec<&Tensor>>())
    };
    let of = |at: usize| {
        let (before, activation, behind) = (dense(at)?, layers[at + 1].activation()?, dense(at + 2)?);
        let outgoing = behind.first()?;
        let moved = before.iter().chain([outgoing]);
        let alive = moved.clone().all(|tensor| tensor.law.scale() > 0.0);
        if !alive || outgoing.law.is_profiled() {
            return None;
        }
        let units = before.first()?.rows as f64;
        let signs = activation.is_odd() && moved.clone().all(|tensor| tensor.law.mean() == 0.0);
        Some(ln_gamma(units + 1.0) + if signs { units * std::f64::consts::LN_2 } else { 0.0 })
    };
    (0..layers.len().saturating_sub(2)).filter_map(of).sum()
}
