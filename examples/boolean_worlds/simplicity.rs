//! Which functions are probable: −log₂ P against the shortest formula, against Lempel & Ziv, and from a hard constraint to a soft one.

use std::collections::BTreeSet;

use softbias::Error;
use softbias::prelude::*;
use softbias::report::Value;

use crate::worlds::{STRUCTURED, Worlds};

pub(crate) fn run(worlds: &Worlds, report: &mut Report) -> Result<Vec<Panel>, Error> {
    let bits: Vec<f64> = worlds.simple.probabilities().iter().map(|p| -p.log2()).collect();
    let shortest: Vec<f64> = worlds.lengths.as_slice().iter().map(|k| Nats(*k).bits()).collect();
    let lempel_ziv: Vec<f64> = worlds.simple.each().map(|(f, _)| f.lempel_ziv_bits()).collect();

    report.table("Probability, shortest formula and Lempel–Ziv complexity, in bits");
    for target in &worlds.targets {
        let f = usize::from(target.function.bits());
        report.row([
            ("target", Value::from(target.name)),
            ("−log₂ P", bits[f].into()),
            ("K", shortest[f].into()),
            ("Lempel–Ziv", lempel_ziv[f].into()),
            ("−log₂ P with ⊕", worlds.with_xor.code_length(target.function)?.bits().into()),
        ]);
    }

    let mass: f64 = worlds.simple.probabilities().iter().sum();
    report.check("total probability less 1", (mass - 1.0).abs(), Relation::AtMost, 1e-12);
    let worst = bits.iter().zip(&shortest).map(|(p, k)| p - k).fold(f64::NEG_INFINITY, f64::max);
    report.check("coding theorem: −log₂ P less K, largest, in bits", worst, Relation::AtMost, 0.0);
    let (by_k, by_lz) = (rank_correlation(&bits, &shortest), rank_correlation(&bits, &lempel_ziv));
    report.check("rank correlation of −log₂ P with K", by_k, Relation::AtLeast, 0.9);
    report.check("rank correlation of −log₂ P with Lempel–Ziv", by_lz, Relation::AtLeast, 0.2);
    report.check("rank correlation with K less that with Lempel–Ziv", by_k - by_lz, Relation::Above, 0.0);

    let panel = |title: &str, x: &str| Panel::new(title).x(x).y("−log₂ P(f), bits");
    let most = shortest.iter().copied().fold(0.0, f64::max);
    let (xs, ys) = distinct(&shortest, &bits);
    let coding = panel("Simplicity bias: all formulas, and the shortest", "K(f), bits")
        .points("functions", xs, ys)
        .line("−log₂ P = K", [0.0, most], [0.0, most]);
    let (xs, ys) = distinct(&lempel_ziv, &bits);
    let proxy = panel("A proxy without a grammar", "Lempel–Ziv complexity of the table, bits").points(
        "functions",
        xs,
        ys,
    );
    Ok(vec![coding, proxy, soften(worlds, report)?])
}

/// The hard constraint is every function with a formula of so many bits, alike; softened by all functions, alike.
fn soften(worlds: &Worlds, report: &mut Report) -> Result<Panel, Error> {
    let limit = worlds.lengths.of(worlds.targets[STRUCTURED].function)?.bits() + 1e-9;
    let short: Vec<bool> = worlds.lengths.as_slice().iter().map(|k| Nats(*k).bits() <= limit).collect();
    let hard = worlds.uniform.only(|f| short[usize::from(f.bits())])?;
    let ladder = Softness::ladder(1e-3, 1e2, if worlds.quick { 11 } else { 21 })?;
    let members = short.iter().filter(|inside| **inside).count();
    report.table(format!(
        "From hard ({members} functions of at most {limit:.1} bits) to soft: −log₂ P(target), what its whole table costs"
    ));
    let mut paid: Vec<Vec<f64>> = vec![Vec::new(); worlds.targets.len()];
    for &softness in &ladder {
        let prior = hard.mixed(softness, &worlds.uniform)?;
        for (target, paid) in worlds.targets.iter().zip(&mut paid) {
            paid.push(prior.code_length(target.function)?.bits());
        }
        let cells =
            worlds.targets.iter().zip(&paid).map(|(target, paid)| (target.name, paid[paid.len() - 1].into()));
        report.row([("softness", Value::from(softness.get()))].into_iter().chain(cells));
    }
    // at softness 1 the core has probability ½
    let one = hard.mixed(Softness::new(1.0)?, &worlds.uniform)?;
    let [inside, outside] = [worlds.structured(), worlds.parity()];
    let lost = (one.code_length(inside)? - hard.code_length(inside)?).bits();
    report.check("softness 1 costs a function of the core, in bits", lost, Relation::AtMost, 1.0);
    report.check("parity under the hard constraint: P", hard.probability(outside)?, Relation::Equals, 0.0);
    let least = Softness::new(1e-3)?;
    let dear = hard.mixed(least, &worlds.uniform)?.code_length(outside)?.bits();
    let all = worlds.cells() as f64;
    report.check("parity at softness 0.001, bits", dear, Relation::AtMost, all + 2.0 * 1e3f64.log2() + 0.01);

    // a logarithmic axis has no 0: the hard end is put beside the least rung, where parity has no finite place
    const HARD: f64 = 1e-4;
    let xs: Vec<f64> = ladder.iter().map(|s| s.get().max(HARD)).collect();
    let panel = Panel::new("A hard constraint, softened")
        .x("softness")
        .y("−log₂ P(target), bits")
        .log_x()
        .ticks_x([(HARD, "hard, 0")]);
    let of = [("x1 ∧ x2", STRUCTURED), ("parity", worlds.targets.len() - 1)];
    Ok(of.into_iter().fold(panel, |panel, (name, k)| panel.line(name, &xs, &paid[k])))
}

/// Places where functions are, to half a bit: thousands fall on one.
fn distinct(xs: &[f64], ys: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let grid = |v: f64| (v * 2.0).round() as i64;
    let pairs: BTreeSet<(i64, i64)> = xs.iter().zip(ys).map(|(x, y)| (grid(*x), grid(*y))).collect();
    pairs.into_iter().map(|(x, y)| (0.5 * x as f64, 0.5 * y as f64)).unzip()
}

/// Spearman's, over all functions alike.
fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = 0.5 * (a.len() as f64 - 1.0);
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

/// Places in the order of values; values that differ by rounding share the middle of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    for tied in order.chunk_by(|&i, &j| values[j] - values[i] < 1e-9) {
        let first = order.partition_point(|&i| values[i] < values[tied[0]]);
        tied.iter().for_each(|&i| ranks[i] = first as f64 + 0.5 * (tied.len() as f64 - 1.0));
    }
    ranks
}
