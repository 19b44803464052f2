//! Transforms of data, what they owe and what they change; and saving.

use super::*;

#[test]
fn standardising_learns_and_says_so() {
    let (train, test) = airline().split_at(100).unwrap();
    let standardise = Standardise::of(&train).unwrap();
    let done = standardise.apply(&train).unwrap();
    for column in [done.points().view().column(0), done.labels().column(0)] {
        assert!(column.mean().unwrap().abs() < 1e-12);
        assert!((column.std(0.0) - 1.0).abs() < 1e-12);
    }
    assert_eq!(done.rows(), train.rows());
    let affine = standardise.of_labels().unwrap();
    assert!((affine.shift()[0] - train.labels().mean().unwrap()).abs() < 1e-10);
    assert!((affine.scale()[0] - train.labels().std(0.0)).abs() < 1e-10);

    let test = standardise.apply(&test).unwrap();
    assert_eq!(test.ledger(), done.ledger());
    assert!(test.ledger().looked_at(test.rows()).is_none());
    let (what, count, saw) = test.ledger().looked_at(train.rows()).unwrap();
    assert_eq!((what.as_str(), count, saw), ("standardised inputs", 100, Saw::Inputs));
    let labels = |entry: &Entry| matches!(entry, Entry::Saw { what, saw: Saw::Labels, .. } if what == "standardised labels");
    assert!(test.ledger().entries().iter().any(labels));
    assert_eq!(test.ledger().entries().len(), 2);

    // what came before is owed too, and cuts keep what is owed
    let next = Standardise::labels(&test).unwrap();
    assert_eq!(next.ledger().entries().len(), 3);
    let (a, b) = test.split(0.5, Seed::new(1)).unwrap();
    assert_eq!(a.concat(&b).unwrap().ledger(), test.ledger());
    assert_eq!(a.ledger(), test.ledger());

    // numbers fixed in advance owe nothing
    let fixed = Standardise::with([1955.0], [3.0], [], []).unwrap().apply(&train).unwrap();
    assert!(fixed.ledger().is_empty());
    assert_eq!((fixed.labels(), fixed.input_transforms().len()), (train.labels(), 1));
    assert_eq!(fixed.points().view()[[0, 0]], -2.0);
}

#[test]
fn standardising_one_side_leaves_the_other() {
    let data = airline();
    let x = Standardise::inputs(&data).unwrap();
    let y = Standardise::labels(&data).unwrap();
    assert!(x.of_labels().is_none() && y.of_inputs().is_none());
    assert_eq!(x.apply(&data).unwrap().labels(), data.labels());
    assert_eq!(y.apply(&data).unwrap().points(), data.points());
    assert_eq!(x.invert_labels(array![[3.0]]).unwrap(), array![[3.0]]);
    let both = Standardise::of(&data).unwrap().apply(&data).unwrap();
    assert_eq!(y.apply(&x.apply(&data).unwrap()).unwrap(), both);
}

