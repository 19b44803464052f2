//! A net as a prior over functions: draws, and passes in white coordinates, in f64.

use ndarray::{Array2, Array3, ArrayView1, ArrayView2};
use rayon::prelude::*;

use super::layer::Summed;
use super::pass::Run;
use super::{Net, Precision};
use crate::math::Seed;
use crate::prior::{Prior, Pullback, Result, WhitePrior};
use crate::{Ledger, Points, PriorError, memory};

impl Net {
    /// The rows of points as the net reads them.
    ///
    /// # Errors
    /// When the points have another number of inputs.
    pub fn rows_of<T: Precision>(&self, x: &Points) -> Result<Vec<T>> {
        x.expect_inputs(self.width())?;
        Ok(x.view().iter().map(|x| T::of(*x)).collect())
    }

    fn weights_of(&self, eps: ArrayView1<'_, f64>) -> Result<(Vec<f64>, Vec<f64>)> {
        if eps.len() != self.weights() {
            return Err(PriorError::Dimensions {
                what: "white coordinates",
                expected: self.weights(),
                found: eps.len(),
            });
        }
        let eps = eps.to_vec();
        let mut theta = vec![0.0; eps.len()];
        self.place(&eps, &mut theta);
        Ok((eps, theta))
    }

    fn shaped(&self, values: Vec<f64>) -> Result<Array2<f64>> {
        let found = values.len();
        Array2::from_shape_vec((found / self.count(), self.count()), values)
            .map_err(|_| PriorError::Dimensions { what: "outputs of a net", expected: self.count(), found })
    }
}

impl Prior for Net {
    fn outputs(&self) -> usize {
        self.count()
    }

    fn draws(&self, n: usize, x: &Points, seed: Seed) -> Result<Array3<f64>> {
        memory::announce_draws(n, x.len(), self.count())?;
        let rows = self.rows_of::<f64>(x)?;
        let size = x.len() * self.count();
        let mut values = vec![0.0; n * size];
        values.par_chunks_mut(size.max(1)).enumerate().for_each_init(
            || (vec![0.0; self.weights()], vec![0.0; self.weights()], Run::default()),
            |(eps, theta, run), (draw, out)| {
                seed.at(draw).fill_normal(eps);
                self.place(eps, theta);
                let block = self.block();
                for (x, out) in rows.chunks(block * self.width()).zip(out.chunks_mut(block * self.count())) {
                    out.copy_from_slice(run.forward(self, theta, x));
                }
            },
        );
        let found = values.len();
        Array3::from_shape_vec((n, x.len(), self.count()), values).map_err(|_| PriorError::Dimensions {
            what: "draws",
            expected: n * size,
            found,
        })
    }

    fn ledger(&self) -> Ledger {
        self.ledger.clone()
    }
}

impl WhitePrior for Net {
    fn dim(&self) -> usize {
        self.weights()
    }

    fn forward(&self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<Array2<f64>> {
        let (_, theta) = self.weights_of(eps)?;
        self.shaped(self.outputs_at(&theta, &self.rows_of::<f64>(x)?))
    }

    fn pullback<'a>(&'a self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<(Array2<f64>, Pullback<'a>)> {
        let (eps, theta) = self.weights_of(eps)?;
        let mut run = Run::default();
        let values = run.forward(self, &theta, &self.rows_of::<f64>(x)?).to_vec();
        let values = self.shaped(values)?;
        let shape = values.dim();
        let back = move |slopes: ArrayView2<'_, f64>, out: &mut [f64]| {
            if slopes.dim() != shape {
                let (expected, found) = (shape.0 * shape.1, slopes.len());
                return Err(PriorError::Dimensions { what: "slopes", expected, found });
            }
            if out.len() != self.weights() {
                let (expected, found) = (self.weights(), out.len());
                return Err(PriorError::Dimensions { what: "a gradient", expected, found });
            }
            let mut gradient = vec![0.0; self.weights()];
            let slopes: Vec<f64> = slopes.iter().copied().collect();
            run.backward(self, &theta, &slopes, &mut Summed(&mut gradient));
            self.pull(&eps, &mut gradient);
            out.iter_mut().zip(&gradient).for_each(|(out, g)| *out += g);
            Ok(())
        };
        Ok((values, Box::new(back)))
    }

    fn pushforward(
        &self,
        eps: ArrayView1<'_, f64>,
        x: &Points,
        tangent: ArrayView1<'_, f64>,
    ) -> Result<Array2<f64>> {
        let (eps, theta) = self.weights_of(eps)?;
        if tangent.len() != eps.len() {
            return Err(PriorError::Dimensions {
                what: "a tangent",
                expected: eps.len(),
                found: tangent.len(),
            });
        }
        let mut along = tangent.to_vec();
        self.push(&eps, &mut along);
        let mut run = Run::default();
        let rows = self.rows_of::<f64>(x)?;
        let mut out = vec![0.0; run.forward(self, &theta, &rows).len()];
        run.tangent(self, &theta, &along, &mut out);
        self.shaped(out)
    }

