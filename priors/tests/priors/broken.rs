//! Negative controls: a prior that is broken in one place breaks the law of that place.

use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2};
use softbias_priors::laws::LawError;
use softbias_priors::prior::{Pullback, Result};
use softbias_priors::*;

use super::{line, soft};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Nothing,
    Contract,
    Variance,
    Asymmetric,
    Negative,
    Cross,
    Mean,
    DrawScale,
    DrawMean,
    Threads,
    Seedless,
    Count,
    Shape,
    Pullback,
    Pushforward,
    With,
    NotFinite,
    Gram,
    Sum,
    MeanContraction,
    MeanSlope,
    CovSlope,
    Paths,
    Saved,
}

/// A sound prior, asked through a layer with one fault.
#[derive(Clone, Debug)]
struct Faulty(Polynomial, Fault);

fn faulty(fault: Fault) -> Faulty {
    Faulty(Polynomial::orders(0..=4).scales(Scales::geometric(2.0).tuned()), fault)
}

impl Faulty {
    fn has(&self, fault: Fault) -> bool {
        self.1 == fault
    }
}

impl Prior for Faulty {
    fn draws(&self, n: usize, x: &Points, seed: Seed) -> Result<Array3<f64>> {
        let seed = match self.1 {
            Fault::Threads => seed.at(rayon::current_num_threads()),
            Fault::Seedless => Seed::new(1),
            Fault::Count => seed.at(n),
            _ => seed,
        };
        let draws = self.0.draws(n + usize::from(self.has(Fault::Shape)), x, seed)?;
        Ok(match self.1 {
            Fault::DrawScale => draws * 1.2,
            Fault::DrawMean => draws + 0.3,
            Fault::NotFinite => draws / 0.0,
            _ => draws,
        })
    }
}

impl GaussianPrior for Faulty {
    fn mean(&self, x: &Points) -> Result<Array2<f64>> {
        Ok(self.0.mean(x)? + f64::from(u8::from(self.has(Fault::Mean))))
    }
    fn centred(&self) -> bool {
        true
    }
    fn cov(&self, x: &Points, z: &Points) -> Result<Blocks> {
        let k = self.0.cov(x, z)?;
        let (same, n) = (x == z, x.len() as f64);
        Ok(match self.1 {
            Fault::Asymmetric => k.map(|mut k| {
                let last = k.ncols() - 1;
                k[[0, last]] += 0.1;
                k
            }),
            Fault::Negative if same => k.map(|k| k - Array2::<f64>::eye(x.len()) * (0.1 * n)),
            Fault::Cross if !same => k.map(|k| k * 1.01),
            _ => k,
        })
    }
    fn var(&self, x: &Points) -> Result<Array2<f64>> {
        match self.1 {
            Fault::Variance => Ok(self.0.var(x)? * 1.001),
            Fault::Negative => Ok(self.0.var(x)? - 0.1 * x.len() as f64),
            _ => self.0.var(x),
        }
    }
    fn parameters(&self) -> Parameters {
        self.0.parameters()
    }
    fn with(&self, theta: &[f64]) -> Result<Arc<dyn GaussianPrior>> {
        let factor = if self.has(Fault::With) { 1.01 } else { 1.0 };
        self.0.with(&theta.iter().map(|t| t * factor).collect::<Vec<_>>())
    }
    fn contract(&self, x: &Points, w: &Blocks) -> Result<Array1<f64>> {
        Ok(self.0.contract(x, w)? * if self.has(Fault::Contract) { 1.001 } else { 1.0 })
    }
    fn gram(&self, x: &Points) -> Result<Blocks> {
        Ok(self.cov(x, x)?.map(|k| if self.has(Fault::Gram) { k * 1.001 } else { k }))
    }
    fn contract_with_sum(&self, x: &Points, w: &Blocks) -> Result<(f64, Array1<f64>)> {
        let factor = if self.has(Fault::Sum) { 1.001 } else { 1.0 };
        Ok((factor * w.inner(&self.cov(x, x)?)?, self.contract(x, w)?))
    }
    fn contract_mean(&self, _: &Points, _: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        Ok(self.has(Fault::MeanContraction).then(|| Array1::ones(self.parameters().len())))
    }
    fn mean_slope(&self, x: &Points) -> Result<Array3<f64>> {
        Ok(self.0.mean_slope(x)? + f64::from(u8::from(self.has(Fault::MeanSlope))))
    }
    fn cov_slope(
        &self,
        x: &Points,
        z: &Points,
        v: ArrayView2<'_, f64>,
        output: usize,
    ) -> Result<Array3<f64>> {
        Ok(self.0.cov_slope(x, z, v, output)? * if self.has(Fault::CovSlope) { 1.01 } else { 1.0 })
    }
    fn paths(&self, n: usize, inputs: usize, seed: Seed) -> Result<Arc<dyn Paths>> {
        let scale = if self.has(Fault::Paths) { 1.6 } else { 1.0 };
        self.0.clone().scaled(scale).paths(n, inputs, seed)
    }
    fn saved(&self) -> Result<SavedPrior> {
        let gamma = if self.has(Fault::Saved) { 2.1 } else { 2.0 };
        Polynomial::orders(0..=4).scales(Scales::geometric(gamma).tuned()).saved()
    }
}

