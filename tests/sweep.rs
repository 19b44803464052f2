//! Sweeps and comparisons: the hard end, re-tuning, certificates along the ladder, model averages, the same bytes on any threads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use softbias::*;

fn data(seed: u64) -> (Data, Data) {
    let x = Seed::new(seed).uniform1(80, -1.0, 1.0);
    let y = x.mapv(|x| (4.0 * x).sin() + x) + 0.1 * Seed::new(seed).named("noise").normal1(80);
    Data::line(x, y).unwrap().split(0.75, Seed::new(seed)).unwrap()
}

fn bias(softness: Softness) -> Pathways<Polynomial, Polynomial> {
    Polynomial::orders(0..=2)
        .relaxed(softness, Polynomial::orders(3..=20).scales(Scales::power(2.0).from_order(3)))
}

const LOSS: Loss = Loss::ClippedSquared { scale: 1.0 };

#[test]
fn the_hard_end_is_tuned_like_any_rung() {
    let (train, test) = data(1);
    let swept = Sweep::of(bias)
        .over(Softness::ladder(1e-2, 10.0, 5).unwrap())
        .run(Gaussian::noise(0.3), &Exact::Auto, &train, &test)
        .unwrap();
    let hard = &swept.rungs()[0];
    assert!(hard.softness.is_hard());
    let alone =
        tune(Polynomial::orders(0..=2).scaled(1.0).with_likelihood(Gaussian::noise(0.3)), &train).unwrap();
    assert!(
        (hard.evidence.log - alone.log_evidence).get().abs() < 1e-6,
        "{} {}",
        hard.evidence,
        alone.log_evidence
    );
    assert!((hard.noise - alone.model.likelihood.sd()).abs() < 1e-3 * hard.noise);
    // every rung beats itself at untuned noise
    let held = Sweep::of(bias)
        .over(Softness::ladder(1e-2, 10.0, 5).unwrap())
        .held()
        .run(Gaussian::noise(0.3), &Exact::Auto, &train, &test)
        .unwrap();
    for (tuned, held) in swept.rungs().iter().zip(held.rungs()) {
        assert!(tuned.evidence.log > held.evidence.log);
        assert_eq!((held.noise, held.scale), (0.3, 1.0));
    }
    assert!(held.report().to_string().contains("held"));
    assert!(swept.best_by_evidence().softness > Softness::HARD, "a sine is no parabola");
    assert!(swept.best_by_test().test_rmse <= hard.test_rmse);
    // a small softness is made up for by a large scale: its optimum is found though it is far away
    let tiny = Sweep::of(bias).over(vec![Softness::HARD, Softness::new(1e-4).unwrap()]);
    let tiny = tiny.run(Gaussian::noise(0.3), &Exact::Auto, &train, &test).unwrap();
    assert!((tiny.rungs()[1].evidence.log - tiny.rungs()[0].evidence.log).get() > 20.0);
    // known noise stays known
    let known = Sweep::of(bias).run(Gaussian::known(0.17), &Exact::Auto, &train, &test).unwrap();
    assert_eq!(known.rungs()[0].noise, 0.17);
    assert!(Sweep::of(bias).over(vec![]).run(Gaussian::noise(0.1), &Exact::Auto, &train, &test).is_err());
}

