//! Targets and data that the tests of training share.

use ndarray::Array2;
use softbias_models::train::{Climbed, Train};
use softbias_models::*;
use softbias_priors::*;

/// Σ over rows of −½ |ε − a|² w: its mode under the prior is w n ā / (1 + w n).
pub(crate) struct Bowl {
    pub(crate) centres: Vec<Vec<f64>>,
    pub(crate) weight: f64,
}

impl Target for Bowl {
    type Number = f64;
    type Work = ();

    fn dim(&self) -> usize {
        self.centres[0].len()
    }

    fn rows(&self) -> usize {
        self.centres.len()
    }

    fn log_likelihood(&self, eps: &[f64], rows: Option<&[usize]>, _: &mut (), gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let all: Vec<usize> = (0..self.rows()).collect();
        let mut sum = 0.0;
        for row in rows.unwrap_or(&all) {
            for ((g, e), a) in gradient.iter_mut().zip(eps).zip(&self.centres[*row]) {
                *g += self.weight * (a - e);
                sum -= 0.5 * self.weight * (a - e).powi(2);
            }
        }
        sum
    }
}

pub(crate) fn bowl(rows: usize, dim: usize) -> Bowl {
    let centres = (0..rows).map(|i| Seed::new(5).at(i).normal1(dim).to_vec()).collect();
    Bowl { centres, weight: 0.7 }
}

/// Noisy values of a linear function of three inputs.
pub(crate) fn linear_data(rows: usize) -> Data {
    let x = Seed::new(1).normal2(rows, 3);
    let noise = Seed::new(2).normal1(rows);
    let y = Array2::from_shape_fn((rows, 1), |(i, _)| {
        0.5 + x[[i, 0]] - 0.3 * x[[i, 1]] + 0.2 * x[[i, 2]] + 0.3 * noise[i]
    });
    Data::new(Points::new(x).unwrap(), y).unwrap()
}

/// Two clouds of points, far apart.
pub(crate) fn blobs(rows: usize) -> Data {
    let noise = Seed::new(3).normal2(rows, 2);
    let side = |i: usize| if i.is_multiple_of(2) { -1.5 } else { 1.5 };
    let x = Array2::from_shape_fn((rows, 2), |(i, j)| side(i) + 0.3 * noise[[i, j]]);
    let y = Array2::from_shape_fn((rows, 1), |(i, _)| (i % 2) as f64);
    Data::new(Points::new(x).unwrap(), y).unwrap()
}

/// A curve with noise that a small net can follow too closely.
pub(crate) fn curve(rows: usize) -> Data {
    let x = Seed::new(8).uniform1(rows, -2.0, 2.0);
    let noise = Seed::new(9).normal1(rows);
    let y: Vec<f64> = x.iter().zip(&noise).map(|(x, z)| (2.0 * x).sin() + 0.4 * z).collect();
    Data::line(x.to_vec(), y).unwrap()
}

pub(crate) fn small_net(inputs: usize, units: usize, outputs: usize) -> Net {
    Net::inputs(inputs).dense(units).tanh().dense(outputs).build().unwrap()
}

pub(crate) fn bits<T: softbias_priors::math::Real>(values: &[T]) -> Vec<u64> {
    values.iter().map(|value| value.get().to_bits()).collect()
}

pub(crate) fn climbed<T: softbias_priors::net::Precision, L: RowLikelihood>(
    train: &Train<T>,
    model: &Model<Net, L>,
    data: &Data,
) -> Climbed<T> {
    train.climb(&NetTarget::new(model, data).unwrap()).unwrap()
}