impl WhitePrior for Faulty {
    fn dim(&self) -> usize {
        WhitePrior::dim(&self.0)
    }
    fn forward(&self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<Array2<f64>> {
        self.0.forward(eps, x)
    }
    fn pullback<'a>(&'a self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<(Array2<f64>, Pullback<'a>)> {
        let (value, back) = self.0.pullback(eps, x)?;
        let factor = if self.has(Fault::Pullback) { 1.001 } else { 1.0 };
        Ok((value, Box::new(move |w, gradient| back((&w * factor).view(), gradient))))
    }
    fn pushforward(
        &self,
        eps: ArrayView1<'_, f64>,
        x: &Points,
        tangent: ArrayView1<'_, f64>,
    ) -> Result<Array2<f64>> {
        let factor = if self.has(Fault::Pushforward) { 1.001 } else { 1.0 };
        Ok(self.0.pushforward(eps, x, tangent)? * factor)
    }
}

fn broken(verdict: std::result::Result<(), LawError>) -> &'static str {
    match verdict {
        Err(LawError::Broken { law, found, allowed }) => {
            assert!(found.is_nan() || found > allowed, "{law}: {found} {allowed}");
            law
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_layer_alone_breaks_nothing() {
    laws::gaussian(&faulty(Fault::Nothing), &line(), Seed::new(1)).unwrap();
    laws::white(&faulty(Fault::Nothing), &line(), Seed::new(1)).unwrap();
}

#[test]
fn every_fault_breaks_its_law() {
    for (fault, law) in [
        (Fault::Contract, "contract agrees with differences of the covariance"),
        (Fault::Variance, "variance is the diagonal of the covariance"),
        (Fault::Asymmetric, "the covariance is symmetric"),
        (Fault::Negative, "the covariance is positive"),
        (Fault::Cross, "cov(x, z) is a part of cov(x, x)"),
        (Fault::Mean, "a centred prior has mean zero"),
        (Fault::DrawScale, "the covariance of draws is the covariance"),
        (Fault::DrawMean, "the mean of draws is the mean"),
        (Fault::Threads, "the same seed gives the same draws on any number of threads"),
        (Fault::Seedless, "another seed gives other draws"),
        (Fault::Count, "more draws extend fewer"),
        (Fault::Shape, "draws have shape (draw, point, output)"),
        (Fault::With, "its own parameters give the same prior"),
        (Fault::NotFinite, "draws are finite"),
        (Fault::Gram, "the Gram matrix is the covariance"),
        (Fault::Sum, "contract_with_sum gives Σ w k"),
        (Fault::MeanContraction, "contract_mean agrees with differences of the mean"),
        (Fault::MeanSlope, "slopes of the mean agree with differences"),
        (Fault::CovSlope, "slopes of the covariance agree with differences"),
        (Fault::Paths, "the covariance of paths is the covariance"),
        (Fault::Saved, "a revived prior has the same parameters and outputs"),
    ] {
        assert_eq!(broken(laws::gaussian(&faulty(fault), &line(), Seed::new(1))), law, "{fault:?}");
    }
    for (fault, law) in [
        (Fault::Pullback, "⟨cotangent, J tangent⟩ = ⟨Jᵀ cotangent, tangent⟩"),
        (Fault::Pushforward, "⟨cotangent, J tangent⟩ = ⟨Jᵀ cotangent, tangent⟩"),
    ] {
        assert_eq!(broken(laws::white(&faulty(fault), &line(), Seed::new(1))), law, "{fault:?}");
    }
}

#[test]
fn a_bias_that_is_not_hard_at_zero_is_found() {
    let core = || Polynomial::orders(0..=2);
    let rest = || Polynomial::orders(3..=9);
    let never_hard = |s: Softness| core().relaxed(soft(s.get() + 0.1), rest());
    assert_eq!(broken(laws::bias(&never_hard, &core(), &line())), "the hard end is the core alone");
    let other_core = |s: Softness| Polynomial::orders(0..=3).relaxed(s, rest());
    assert_eq!(broken(laws::bias(&other_core, &core(), &line())), "the hard end is the core alone");
    let falling = |s: Softness| core().relaxed(soft(s.get() / (1.0 + s.get().powi(4))), rest());
    assert_eq!(broken(laws::bias(&falling, &core(), &line())), "more softness, no less variance");
    let linear = |s: Softness| core().relaxed(soft(s.get().sqrt()), rest());
    assert_eq!(broken(laws::bias(&linear, &core(), &line())), "the gap to the hard end closes as softness²");
}

#[test]
fn nan_breaks_a_law_and_a_failing_prior_is_no_broken_law() {
    assert!(matches!(laws::hold("x", f64::NAN, 1.0), Err(LawError::Broken { .. })));
    assert!(laws::hold("x", 1.0, 1.0).is_ok());
    let outside = Points::line([2.0]).unwrap();
    let verdict = laws::gaussian(&Polynomial::orders(0..=2), &outside, Seed::new(1));
    assert!(matches!(verdict, Err(LawError::Prior(PriorError::OutsideWindow { .. }))), "{verdict:?}");
}