#[test]
fn what_cannot_be_standardised_is_refused() {
    let data = numbered(5);
    let standardise = Standardise::of(&data).unwrap();
    let wide = Data::regression(Array2::ones((2, 2)), Array1::zeros(2)).unwrap();
    assert!(matches!(standardise.apply(&wide), Err(DataError::Columns { expected: 1, found: 2, .. })));
    assert!(
        standardise.apply_points(wide.points()).is_err() && standardise.invert_points(wide.points()).is_err()
    );
    assert!(standardise.invert_labels(Array2::zeros((3, 2))).is_err());
    // learned before the logarithm, so not for after it; nor twice
    let logs = data.log_labels().unwrap();
    assert_eq!(standardise.apply(&logs), Err(DataError::Transforms { what: "labels" }));
    let once = standardise.apply(&data).unwrap();
    assert_eq!(standardise.apply(&once), Err(DataError::Transforms { what: "inputs" }));
    for (shift, scale) in [(0.0, 0.0), (0.0, -1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert!(matches!(Affine::new([shift], [scale]), Err(DataError::Scale { column: 0, .. })));
    }
    assert!(Affine::new([0.0, 1.0], [1.0]).is_err());
    let tiny = Standardise::with([], [], [0.0], [1e-320]).unwrap();
    assert!(matches!(tiny.apply(&data), Err(DataError::NotFinite { row: 0, column: 0, .. })));
    let zero = Data::line([0.0, 1.0], [1.0, 0.0]).unwrap().log_labels().unwrap_err();
    assert_eq!(zero, DataError::NotPositive { row: 1, column: 0, name: "y".into(), value: 0.0 });
    assert!(Data::line([0.0], [-2.0]).unwrap().log_labels().unwrap_err().to_string().contains("-2"));
}

#[test]
fn constant_extreme_and_tiny_columns() {
    // three times 0.1 by thirds is not 0.1: the spread of a constant must not be its rounding
    let constant = Data::line([0.1; 3], [0.1; 3]).unwrap();
    let standardise = Standardise::of(&constant).unwrap();
    assert_eq!(standardise.of_inputs().unwrap(), &Affine::new([0.1], [1.0]).unwrap());
    let done = standardise.apply(&constant).unwrap();
    assert_eq!(done.labels(), &Array2::<f64>::zeros((3, 1)));
    assert_eq!(done.original_labels(), constant.labels());
    for scale in [1e-300, 1e-170, 1e170, 1e300] {
        let data = Data::line([0.0, 1.0], [scale, 3.0 * scale]).unwrap();
        let done = Standardise::labels(&data).unwrap().apply(&data).unwrap();
        assert!((done.labels() - &array![[-1.0], [1.0]]).iter().all(|d| d.abs() < 1e-12), "{scale}");
    }
    let far = Data::line([0.0, 1.0], [-1.7e308, 1.7e308]).unwrap();
    assert!(matches!(Standardise::labels(&far), Err(DataError::Scale { .. })));
}

/// Σ ln |d transformed / d original| by differences, label by label.
fn jacobian_by_differences(data: &Data, transform: impl Fn(&Data) -> Data) -> f64 {
    let shifted = |sign: f64| {
        let labels = data.labels().mapv(|y| y * (1.0 + sign * 1e-5));
        transform(&Data::new(data.points().clone(), labels).unwrap()).labels().clone()
    };
    let slopes = (shifted(1.0) - shifted(-1.0)) / data.labels().mapv(|y| 2e-5 * y);
    slopes.iter().map(|slope| slope.abs().ln()).sum()
}

#[test]
fn log_and_standardise_compose() {
    let data = airline();
    let logs = data.log_labels().unwrap();
    let standardise = Standardise::of(&logs).unwrap();
    let done = standardise.apply(&logs).unwrap();
    assert!(matches!(
        done.label_transforms().as_slice(),
        [LabelTransform::Log, LabelTransform::Affine(affine)] if Some(affine) == standardise.of_labels()
    ));
    for (back, original) in done.original_labels().iter().zip(data.labels()) {
        assert!((back - original).abs() < 1e-12 * original);
    }
    assert_eq!(done.label_transforms().invert(done.labels().clone()).unwrap(), done.original_labels());
    assert!(done.label_transforms().invert(Array2::zeros((1, 2))).is_err());
    let median = done.label_transforms().invert(array![[0.0]]).unwrap()[[0, 0]];
    assert!((median.ln() - logs.labels().mean().unwrap()).abs() < 1e-12);
    assert_eq!(data.log_jacobian().get(), 0.0);
    assert_eq!(data.label_transforms(), &LabelTransforms::default());

    let fixed = standardise.of_labels().unwrap().clone();
    let fixed = Standardise::with([], [], fixed.shift(), fixed.scale()).unwrap();
    let numeric = jacobian_by_differences(&data, |d| fixed.apply(&d.log_labels().unwrap()).unwrap());
    assert!((done.log_jacobian().get() - numeric).abs() < 1e-6, "{} {numeric}", done.log_jacobian());
    // and a log after an affine map after a log
    let deep = |d: &Data| {
        let up = Standardise::with([], [], [-3.0], [0.5]).unwrap();
        up.apply(&up.apply(&d.log_labels().unwrap()).unwrap()).unwrap().log_labels().unwrap()
    };
    let numeric = jacobian_by_differences(&data, deep);
    assert!((deep(&data).log_jacobian().get() - numeric).abs() < 1e-6);
}

#[test]
fn densities_on_two_scales_agree() {
    // ln y normal: the density of y is log-normal.
    let data = Data::line([0.0, 1.0, 2.0], [0.5, 2.0, 7.0]).unwrap();
    let normal = |z: f64| -0.5 * z * z - 0.5 * (2.0 * std::f64::consts::PI).ln();
    let logs = data.log_labels().unwrap();
    let evidence = logs.labels().iter().map(|&z| normal(z)).sum::<f64>() + logs.log_jacobian().get();
    let log_normal: f64 = data.labels().iter().map(|y| normal(y.ln()) - y.ln()).sum();
    assert!((evidence - log_normal).abs() < 1e-13);
}

proptest! {
    #[test]
    fn standardising_is_undone(
        values in prop::collection::vec((-1e6f64..1e6, -1e3f64..1e3, 1e-3f64..1e6), 1..40),
    ) {
        let x = Array2::from_shape_fn((values.len(), 2), |(i, j)| if j == 0 { values[i].0 } else { values[i].1 });
        let y = Array1::from_iter(values.iter().map(|v| v.2));
        let data = Data::regression(x, y).unwrap();
        let logs = data.log_labels().unwrap();
        let standardise = Standardise::of(&logs).unwrap();
        let done = standardise.apply(&logs).unwrap();
        let back = standardise.invert_points(done.points()).unwrap();
        prop_assert_eq!(back.rows(), Some(data.rows()));
        for (column, original) in back.view().columns().into_iter().zip(data.points().view().columns()) {
            let size = original.iter().fold(0.0f64, |m, v| m.max(v.abs()));
            for (a, b) in column.iter().zip(original) {
                prop_assert!((a - b).abs() <= 4.0 * f64::EPSILON * size, "{} {}", a, b);
            }
        }
        for (a, b) in standardise.invert_labels(done.labels().clone()).unwrap().iter().zip(logs.labels()) {
            prop_assert!((a - b).abs() <= 1e-14 * 14.0);
        }
        for (a, b) in done.original_labels().iter().zip(data.labels()) {
            prop_assert!((a / b - 1.0).abs() <= 1e-12);
        }
        let numeric = -data.labels().iter().map(|y| y.ln()).sum::<f64>()
            - data.len() as f64 * standardise.of_labels().unwrap().scale()[0].ln();
        prop_assert!((done.log_jacobian().get() - numeric).abs() <= 1e-9 * (1.0 + numeric.abs()));
    }

    #[test]
    fn splits_are_exact(n in 2usize..60, seed in any::<u64>(), share in 0.0f64..1.0) {
        let data = numbered(n);
        let first = 1 + (share * (n - 1) as f64) as usize;
        let (a, b) = data.split_rows(first, Seed::new(seed)).unwrap();
        prop_assert_eq!((a.len(), b.len()), (first, n - first));
        prop_assert_eq!(&ids(&a) | &ids(&b), ids(&data));
        prop_assert!(a.points().view().column(0).windows(2).into_iter().all(|w| w[0] < w[1]));
    }
}

#[test]
fn saved_data_come_back_and_corrupt_ones_do_not() {
    let logs = airline().log_labels().unwrap();
    let (train, _) = logs.split(0.5, Seed::new(2)).unwrap();
    let standardise = Standardise::of(&train).unwrap();
    let data = standardise.apply(&train).unwrap();
    let bytes = postcard::to_allocvec(&data).unwrap();
    assert_eq!(postcard::from_bytes::<Data>(&bytes).unwrap(), data);
    let learned = postcard::to_allocvec(&standardise).unwrap();
    assert_eq!(postcard::from_bytes::<Standardise>(&learned).unwrap(), standardise);

    let small = Standardise::of(&numbered(2)).unwrap().apply(&numbered(2)).unwrap();
    let (small, _) = small.concat(&small).unwrap().split_rows(2, Seed::new(1)).unwrap();
    let text = serde_json::to_value(&small).unwrap();
    assert_eq!(serde_json::from_value::<Data>(text.clone()).unwrap().rows(), small.rows());
    let corrupt = |pointer: &str, value: serde_json::Value| {
        let mut text = text.clone();
        *text.pointer_mut(pointer).unwrap() = value;
        assert!(serde_json::from_value::<Data>(text).is_err(), "{pointer}");
    };
    corrupt("/rows", serde_json::json!([1]));
    corrupt("/labels/data/0", serde_json::json!(null));
    corrupt("/labels/dim", serde_json::json!([3, 1]));
    corrupt("/inputs/dim", serde_json::json!([1, 2]));
    corrupt("/names/inputs", serde_json::json!(["a", "b"]));
    corrupt("/names/labels/0", serde_json::json!("x"));
    corrupt("/sampling", serde_json::json!({"RandomSplit": {"of": 1}}));
    corrupt("/sampling", serde_json::json!("Iid"));
    corrupt("/list", serde_json::json!(null));
    corrupt("/list", serde_json::json!([1, 2, 3, 4]));
    corrupt("/input_transforms/0/scale/0", serde_json::json!(0.0));
    corrupt("/input_transforms/0", serde_json::json!({"shift": [0.0, 0.0], "scale": [1.0, 1.0]}));
    corrupt("/label_transforms/0/Affine", serde_json::json!({"shift": [], "scale": []}));
    // a number that is not finite, where the format can hold it
    let nan = f64::NAN.to_le_bytes();
    let value = data.labels()[[0, 0]].to_le_bytes();
    let at = bytes.windows(8).position(|window| window == value).unwrap();
    let mut broken = bytes.clone();
    broken[at..at + 8].copy_from_slice(&nan);
    assert!(postcard::from_bytes::<Data>(&broken).is_err());
}

#[test]
fn data_print_as_a_summary() {
    let text = format!("{:?}", airline());
    assert!(text.contains("144") && text.contains("passengers_thousands") && text.len() < 400, "{text}");
}