    /// By the reverse pass, one output at a time and a block of rows together: O(outputs) passes instead of one a weight.
    fn jacobian(&self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<Array3<f64>> {
        let (eps, theta) = self.weights_of(eps)?;
        let (n, outputs, weights) = (x.len(), self.count(), self.weights());
        memory::announce(
            "a Jacobian (point × output × coordinate)",
            n * outputs,
            weights,
            "use pullback or pushforward",
        )?;
        let rows = self.rows_of::<f64>(x)?;
        let mut jacobian = vec![0.0; n * outputs * weights];
        self.jacobian_rows(&theta, &rows, &mut jacobian);
        jacobian.par_chunks_mut(weights.max(1)).for_each(|row| self.pull(&eps, row));
        let found = jacobian.len();
        Array3::from_shape_vec((n, outputs, weights), jacobian).map_err(|_| PriorError::Dimensions {
            what: "a Jacobian",
            expected: n * outputs * weights,
            found,
        })
    }
}

/// Writes the gradient of every row into a matrix of one row each.
struct ByRow<'a, T> {
    out: &'a mut [T],
    stride: usize,
}

impl<T: Precision> super::layer::Sink<T> for ByRow<'_, T> {
    fn visit(&mut self, site: &dyn super::layer::Site<T>, x: &[T], dy: &[T], rows: usize) {
        let (inputs, outputs) = (x.len() / rows.max(1), dy.len() / rows.max(1));
        for row in 0..rows {
            let own = &mut self.out[row * self.stride + site.start()..][..site.len()];
            let (x, dy) = (&x[row * inputs..][..inputs], &dy[row * outputs..][..outputs]);
            site.gradient(x, dy, 1, own);
        }
    }
}

impl Net {
    /// Adds to `out` the Jacobian of the outputs with respect to θ: (row, output, weight). In parallel over rows; O(outputs) reverse passes.
    ///
    /// # Panics
    /// If θ, the rows or `out` do not fit.
    pub fn jacobian_rows<T: Precision>(&self, theta: &[T], x: &[T], out: &mut [T]) {
        let (width, count, weights) = (self.width(), self.count(), self.weights());
        assert!(out.len() * width == x.len() * count * weights, "jacobian: one row an output");
        let block = self.block().min(32);
        let parts = x.par_chunks(block * width).zip(out.par_chunks_mut((block * count * weights).max(1)));
        parts.for_each_init(
            || (Run::default(), Vec::new()),
            |(run, dy), (x, out)| {
                run.forward(self, theta, x);
                for output in 0..count {
                    dy.clear();
                    dy.extend(
                        (0..run.rows() * count).map(|i| if i % count == output { T::ONE } else { T::ZERO }),
                    );
                    let mut sink = ByRow { out: &mut out[output * weights..], stride: count * weights };
                    run.backward(self, theta, dy, &mut sink);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ndarray::Array1;

    use super::*;

    #[test]
    fn parts_of_a_batch_add_to_the_whole() {
        let net = Net::inputs(3).dense(5).tanh().dense(2).build().unwrap();
        let theta = Seed::new(1).normal1(net.weights()).to_vec();
        let x = Seed::new(2).normal1(3 * 300).to_vec();
        let slopes = |rows: &[usize], f: &[f64], df: &mut [f64]| {
            for (k, row) in rows.iter().enumerate() {
                for c in 0..2 {
                    df[2 * k + c] = f[2 * k + c] * (1.0 + *row as f64);
                }
            }
            f.iter().map(|f| f * f).sum()
        };
        let mut work = super::super::Work::default();
        let all = |rows: Option<&[usize]>, work: &mut super::super::Work<f64>| {
            let mut gradient = Array1::from_elem(net.weights(), f64::NAN);
            let out = super::super::Gradient::Weights(gradient.as_slice_mut().unwrap());
            let batch = super::super::Batch { x: &x, rows };
            let value = net.sum_slopes(&theta, batch, &slopes, work, out);
            (value, gradient)
        };
        let (value, gradient) = all(None, &mut work);
        let halves: Vec<Vec<usize>> = vec![(0..100).collect(), (100..300).rev().collect()];
        let (mut sum, mut total) = (0.0, Array1::<f64>::zeros(net.weights()));
        for half in &halves {
            let (value, gradient) = all(Some(half), &mut work);
            sum += value;
            total += &gradient;
        }
        assert!((sum / value - 1.0).abs() < 1e-13);
        assert!((&total - &gradient).iter().all(|d| d.abs() < 1e-9 * gradient[0].abs().max(1.0)));
    }
}
