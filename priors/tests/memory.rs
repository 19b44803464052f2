//! The memory limit, which is one for the whole process: in a test binary of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use softbias_priors::*;

#[test]
fn the_limit_is_respected_and_can_be_raised() {
    let before = memory::limit();
    assert_eq!(before, 4 << 30);
    let x = Points::linspace(-1.0, 1.0, 100).unwrap();
    let prior = Polynomial::orders(0..=9);
    memory::set_limit(8 * 100 * 10);
    assert!(prior.var(&x).is_ok());
    match prior.cov(&x, &x).unwrap_err() {
        PriorError::TooLarge(e) => {
            assert_eq!((e.rows, e.columns, e.bytes, e.limit), (100, 100, 80_000, 8_000));
            let text = e.to_string();
            for part in ["80000 bytes", "100 × 100", "8000", "set_limit"] {
                assert!(text.contains(part), "{text}");
            }
        }
        other => panic!("{other:?}"),
    }
    memory::set_limit(8 * 100 * 10 - 1);
    for error in [
        prior.var(&x).unwrap_err(),
        prior.draws(10, &x, Seed::new(1)).unwrap_err(),
        prior.jacobian(Seed::new(1).normal1(10).view(), &x).unwrap_err(),
        prior.clone().scaled(2.0).var(&x).unwrap_err(),
        Features::relu(1000, 1, Seed::new(1)).unwrap_err(),
    ] {
        assert!(matches!(error, PriorError::TooLarge(_)), "{error:?}");
    }
    memory::set_limit(80_000);
    assert!(prior.cov(&x, &x).is_ok());
    memory::set_limit(0);
    assert!(memory::announce("nothing", 0, usize::MAX, "").is_ok());
    assert!(memory::announce("everything", usize::MAX, usize::MAX, "").is_err());
    memory::set_limit(before);
}
