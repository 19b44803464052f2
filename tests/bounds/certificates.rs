//! Certificates as values: files, votes, draws, classes, evidence, the paid choice.

use softbias::bounds::{
    CBound, Certificate, CertificateError, Certify, FactorTwo, Germain, LinearRegression, MarginVote, Maurer,
    Predictor, Seeger, SubGamma, SubGaussian, Tandem, choose, from_evidence, held_out, held_out_hoeffding,
    held_out_mean, table, table_by_draws,
};
use softbias::*;

use crate::support::{LOSS, refusal, simulated};

fn signs(n: usize, seed: u64) -> Data {
    let x = Seed::new(seed).uniform1(n, -1.0, 1.0);
    let y = x.mapv(|x| if x > 0.1 { 1.0 } else { -1.0 });
    Data::line(x, y).unwrap().declared_iid()
}

fn classifier(data: &Data) -> ExactPosterior {
    Gp::new(1.0 * Kernel::rbf(0.5)).with_likelihood(Gaussian::noise(0.3)).condition(data).unwrap()
}

#[test]
fn a_certificate_survives_its_file() {
    let data = simulated(200, Seed::new(1));
    let posterior = Polynomial::orders(0..=3)
        .charged(Ledger::chose("degree", 5))
        .with_likelihood(Gaussian::noise(0.2))
        .condition(&data)
        .unwrap();
    let path = std::env::temp_dir().join(format!("softbias_certificate_{}.json", std::process::id()));
    let how = MonteCarlo { draws: 100, delta: 0.01, seed: Seed::new(3) };
    for certificate in [
        posterior.certify(&Maurer, LOSS, &data, 0.05).unwrap(),
        posterior.certify_by_draws(&Maurer, LOSS, &data, 0.05, how).unwrap(),
    ] {
        certificate.save(&path).unwrap();
        assert_eq!(Certificate::load(&path).unwrap(), certificate);
    }
    // what JSON has no word for
    let squared = Loss::Squared { scale: 1.0 };
    let endless = posterior.certify(&SubGamma::new(0.3, 2.0, 100.0), squared, &data, 0.05).unwrap();
    assert!(endless.value.is_infinite() && endless.vacuous);
    endless.save(&path).unwrap();
    assert_eq!(Certificate::load(&path).unwrap(), endless);
    std::fs::write(&path, "{\"bound\": 1}").unwrap();
    let error = Certificate::load(&path).unwrap_err();
    assert!(error.to_string().contains("no certificate"), "{error}");
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(Certificate::load(&path), Err(CertificateError::File { .. })));
}

#[test]
fn draws_are_charged_and_agree_with_the_formula() {
    let data = simulated(150, Seed::new(2));
    let posterior =
        Polynomial::orders(0..=4).scaled(0.5).with_likelihood(Gaussian::noise(0.2)).condition(&data).unwrap();
    let exact = posterior.certify(&Seeger, LOSS, &data, 0.05).unwrap();
    let how = MonteCarlo { draws: 4000, delta: 0.01, seed: Seed::new(3) };
    let drawn = posterior.certify_by_draws(&Seeger, LOSS, &data, 0.05, how).unwrap();
    let by = drawn.drawn.unwrap();
    assert!((by.average - exact.empirical_risk).abs() < 0.01 && by.draws == 4000);
    assert!(drawn.value > exact.value && drawn.value < exact.value + 0.1);
    assert!((drawn.total_delta() - 0.06).abs() < 1e-15 && exact.total_delta() == 0.05);
    let text = drawn.to_string();
    assert!(text.contains("at least 1 − 0.06") && text.contains("4000 draws"), "{text}");
    // the same draws again, whatever the batches
    assert_eq!(posterior.certify_by_draws(&Seeger, LOSS, &data, 0.05, how).unwrap(), drawn);
    let all = table_by_draws(&posterior, LOSS, &data, 0.05, how).unwrap();
    assert_eq!(all.certificates[0], drawn);
    // a choice is paid out of δ′ too
    let charged = posterior.clone().charged(Ledger::chose("seed", 100));
    let dearer = charged.certify_by_draws(&Seeger, LOSS, &data, 0.05, how).unwrap();
    let by_hand = math::stable::binary_kl_inverse_upper(by.average, (100f64.ln() - 0.01f64.ln()) / 4000.0);
    assert!((dearer.empirical_risk - by_hand).abs() < 1e-12 && dearer.assumptions.len() == 5);
    // bad requests
    let ask = |draws, delta, loss| {
        posterior.certify_by_draws(
            &Seeger,
            loss,
            &data,
            0.05,
            MonteCarlo { draws, delta, seed: Seed::new(1) },
        )
    };
    assert!(matches!(ask(0, 0.01, LOSS), Err(Error::Model(ModelError::NoDraws))));
    assert!(matches!(ask(9, 0.0, LOSS), Err(Error::Model(ModelError::Range { .. }))));
    let unbounded = Loss::Squared { scale: 1.0 };
    assert!(matches!(ask(9, 0.01, unbounded), Err(Error::Model(ModelError::Unbounded(_)))));
}

