//! Parameters held fixed or within bounds, through names, sums, new parameters and files.

use super::*;

fn ruled() -> Kernel {
    let trend = (2.0 * Kernel::rbf(3.0)).fixed("variance").unwrap().named("trend");
    let wave = (0.5 * Kernel::matern32([0.4, 0.8])).bounded("length2", 0.1, 2.0).unwrap().named("wave");
    let sum = trend + wave * Kernel::rational_quadratic(1.0, 0.7);
    sum.fixed("k2.k2.alpha").unwrap().bounded("trend.length", 1.0, f64::INFINITY).unwrap()
}

#[test]
fn rules_travel() {
    let x = points(7, 2);
    let kernel = ruled();
    keeps(&kernel, &x);
    let moved = kernel.with(&[2.0, 1.5, 0.3, 1.0, 0.7, 1.1, 0.9]).unwrap();
    for kernel in [kernel.clone(), moved.clone(), moved.saved().unwrap().revive().unwrap()] {
        let all = (kernel * Kernel::rbf(1.0)).parameters();
        let names = ["trend.length", "trend.variance", "k2.wave.length1", "k2.wave.length2"];
        let more = ["k2.wave.variance", "k2.k2.length", "k2.k2.alpha"];
        let expected = names.iter().chain(&more).map(|name| format!("k1.{name}"));
        assert!(expected.eq(all.iter().take(7).map(|p| p.name.clone())), "{all:?}");
        let of = |name: &str| all.iter().nth(all.position(name).unwrap()).unwrap().clone();
        let fixed = Vec::from_iter(all.iter().filter(|p| p.fixed).map(|p| p.name.as_str()));
        assert_eq!(fixed, ["k1.trend.variance", "k1.k2.k2.alpha"]);
        assert_eq!((of("k1.k2.wave.length2").lower, of("k1.k2.wave.length2").upper), (0.1, 2.0));
        assert_eq!((of("k1.trend.length").lower, of("k1.trend.length").upper), (1.0, 1e15));
    }
    assert_eq!(moved.parameters().values(), [2.0, 1.5, 0.3, 1.0, 0.7, 1.1, 0.9]);
    // a rule does not change the kernel
    let free = Kernel::rbf(0.6);
    assert_eq!(gram(&free.clone().fixed("length").unwrap(), &x), gram(&free, &x));
}

#[test]
fn rules_refused() {
    let unknown = |result: Result<Kernel, PriorError>| match result {
        Err(PriorError::UnknownParameter { name, known }) => format!("{name}: {known}"),
        other => panic!("{other:?}"),
    };
    let kernel = || 2.0 * Kernel::rbf([0.6, 0.9]);
    assert_eq!(unknown(kernel().fixed("lengths")), "lengths: length1, length2, variance");
    assert_eq!(unknown(kernel().bounded("length", 0.1, 1.0)), "length: length1, length2, variance");
    for (low, high) in [(2.0, 1.0), (f64::NAN, 1.0), (0.1, f64::NAN)] {
        assert!(matches!(kernel().bounded("length1", low, high), Err(PriorError::Kernel { .. })));
    }
    for (low, high) in [(0.7, 1.0), (-1.0, 0.0), (1e20, 1e30)] {
        match kernel().bounded("length1", low, high) {
            Err(PriorError::Parameter { name, value, .. }) => {
                assert_eq!((name.as_str(), value), ("length1", 0.6))
            }
            other => panic!("{other:?}"),
        }
    }
    // bounds hold, in the kernel and in what is built of it
    let bounded = kernel().bounded("length1", 0.5, 1.0).unwrap();
    assert!(matches!(bounded.with(&[0.4, 1.0, 1.0]), Err(PriorError::Parameter { lower: 0.5, .. })));
    let sum = bounded + Kernel::rbf(1.0);
    assert!(matches!(sum.with(&[0.4, 1.0, 1.0, 1.0]), Err(PriorError::Parameter { .. })));
    assert!(sum.with(&[0.6, 1.0, 1.0, 1.0]).is_ok());
    // what a file says is checked again
    let mut saved = kernel().fixed("length1").unwrap().saved().unwrap();
    saved.words[0] = "frequency".into();
    assert!(matches!(saved.revive(), Err(PriorError::UnknownParameter { .. })));
    saved.words.clear();
    assert!(matches!(saved.revive(), Err(PriorError::Malformed(_))));
}
