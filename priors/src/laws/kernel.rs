//! Laws of a kernel, for anyone's own.

use ndarray::{Array2, ArrayView2};

use super::{DRAWS, LawError, Verdict, hold};
use crate::group::Action;
use crate::kernel::{KernelFunction, TILE, Tile};
use crate::math::linalg;
use crate::{Blocks, GaussianPrior, Gp, Kernel, Points, PriorError, Seed};

/// Laws of a kernel, at these points (a dozen at most: pairs cost pairs; one of them twice, to see coincident points): the same bits
/// when its points change places; `fill`, wherever in a tile, and `diagonal` agree with `eval`; a positive Gram matrix; `contract`
/// agrees with differences along every parameter and gives Σ w k; `slope` agrees with differences where there is no kink; second
/// moments of random functions; `preserved_by` is true where it says so; parameters and saved kernels come back as they went.
///
/// # Errors
/// The first broken law.
pub fn kernel(kernel: &Kernel, x: &Points, seed: Seed) -> Verdict {
    kernel.check(x)?;
    let rows: Vec<Vec<f64>> = x.view().rows().into_iter().map(|row| row.to_vec()).collect();
    let k = values(kernel, x, &rows)?;
    parameters(kernel, &rows, &k)?;
    contraction(kernel, x, &rows, &k, seed)?;
    slopes(kernel.function(), &rows, seed)?;
    long_tiles(kernel, x, &k, seed)?;
    random_functions(kernel.function(), &rows, &k, seed)?;
    actions(kernel, &rows, &k)?;
    saved(kernel, &rows, &k)
}

fn yes(condition: bool) -> f64 {
    f64::from(u8::from(!condition))
}

fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |m: f64, v| if v.is_nan() || m.is_nan() { f64::NAN } else { m.max(v.abs()) })
}

/// Points as a tile keeps them.
fn columns(x: ArrayView2<'_, f64>) -> Array2<f64> {
    x.t().as_standard_layout().into_owned()
}

fn gram(kernel: &Kernel, rows: &[Vec<f64>]) -> Array2<f64> {
    Array2::from_shape_fn((rows.len(), rows.len()), |(i, j)| kernel.eval(&rows[i], &rows[j]))
}

fn values(kernel: &Kernel, x: &Points, rows: &[Vec<f64>]) -> Result<Array2<f64>, LawError> {
    let k = gram(kernel, rows);
    hold("a kernel is finite", k.iter().filter(|v| !v.is_finite()).count() as f64, 0.0)?;
    let unequal =
        |k: &Array2<f64>| k.iter().zip(k.t()).filter(|(a, b)| a.to_bits() != b.to_bits()).count() as f64;
    hold("k(a, b) and k(b, a) are the same bits", unequal(&k), 0.0)?;
    let top = largest(k.diag().iter().copied()).max(f64::MIN_POSITIVE);
    let columns = columns(x.view());
    let mut filled = k.clone();
    for (row, a) in filled.rows_mut().into_iter().zip(rows) {
        let mut values = vec![f64::NAN; rows.len()];
        kernel.function().fill(a, &Tile::of(columns.view()), &mut values);
        row.into_iter().zip(values).for_each(|(out, v)| *out = v);
    }
    hold("fill agrees with eval", largest((&filled - &k).iter().copied()) / top, 1e-12)?;
    hold("fill keeps its bits when points change places", unequal(&filled), 0.0)?;
    let relative = |(a, k): (&Vec<f64>, &f64)| {
        (kernel.function().diagonal(a) - k) / k.abs().max(1e-13 * top).max(f64::MIN_POSITIVE)
    };
    hold("diagonal is eval of a point with itself", largest(rows.iter().zip(k.diag()).map(relative)), 1e-11)?;
    let least =
        linalg::eigh(filled.view()).map_err(PriorError::from)?.values.iter().copied().fold(0.0, f64::min);
    hold("a Gram matrix is positive", -least, 1e-11 * top * rows.len() as f64)?;
    Ok(filled)
}