#[test]
fn losses_without_a_largest_value_need_their_own_bounds() {
    let data = simulated(100, Seed::new(4));
    let posterior =
        Polynomial::orders(0..=3).scaled(0.5).with_likelihood(Gaussian::noise(0.2)).condition(&data).unwrap();
    let squared = Loss::Squared { scale: 1.0 };
    let refused = refusal(posterior.certify(&Maurer, squared, &data, 0.05));
    assert!(
        matches!(&refused, CertificateError::Inapplicable { reason, .. } if reason.contains("clip")),
        "{refused}"
    );
    refusal(posterior.certify(&Germain, squared, &data, 0.05));
    refusal(held_out(&posterior, squared, &simulated(50, Seed::new(5)), 0.05));
    // every bound of the table refuses, and says why
    let all = table(&posterior, squared, &data, 0.05).unwrap();
    assert!(all.certificates.is_empty() && all.left_out.len() == 18);
    // declared tails: R̂ + (KL + ln 1/δ)/λ + λs²/2n, and the sub-gamma form above it
    let at = |bound: &dyn bounds::PacBayes| posterior.certify(bound, squared, &data, 0.05).unwrap();
    let (gauss, gamma) = (at(&SubGaussian::new(0.3, 10.0)), at(&SubGamma::new(0.3, 2.0, 10.0)));
    let base = gauss.empirical_risk + (gauss.information.get() - 0.05f64.ln()) / 10.0;
    assert!((gauss.value - (base + 10.0 * 0.3 / 200.0)).abs() < 1e-12);
    assert!((gamma.value - (base + 10.0 * 0.3 / (200.0 * 0.8))).abs() < 1e-12);
    // a grid is paid for; out of its range a sub-gamma bound promises nothing
    let grid = at(&SubGaussian::over(0.3, &[10.0, 40.0]));
    assert!(grid.value > at(&SubGaussian::new(0.3, 40.0)).value.min(gauss.value));
    assert!(at(&SubGamma::new(0.3, 2.0, 50.0)).value.is_infinite());
    assert!(at(&SubGaussian::over(0.3, &[])).value.is_infinite());
    // a polynomial is no w·x of Gaussian inputs, but that only its user knows; a clipped loss is refused
    let linear =
        LinearRegression { inputs: 1, input_sd: 1.0, prior_sd: 0.5, truth: 1.0, noise: 0.2, lambda: 1.0 };
    refusal(posterior.certify(&linear, LOSS, &data, 0.05));
}

