//! The memory limit under conditioning; one for the whole process, so in a test binary of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use softbias_models::*;
use softbias_priors::*;

#[test]
fn conditioning_respects_the_limit() {
    let before = memory::limit();
    let data = Data::line((0..100).map(|i| f64::from(i) / 100.0), (0..100).map(f64::from)).unwrap();
    let condition = |method: Exact| {
        let model = Polynomial::orders(0..=9).scaled(100.0).with_likelihood(Gaussian::noise(1.0));
        model.condition_by(&method, &data)
    };
    let too_large = |found: Result<ExactPosterior>, bytes: u128| match found {
        Err(ModelError::TooLarge(e)) => assert_eq!(e.bytes, bytes),
        other => panic!("{other:?}"),
    };
    memory::set_limit(8 * 10 * 10);
    too_large(condition(Exact::FunctionSpace), 80_000);
    assert!(condition(Exact::WeightSpace).is_ok());
    memory::set_limit(8 * 10 * 10 - 1);
    too_large(condition(Exact::WeightSpace), 800);
    too_large(condition(Exact::Auto), 800);
    assert!(LeastSquares::fit(Polynomial::orders(0..=9), &data).is_err());
    memory::set_limit(before);
    assert!(condition(Exact::FunctionSpace).is_ok());
}
