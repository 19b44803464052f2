//! Nets: passes against differences and against each other, layers against loops, priors of weights against their laws, wrong nets refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use ndarray::{Array1, Array2};
use softbias_priors::math::special::normal_cdf;
use softbias_priors::net::layer::Summed;
use softbias_priors::net::{Activation, Batch, Bend, Gradient, NetBuilder, Precision, Run, WeightLaw, Work};
use softbias_priors::{Net, Points, Prior, PriorError, Seed, Softness, WhitePrior, laws};

fn points(n: usize, inputs: usize) -> Points {
    let mut x = Seed::new(9).normal2(n, inputs);
    // a coincident pair
    let first = x.row(0).to_owned();
    x.row_mut(n - 1).assign(&first);
    Points::new(x).unwrap()
}

fn zoo() -> Vec<(&'static str, Net)> {
    let soft = |s| Softness::new(s).unwrap();
    let flip = |n: usize| (0..n).rev().collect::<Vec<_>>();
    let same = |n: usize| (0..n).collect::<Vec<_>>();
    let moves = [(same(4), same(6)), (flip(4), flip(6))];
    let image = || Net::image(2, 5, 4);
    let built: Vec<(&str, NetBuilder)> = vec![
        ("tanh", Net::inputs(3).dense(5).tanh().dense(4).tanh().dense(2)),
        ("gelu", Net::inputs(3).dense(5).gelu().dense(2)),
        ("erf", Net::inputs(3).dense(5).erf().dense(2)),
        ("sin", Net::inputs(3).dense(5).sin().without_bias_here()),
        ("linear", Net::inputs(3).dense(2).without_bias()),
        ("norm", Net::inputs(3).dense(5).layer_norm().tanh().dense(2)),
        ("residual", Net::inputs(3).dense(4).tanh().residual(|b| b.dense(4).tanh().dense(4)).tanh().dense(1)),
        ("nested", Net::inputs(3).residual(|b| b.dense(3).residual(|b| b.sin().dense(3)))),
        ("tied", Net::inputs(4).tied(6, &moves).tanh().dense(1)),
        (
            "relaxed tied",
            Net::inputs(4).relaxed(soft(0.3), |b| b.tied(6, &moves), |b| b.dense(6)).tanh().dense(1),
        ),
        ("conv", image().conv(3, 3).tanh().dense(2)),
        ("strided", image().conv_by(3, 2, 2, 1).tanh().conv_by(2, 2, 1, 0).dense(2)),
        ("pooled", image().conv(4, 3).average_pool(2).tanh().global_average().dense(2)),
        ("max", image().conv(4, 3).max_pool(2).tanh().flatten().dense(2)),
        (
            "soft locality",
            image().relaxed(soft(0.1), |b| b.conv(2, 3), |b| b.flatten().dense(40)).tanh().dense(3),
        ),
        (
            "image residual",
            image().conv(2, 3).residual(|b| b.conv(2, 3).tanh().conv(2, 3)).tanh().global_average().dense(2),
        ),
        (
            "laplace",
            Net::inputs(3).dense(5).weights(WeightLaw::fan_in(1.0).bent(Bend::Laplace)).tanh().dense(1),
        ),
        (
            "t",
            Net::inputs(3)
                .dense(5)
                .weights(WeightLaw::fan_in(1.0).bent(Bend::StudentT { dof: 3.0 }))
                .tanh()
                .dense(1),
        ),
        (
            "horseshoe",
            Net::inputs(3).dense(5).weights(WeightLaw::normal(0.3).bent(Bend::Horseshoe)).tanh().dense(1),
        ),
        ("masked", Net::inputs(3).dense(6).tanh().dense(1).weights(WeightLaw::fan_in(1.0).masked(6, 2, 0.0))),
        (
            "filters",
            image().conv(3, 3).weights(WeightLaw::fan_in(1.0).correlated(3, 1.5).unwrap()).tanh().dense(1),
        ),
    ];
    built.into_iter().map(|(name, net)| (name, net.build().unwrap())).collect()
}

trait Here {
    fn without_bias_here(self) -> NetBuilder;
}