#[test]
fn votes_are_certified_as_votes() {
    let data = signs(400, 1);
    let posterior = classifier(&data);
    let vote = |bound: &dyn bounds::Vote| posterior.certify_vote(bound, Loss::ZeroOne, &data, 0.05).unwrap();
    let gibbs = posterior.certify(&Seeger, Loss::ZeroOne, &data, 0.05).unwrap();
    let (two, tandem, c) = (vote(&FactorTwo), vote(&Tandem), vote(&CBound));
    assert!((two.value - (2.0 * gibbs.value).min(1.0)).abs() < 1e-15);
    assert!([&two, &tandem, &c].iter().all(|c| c.predictor == Predictor::MajorityVote));
    assert!(two.to_string().contains("majority vote"), "{two}");
    // the margin: γ = 0 is the factor two
    let margin = |gamma: f64| {
        let bound = MarginVote { gamma, largest_sd: 1.0 };
        posterior.certify_vote(&bound, Loss::Margin { gamma }, &data, 0.05).unwrap()
    };
    assert!((margin(0.0).value - two.value).abs() < 1e-12 && margin(0.0).loss == Loss::ZeroOne);
    assert!(margin(0.2).empirical_risk > gibbs.empirical_risk);
    assert!(margin(0.2).to_string().contains("at margin 0.2"), "{}", margin(0.2));
    let wrong = MarginVote { gamma: 0.1, largest_sd: 1.0 };
    refusal(posterior.certify_vote(&wrong, Loss::ZeroOne, &data, 0.05));
    refusal(posterior.certify_vote(&Tandem, LOSS, &data, 0.05));
    let drawn = MonteCarlo { draws: 50, delta: 0.01, seed: Seed::new(1) };
    let all = table_by_draws(&posterior, Loss::ZeroOne, &data, 0.05, drawn).unwrap();
    assert!(
        all.left_out.iter().any(|(bound, why)| bound.contains("C-bound") && why.contains("disagreement"))
    );
    // the table has both predictors, and what fresh rows say
    let fresh = signs(300, 2);
    let all = table(&posterior, Loss::ZeroOne, &data, 0.05)
        .unwrap()
        .beside(held_out_mean(&posterior, Loss::ZeroOne, &fresh, 0.05).unwrap())
        .beside(held_out_hoeffding(&posterior, Loss::ZeroOne, &fresh, 0.05).unwrap());
    assert_eq!((all.certificates.len(), all.held_out.len()), (12, 2));
    let smallest = all.smallest(Predictor::Gibbs).unwrap();
    assert!(smallest.value <= gibbs.value && (smallest.delta - 0.2).abs() < 1e-15);
    assert!(all.to_string().contains("held-out Hoeffding"), "{all}");
    let kl = held_out(&posterior, Loss::ZeroOne, &fresh, 0.05).unwrap();
    assert!(kl.value <= all.held_out[1].value);
}

#[test]
fn classes_by_formula_and_by_draws() {
    let n = 90;
    let x = Seed::new(8).uniform1(n, -1.0, 1.0);
    let class = x.mapv(|x| {
        if x < -0.3 {
            0.0
        } else if x < 0.4 {
            1.0
        } else {
            2.0
        }
    });
    let numbers = Data::line(x.clone(), class.clone()).unwrap().declared_iid();
    let one_hot =
        ndarray::Array2::from_shape_fn((n, 3), |(i, c)| if class[i] == c as f64 { 1.0 } else { -1.0 });
    let columns = Data::new(Points::line(x).unwrap(), one_hot).unwrap().declared_iid();
    let loss = Loss::Misclassified;
    // independent outputs: a quadrature, and the same by draws
    let posterior = Gp::new(Kernel::rbf(0.3))
        .copies(3)
        .with_likelihood(Gaussian::noise(0.5))
        .condition(&columns)
        .unwrap();
    let exact = posterior.risk(loss, &columns).unwrap();
    assert!((exact.guessing - 2.0 / 3.0).abs() < 1e-15 && exact.tandem < exact.mean);
    let how = MonteCarlo { draws: 4000, delta: 0.01, seed: Seed::new(3) };
    let drawn = posterior.risk_by_draws(loss, &columns, how).unwrap();
    assert!((drawn.drawn.unwrap().average - exact.mean).abs() < 5e-3, "{exact:?} {drawn:?}");
    // the labels may name their class in one column instead
    let named = posterior.risk(loss, &numbers);
    assert!((named.unwrap().mean - exact.mean).abs() < 1e-14);
    // correlated classes: by draws only
    let prior = Gp::new(4.0 * Kernel::rbf(0.3)).copies(3);
    let laplace =
        prior.with_likelihood(Softmax::classes(3).unwrap()).condition_by(&Laplace::new(), &numbers).unwrap();
    assert!(matches!(laplace.risk(loss, &numbers), Err(ModelError::ByDraws(_))));
    let how = MonteCarlo { draws: 100, ..how };
    let certificate = laplace.certify_by_draws(&Seeger, loss, &numbers, 0.05, how).unwrap();
    assert_eq!(certificate.drawn.unwrap().draws, 100 * n);
    assert!(certificate.value < 1.0 && certificate.information.get() > 0.0);
    // row by row is the same as whole functions
    let whole = laplace.draws(2000, numbers.points(), Seed::new(5)).unwrap();
    let whole = EmpiricalRisk::of_draws(loss, &numbers, &whole, 0.01).unwrap();
    let (a, b) = (whole.drawn.unwrap().average, certificate.drawn.unwrap().average);
    assert!((a - b).abs() < 0.01, "{a} {b}");
    // labels that name no class
    let odd = Data::line([0.0, 0.1], [0.0, 3.0]).unwrap();
    assert!(matches!(laplace.risk(loss, &odd), Err(ModelError::Support { row: 1, .. })));
    assert!(matches!(laplace.risk(Loss::ZeroOne, &odd), Err(ModelError::Outputs { .. })));
}

