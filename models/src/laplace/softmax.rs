//! Laplace's approximation for labels of C classes (R&W algorithm 3.3): C·O(n³) a step, C buffers of n × n, no Cn × Cn matrix.

use ndarray::{Array1, Array2, Axis, Ix2, Zip};
use rayon::prelude::*;
use softbias_priors::math::linalg::{self, Cholesky};
use softbias_priors::{Blocks, GaussianPrior, memory};

use super::Laplace;
use super::newton::{Hill, Place, climb};
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::latent::{
    DifferentiableEvidence, Gradients, Warning, along_prior, mirrored, roots, scaled_both_sides, times_abs,
};
use crate::likelihood::Softmax;

/// Labels, mean and covariance at the rows.
pub(super) struct Classes {
    pub(super) labels: Vec<usize>,
    /// (row, class).
    pub(super) mean: Array2<f64>,
    /// One matrix, or one a class: symmetric, both halves.
    k: Vec<Array2<f64>>,
}

impl Classes {
    pub(super) fn new(prior: &dyn GaussianPrior, likelihood: &Softmax, data: &Data) -> Result<Classes> {
        let (n, classes) = (data.len(), likelihood.count());
        let labels = likelihood.labels(data)?;
        if prior.outputs() != classes {
            return Err(ModelError::ClassOutputs { classes, outputs: prior.outputs() });
        }
        let instead = "use fewer rows, or fewer classes";
        memory::announce("a matrix for each class (class · row × row)", classes * n, n, instead)?;
        let mean = prior.mean(data.points())?;
        let k: Vec<_> = match prior.gram(data.points())? {
            Blocks::PerOutput(list) => list.into_iter().map(mirrored).collect(),
            blocks => vec![mirrored(blocks.of_output(0).to_owned())],
        };
        let shapes = k.iter().map(|k| ("the covariance of the rows", (n, n), k.dim()));
        for (what, expected, found) in shapes.chain([("the prior mean", (n, classes), mean.dim())]) {
            if expected != found {
                return Err(ModelError::Features { what, expected, found });
            }
        }
        Ok(Classes { labels, mean, k })
    }

    fn k(&self, class: usize) -> &Array2<f64> {
        &self.k[class.min(self.k.len() - 1)]
    }

    fn count(&self) -> usize {
        self.mean.ncols()
    }

    /// A matrix a class, in the blocks of the covariance: summed where all classes share one, a thread's worth of them at a time.
    fn blocks(&self, of_class: impl Fn(usize) -> Result<Array2<f64>> + Sync) -> Result<Blocks> {
        let (n, classes) = (self.labels.len(), (0..self.count()).collect::<Vec<_>>());
        let some = |some: &[usize]| some.par_iter().map(|c| of_class(*c)).collect::<Result<Vec<_>>>();
        if self.k.len() > 1 {
            return Ok(Blocks::PerOutput(some(&classes)?));
        }
        let mut sum = Array2::zeros((n, n));
        for few in classes.chunks(rayon::current_num_threads()) {
            some(few)?.iter().for_each(|one| sum += one);
        }
        Ok(Blocks::Shared(sum))
    }

    /// A column a class, each from one class's column.
    fn by_class(
        &self,
        v: &Array2<f64>,
        of_class: impl Fn(usize, Array1<f64>) -> Array1<f64> + Sync,
    ) -> Array2<f64> {
        let columns: Vec<Array1<f64>> =
            (0..self.count()).into_par_iter().map(|c| of_class(c, v.column(c).to_owned())).collect();
        Array2::from_shape_fn(v.dim(), |(i, c)| columns[c][i])
    }
}

/// softmax(f), a row a point.
pub(super) fn probabilities(f: &Array2<f64>) -> Array2<f64> {
    let mut p = f.clone();
    for mut row in p.rows_mut() {
        let top = row.fold(f64::NEG_INFINITY, |m, v| m.max(*v));
        row.mapv_inplace(|v| (v - top).exp());
        let total = row.sum();
        row /= total;
    }
    p
}

impl Hill<Ix2> for Classes {
    fn place(&self, alpha: Array2<f64>) -> Place<Ix2> {
        let rise = self.times_k(&alpha);
        let f = &self.mean + &rise;
        let mut slope = -probabilities(&f);
        let mut psi = -0.5 * (&alpha * &rise).sum();
        for ((label, row), mut slope) in self.labels.iter().zip(f.rows()).zip(slope.rows_mut()) {
            slope[*label] += 1.0;
            // ln p = −ln Σ exp(f_c − f_label), from the largest
            let top = row.fold(f64::NEG_INFINITY, |m, v| m.max(*v));
            psi += row[*label] - top - row.iter().map(|v| (v - top).exp()).sum::<f64>().ln();
        }
        Place { alpha, f, psi, slope }
    }

