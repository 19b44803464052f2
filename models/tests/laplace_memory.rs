//! The memory limit under approximate inference; one for the whole process, so in a test binary of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use softbias_models::*;
use softbias_priors::*;

#[test]
fn class_buffers_are_announced() {
    let before = memory::limit();
    let data =
        Data::line((0..100).map(|i| f64::from(i) / 100.0), (0..100).map(|i| f64::from(i % 3))).unwrap();
    let condition = || {
        let features = Features::fourier(20, 1, 0.3, Seed::new(1)).unwrap().with_outputs(3);
        features.with_likelihood(Softmax::classes(3).unwrap()).condition_by(&Laplace::new(), &data)
    };
    // three matrices of 100 × 100
    memory::set_limit(8 * 3 * 100 * 100 - 1);
    match condition() {
        Err(ModelError::TooLarge(e)) => assert_eq!((e.rows, e.columns), (300, 100)),
        other => panic!("{other:?}"),
    }
    memory::set_limit(before);
    assert!(condition().is_ok());
    let binary =
        Data::new(data.points().clone(), data.labels().mapv(|y| if y > 0.0 { 1.0 } else { -1.0 })).unwrap();
    memory::set_limit(8 * 100 * 100 - 1);
    for refused in [
        Polynomial::orders(0..=3).with_likelihood(Bernoulli::logit()).condition_by(&Laplace::new(), &binary),
        Polynomial::orders(0..=3)
            .with_likelihood(Bernoulli::logit())
            .condition_by(&ExpectationPropagation::new(), &binary),
    ] {
        assert!(matches!(refused, Err(ModelError::TooLarge(_))));
    }
    memory::set_limit(before);
}