impl Here for NetBuilder {
    fn without_bias_here(self) -> NetBuilder {
        self.dense(2).without_bias()
    }
}

#[test]
fn every_layer_obeys_the_laws_of_white_priors() {
    for (name, net) in zoo() {
        let x = points(4, net.width());
        laws::white(&net, &x, Seed::new(3)).unwrap_or_else(|error| panic!("{name}: {error}"));
        laws::prior(&net, &x, Seed::new(4)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn relu_obeys_them_away_from_its_kink() {
    let net = Net::inputs(3).dense(8).relu().dense(2).build().unwrap();
    laws::white(&net, &points(4, 3), Seed::new(3)).unwrap();
}

#[test]
fn jacobian_rows_are_directional_derivatives() {
    for (name, net) in zoo() {
        let x = points(3, net.width());
        let eps = Seed::new(5).normal1(net.dim());
        let along = Seed::new(6).normal1(net.dim());
        let jacobian = net.jacobian(eps.view(), &x).unwrap();
        let pushed = net.pushforward(eps.view(), &x, along.view()).unwrap();
        for ((i, c), value) in pushed.indexed_iter() {
            let row: f64 = jacobian.slice(ndarray::s![i, c, ..]).dot(&along);
            assert!((row - value).abs() <= 1e-11 * (1.0 + value.abs()), "{name}: {row} {value}");
        }
    }
}

#[test]
fn single_precision_is_double_precision_rounded() {
    for (name, net) in zoo() {
        let x = points(6, net.width());
        let eps = Seed::new(7).normal1(net.dim()).to_vec();
        let mut theta = vec![0.0; net.dim()];
        net.place(&eps, &mut theta);
        let wide = net.outputs_at(&theta, &net.rows_of::<f64>(&x).unwrap());
        let theta: Vec<f32> = theta.iter().map(|t| *t as f32).collect();
        let narrow = net.outputs_at(&theta, &net.rows_of::<f32>(&x).unwrap());
        let size = wide.iter().fold(1.0f64, |a, b| a.max(b.abs()));
        for (a, b) in wide.iter().zip(&narrow) {
            assert!((a - f64::from(*b)).abs() < 3e-5 * size, "{name}: {a} {b}");
        }
    }
}

#[test]
fn a_convolution_is_its_sum() {
    let (channels, height, width, side, stride, padding, filters) = (2, 5, 4, 3, 2, 1, 3);
    let net = Net::image(channels, height, width).conv_by(filters, side, stride, padding).build().unwrap();
    let x = points(3, net.width());
    let eps = Seed::new(8).normal1(net.dim());
    let mut theta = vec![0.0; net.dim()];
    net.place(eps.as_slice().unwrap(), &mut theta);
    let found = net.forward(eps.view(), &x).unwrap();
    let (down, right) =
        ((height + 2 * padding - side) / stride + 1, (width + 2 * padding - side) / stride + 1);
    assert_eq!(net.outputs(), filters * down * right);
    for (row, f) in found.rows().into_iter().enumerate() {
        let x = x.view().row(row).to_owned();
        for (o, i, j) in
            (0..filters).flat_map(|o| (0..down).flat_map(move |i| (0..right).map(move |j| (o, i, j))))
        {
            let mut sum = theta[filters * channels * side * side + o];
            for (c, a, b) in
                (0..channels).flat_map(|c| (0..side).flat_map(move |a| (0..side).map(move |b| (c, a, b))))
            {
                let (y, z) = (i * stride + a, j * stride + b);
                if y < padding || z < padding || y - padding >= height || z - padding >= width {
                    continue;
                }
                let weight = theta[((o * channels + c) * side + a) * side + b];
                sum += weight * x[(c * height + y - padding) * width + z - padding];
            }
            assert!((f[(o * down + i) * right + j] - sum).abs() < 1e-12);
        }
    }
}

#[test]
fn tied_layers_are_equivariant_and_their_relaxed_rest_is_not() {
    let rotate = |n: usize, by: usize| (0..n).map(|i| (i + by) % n).collect::<Vec<_>>();
    let moves: Vec<_> = (0..4).map(|by| (rotate(4, by), rotate(4, by))).collect();
    let x = points(3, 4);
    let turned = Points::new(Array2::from_shape_fn((3, 4), |(i, j)| x.view()[[i, (j + 1) % 4]])).unwrap();
    let gap = |softness: f64| {
        let net = Net::inputs(4)
            .relaxed(Softness::new(softness).unwrap(), |b| b.tied(4, &moves), |b| b.dense(4))
            .tanh()
            .build()
            .unwrap();
        let eps = Seed::new(2).normal1(net.dim());
        let (f, g) = (net.forward(eps.view(), &x).unwrap(), net.forward(eps.view(), &turned).unwrap());
        let moved = Array2::from_shape_fn((3, 4), |(i, j)| f[[i, (j + 1) % 4]]);
        (&moved - &g).iter().fold(0.0f64, |a, b| a.max(b.abs()))
    };
    assert!(gap(0.0) < 1e-15);
    assert!(gap(0.3) > 1e-2);
    // to first order in the softness
    assert!((gap(1e-4) / gap(1e-5) - 10.0).abs() < 0.1);
}

#[test]
fn softness_is_the_scale_of_a_tensor_and_hard_means_absent() {
    let net = |s: f64| {
        let soft = Softness::new(s).unwrap();
        Net::image(1, 4, 4)
            .relaxed(soft, |b| b.conv(2, 3), |b| b.flatten().dense(32))
            .relu()
            .dense(2)
            .build()
            .unwrap()
    };
    let (soft, hard) = (net(0.2), net(0.0));
    let tensor = soft.tensors().iter().position(|t| t.name == "0.sum.1.1.dense.weight").expect("its name");
    assert!((soft.scales()[tensor] - 0.2 * 2f64.sqrt() / 4.0).abs() < 1e-15);
    let mut scales = soft.scales();
    scales[tensor] = 0.0;
    scales[tensor + 1] = 0.0;
    let closed = soft.with_scales(&scales).unwrap();
    let x = points(3, 16);
    let eps = Seed::new(1).normal1(soft.dim());
    assert_eq!(closed.forward(eps.view(), &x).unwrap(), hard.forward(eps.view(), &x).unwrap());
    let range = soft.tensors()[tensor].range();
    let jacobian = hard.jacobian(eps.view(), &x).unwrap();
    assert!(jacobian.slice(ndarray::s![.., .., range]).iter().all(|slope| *slope == 0.0));
}

#[test]
fn bent_noise_has_the_distribution_it_is_named_after() {
    // by the distribution functions at the same probability, and slopes by differences
    let laplace = |t: f64| 0.5 * (-(2f64.sqrt()) * t.abs()).exp();
    let cauchy = |t: f64| 0.5 - t.abs().atan() / std::f64::consts::PI;
    // of two degrees of freedom: P(T > t) = ½ − t/(2√(2 + t²))
    let two = |t: f64| 0.5 - 0.5 * t.abs() / (2.0 + t * t).sqrt();
    for i in 1..60 {
        let eps = 0.1 * f64::from(i);
        let tail = normal_cdf(-eps);
        for (bend, of) in [
            (Bend::Laplace, &laplace as &dyn Fn(f64) -> f64),
            (Bend::StudentT { dof: 1.0 }, &cauchy),
            (Bend::StudentT { dof: 2.0 }, &two),
        ] {
            let (value, _) = bend.at(eps);
            assert!((of(value) / tail - 1.0).abs() < 2e-6, "{bend:?} {eps}: {} {tail}", of(value));
        }
        for bend in [Bend::Normal, Bend::Laplace, Bend::StudentT { dof: 3.5 }, Bend::Horseshoe] {
            for eps in [eps, -eps] {
                let difference = (bend.at(eps + 1e-5).0 - bend.at(eps - 1e-5).0) / 2e-5;
                let slope = bend.at(eps).1;
                assert!((difference / slope - 1.0).abs() < 1e-5, "{bend:?} {eps}: {difference} {slope}");
                assert_eq!(bend.at(eps).0, -bend.at(-eps).0);
            }
        }
    }
}

#[test]
fn wide_nets_have_the_kernel_of_their_limit() {
    // erf: the arcsine kernel (Williams 1998); relu: the arc-cosine kernel (Cho & Saul 2009); both at weights N(0, 1/fan-in) and biases N(0, 1)
    let x = Array2::from_shape_vec((3, 2), vec![0.3, -0.7, 1.1, 0.4, -0.2, 0.9]).unwrap();
    let k = |i: usize, j: usize| 1.0 + x.row(i).dot(&x.row(j)) / 2.0;
    let erf = |i, j| {
        let (a, b, c): (f64, f64, f64) = (k(i, i), k(j, j), k(i, j));
        std::f64::consts::FRAC_2_PI * (2.0 * c / ((1.0 + 2.0 * a) * (1.0 + 2.0 * b)).sqrt()).asin()
    };
    let relu = |i, j| {
        let (a, b, c): (f64, f64, f64) = (k(i, i), k(j, j), k(i, j));
        let angle = (c / (a * b).sqrt()).clamp(-1.0, 1.0).acos();
        (a * b).sqrt() * (angle.sin() + (std::f64::consts::PI - angle) * angle.cos())
            / (2.0 * std::f64::consts::PI)
    };
    let points = Points::new(x.clone()).unwrap();
    for (by, kernel) in [(Activation::Erf, &erf as &dyn Fn(usize, usize) -> f64), (Activation::Relu, &relu)] {
        let net = Net::inputs(2)
            .dense(1000)
            .weights(WeightLaw::fan_in(1.0))
            .activate(by)
            .dense(1)
            .weights(WeightLaw::fan_in(1.0))
            .build()
            .unwrap();
        let draws = net.draws(4000, &points, Seed::new(11)).unwrap();
        for (i, j) in [(0, 0), (0, 1), (1, 2), (2, 2)] {
            let product = |d: usize| draws[[d, i, 0]] * draws[[d, j, 0]];
            let mean = (0..4000).map(product).sum::<f64>() / 4000.0;
            let spread = (0..4000).map(|d| (product(d) - mean).powi(2)).sum::<f64>() / 4000.0;
            let exact = 1.0 + kernel(i, j);
            assert!((mean - exact).abs() < 4.0 * (spread / 4000.0).sqrt(), "{by:?} {i} {j}: {mean} {exact}");
        }
    }
}

#[test]
fn correlated_filters_have_their_correlation() {
    let law = WeightLaw::normal(2.0).correlated(3, 1.5).unwrap();
    let net = Net::image(1, 3, 3).conv_by(1, 3, 1, 0).weights(law).without_bias().build().unwrap();
    let n = 20_000;
    let mut sums = Array2::<f64>::zeros((9, 9));
    let mut theta = vec![0.0; 9];
    for i in 0..n {
        net.place(Seed::new(i).normal1(9).as_slice().unwrap(), &mut theta);
        let theta = Array1::from(theta.clone());
        for (a, b) in (0..9).flat_map(|a| (0..9).map(move |b| (a, b))) {
            sums[[a, b]] += theta[a] * theta[b] / n as f64;
        }
    }
    for ((a, b), found) in sums.indexed_iter() {
        let distance = (a as f64 / 3.0).floor() - (b as f64 / 3.0).floor();
        let exact = 4.0 * (-distance.hypot((a % 3) as f64 - (b % 3) as f64) / 1.5).exp();
        assert!((found - exact).abs() < 4.0 * (32.0 / n as f64).sqrt(), "{a} {b}: {found} {exact}");
    }
}

#[test]
fn wrong_nets_are_refused_by_the_name_of_the_layer() {
    let of = |net: NetBuilder| match net.build() {
        Err(PriorError::Net { layer, problem }) => (layer, problem),
        other => panic!("{other:?}"),
    };
    let starts = |net: NetBuilder, layer: &str| {
        let (found, problem) = of(net);
        assert!(found.starts_with(layer) && !problem.is_empty(), "{found}: {problem}");
    };
    starts(Net::inputs(0).dense(3), "input");
    starts(Net::inputs(3).dense(4).tanh().dense(0), "2.dense");
    starts(Net::image(1, 4, 4).conv_by(3, 7, 1, 0), "0.conv");
    starts(Net::image(1, 4, 4).conv_by(3, 3, 0, 1), "0.conv");
    starts(Net::image(1, 4, 4).conv(3, 3).max_pool(5), "1.pool");
    starts(Net::inputs(3).dense(4).residual(|b| b.dense(5)), "1.sum");
    starts(Net::inputs(3).dense(4).weights(WeightLaw::normal(-1.0)), "0.dense");
    starts(Net::inputs(3).dense(4).weights(WeightLaw::normal(f64::NAN)), "0.dense");
    starts(Net::inputs(3).dense(4).weights(WeightLaw::normal(1.0).by_input(vec![1.0])), "0.dense");
    starts(Net::inputs(3).dense(4).tanh().weights(WeightLaw::normal(1.0)), "1.prior");
    starts(Net::inputs(3).weights(WeightLaw::normal(1.0)), "0.prior");
    let bent = WeightLaw::normal(1.0).bent(Bend::StudentT { dof: 0.0 });
    starts(Net::inputs(3).dense(4).weights(bent), "0.dense");
    let soft = Softness::new(0.1).unwrap();
    starts(Net::inputs(3).relaxed(soft, |b| b.dense(2), |b| b.dense(2).tanh()), "0.sum");
    starts(Net::inputs(2).tied(2, &[(vec![1, 0], vec![1, 0])]), "0.tied");
    starts(Net::inputs(2).tied(2, &[(vec![0, 0], vec![0, 1])]), "0.tied");
    assert!(WeightLaw::normal(1.0).correlated(3, 0.0).is_err());
    let net = Net::inputs(3).dense(2).build().unwrap();
    assert!(net.with_scales(&[1.0]).is_err() && net.with_scales(&[1.0, -1.0]).is_err());
    assert!(net.draws(1, &points(3, 2), Seed::new(1)).is_err());
    assert!(net.forward(Array1::zeros(3).view(), &points(3, 3)).is_err());
}

/// Long tensors go through in chunks, in parallel: their weights are those of the law, wherever a chunk begins.
/// Gradients of sums over lanes are those of one reverse pass over all rows.
fn sums_are_whole<T: Precision>(net: &Net, n: usize, work: &mut Work<T>, tolerance: f64) {
    let number = |x: &f64| T::of(*x);
    let theta: Vec<T> = Seed::new(5).normal1(net.weights()).iter().map(|t| T::of(0.1 * t)).collect();
    let x: Vec<T> = Seed::new(6).normal1(n * net.width()).iter().map(number).collect();
    let slopes = |_: &[usize], f: &[T], df: &mut [T]| {
        df.copy_from_slice(f);
        0.0
    };
    let mut found = vec![T::of(f64::NAN); net.weights()];
    net.sum_slopes(&theta, Batch { x: &x, rows: None }, &slopes, work, Gradient::Weights(&mut found));
    let mut whole = vec![T::ZERO; net.weights()];
    let mut run = Run::default();
    let f = run.forward(net, &theta, &x).to_vec();
    run.backward(net, &theta, &f, &mut Summed(&mut whole));
    let largest = whole.iter().fold(0.0, |m: f64, g| m.max(g.get().abs()));
    let worst = whole.iter().zip(&found).fold(0.0, |m: f64, (a, b)| m.max((a.get() - b.get()).abs()));
    assert!(worst <= tolerance * largest, "{net:?}, {n} rows: {worst} of {largest}");
}

#[test]
fn sums_over_lanes_are_those_of_one_pass() {
    let (mut wide, mut narrow) = (Work::default(), Work::default());
    // several large matrices, behind one another and in branches; convolutions with one position that see more or less than their input
    for net in [
        Net::inputs(150).dense(140).tanh().residual(|b| b.dense(140).tanh()).dense(130).relu().dense(2),
        Net::image(64, 1, 1).conv(64, 3).tanh().dense(2),
        Net::image(64, 3, 3).conv_by(64, 2, 2, 0).tanh().dense(2),
        Net::image(128, 2, 2).conv_by(128, 1, 2, 0).tanh().dense(2),
        Net::image(30, 3, 3).conv_by(64, 3, 1, 0).tanh().dense(2),
    ] {
        let net = net.build().unwrap();
        for n in [0, 1, 65, 700] {
            sums_are_whole::<f64>(&net, n, &mut wide, 1e-12);
            sums_are_whole::<f32>(&net, n, &mut narrow, 2e-4);
        }
    }
    let net = Net::inputs(130).dense(130).tanh().dense(1).build().unwrap();
    sums_are_whole::<f64>(&net, 16 * 256 + 1, &mut wide, 1e-12);
}

#[test]
fn long_tensors_are_placed_like_short_ones() {
    // filters of nine correlated weights, 64 × 64 of them; noise that repeats with the filter must give one filter, repeated
    let law = WeightLaw::normal(0.5).correlated(3, 2.0).unwrap();
    let net = Net::image(64, 3, 3).conv(64, 3).weights(law).without_bias().build().unwrap();
    let filter = Seed::new(1).normal1(9).to_vec();
    let eps: Vec<f64> = filter.iter().copied().cycle().take(net.weights()).collect();
    let (mut theta, mut slopes) = (vec![0.0; eps.len()], eps.clone());
    net.place(&eps, &mut theta);
    net.pull(&eps, &mut slopes);
    for of in [&theta, &slopes] {
        assert!(of.len() > 1 << 15 && of.chunks(9).all(|own| own == &of[..9]) && of[..9] != eps[..9]);
    }
    // a scale of its own for every input
    let factors: Vec<f64> = (0..300).map(|j| 1.0 + 0.01 * j as f64).collect();
    let law = WeightLaw::normal(0.5).by_input(factors.clone());
    let net = Net::inputs(300).dense(150).weights(law).dense(1).build().unwrap();
    let eps = Seed::new(2).normal1(net.weights()).to_vec();
    let (mut theta, mut slopes) = (vec![0.0; eps.len()], vec![1.0; eps.len()]);
    net.place(&eps, &mut theta);
    net.pull(&eps, &mut slopes);
    for at in 0..300 * 150 {
        let scale = 0.5 * factors[at % 300];
        assert!((slopes[at] - scale).abs() < 1e-15 && (theta[at] - scale * eps[at]).abs() < 1e-14);
    }
    // and slopes of several parts, large tensors and small, are those of one reverse pass, pulled back
    for n in [1, 150, 1500] {
        let x = Seed::new(3).normal2(n, 300);
        let slopes_of = |_: &[usize], f: &[f64], df: &mut [f64]| {
            df.iter_mut().zip(f).for_each(|(d, f)| *d = *f);
            f.iter().map(|f| 0.5 * f * f).sum()
        };
        let mut work = Work::default();
        let batch = Batch { x: x.as_slice().unwrap(), rows: None };
        let (mut white, mut plain) = (vec![f64::NAN; eps.len()], vec![f64::NAN; eps.len()]);
        let mut sum = |gradient| net.sum_slopes(&theta, batch, &slopes_of, &mut work, gradient);
        let values = [
            sum(Gradient::White { eps: &eps, out: &mut white }),
            sum(Gradient::Weights(&mut plain)),
            sum(Gradient::None),
        ];
        let mut whole = vec![0.0; eps.len()];
        let mut run = Run::default();
        let f = run.forward(&net, &theta, x.as_slice().unwrap()).to_vec();
        run.backward(&net, &theta, &f, &mut Summed(&mut whole));
        let largest = whole.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
        assert!(whole.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-12 * largest), "{n} rows");
        net.pull(&eps, &mut plain);
        assert_eq!(white, plain);
        let value: f64 = f.iter().map(|f| 0.5 * f * f).sum();
        assert!(values.iter().all(|v| *v == values[0] && (v / value - 1.0).abs() < 1e-12));
    }
}
