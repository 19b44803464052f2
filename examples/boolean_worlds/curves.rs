//! Learning curves and evidence, averaged over *all* data sets: sums over the sets of inputs that were seen.

use rayon::prelude::*;
use softbias::Error;
use softbias::boolean::TruthTable;
use softbias::prelude::*;
use softbias::report::Value;

use crate::worlds::Worlds;

/// What a prior does with a target without flips, by the number s of distinct inputs seen, averaged over all sets of s inputs.
struct Curve {
    /// Probability that a function which fits is wrong at an input not seen, s < 2ᵏ.
    unseen: Vec<f64>,
    /// −log₂ of the evidence.
    bits: Vec<f64>,
}

impl Curve {
    /// A data set is the set of its inputs: the posterior is the prior among the functions that agree with the target there.
    fn of(prior: &BooleanPrior, target: TruthTable) -> Result<Curve, Error> {
        let agreement = prior.agreement(target)?;
        let cells = target.cells();
        let (mut unseen, mut bits, mut sets) =
            (vec![0.0; cells + 1], vec![0.0; cells + 1], vec![0.0; cells + 1]);
        for (set, z) in agreement.iter().enumerate() {
            let size = set.count_ones() as usize;
            let others = (0..cells).filter(|cell| set >> cell & 1 == 0);
            let wrong: f64 = others.map(|cell| 1.0 - agreement[set | 1 << cell] / z).sum();
            unseen[size] += wrong / (cells - size).max(1) as f64;
            bits[size] -= z.log2();
            sets[size] += 1.0;
        }
        for of in [&mut unseen, &mut bits] {
            of.iter_mut().zip(&sets).for_each(|(sum, sets)| *sum /= sets);
        }
        unseen.truncate(cells);
        Ok(Curve { unseen, bits })
    }

    fn all(prior: &BooleanPrior, targets: &[TruthTable]) -> Result<Vec<Curve>, Error> {
        targets.par_iter().map(|target| Curve::of(prior, *target)).collect()
    }

    /// The true risk after n rows with inputs drawn with replacement: that at an input not seen, as often as one comes.
    fn risk(&self, rows: usize) -> f64 {
        let cells = self.unseen.len();
        let mut seen = vec![0.0; cells + 1];
        seen[0] = 1.0;
        for _ in 0..rows {
            for s in (0..=cells).rev() {
                let before = if s > 0 { seen[s - 1] * (cells - s + 1) as f64 } else { 0.0 };
                seen[s] = (seen[s] * s as f64 + before) / cells as f64;
            }
        }
        let left = |s: usize| (cells - s) as f64 / cells as f64;
        self.unseen.iter().enumerate().map(|(s, error)| seen[s] * left(s) * error).sum()
    }
}

fn mean(curves: &[Curve], of: impl Fn(&Curve) -> f64) -> f64 {
    curves.iter().map(of).sum::<f64>() / curves.len() as f64
}

