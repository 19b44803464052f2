//! Ladders against closed forms: evidence of linear models, of a mixture with two modes, the sandwich on simulated data.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ops::ControlFlow;

use ndarray::{Array1, Array2};
use softbias_models::ladder::{Ladder, LadderError};
use softbias_models::{Data, Gaussian, NetTarget, Target, WithLikelihood};
use softbias_priors::math::linalg::{Cholesky, Jitter, matmul_nt};
use softbias_priors::{Net, Points, Seed, WhitePrior};

/// A linear net: two inputs, one output, with noise of standard deviation 0.5, and its exact log evidence.
fn linear() -> (NetTarget<f64, Gaussian>, f64, Array1<f64>) {
    let net = Net::inputs(2).dense(1).build().unwrap();
    let x = Seed::new(1).normal2(12, 2);
    let eps = Seed::new(2).normal1(3);
    let clean = net.forward(eps.view(), &Points::new(x.clone()).unwrap()).unwrap();
    let y = &clean.column(0) + &(Seed::new(3).normal1(12) * 0.5);
    let data = Data::regression(x.clone(), y.clone()).unwrap();
    let jacobian = net.jacobian(eps.view(), data.points()).unwrap().index_axis_move(ndarray::Axis(1), 0);
    let cov: Array2<f64> = matmul_nt(jacobian.view(), jacobian.view()) + Array2::<f64>::eye(12) * 0.25;
    let factor = Cholesky::new(cov.view(), Jitter::None).unwrap();
    let solved = factor.solve_vec(y.view()).unwrap();
    let log = -0.5 * (y.dot(&solved) + factor.log_det() + 12.0 * (2.0 * std::f64::consts::PI).ln());
    (NetTarget::new(&net.with_likelihood(Gaussian::noise(0.5)), &data).unwrap(), log, eps)
}

#[test]
fn annealing_finds_the_exact_evidence_of_a_linear_model() {
    let (target, exact, _) = linear();
    let found = Ladder::new().rungs(40).particles(256).seed(Seed::new(5)).annealed(&target).unwrap();
    assert!(found.standard_error < 0.2, "{}", found.standard_error);
    assert!((found.log - exact).abs() < 4.0 * found.standard_error, "{} {exact}", found.log);
    assert!(found.bound <= found.log && found.effective > 20.0, "{} {}", found.bound, found.effective);
    // a finer ladder brings the bound up to the evidence
    let finer = Ladder::new().rungs(320).particles(64).seed(Seed::new(5)).annealed(&target).unwrap();
    let spread = finer.standard_error;
    assert!(finer.bound > found.bound + 0.5 && finer.bound < exact + 3.0 * spread, "{} {exact}", finer.bound);
}

#[test]
fn thermodynamic_integration_finds_it_too_and_takes_it_apart() {
    let (target, exact, _) = linear();
    let found = Ladder::new().rungs(40).particles(32).seed(Seed::new(6)).thermodynamic(&target, 60).unwrap();
    assert!(found.standard_error < 0.1);
    let coarse = (found.plain - found.log).abs();
    assert!((found.log - exact).abs() < 4.0 * found.standard_error + 0.05, "{} {exact} {coarse}", found.log);
    let evidence = found.evidence();
    assert!((evidence.log.get() - (evidence.fit - evidence.information).get()).abs() < 1e-12);
    // the prior's end: E ln p(y | ε) over draws of the prior
    assert!(found.rungs[0].beta == 0.0 && found.rungs[0].mean < found.rungs[40].mean);
}

/// Two modes in one dimension: p(y | ε) = ½ N(m; ε, s²) + ½ N(−m; ε, s²), whose evidence under ε ~ N(0, 1) is N(m; 0, 1 + s²).
struct TwoModes {
    m: f64,
    s: f64,
}

impl Target for TwoModes {
    type Number = f64;
    type Work = ();

    fn dim(&self) -> usize {
        1
    }

    fn rows(&self) -> usize {
        1
    }

