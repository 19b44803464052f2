//! Reference values: regression, a density toy, radiata pine, and both effective dimensions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ndarray::{Array1, Array2};
use softbias_models::*;
use softbias_priors::*;

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * (1.0 + expected.abs()),
        "found {found}, expected {expected}"
    );
}

/// Bayesian linear regression of the reference vectors: features 1, x, x² on [−1, 1], prior precision 2, noise variance ¼.
fn reference_model() -> (Model<adaptors::Scaled<Polynomial>, Gaussian>, Data) {
    let x = Array1::linspace(-1.0, 1.0, 20);
    let data = Data::line(x.to_vec(), x.mapv(|x| (2.0 * x).sin()).to_vec()).unwrap();
    let prior = Polynomial::orders(0..=2).basis(Basis::Monomial).scaled(0.5f64.sqrt());
    (prior.with_likelihood(Gaussian::noise(0.5)), data)
}

#[test]
fn bayesian_linear_regression_reference_vector() {
    let (model, data) = reference_model();
    for method in [Exact::Auto, Exact::WeightSpace, Exact::FunctionSpace] {
        let posterior = model.clone().condition_by(&method, &data).unwrap();
        let evidence = posterior.evidence();
        assert!((evidence.log.get() + 11.357_504_064_878).abs() < 1e-11, "{evidence:?}");
        assert!((evidence.fit.get() + 7.265_713_863).abs() < 1e-9);
        assert!((evidence.information.get() - 4.091_790_201).abs() < 1e-9);
        assert!((posterior.effective_dimension().determined - 2.704_616_407).abs() < 1e-9);
        assert_eq!(posterior.jitter(), 0.0);
    }
    let rows: Vec<usize> = (0..10).collect();
    let first = model.clone().condition(&data.select(&rows).unwrap()).unwrap();
    assert!((first.evidence().log.get() + 5.564_322_622_815).abs() < 1e-11);
    let later = conditional_evidence(&model, &data, 10).unwrap();
    assert!((later.get() + 5.793_181_442_063).abs() < 1e-11);
}

#[test]
fn density_toy_reference_vectors() {
    // xᵢ ~ N(θ, 1), θ ~ N(0, a²): a constant. Any 40 numbers with these sums give the evidence.
    let (n, sum, squares) = (40.0, 44.0, 90.0f64);
    let spread = ((squares - sum * sum / n) / n).sqrt();
    let y: Vec<f64> = (0..40).map(|i| sum / n + if i % 2 == 0 { spread } else { -spread }).collect();
    let data = Data::line((0..40).map(|i| f64::from(i) / 40.0), y).unwrap();
    for (a2, log) in [
        (0.1f64, -63.202_260_284),
        (1.0, -60.004_571_264),
        (10.0, -60.614_871_169),
        (1000.0, -62.856_476_179),
    ] {
        let model = Polynomial::orders(0..=0).scaled(a2.sqrt()).with_likelihood(Gaussian::known(1.0));
        close(model.condition(&data).unwrap().evidence().log.get(), log, 1e-11);
    }
}

/// Williams 1959, as in the BUGS examples: (maximum compression strength y, density x, resin-adjusted density z).
const RADIATA: &str = "3040 29.2 25.4; 2470 24.7 22.2; 3610 32.3 32.2; 3480 31.3 31.0; 3810 31.5 30.9; 2330 24.5 23.9; \
    1800 19.9 19.2; 3110 27.3 27.2; 3160 27.1 26.3; 2310 24.0 23.9; 4360 33.8 33.2; 1880 21.5 21.0; 3670 32.2 29.0; \
    1740 22.5 22.0; 2250 27.5 23.8; 2650 25.6 25.3; 4970 34.5 34.2; 2620 26.2 25.7; 2900 26.7 26.4; 1670 21.1 20.0; \
    2540 24.1 23.9; 3840 30.7 30.7; 3800 32.7 32.6; 4600 32.6 32.5; 1900 22.1 20.8; 2530 25.3 23.1; 2920 30.8 29.8; \
    4990 38.9 38.1; 1670 22.1 21.3; 3310 29.2 28.5; 3450 30.1 29.2; 3600 31.4 31.4; 2850 26.7 25.9; 1590 22.1 21.4; \
    3770 30.3 29.8; 3850 32.0 30.6; 2480 23.2 22.6; 3570 30.3 30.3; 2620 29.9 23.8; 1890 20.8 18.4; 3030 33.2 29.4; \
    3030 28.2 28.2";