pub(crate) fn run(worlds: &Worlds, report: &mut Report) -> Result<Vec<Panel>, Error> {
    let functions: Vec<TruthTable> = worlds.targets.iter().map(|target| target.function).collect();
    let simple = Curve::all(&worlds.simple, &functions)?;
    let uniform = Curve::all(&worlds.uniform, &functions)?;
    let random = Curve::all(&worlds.simple, &worlds.random)?;
    let in_its_language = Curve::of(&worlds.with_xor, worlds.parity())?;
    let (cells, half) = (worlds.cells(), worlds.cells() / 2);

    report.table(format!(
        "Averages over all data sets without flips: error at inputs not seen after {half} of {cells}, true risk after rows, \
         −log₂ evidence of half and of all inputs"
    ));
    let row = |name: String, curve: &[Curve], report: &mut Report| {
        report.row([
            ("target, prior", Value::from(name)),
            ("unseen error", mean(curve, |c| c.unseen[half]).into()),
            ("risk, 10 rows", mean(curve, |c| c.risk(10)).into()),
            ("risk, 30 rows", mean(curve, |c| c.risk(30)).into()),
            ("risk, 100 rows", mean(curve, |c| c.risk(100)).into()),
            ("risk, 300 rows", mean(curve, |c| c.risk(300)).into()),
            ("bits, half", mean(curve, |c| c.bits[half]).into()),
            ("bits, all", mean(curve, |c| c.bits[cells]).into()),
        ]);
    };
    for (target, curve) in worlds.targets.iter().zip(&simple) {
        row(format!("{}, formulas", target.name), std::slice::from_ref(curve), report);
    }
    row(format!("{} random tables, formulas", worlds.random.len()), &random, report);
    row("parity, formulas with ⊕".to_owned(), std::slice::from_ref(&in_its_language), report);
    row("any target, uniform".to_owned(), &uniform[..1], report);

    // every target is learned alike by the uniform prior: not at all
    let off = |curves: &[Curve]| {
        curves.iter().flat_map(|c| &c.unseen).fold(0.0, |m: f64, e| m.max((e - 0.5).abs()))
    };
    report.check("uniform: error at unseen inputs less ½, largest", off(&uniform), Relation::AtMost, 1e-12);
    for (k, (target, curve)) in worlds.targets.iter().zip(&simple).take(5).enumerate() {
        let name = format!("formulas: error at unseen inputs after half of them, {}", target.name);
        report.check(name, curve.unseen[half], Relation::Below, if k < 3 { 0.375 } else { 0.5 });
    }
    let parity = &simple[simple.len() - 1];
    report.check("formulas: the same for parity", parity.unseen[half], Relation::Above, 0.5);
    let name = "formulas with ⊕: parity at the last input but one, less without ⊕";
    let gain = in_its_language.unseen[cells - 2] - parity.unseen[cells - 2];
    report.check(name, gain, Relation::AtMost, -0.3);
    // the evidence of everything is the probability of the target, and tells which prior suits it
    let cost = (simple[0].bits[cells] - worlds.simple.code_length(functions[0])?.bits()).abs();
    report.check("−log₂ evidence of all inputs less −log₂ P(target)", cost, Relation::AtMost, 1e-9);
    for (target, curve) in worlds.targets.iter().zip(&simple).take(3) {
        let name = format!("evidence of half of the inputs, formulas over uniform, {}, bits", target.name);
        report.check(name, half as f64 - curve.bits[half], Relation::Above, 0.0);
    }
    let name = "evidence of all inputs, formulas over uniform, parity, bits";
    report.check(name, cells as f64 - parity.bits[cells], Relation::Below, 0.0);
    let name = "evidence of all inputs, with ⊕ over without, parity, bits";
    report.check(name, parity.bits[cells] - in_its_language.bits[cells], Relation::Above, 0.0);
    let name = "evidence of all inputs, formulas over uniform, random tables, bits";
    report.check(name, cells as f64 - mean(&random, |c| c.bits[cells]), Relation::Below, 0.0);
    let middle = mean(&random, |c| c.unseen[half]);
    let spread = mean(&random, |c| (c.unseen[half] - middle).powi(2)) / random.len() as f64;
    let name = "formulas: error at unseen inputs less ½, random tables, in standard errors";
    report.check(name, (middle - 0.5).abs() / spread.sqrt(), Relation::AtMost, 4.0);
    no_free_lunch(report)?;

    let seen: Vec<f64> = (0..=cells).map(|s| s as f64).collect();
    let panel = |title: &str| Panel::new(title).x("distinct inputs seen").x_range(0.0, cells as f64);
    let mut errors =
        panel("Learning, exactly: inputs not seen").y("error there").hline(0.5, "uniform, any target");
    let mut bits = panel("Evidence, exactly: what the rows cost").y("mean −log₂ evidence, bits");
    for (target, curve) in worlds.targets.iter().zip(&simple) {
        errors = errors.line(target.name, &seen[..cells], &curve.unseen);
        bits = bits.line(target.name, &seen, &curve.bits);
    }
    let of = |at: &dyn Fn(&Curve, usize) -> f64, count: usize| -> Vec<f64> {
        (0..count).map(|s| mean(&random, |c| at(c, s))).collect()
    };
    errors = errors.line("random tables", &seen[..cells], of(&|c, s| c.unseen[s], cells)).dashed(
        "parity, with ⊕",
        &seen[..cells],
        &in_its_language.unseen,
    );
    bits = bits
        .line("random tables", &seen, of(&|c, s| c.bits[s], cells + 1))
        .dashed("parity, with ⊕", &seen, &in_its_language.bits)
        .dashed("uniform, any target", &seen, &uniform[0].bits);
    Ok(vec![errors, bits])
}

/// Over all functions alike no prior learns anything: what it gains on some it loses on others (Wolpert 1996; Schaffer 1994). Exactly, for
/// the 256 functions of three inputs.
fn no_free_lunch(report: &mut Report) -> Result<(), Error> {
    let prior = BooleanPrior::formulas(3, &softbias::boolean::Grammar::and_or_not())?;
    let targets: Vec<TruthTable> = TruthTable::all(3)?.collect();
    let curves = Curve::all(&prior, &targets)?;
    let furthest = (0..8).map(|s| (mean(&curves, |c| c.unseen[s]) - 0.5).abs()).fold(0.0, f64::max);
    report.check(
        "no free lunch: error at unseen inputs less ½, mean over all 256 targets, largest",
        furthest,
        Relation::AtMost,
        1e-12,
    );
    let expected = |s: usize| -> f64 {
        prior.probabilities().iter().zip(&curves).map(|(p, curve)| p * curve.unseen[s]).sum()
    };
    report.check(
        "but over targets that come as the prior says, after 4 of 8",
        expected(4),
        Relation::AtMost,
        0.25,
    );
    let worse = curves.iter().filter(|c| c.unseen[4] > 0.5 + 1e-12).count();
    report.note(format!(
        "Of the 256 functions of three inputs the prior over formulas does worse than ½ on {worse} after 4 of 8 inputs (mean over all: ½, \
         exactly), and over targets drawn from itself it does {:.3}.",
        expected(4)
    ));
    Ok(())
}