fn parameters(kernel: &Kernel, rows: &[Vec<f64>], k: &Array2<f64>) -> Verdict {
    let parameters = kernel.parameters();
    let theta = parameters.values();
    let names: std::collections::BTreeSet<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
    hold("names of parameters differ", yes(names.len() == theta.len()), 0.0)?;
    let same = gram(&kernel.with(&theta)?, rows);
    let top = largest(k.iter().copied()).max(f64::MIN_POSITIVE);
    hold("its own parameters give the same kernel", largest((&same - k).iter().copied()) / top, 1e-12)?;
    let moved: Vec<f64> =
        parameters.iter().map(|p| (p.value * 1.03 + 1e-3).clamp(p.lower, p.upper)).collect();
    let back = kernel.with(&moved)?.parameters().values();
    let gaps = back.iter().zip(&moved).map(|(a, b)| (a - b) / b.abs().max(f64::MIN_POSITIVE));
    hold("a kernel has the parameters it was given", largest(gaps) + yes(back.len() == moved.len()), 1e-13)?;
    let longer = [theta.as_slice(), &[1.0]].concat();
    hold("too many parameters are refused", yes(kernel.with(&longer).is_err()), 0.0)
}

/// The derivative of `f` at 0 by central differences (one-sided ones where `room` on a side is short) of fourth order: that of
/// the step, out of a range, whose result is nearest to `claim`. A wrong claim is near none of them.
fn nearest_difference(
    claim: f64,
    scale: f64,
    room: (f64, f64),
    f: impl Fn(f64) -> Result<f64, LawError>,
) -> Result<f64, LawError> {
    let mut best = f64::NAN;
    for exponent in [-1.5, -2.0, -2.5, -3.0, -3.5, -4.0, -5.0, -6.0] {
        let h = scale * 10f64.powf(exponent);
        let slope = if 2.0 * h < room.0 && 2.0 * h < room.1 {
            (8.0 * (f(h)? - f(-h)?) - (f(2.0 * h)? - f(-2.0 * h)?)) / (12.0 * h)
        } else {
            let h = if 4.0 * h < room.1 { h } else { -h };
            let ahead = 48.0 * f(h)? - 36.0 * f(2.0 * h)? + 16.0 * f(3.0 * h)? - 3.0 * f(4.0 * h)?;
            (ahead - 25.0 * f(0.0)?) / (12.0 * h)
        };
        if best.is_nan() || (slope - claim).abs() < (best - claim).abs() {
            best = slope;
        }
    }
    Ok(best)
}

/// Contraction of each row of the Gram matrix, point by point and coincident points among them.
fn contraction(kernel: &Kernel, x: &Points, rows: &[Vec<f64>], k: &Array2<f64>, seed: Seed) -> Verdict {
    let (parameters, columns) = (kernel.parameters(), columns(x.view()));
    let theta = parameters.values();
    let tile = Tile::of(columns.view());
    for (i, a) in rows.iter().enumerate() {
        let w = seed.named("weights").at(i).normal1(rows.len()).to_vec();
        // What is there already has to stay.
        let mut gradient = vec![1.0; theta.len()];
        let total = kernel.function().contract(a, &tile, &w, &mut gradient);
        let size: f64 =
            w.iter().zip(k.row(i)).map(|(w, k)| (w * k).abs()).sum::<f64>().max(f64::MIN_POSITIVE);
        let direct: f64 = w.iter().zip(k.row(i)).map(|(w, k)| w * k).sum();
        hold("contract gives Σ w k", (total - direct).abs() / size, 1e-11)?;
        for (at, p) in parameters.iter().enumerate().filter(|(_, p)| p.lower < p.upper) {
            let along = |step: f64| {
                let mut moved = theta.clone();
                moved[at] += step;
                let kernel = kernel.with(&moved)?;
                let mut values = vec![0.0; rows.len()];
                kernel.function().fill(a, &tile, &mut values);
                // Differences of every k first: a sum of large terms would hide a small one.
                Ok(values.iter().zip(k.row(i)).zip(&w).map(|((now, k), w)| w * (now - k)).sum())
            };
            let scale = if p.value == 0.0 { 0.1 * p.upper.min(1.0) } else { p.value.abs() };
            let claim = gradient[at] - 1.0;
            let slope = nearest_difference(claim, scale, (p.value - p.lower, p.upper - p.value), along)?;
            let allowed = 1e-6 * slope.abs() + 1e-9 * size / scale + 1e-14;
            hold("contract agrees with differences along every parameter", (slope - claim).abs(), allowed)?;
        }
    }
    Ok(())
}