#[test]
fn two_classes_in_closed_form() {
    let data = signs(60, 3);
    let numbers =
        Data::new(data.points().clone(), data.labels().mapv(|y| 0.5 * (y + 1.0))).unwrap().declared_iid();
    let prior = Gp::new(4.0 * Kernel::rbf(0.3)).copies(2);
    let posterior =
        prior.with_likelihood(Softmax::classes(2).unwrap()).condition_by(&Laplace::new(), &numbers).unwrap();
    let exact = posterior.risk(Loss::Misclassified, &numbers).unwrap();
    let how = MonteCarlo { draws: 4000, delta: 0.01, seed: Seed::new(4) };
    let drawn = posterior.risk_by_draws(Loss::Misclassified, &numbers, how).unwrap();
    assert!((drawn.drawn.unwrap().average - exact.mean).abs() < 3e-3);
    assert!(posterior.certify(&Seeger, Loss::Misclassified, &numbers, 0.05).unwrap().value < 1.0);
}

#[test]
fn evidence_is_risk_and_information() {
    let data = simulated(80, Seed::new(6));
    let noise = 0.2;
    let posterior = Polynomial::orders(0..=4)
        .scaled(0.5)
        .with_likelihood(Gaussian::noise(noise))
        .condition(&data)
        .unwrap();
    let loss = Loss::GaussianLog { noise };
    let bound = SubGaussian::new(1.0, 80.0);
    let certificate = from_evidence(&posterior, &bound, loss, 0.05).unwrap();
    // λ = n: −(ln Z + ln δ)/n + s²/2
    let expected = -(posterior.evidence().log.get() + 0.05f64.ln()) / 80.0 + 0.5;
    assert!((certificate.value - expected).abs() < 1e-10);
    // in function space, by other arithmetic, and with log labels
    let gp = Gp::new(Kernel::rbf(0.5)).with_likelihood(Gaussian::noise(noise)).condition(&data).unwrap();
    assert!(from_evidence(&gp, &bound, loss, 0.05).is_ok());
    // another noise: not the Bayes posterior of that loss
    let error = from_evidence(&gp, &bound, Loss::GaussianLog { noise: 0.3 }, 0.05);
    assert!(matches!(refusal(error), CertificateError::Identity { .. }));
    let error = from_evidence(&gp, &bound, Loss::Squared { scale: 1.0 }, 0.05);
    assert!(matches!(refusal(error), CertificateError::Identity { .. }));
}

#[test]
fn germain_is_catoni_on_the_unit_interval() {
    use softbias::bounds::{Bound, Catoni};
    let loss = Loss::FlipLog { probability: 0.1 };
    let (a, b) = loss.range().unwrap();
    for (share, kl, n) in [(0.0, 0.0, 10), (0.1, 3.0, 50), (0.4, 100.0, 2000)] {
        let risk = EmpiricalRisk::known(loss, a + (b - a) * share, n);
        let rescaled = EmpiricalRisk::known(Loss::ZeroOne, share, n);
        let found = Germain.value(&risk, Nats(kl), n, 0.05);
        let unit = Catoni::fixed(b - a).value(&rescaled, Nats(kl), n, 0.05);
        assert!((found - (a + (b - a) * unit)).abs() < 1e-12);
    }
    // written in Z: n·R̂ + KL = −ln Z
    let (n, log_z, delta) = (50.0, -20.0, 0.05f64);
    let risk = EmpiricalRisk::known(loss, 0.3, 50);
    let information = -log_z - n * 0.3;
    let theirs = a + (b - a) / (1.0 - (a - b).exp()) * (1.0 - (a + (log_z + delta.ln()) / n).exp());
    assert!((Germain.value(&risk, Nats(information), 50, delta) - theirs).abs() < 1e-12);
}

