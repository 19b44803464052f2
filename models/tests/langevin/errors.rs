//! Numbers that make no sense, refused with what to do.

use softbias_models::langevin::Kernel;
use softbias_models::{
    Hmc, Mala, ModelError, NoUTurn, Psgld, SampleError, Sampler, Sghmc, Sgld, Sgnht, StepSchedule,
};
use softbias_priors::PriorError;

use crate::targets::Rows;

fn refused<K: Kernel>(sampler: &Sampler<K>) -> SampleError {
    let target = Rows { y: vec![0.0; 10], sd: 1.0, dim: 2 };
    match sampler.sample(&target).unwrap_err() {
        ModelError::Sample(error) => error,
        error => panic!("{error}"),
    }
}

#[test]
fn temperatures() {
    for temperature in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = refused(&Sgld::step(0.1).temperature(temperature));
        assert!(matches!(error, SampleError::Temperature(t) if t.to_bits() == temperature.to_bits()));
        assert!(error.to_string().contains("train instead"));
        assert!(matches!(refused(&NoUTurn::sampler().temperature(temperature)), SampleError::Temperature(_)));
    }
}

#[test]
fn steps_and_other_numbers() {
    let setting = |error: SampleError, expected: &str| match error {
        SampleError::Setting { what, .. } => assert_eq!(what, expected),
        error => panic!("{error}"),
    };
    for step in [0.0, -0.1, f64::NAN] {
        setting(refused(&Sgld::step(step)), "the step");
        setting(refused(&Psgld::step(step)), "the step");
        setting(refused(&Sghmc::step(step)), "the step");
        setting(refused(&Sgnht::step(step)), "the step");
        setting(refused(&Mala::step(step)), "the step");
        setting(refused(&Hmc::leaps(3, step)), "the step");
        setting(refused(&Sgld::cyclical(step, 10)), "the step");
    }
    setting(refused(&Hmc::leaps(0, 0.1)), "the number of leaps");
    setting(refused(&Hmc::leaps(1, 0.1).acceptance(1.0)), "the acceptance sought");
    setting(refused(&Mala::step(0.1).acceptance(0.0)), "the acceptance sought");
    setting(refused(&Psgld::step(0.1).decay(1.0)), "the decay");
    setting(refused(&Psgld::step(0.1).floor(0.0)), "the floor");
    setting(refused(&Sghmc::step(0.1).friction(1.0)), "the friction");
    setting(refused(&Sghmc::step(0.1).known_noise(0.2)), "the known noise");
    setting(refused(&Sgnht::step(0.1).diffusion(-1.0)), "the diffusion");
    let schedule = StepSchedule::Cyclical { first: 0.1, cycle: 0, explore: 0.0 };
    setting(refused(&Sgld::schedule(schedule)), "the iterations of a cycle that sample");
}

#[test]
fn batches_draws_and_starts() {
    for batch in [0, 11] {
        let error = refused(&Sgld::step(0.1).batch(batch));
        assert!(matches!(error, SampleError::Batch { batch: b, rows: 10 } if b == batch), "{error}");
    }
    assert!(matches!(refused(&Hmc::leaps(2, 0.1).batch(5)), SampleError::WholeBatch("HMC")));
    assert!(matches!(refused(&Mala::step(0.1).centred_at(vec![0.0; 2])), SampleError::WholeBatch("MALA")));
    assert!(matches!(refused(&NoUTurn::sampler().batch(5)), SampleError::WholeBatch("NUTS")));
    assert!(matches!(refused(&Sgld::step(0.1).draws(0)), SampleError::NoDraws { draws: 0, .. }));
    assert!(matches!(refused(&Sgld::step(0.1).chains(0)), SampleError::NoDraws { chains: 0, .. }));
    assert!(matches!(refused(&Sgld::step(0.1).thin(0)), SampleError::NoDraws { thin: 0, .. }));
    assert!(matches!(refused(&NoUTurn::sampler().checkpoint("x", 1)), SampleError::NotResumable("NUTS")));
    let target = Rows { y: vec![0.0; 10], sd: 1.0, dim: 2 };
    for sampler in [Sgld::step(0.1).start(vec![vec![0.0; 3]]), Sgld::step(0.1).centred_at(vec![0.0; 3])] {
        let error = sampler.sample(&target).unwrap_err();
        let expected =
            matches!(error, ModelError::Prior(PriorError::Dimensions { expected: 2, found: 3, .. }));
        assert!(expected, "{error}");
    }
    let error = Sgld::step(0.1).draws(usize::MAX).sample(&target).unwrap_err();
    assert!(matches!(error, ModelError::TooLarge(_)), "{error}");
}