/// Compares a slope in x with differences of `f`, but for coordinates along which `f` has a kink there.
fn slope_agrees(
    law: &'static str,
    claim: &[f64],
    x: &[f64],
    size: f64,
    f: impl Fn(&[f64]) -> f64,
) -> Verdict {
    for (d, claim) in claim.iter().enumerate() {
        let scale = x[d].abs().max(0.1);
        let at = |step: f64| {
            let mut moved = x.to_vec();
            moved[d] += step;
            f(&moved)
        };
        let (h, middle) = (1e-6 * scale, at(0.0));
        let (ahead, behind) = ((at(h) - middle) / h, (middle - at(-h)) / h);
        hold("a slope is finite", yes(claim.is_finite()), 0.0)?;
        if !(ahead - behind).is_finite() {
            // the end of where `f` is defined
            continue;
        }
        if (ahead - behind).abs() > 1e-3 * (ahead.abs() + behind.abs()) + 1e-4 * size / scale {
            continue;
        }
        let slope = nearest_difference(*claim, scale, (f64::INFINITY, f64::INFINITY), |step| Ok(at(step)))?;
        hold(law, (slope - claim).abs(), 1e-6 * slope.abs() + 1e-8 * size / scale)?;
    }
    Ok(())
}

fn slopes(function: &dyn KernelFunction, rows: &[Vec<f64>], seed: Seed) -> Verdict {
    for (i, a) in rows.iter().enumerate() {
        for (j, b) in rows.iter().enumerate() {
            let w = seed.named("slope").at(i).at(j).uniform1(1, 0.5, 2.0)[0];
            let mut slope = vec![1.0; a.len()];
            function.slope(a, b, w, &mut slope);
            slope.iter_mut().for_each(|s| *s -= 1.0);
            let size = 1.0 + w * (function.diagonal(a) * function.diagonal(b)).sqrt();
            slope_agrees("slope agrees with differences", &slope, a, size, |a| w * function.eval(a, b))?;
        }
    }
    Ok(())
}

/// More points than a tile holds: the covariance does not depend on where a point stands, the gradient not on where tiles end.
fn long_tiles(kernel: &Kernel, x: &Points, k: &Array2<f64>, seed: Seed) -> Verdict {
    let (n, many) = (x.len(), TILE + 9);
    let row = |(i, d): (usize, usize)| x.view()[[i % n, d]];
    let repeated = Points::new(Array2::from_shape_fn((many, x.inputs()), row))?;
    let gp = Gp::new(kernel.clone());
    let long = gp.gram(&repeated)?;
    let differ =
        long.of_output(0).indexed_iter().filter(|((i, j), v)| j <= i && **v != k[[i % n, j % n]]).count();
    hold("a covariance does not depend on the place in a tile", differ as f64, 0.0)?;
    let w = seed.named("long").normal2(many, many);
    let w = &w + &w.t();
    let mut folded = Array2::<f64>::zeros((n, n));
    w.indexed_iter().for_each(|((i, j), w)| folded[[i % n, j % n]] += w);
    let (long, short) = (
        gp.contract(&repeated, &Blocks::Shared(w.clone()))?,
        gp.contract(&repeated.range(0..n)?, &Blocks::Shared(folded))?,
    );
    // Rounding grows with the sums behind: measured by those of absolute weights.
    let size = gp.contract(&repeated, &Blocks::Shared(w.mapv(f64::abs)))?;
    let gaps = long.iter().zip(&short).zip(&size);
    let gaps = gaps.map(|((a, b), s)| (a - b) / (s.abs() + a.abs()).max(f64::MIN_POSITIVE));
    hold("a gradient does not depend on where tiles end", largest(gaps), 1e-9)
}