#[test]
fn certificates_along_the_ladder_pay_for_the_choice() {
    let (train, test) = data(2);
    let ladder = Softness::ladder(1e-2, 10.0, 4).unwrap();
    let sweep = Sweep::of(bias).over(ladder).certified(LOSS, 0.05);
    let swept = sweep.run(Gaussian::noise(0.3), &Exact::Auto, &train, &test).unwrap();
    for rung in swept.rungs() {
        let certificate = rung.certificate.as_ref().unwrap().as_ref().unwrap();
        assert!((certificate.price.get() - 5f64.ln()).abs() < 1e-12);
        assert_eq!(certificate.n, 30);
        assert_eq!(certificate.population, Some(50));
        assert!(certificate.value > certificate.empirical_risk);
    }
    // an ordered split gets none, and the report says why
    let (x, y) = (train.points().clone(), train.labels().clone());
    let (early, late) = Data::new(x, y).unwrap().split_at(40).unwrap();
    let swept = sweep.run(Gaussian::noise(0.3), &Exact::Auto, &early, &late).unwrap();
    assert!(swept.rungs().iter().all(|r| r.certificate.as_ref().unwrap().is_err()));
    let text = swept.report().to_string();
    assert!(text.contains("no certificate") && text.contains("cut by order"), "{text}");
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let (train, test) = data(3);
    let run = || {
        let sweep = Sweep::of(bias).over(Softness::ladder(1e-2, 10.0, 4).unwrap()).certified(LOSS, 0.05);
        let report = sweep.run(Gaussian::noise(0.3), &Exact::Auto, &train, &test).unwrap().report();
        (report.json().unwrap(), report.csv(), report.to_string())
    };
    let pool = |k| rayon::ThreadPoolBuilder::new().num_threads(k).build().unwrap();
    let one = pool(1).install(run);
    assert_eq!(one, pool(2).install(run));
    assert_eq!(one, pool(5).install(run));
}

#[test]
fn unlike_models_compare_and_average() {
    let (train, test) = data(4);
    type Spec = std::sync::Arc<dyn GaussianPrior>;
    let noise = Gaussian::noise(0.1);
    let models: Vec<(String, Model<Spec, Gaussian>)> = vec![
        ("parabola".into(), (std::sync::Arc::new(Polynomial::orders(0..=2)) as Spec).with_likelihood(noise)),
        (
            "soft".into(),
            (std::sync::Arc::new(bias(Softness::new(1.0).unwrap())) as Spec).with_likelihood(noise),
        ),
        (
            "features".into(),
            (std::sync::Arc::new(Features::fourier(50, 1, 0.5, Seed::new(1)).unwrap()) as Spec)
                .with_likelihood(noise),
        ),
    ];
    let comparison = compare(models, &train).unwrap();
    let total: f64 = comparison.entries().iter().map(|e| e.probability).sum();
    assert!((total - 1.0).abs() < 1e-12);
    let odds = comparison.entries()[1].probability / comparison.entries()[2].probability;
    let by_hand = (comparison.entries()[1].evidence.log - comparison.entries()[2].evidence.log).get().exp();
    assert!((odds / by_hand - 1.0).abs() < 1e-9);
    assert!((comparison.odds(1, 2).unwrap() / by_hand - 1.0).abs() < 1e-9);
    assert_eq!(comparison.odds(0, 3), None);
    assert!((comparison.entries()[0].posterior.ledger().price().get() - 3f64.ln()).abs() < 1e-12);
    // the average, by hand, at the test points
    let mixture = comparison.predict(test.points()).unwrap();
    let density = mixture.log_density(test.labels()).unwrap();
    for i in 0..test.len() {
        let (mut p, mut m, mut second) = (0.0, 0.0, 0.0);
        for entry in comparison.entries() {
            let prediction = entry.posterior.predict(test.points()).unwrap();
            p += entry.probability * prediction.log_density(test.labels()).unwrap()[i].exp();
            let (mean, var) =
                (prediction.mean()[[i, 0]], prediction.variance(Uncertainty::Observation)[[i, 0]]);
            m += entry.probability * mean;
            second += entry.probability * (var + mean * mean);
        }
        assert!((density[i] - p.ln()).abs() < 1e-9);
        assert!((mixture.mean()[[i, 0]] - m).abs() < 1e-9);
        assert!((mixture.variance()[[i, 0]] - (second - m * m)).abs() < 1e-8);
    }
    assert!(comparison.report().to_string().contains("parabola"));
    assert!(compare(Vec::<(String, Model<Polynomial, Gaussian>)>::new(), &train).is_err());
}
