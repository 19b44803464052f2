//! Additive kernels: against sums over subsets, binomials, and products.

use super::*;

fn bases(d: usize) -> Vec<Kernel> {
    (0..d)
        .map(|i| match i % 3 {
            0 => Kernel::rbf(0.5 + 0.2 * i as f64),
            1 => 0.8 * Kernel::matern32([1.1]),
            _ => Kernel::rational_quadratic(0.7, 1.4).named("third"),
        })
        .collect()
}

#[test]
fn laws_hold() {
    for (d, order) in [(1, 1), (3, 1), (3, 2), (3, 3), (5, 4)] {
        keeps(&Kernel::additive(bases(d), order).unwrap(), &points(7, d));
    }
    let kernel = Kernel::additive_with(bases(4), &[0.7, 0.0, 0.2]).unwrap();
    keeps(&(1.5 * kernel.clone().named("all")), &points(6, 4));
    let names = Vec::from_iter(kernel.parameters().into_iter().map(|p| p.name));
    let expected = ["k1.length", "k2.length1", "k2.variance", "third.length", "third.alpha", "k4.length"];
    assert!(names.iter().take(6).eq(expected.iter()), "{names:?}");
    assert_eq!(names[6..], ["variance1", "variance2", "variance3"]);
    let fixed = Vec::from_iter(kernel.parameters().into_iter().filter(|p| p.fixed).map(|p| p.name));
    assert_eq!(fixed, ["variance2"]);
}

#[test]
fn sums_over_subsets() {
    let (d, variances) = (7, [0.9, 0.4, 0.0, 0.3, 1.7, 0.2, 0.6]);
    let (kernel, x) = (Kernel::additive_with(bases(d), &variances).unwrap(), rows(&points(5, d)));
    for (a, b) in [(0, 1), (2, 3), (4, 0), (1, 1)] {
        let z = Vec::from_iter((0..d).map(|i| bases(d)[i].eval(&x[a][i..=i], &x[b][i..=i])));
        let subset = |set: usize| {
            let product: f64 = (0..d).filter(|i| set >> i & 1 == 1).map(|i| z[i]).product();
            variances[set.count_ones() as usize - 1] * product
        };
        let exact: f64 = (1..1usize << d).map(subset).sum();
        near(kernel.eval(&x[a], &x[b]), exact, 1e-14, "a sum over subsets");
    }
}

#[test]
fn order_one_is_a_sum_and_all_orders_are_a_product() {
    let (d, x) = (6, points(9, 6));
    let terms = bases(d).into_iter().enumerate().map(|(i, k)| k.on([i]).unwrap());
    let sum = terms.clone().reduce(|sum, k| sum + k).unwrap();
    let first = Kernel::additive_with(bases(d), &[1.0]).unwrap();
    assert!((gram(&sum, &x) - gram(&first, &x)).iter().all(|gap| gap.abs() < 1e-14));
    // Σ over every subset, the empty one included, is Π (1 + z)
    let all = gram(&Kernel::additive_with(bases(d), &[1.0; 6]).unwrap(), &x) + 1.0;
    let product = terms.map(|k| gram(&k, &x) + 1.0).reduce(|product, k| product * k).unwrap();
    let gap = (&all - &product).iter().zip(&product).fold(0.0, |worst: f64, (g, p)| worst.max(g.abs() / p));
    assert!(gap < 1e-14, "{gap:e}");
}

/// binomial(n, q), exactly: whole numbers below 2⁵³.
fn binomial(n: u64, q: u64) -> f64 {
    (1..=q).fold(1u64, |b, i| b * (n + 1 - i) / i) as f64
}