/// Log evidence with density (column 1) or resin-adjusted density (column 2) as the explaining variable.
fn radiata(ninth: Option<[f64; 3]>, column: usize) -> (f64, Evidence) {
    let mut rows: Vec<[f64; 3]> = RADIATA
        .split(';')
        .map(|row| {
            let v: Vec<f64> = row.split_whitespace().map(|v| v.parse().unwrap()).collect();
            [v[0], v[1], v[2]]
        })
        .collect();
    if let Some(row) = ninth {
        rows[8] = row;
    }
    assert_eq!(rows.len(), 42);
    let centre = rows.iter().map(|r| r[column]).sum::<f64>() / 42.0;
    let data = Data::line(rows.iter().map(|r| r[column] - centre), rows.iter().map(|r| r[0])).unwrap();
    // y = a + b x with (a, b) | τ ~ N((3000, 185), (τ diag(.06, 6))⁻¹): the window ±100 makes t = x/100.
    let scales = Scales::rule(1, |j| if j == 0 { 1.0 / 0.06f64.sqrt() } else { 100.0 / 6f64.sqrt() });
    let prior = Polynomial::orders(0..=1)
        .basis(Basis::Monomial)
        .window(Window::new(-100.0, 100.0).unwrap())
        .scales(scales)
        .with_mean([3000.0, 18500.0]);
    let noise = GaussianGamma::new(3.0, 2.0 * 300.0 * 300.0).unwrap();
    let posterior = prior.with_likelihood(noise).condition_by(&Exact::Auto, &data).unwrap();
    (posterior.evidence().log.get(), posterior.evidence())
}

#[test]
fn radiata_pine_both_versions_of_the_data() {
    // The copy with another ninth row gives the published values (Friel & Pettitt 2008); the original data give others.
    let copy = Some([3670.0, 32.3, 29.0]);
    for (ninth, column, log) in
        [(copy, 1, -310.128_286), (copy, 2, -301.704_602), (None, 1, -310.507_266), (None, 2, -301.650_158)]
    {
        let (found, evidence) = radiata(ninth, column);
        assert!((found - log).abs() < 6e-7, "{found} {log}");
        close(evidence.log.get(), (evidence.fit - evidence.information).get(), 1e-10);
    }
    let factor = (radiata(copy, 2).0 - radiata(copy, 1).0).exp();
    assert!((factor / 4553.65 - 1.0).abs() < 2e-6, "{factor}");
    let factor = (radiata(None, 2).0 - radiata(None, 1).0).exp();
    assert!((factor / 7024.1 - 1.0).abs() < 1e-5, "{factor}");
}

#[test]
fn effective_dimension_reference_vector() {
    // A design with prescribed λ: one row a feature. N_eff of {100, 10, 1, .1, .01}.
    let lambda = [100.0, 10.0, 1.0, 0.1, 0.01f64];
    #[derive(Debug, Clone)]
    struct Diagonal(Vec<f64>);
    impl Weights for Diagonal {
        fn dim(&self) -> usize {
            self.0.len()
        }
        fn basis(&self, x: &Points) -> prior::Result<Array2<f64>> {
            Ok(Array2::from_shape_fn((x.len(), 5), |(i, j)| {
                if x.view()[[i, 0]] == j as f64 { self.0[j].sqrt() } else { 0.0 }
            }))
        }
        fn scales(&self) -> Array1<f64> {
            Array1::ones(5)
        }
    }
    impl Linear for Diagonal {}
    let data = Data::line((0..5).map(f64::from), [1.0, -1.0, 0.5, 2.0, 0.0]).unwrap();
    for (a, expected) in [(0.1f64, 3.489_100_009), (1.0, 2.5), (10.0, 1.510_899_991)] {
        let model = Diagonal(lambda.to_vec()).with_likelihood(Gaussian::noise(a.sqrt()));
        for method in [Exact::WeightSpace, Exact::FunctionSpace] {
            let found = model.clone().condition_by(&method, &data).unwrap().effective_dimension();
            assert!((found.determined - expected).abs() < 1e-9);
            assert!((found.undetermined - (5.0 - expected)).abs() < 1e-9);
        }
    }
}

/// A design given as points: feature j is coordinate j.
#[derive(Clone, Debug)]
struct Coordinates(usize);

impl Weights for Coordinates {
    fn dim(&self) -> usize {
        self.0
    }
    fn basis(&self, x: &Points) -> prior::Result<Array2<f64>> {
        Ok(x.view().to_owned())
    }
    fn scales(&self) -> Array1<f64> {
        Array1::ones(self.0)
    }
}

impl Linear for Coordinates {}

#[test]
fn both_effective_dimensions_of_the_linear_features_of_double_descent() {
    // y ~ N(0, I), features y + N(0, 1), n = 200, λ = 1e-3 n: one grows with d, the other peaks at d = n
    let n = 200;
    for (d, determined, undetermined) in [(50, 49.93, 0.066), (200, 193.5, 6.54), (300, 199.6, 0.40)] {
        let mut found: Vec<(f64, f64)> = (0..30)
            .map(|k| {
                let y = Seed::new(13).at(k).named("y").normal1(n);
                let x = Seed::new(13).at(k).named("x").normal2(n, d) + y.view().insert_axis(ndarray::Axis(1));
                let data = Data::regression(x, y).unwrap();
                let noise = Gaussian::known((1e-3 * n as f64).sqrt());
                let dimension =
                    Coordinates(d).with_likelihood(noise).condition(&data).unwrap().effective_dimension();
                assert_eq!(dimension.directions, n.min(d));
                (dimension.determined, dimension.undetermined)
            })
            .collect();
        found.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (a, b) = found[15];
        // medians of 30 random draws beside medians of other 30: 10 % of what is left over
        assert!((b / undetermined - 1.0).abs() < 0.1, "d = {d}: {b}, reference {undetermined}");
        assert!((a - determined).abs() < 0.1 * undetermined + 0.06, "d = {d}: {a}, reference {determined}");
    }
}