    fn step(&self, from: &Place<Ix2>) -> Result<Array2<f64>> {
        let p = probabilities(&from.f);
        let precision = Precision::new(self, &p)?;
        let rise = &from.f - &self.mean;
        let average = (&p * &rise).sum_axis(Axis(1)).insert_axis(Axis(1));
        let b = &p * &(rise - average) + &from.slope;
        Ok(&b - &precision.times(&self.times_k(&b))?)
    }

    fn times_k(&self, v: &Array2<f64>) -> Array2<f64> {
        self.by_class(v, |c, column| self.k(c).dot(&column))
    }

    fn times_abs_k(&self, v: &Array2<f64>) -> Array2<f64> {
        self.by_class(v, |c, column| times_abs(self.k(c), column.view()))
    }
}

/// G = (K + W⁻¹)⁻¹ = E − E R S⁻¹ Rᵀ E for W = D − ΠΠᵀ, with E block-diagonal, E_c = D_c^½ (I + D_c^½ K_c D_c^½)⁻¹ D_c^½, R a stack of
/// identities and S = Σ E_c = MMᵀ.
#[derive(Clone, Debug)]
pub(super) struct Precision {
    pub(super) e: Vec<Array2<f64>>,
    pub(super) m: Cholesky,
    /// ln |I + KW| = Σ ln|B_c| + ln|S|.
    pub(super) log_det: f64,
}

impl Precision {
    fn new(classes: &Classes, p: &Array2<f64>) -> Result<Precision> {
        let of_class = |c: usize| -> Result<(Array2<f64>, f64)> {
            let root = roots(&p.column(c).to_owned());
            let factor = Cholesky::in_place(scaled_both_sides(classes.k(c).clone(), &root), 1.0)?;
            Ok((scaled_both_sides(factor.inverse(), &root), factor.log_det()))
        };
        let all = (0..classes.count()).into_par_iter().map(of_class).collect::<Result<Vec<_>>>()?;
        let (e, log_dets): (Vec<_>, Vec<f64>) = all.into_iter().unzip();
        let n = classes.labels.len();
        let sum = e.iter().fold(Array2::zeros((n, n)), |sum, one| sum + one);
        let m = Cholesky::in_place(sum, 0.0)?;
        let log_det = log_dets.iter().sum::<f64>() + m.log_det();
        Ok(Precision { e, m, log_det })
    }

    /// G v, a column a class.
    fn times(&self, v: &Array2<f64>) -> Result<Array2<f64>> {
        let columns: Vec<Array1<f64>> =
            self.e.par_iter().enumerate().map(|(c, e)| e.dot(&v.column(c))).collect();
        let sum = columns.iter().fold(Array1::zeros(v.nrows()), |sum, one| sum + one);
        let inner = self.m.solve_vec(sum.view())?;
        let columns: Vec<Array1<f64>> =
            self.e.par_iter().zip(columns).map(|(e, column)| column - e.dot(&inner)).collect();
        Ok(Array2::from_shape_fn(v.dim(), |(i, c)| columns[c][i]))
    }

    /// V_c = M⁻¹ E_c: G's diagonal blocks are E_c − V_cᵀV_c.
    fn v(&self, class: usize) -> Result<Array2<f64>> {
        Ok(self.m.solve_lower(self.e[class].view())?)
    }
}

/// The Gaussian at the mode.
pub(super) struct ClassFit {
    pub(super) place: Place<Ix2>,
    pub(super) p: Array2<f64>,
    pub(super) precision: Precision,
    pub(super) log: f64,
    pub(super) iterations: usize,
    pub(super) warnings: Vec<Warning>,
}

/// x/p, with nothing where p has underflown (there x has, too).
fn over(x: f64, p: f64) -> f64 {
    if p > 0.0 { x / p } else { 0.0 }
}

impl ClassFit {
    pub(super) fn new(classes: &Classes, settings: Laplace, start: Option<Array2<f64>>) -> Result<ClassFit> {
        let zero = Array2::zeros(classes.mean.raw_dim());
        let (place, iterations, warnings) = climb(classes, settings, zero, start)?;
        let p = probabilities(&place.f);
        let precision = Precision::new(classes, &p)?;
        let log = place.psi - 0.5 * precision.log_det;
        Ok(ClassFit { place, p, precision, log, iterations, warnings })
    }