#[test]
fn thirty_two_inputs_keep_their_digits() {
    // Equal z make e_q = binomial(32, q) zᵠ; where Newton and Girard's sums lose every digit these keep all but the last.
    let d = 32u64;
    let x: Vec<f64> = (0..d).map(|i| if i % 2 == 0 { 0.3 } else { -1.1 }).collect();
    let moved = Vec::from_iter(x.iter().map(|x| x + 0.25));
    for q in 1..=d {
        let mut variances = vec![0.0; q as usize];
        variances[q as usize - 1] = 1.0;
        let kernel = Kernel::additive_with(vec![Kernel::rbf(1.0); 32], &variances).unwrap();
        assert_eq!(kernel.eval(&x, &x), binomial(d, q), "whole numbers are exact");
        let z = Kernel::rbf(1.0).eval(&[0.0], &[0.25]);
        let exact = binomial(d, q) * z.powi(q as i32);
        // one rounding a step of the recurrence, of positive numbers
        near(kernel.eval(&x, &moved) / exact, 1.0, 64.0 * f64::EPSILON, "equal inputs");
        // every slope along an input is e_{q−1} of the 31 others times that of its own kernel
        let mut slope = vec![0.0; 32];
        kernel.function().slope(&moved, &x, 1.0, &mut slope);
        let one = -0.25 * z * binomial(d - 1, q - 1) * z.powi(q as i32 - 1);
        slope.iter().for_each(|s| near(s / one, 1.0, 128.0 * f64::EPSILON, "slopes of equal inputs"));
    }
    // and unequal ones, in whole numbers: kernels of value 1 or (after a scale) 2 and 3
    let scaled = |i: u64| [1.0, 2.0, 3.0][(i % 3) as usize];
    let kernel = |order: usize| {
        let mut variances = vec![0.0; order];
        variances[order - 1] = 1.0;
        Kernel::additive_with((0..d).map(|i| scaled(i) * Kernel::rbf(1.0)).collect::<Vec<_>>(), &variances)
    };
    let mut exact = vec![0u128; 33];
    exact[0] = 1;
    for i in 0..d {
        for q in (1..=32).rev() {
            exact[q] += scaled(i) as u128 * exact[q - 1];
        }
    }
    for (order, &exact) in exact.iter().enumerate().skip(1) {
        let found = kernel(order).unwrap().eval(&x, &x);
        near(found / exact as f64, 1.0, 64.0 * f64::EPSILON, "whole numbers");
    }
}

#[test]
fn thirty_two_inputs_keep_the_digits_of_their_gradient() {
    // ∂/∂ℓ of each of 32 equal kernels, by closed form: binomial(31, q − 1) zᵠ⁻¹ ∂z/∂ℓ, at full order
    let x = Points::new(Array2::from_shape_fn((2, 32), |(i, _)| 0.25 * i as f64)).unwrap();
    let kernel = Kernel::additive(vec![Kernel::rbf(1.0); 32], 32).unwrap();
    let w = Blocks::Shared(Array2::from_elem((2, 2), 0.5));
    let gradient = Gp::new(kernel.clone()).contract(&x, &w).unwrap();
    let z = (-0.5 * 0.0625f64).exp();
    let by_length = 0.0625 * z;
    let parameters = kernel.parameters();
    let variance = |q: u64| parameters.iter().nth(31 + q as usize).unwrap().value;
    let exact: f64 = (1..=32).map(|q| variance(q) * binomial(31, q - 1) * z.powi(q as i32 - 1)).sum();
    for g in gradient.iter().take(32) {
        near(g / (exact * by_length), 1.0, 1e-13, "the gradient of a length scale");
    }
    for q in 1..=32u64 {
        let exact = binomial(32, q) * (1.0 + z.powi(q as i32));
        near(gradient[31 + q as usize] / exact, 1.0, 1e-13, "the gradient of a variance");
    }
    near(kernel.eval(&vec![0.0; 32], &vec![0.0; 32]), 1.0, 1e-14, "shares add up to 1");
}

#[test]
fn wide_tiles() {
    let kernel = Kernel::additive(bases(4), 3).unwrap();
    let x = Points::new(Seed::new(4).normal2(600, 4)).unwrap();
    let (k, rows) = (gram(&kernel, &x), rows(&x));
    for (i, j) in [(0, 0), (255, 256), (256, 255), (599, 3), (511, 512), (3, 599)] {
        near(k[[i, j]], kernel.eval(&rows[i], &rows[j]), 1e-14, "wide tiles");
    }
}

#[test]
fn refused() {
    let said = |result: Result<Kernel, PriorError>| result.unwrap_err().to_string();
    assert!(said(Kernel::additive(vec![], 1)).contains("kernels"));
    assert!(said(Kernel::additive(bases(3), 0)).contains("orders"));
    assert!(said(Kernel::additive(bases(3), 4)).contains("expected 3, found 4"));
    assert!(said(Kernel::additive(bases(3), usize::MAX)).contains("expected 3, found 4"));
    assert!(said(Kernel::additive([Kernel::rbf([1.0, 2.0])], 1)).contains("expected 2, found 1"));
    let negative = Kernel::additive_with(bases(2), &[1.0, -1.0]).unwrap();
    assert!(matches!(Gp::new(negative).var(&points(3, 2)), Err(PriorError::Parameter { .. })));
    let two = Kernel::additive(bases(2), 1).unwrap();
    assert!(matches!(Gp::new(two).var(&points(3, 3)), Err(PriorError::Dimensions { .. })));
}