fn random_functions(
    function: &dyn KernelFunction,
    rows: &[Vec<f64>],
    k: &Array2<f64>,
    seed: Seed,
) -> Verdict {
    let inputs = rows.first().map_or(0, Vec::len);
    let seed = seed.named("functions");
    let n = rows.len();
    let (mut second, mut fourth) = (Array2::<f64>::zeros((n, n)), Array2::<f64>::zeros((n, n)));
    for draw in 0..DRAWS {
        let Some(z) = function.random_function(inputs, seed.at(draw)) else { return Ok(()) };
        let values: Vec<f64> = rows.iter().map(|x| z.value(x)).collect();
        for ((i, j), sum) in second.indexed_iter_mut() {
            let product = values[i] * values[j];
            *sum += product;
            fourth[[i, j]] += product * product;
        }
        if draw < 5 {
            for x in rows {
                let mut slope = vec![1.0; inputs];
                z.slope(x, 1.5, &mut slope);
                slope.iter_mut().for_each(|s| *s -= 1.0);
                let size = 1.0 + largest(values.iter().copied());
                let law = "the slope of a random function agrees with differences";
                slope_agrees(law, &slope, x, size, |x| 1.5 * z.value(x))?;
            }
        }
    }
    let m = DRAWS as f64;
    for (at, k) in k.indexed_iter() {
        let mean = second[at] / m;
        let error = (fourth[at] / m - mean * mean).max(0.0).sqrt() / m.sqrt();
        let allowed = 5.5 * error + 1e-10 * k.abs() + 1e-13;
        hold("second moments of random functions are the kernel", (mean - k).abs(), allowed)?;
    }
    Ok(())
}

/// Reflections, a shift, and permutations of the coordinates.
fn some_actions(inputs: usize) -> Result<Vec<Action>, PriorError> {
    let (at_zero, aside) = (Action::reflection(inputs, 0, 0.0)?, Action::reflection(inputs, 0, 0.3)?);
    let last = Action::reflection(inputs, inputs - 1, 0.0)?;
    let shift = at_zero.then(&aside);
    let turned = (0..inputs).map(|i| (i + 1) % inputs).collect();
    let reversed = (0..inputs).rev().collect();
    let mut swapped: Vec<usize> = (0..inputs).collect();
    swapped.swap(0, inputs - 1);
    let mut all = vec![Action::identity(inputs), at_zero, aside, last, shift];
    for source in [turned, reversed, swapped] {
        all.push(Action::permutation(source)?);
    }
    let every = (1..inputs).try_fold(all[1].clone(), |all, d| {
        Ok::<_, PriorError>(all.then(&Action::reflection(inputs, d, 0.0)?))
    })?;
    all.push(every);
    Ok(all)
}

fn actions(kernel: &Kernel, rows: &[Vec<f64>], k: &Array2<f64>) -> Verdict {
    let inputs = rows.first().map_or(0, Vec::len);
    let top = largest(k.iter().copied()).max(f64::MIN_POSITIVE);
    for action in some_actions(inputs)? {
        if !kernel.function().preserved_by(&action) {
            continue;
        }
        let image = |x: &Vec<f64>| {
            let mut out = vec![0.0; inputs];
            action.apply(x, &mut out);
            out
        };
        let images: Vec<Vec<f64>> = rows.iter().map(image).collect();
        // Coordinates that moved were rounded.
        let gap = largest((gram(kernel, &images) - k).iter().copied()) / top;
        hold("what is said to preserve a kernel does", gap, 1e-9)?;
    }
    Ok(())
}

fn saved(kernel: &Kernel, rows: &[Vec<f64>], k: &Array2<f64>) -> Verdict {
    let saved = match kernel.saved() {
        Err(PriorError::Foreign(_)) => return Ok(()),
        saved => saved?,
    };
    let revived = saved.revive()?;
    hold("a revived kernel has the same parameters", yes(revived.parameters() == kernel.parameters()), 0.0)?;
    hold("a revived kernel says the same of itself", yes(revived.saved()? == saved), 0.0)?;
    let top = largest(k.iter().copied()).max(f64::MIN_POSITIVE);
    let gap = largest((gram(&revived, rows) - gram(kernel, rows)).iter().copied()) / top;
    hold("a revived kernel is the same kernel", gap, 0.0)
}
