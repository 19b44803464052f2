//! Which weights an approximation covers, and where they stand in the layers.

use std::ops::Range;

use softbias_priors::math::Real;
use softbias_priors::net::layer::MatrixSite;
use softbias_priors::net::{Net, Precision};

use super::error::NetLaplaceError;
use crate::curvature::{Lane, Show, sweep};

/// Some weights of a net, in the order of θ.
#[derive(Clone, Debug)]
pub(super) struct Cover {
    /// `None`: all.
    which: Option<Vec<usize>>,
    /// The place of every tensor's weights among them.
    tensors: Vec<Range<usize>>,
    len: usize,
}

impl Cover {
    pub(super) fn all(net: &Net) -> Cover {
        let tensors = net.tensors().iter().map(|tensor| tensor.range()).collect();
        Cover { which: None, tensors, len: net.weights() }
    }

    /// Weights in ascending order.
    pub(super) fn of(net: &Net, which: Vec<usize>) -> Cover {
        let place = |weight: usize| which.partition_point(|w| *w < weight);
        let tensors = net.tensors().iter().map(|tensor| {
            let own = tensor.range();
            place(own.start)..place(own.end)
        });
        Cover { tensors: tensors.collect(), len: which.len(), which: Some(which) }
    }

    pub(super) fn mask(net: &Net, mask: &[bool]) -> Result<Cover, NetLaplaceError> {
        let which: Vec<usize> = (0..mask.len()).filter(|&weight| mask[weight]).collect();
        if mask.len() != net.weights() || which.is_empty() {
            let (found, chosen, weights) = (mask.len(), which.len(), net.weights());
            return Err(NetLaplaceError::Mask { found, chosen, weights });
        }
        Ok(Cover::of(net, which))
    }

    /// How many weights.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether all.
    pub(super) fn is_all(&self) -> bool {
        self.which.is_none()
    }

    /// The place of the `index`-th of them in θ.
    pub(super) fn place(&self, index: usize) -> usize {
        self.which.as_ref().map_or(index, |which| which[index])
    }

    /// The place of every tensor's weights among them.
    pub(super) fn tensors(&self) -> &[Range<usize>] {
        &self.tensors
    }

    /// Their numbers out of a vector of the length of θ.
    pub(super) fn select<T: Real>(&self, from: &[T], to: &mut [f64]) {
        match &self.which {
            None => to.iter_mut().zip(from).for_each(|(to, from)| *to = from.get()),
            Some(which) => to.iter_mut().zip(which).for_each(|(to, weight)| *to = from[*weight].get()),
        }
    }

    /// The scale of every weight from that of every tensor.
    pub(super) fn scales(&self, of_tensors: &[f64]) -> Vec<f64> {
        let mut scales = vec![0.0; self.len];
        self.tensors.iter().zip(of_tensors).for_each(|(own, scale)| scales[own.clone()].fill(*scale));
        scales
    }

    /// Sums over the weights of every tensor.
    pub(super) fn sums(&self, of_weight: impl Fn(usize) -> f64) -> Vec<f64> {
        self.tensors.iter().map(|own| own.clone().map(&of_weight).sum()).collect()
    }
}

/// A weight site of a net: its weights in θ, and its shape where it is a matrix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) matrix: Option<MatrixSite>,
    /// Whether the matrix is multiplied by the rows of data as they are.
    pub(super) reads_data: bool,
}

impl Place {
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.start + self.len
    }

    /// Places of its tensors in the net's list.
    pub(super) fn tensors<'a>(&'a self, net: &'a Net) -> impl Iterator<Item = usize> + 'a {
        let all = net.tensors().iter().enumerate();
        all.filter(|(_, tensor)| self.range().contains(&tensor.start)).map(|(index, _)| index)
    }
}

/// All sites, those nearest the output first; every weight must belong to one.
pub(super) fn sites<T: Precision>(net: &Net, theta: &[T]) -> Result<Vec<Place>, NetLaplaceError> {
    let mut lane = Lane::default();
    lane.run.forward(net, theta, &vec![T::ZERO; net.width()]);
    let data = lane.run.read().as_ptr_range();
    let mut places: Vec<Place> = Vec::new();
    sweep(&mut lane, net, theta, (1, Show::Each), |_, _, dy| dy.fill(T::ZERO), &mut |site, seen| {
        let matrix = site.matrix();
        let reads_data = matrix.is_some_and(|matrix| matrix.plain) && seen.x.as_ptr_range() == data;
        places.push(Place { start: site.start(), len: site.len(), matrix, reads_data });
    });
    let mut shown = vec![false; net.weights()];
    let mut covered = 0;
    for place in &places {
        for weight in place.range() {
            covered += usize::from(weight < shown.len() && !std::mem::replace(&mut shown[weight], true));
        }
    }
    let listed: usize = places.iter().map(|place| place.len).sum();
    if covered == net.weights() && listed == covered {
        return Ok(places);
    }
    Err(NetLaplaceError::Uncovered {
        covered: if listed > covered { listed } else { covered },
        weights: net.weights(),
    })
}

/// The last layer: a dense layer whose outputs are those of the net.
pub(super) fn last_layer(net: &Net, places: &[Place]) -> Result<Place, NetLaplaceError> {
    let ends =
        |place: &&Place| place.matrix.is_some_and(|matrix| matrix.plain && matrix.outputs == net.count());
    let linear = net.layers().last().is_some_and(|layer| !layer.tensors().is_empty());
    match places.first().filter(ends) {
        Some(place) if linear => Ok(*place),
        _ => Err(NetLaplaceError::NoLastLayer { outputs: net.count() }),
    }
}