#[test]
fn the_best_of_several_priors_is_paid_for() {
    let data = simulated(120, Seed::new(7));
    let lengths = [0.1, 0.3, 0.9, 2.7];
    let candidates = lengths.map(|length| -> Result<ExactPosterior, Error> {
        Ok(Gp::new(Kernel::rbf(length)).with_likelihood(Gaussian::noise(0.2)).condition(&data)?)
    });
    let chosen = choose("length scale", candidates, &Seeger, LOSS, &data, 0.05).unwrap();
    assert!((chosen.certificate.price.get() - 4f64.ln()).abs() < 1e-12);
    let least = chosen.values.iter().copied().fold(1.0, f64::min);
    assert_eq!(least, chosen.certificate.value);
    let alone = Gp::new(Kernel::rbf(lengths[chosen.place]))
        .with_likelihood(Gaussian::noise(0.2))
        .condition(&data)
        .unwrap()
        .certify(&Seeger, LOSS, &data, 0.05 / 4.0)
        .unwrap();
    assert!((alone.value - chosen.certificate.value).abs() < 1e-12);
    let none: [Result<ExactPosterior, Error>; 0] = [];
    let error = choose("nothing", none, &Seeger, LOSS, &data, 0.05).unwrap_err();
    assert!(matches!(error, Error::Certificate(CertificateError::NoCandidates)));
}

/// Votes by hand, where draws err apart: tandem and C-bound from both inverses.
#[test]
fn votes_by_hand() {
    use softbias::bounds::Bound;
    use softbias::math::stable::{binary_kl_inverse_lower, binary_kl_inverse_upper};
    let (n, kl, delta) = (2000, 30.0, 0.05);
    let risk = EmpiricalRisk { tandem: 0.03, ..EmpiricalRisk::known(Loss::ZeroOne, 0.12, n) };
    let constant = Seeger::constant(n).ln();
    let at = |copies: f64, delta: f64| (copies * kl + constant - f64::ln(delta)) / n as f64;
    let tandem = 4.0 * binary_kl_inverse_upper(0.03, at(2.0, delta));
    assert!((Tandem.value(&risk, Nats(kl), n, delta) - tandem).abs() < 1e-14);
    let gibbs = binary_kl_inverse_upper(0.12, at(1.0, 0.5 * delta));
    let apart = binary_kl_inverse_lower(0.18, at(2.0, 0.5 * delta));
    let c = 1.0 - (1.0 - 2.0 * gibbs).powi(2) / (1.0 - 2.0 * apart);
    assert!((CBound.value(&risk, Nats(kl), n, delta) - c).abs() < 1e-14);
    assert!(gibbs > 0.12 && apart < 0.18);
    // with rows beyond number both are what they are about
    let endless = EmpiricalRisk { n: usize::MAX / 2, ..risk };
    let value = |bound: &dyn Bound| bound.value(&endless, Nats(0.0), 1_000_000_000_000, delta);
    assert!((value(&Tandem) - 0.12).abs() < 1e-4);
    assert!((value(&CBound) - (1.0 - 0.76f64.powi(2) / 0.64)).abs() < 1e-4);
}

/// On a share a of the points half of the posterior errs, elsewhere nobody: the vote errs on a (ties are errors), and every vote's bound is
/// tight up to its inequality for n rows.
#[test]
fn votes_hold_where_they_are_tight() {
    use softbias::bounds::Bound;
    let (repeats, n, a, delta) = (2000, 400, 0.15, 0.1);
    let uniform = Seed::new(9).uniform1(repeats * n, 0.0, 1.0);
    let bounds: [&dyn Bound; 3] = [&FactorTwo, &Tandem, &CBound];
    let (mut violations, mut raw) = ([0usize; 3], 0);
    for k in 0..repeats {
        let split = uniform.iter().skip(k * n).take(n).filter(|u| **u < a).count();
        let share = split as f64 / n as f64;
        let risk =
            EmpiricalRisk { tandem: 0.25 * share, ..EmpiricalRisk::known(Loss::ZeroOne, 0.5 * share, n) };
        for (count, bound) in violations.iter_mut().zip(bounds) {
            *count += usize::from(bound.value(&risk, Nats(0.0), n, delta) < a);
        }
        // all three without the price of n rows
        raw += usize::from(share < a);
    }
    let allowed = repeats as f64 * delta + 3.0 * (repeats as f64 * delta).sqrt();
    assert!(violations.iter().all(|count| (*count as f64) < allowed), "{violations:?}");
    assert!(raw > repeats / 3, "{raw}");
}