    fn log_likelihood(&self, eps: &[f64], _: Option<&[usize]>, (): &mut (), gradient: &mut [f64]) -> f64 {
        let log = |centre: f64| -0.5 * ((eps[0] - centre) / self.s).powi(2);
        let (a, b) = (log(self.m), log(-self.m));
        let top = a.max(b);
        let (wa, wb) = ((a - top).exp(), (b - top).exp());
        let slope = |centre: f64| -(eps[0] - centre) / (self.s * self.s);
        gradient[0] = (wa * slope(self.m) + wb * slope(-self.m)) / (wa + wb);
        top + (0.5 * (wa + wb)).ln() - self.s.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
    }
}

#[test]
fn both_modes_are_counted() {
    let target = TwoModes { m: 1.5, s: 0.1 };
    let exact = -0.5 * (1.5f64.powi(2) / 1.01 + (2.0 * std::f64::consts::PI * 1.01).ln());
    let found = Ladder::new().rungs(80).particles(256).steps(5).seed(Seed::new(7)).annealed(&target).unwrap();
    assert!((found.log - exact).abs() < 4.0 * found.standard_error, "{} {exact}", found.log);
    assert!(found.standard_error < 0.2);
    let right = found.particles.iter().filter(|at| at[0] > 0.0).count();
    assert!((64..192).contains(&right), "{right}");
}

#[test]
fn simulated_data_are_held_between_the_two_directions() {
    let net = Net::inputs(1).dense(4).tanh().dense(1).build().unwrap();
    let x = Points::linspace(-2.0, 2.0, 15).unwrap();
    let eps = Seed::new(8).normal1(net.dim());
    let clean = net.forward(eps.view(), &x).unwrap();
    let y = &clean.column(0) + &(Seed::new(9).normal1(15) * 0.3);
    let data = Data::regression(x.view().to_owned(), y).unwrap();
    let target = NetTarget::<f64, _>::new(&net.with_likelihood(Gaussian::noise(0.3)), &data).unwrap();
    let ladder = Ladder::new().rungs(100).particles(32).seed(Seed::new(10));
    let forth = ladder.annealed(&target).unwrap();
    let back = ladder.annealed_back(&target, &[eps.to_vec()]).unwrap();
    let gap = back.bound - forth.bound;
    assert!(gap > -0.5 && gap < 4.0, "{} {}", forth.bound, back.bound);
    assert!(forth.log < back.bound + 1.0 && forth.log > forth.bound);
}

#[test]
fn numbers_depend_on_the_seed_alone_and_a_watcher_changes_none() {
    let (target, ..) = linear();
    let ladder = || Ladder::new().rungs(10).particles(8).seed(Seed::new(11));
    let on = |threads: usize, ladder: Ladder| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| ladder.annealed(&target).unwrap())
    };
    let one = on(1, ladder());
    assert_eq!(one, on(4, ladder().watched(|_| ControlFlow::Continue(()))));
    assert_ne!(one.log, ladder().seed(Seed::new(12)).annealed(&target).unwrap().log);
    let stopped =
        ladder().watched(|c| if c.rung < 4 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) });
    assert_eq!(stopped.annealed(&target), Err(LadderError::Interrupted { rung: 4, rungs: 10 }));
}

#[test]
fn what_is_no_ladder_is_refused() {
    let (target, _, eps) = linear();
    for wrong in
        [Ladder::new().rungs(1), Ladder::new().particles(1), Ladder::new().steps(0), Ladder::new().power(0.0)]
    {
        assert!(matches!(wrong.annealed(&target), Err(LadderError::Shape { .. })));
        assert!(matches!(wrong.thermodynamic(&target, 5), Err(LadderError::Shape { .. })));
    }
    let short = Ladder::new().annealed_back(&target, &[eps.to_vec()[..2].to_vec()]);
    assert_eq!(short, Err(LadderError::Length { expected: 3, found: 2 }));
    assert_eq!(Ladder::new().annealed_back(&target, &[]), Err(LadderError::Length { expected: 3, found: 0 }));
    struct Nowhere;
    impl Target for Nowhere {
        type Number = f64;
        type Work = ();
        fn dim(&self) -> usize {
            1
        }
        fn rows(&self) -> usize {
            1
        }
        fn log_likelihood(&self, _: &[f64], _: Option<&[usize]>, (): &mut (), _: &mut [f64]) -> f64 {
            f64::NAN
        }
    }
    assert!(matches!(Ladder::new().annealed(&Nowhere), Err(LadderError::NoDensity(_))));
}