    /// KL of the Gaussian at the mode from the prior: ½ (ln|I + KW| − tr(ΣW) + αᵀKα) with Σ = (K⁻¹ + W)⁻¹ and, since E_cK_c = I −
    /// E_cD_c⁻¹, tr(ΣW) = tr(KG) = Σ_c tr(I − E_cD_c⁻¹) − n + Σ_c ‖V_cD_c^−½‖².
    pub(super) fn information(&self, classes: &Classes) -> Result<f64> {
        let of_class = |c: usize| -> Result<f64> {
            let p = self.p.column(c);
            let kept = self.precision.e[c].diag().iter().zip(p).map(|(e, p)| over(p - e, *p)).sum::<f64>();
            let lost = self.precision.v(c)?.map_axis(Axis(0), |column| column.dot(&column));
            Ok(kept + lost.iter().zip(p).map(|(v, p)| over(*v, *p)).sum::<f64>())
        };
        let parts = (0..classes.count()).into_par_iter().map(of_class).collect::<Result<Vec<_>>>()?;
        let determined = parts.iter().sum::<f64>() - classes.labels.len() as f64;
        let distance = (&self.place.alpha * &(&self.place.f - &classes.mean)).sum();
        Ok((0.5 * (self.precision.log_det - determined + distance)).max(0.0))
    }

    /// s = ∂(−½ ln|I + KW|)/∂f̂, (row, class): −½ tr(Σᵢ ∂Wᵢ/∂f_ic) with Σᵢ the C × C posterior covariance at row i. Everything is
    /// written in P_ab = π_a Σ_ab π_b = δ_ab (π_a − E_a,ii) + ũ_aᵀũ_b with ũ_c = M⁻¹D_c − V_c (column i), whose sum over the classes is
    /// M⁻¹ − Mᵀ: no product with K, and no division by a small probability is left uncancelled.
    fn through_the_mode(&self) -> Result<Array2<f64>> {
        let (n, classes) = self.p.dim();
        let inverse = self.precision.m.solve_lower(Array2::eye(n).view())?;
        let total = &inverse - &self.precision.m.l().t();
        let of_class = |c: usize| -> Result<(Array1<f64>, Array1<f64>)> {
            let p = self.p.column(c);
            let u = &inverse * &p - self.precision.v(c)?;
            let left = &p - &self.precision.e[c].diag();
            let own = (&u * &u).sum_axis(Axis(0)) + &left;
            let all = (&u * &total).sum_axis(Axis(0)) + &left;
            Ok((own, all))
        };
        let parts = (0..classes).into_par_iter().map(of_class).collect::<Result<Vec<_>>>()?;
        let mut s = Array2::zeros((n, classes));
        for i in 0..n {
            let own = |c: usize| over(parts[c].0[i], self.p[[i, c]]);
            let trace: f64 = (0..classes).map(own).sum();
            let sum: f64 = (0..classes).map(|c| parts[c].1[i]).sum();
            for c in 0..classes {
                let p = self.p[[i, c]];
                s[[i, c]] = -0.5 * (own(c) - p * trace - 2.0 * (parts[c].1[i] - p * sum));
            }
        }
        Ok(s)
    }
}

impl DifferentiableEvidence<Softmax> for Laplace {
    /// As for one function (R&W 5.5.1): the block of class c gets ½(a_c a_cᵀ − G_cc) + ½(u_c a_cᵀ + a_c u_cᵀ) with u = (I + WK)⁻¹ s and
    /// G = (K + W⁻¹)⁻¹, the mean a + u. C·O(n³), and C more n × n matrices where classes have a covariance each.
    fn evidence_gradient(
        &self,
        prior: &dyn GaussianPrior,
        likelihood: &Softmax,
        data: &Data,
        start: Option<&Array2<f64>>,
    ) -> Result<Gradients> {
        let classes = Classes::new(prior, likelihood, data)?;
        let start = start.filter(|alpha| alpha.dim() == classes.mean.dim()).cloned();
        let fit = ClassFit::new(&classes, *self, start)?;
        let through = fit.through_the_mode()?;
        let implicit = &through - &fit.precision.times(&classes.times_k(&through))?;
        let alpha = &fit.place.alpha;
        let of_class = |c: usize| -> Result<Array2<f64>> {
            let (a, u) = (alpha.column(c), implicit.column(c));
            let mut block = linalg::syrk_t(fit.precision.v(c)?.view()) - &fit.precision.e[c];
            Zip::indexed(&mut block)
                .for_each(|(i, j), g| *g = 0.5 * (a[i] * a[j] + *g + u[i] * a[j] + a[i] * u[j]));
            Ok(block)
        };
        let blocks = classes.blocks(of_class)?;
        let mean = alpha + &implicit;
        Ok(Gradients {
            log: fit.log,
            prior: along_prior(prior, data, &blocks, &mean)?,
            likelihood: Array1::zeros(0),
            warnings: fit.warnings,
            start: fit.place.alpha,
        })
    }
}
