//! Order-penalised polynomials, Σ wⱼ tʲ with the penalty γʲ wⱼ²: in function space (Szegő's kernel, cut off) and in weight space.

use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, tune::NOISE};

use crate::common::Args;

const GAMMA: f64 = 2.0;
const ORDERS: [usize; 3] = [3, 10, 150];
/// The larger two are well conditioned; the others show where function space loses its digits.
const NOISES: [f64; 5] = [0.3, 0.1, 1e-2, 1e-3, 1e-4];

fn functions(order: usize) -> Result<Gp, Error> {
    Ok(Gp::new(Kernel::orders(0..=order, GAMMA, -1.0, 1.0)?))
}

fn weights(order: usize) -> Polynomial {
    Polynomial::orders(0..=order).basis(Basis::Monomial).scales(Scales::geometric(GAMMA).tuned())
}

pub(crate) fn run(args: &Args, report: &mut Report) -> Result<(), Error> {
    let seed = Seed::new(args.seed).named("orders");
    let x = seed.named("x").uniform1(40, -1.0, 1.0);
    let z = seed.named("noise").normal1(40);
    let set = |noise: f64| {
        Data::line(x.iter().copied(), x.iter().zip(&z).map(|(x, z)| (3.0 * x).sin() + noise * z))
    };
    let grid = Points::linspace(-1.0, 1.0, 101)?;
    report.table(format!("order-penalised polynomials, γ = {GAMMA}: two routes to the evidence of 40 rows"));
    let (mut of_evidence, mut of_means) = (0.0f64, 0.0f64);
    for noise in NOISES {
        let data = set(noise)?;
        for order in ORDERS {
            let likelihood = Gaussian::known(noise);
            let one =
                functions(order)?.with_likelihood(likelihood).condition_by(&Exact::FunctionSpace, &data)?;
            let other =
                weights(order).with_likelihood(likelihood).condition_by(&Exact::WeightSpace, &data)?;
            let gap = (one.evidence().log - other.evidence().log).get().abs();
            let means = one.predict(&grid)?.mean() - other.predict(&grid)?.mean();
            let apart = means.iter().fold(0.0f64, |m, d| m.max(d.abs()));
            if noise >= 0.1 {
                (of_evidence, of_means) = (of_evidence.max(gap), of_means.max(apart));
            }
            report.row([
                ("noise", Value::from(noise)),
                ("order", order.into()),
                ("log evidence, functions", one.evidence().log.get().into()),
                ("weights", other.evidence().log.get().into()),
                ("gap", gap.into()),
                ("gap of the means", apart.into()),
            ]);
        }
    }
    report.note("Function space squares the condition number: at noise 1e-3 and below it is weight space that keeps the digits.");
    report.check("noise ≥ 0.1: greatest gap in log evidence", of_evidence, Relation::AtMost, 1e-8);
    report.check("noise ≥ 0.1: greatest gap between posterior means", of_means, Relation::AtMost, 1e-8);

    let (data, noise) = (set(0.1)?, Gaussian::noise(0.1));
    let one = tune(functions(150)?.with_likelihood(noise), &data)?;
    let other = tune(weights(150).with_likelihood(noise), &data)?;
    report.table("order 150, γ and noise tuned by evidence");
    for (name, tuned) in [("functions", &one), ("weights", &other)] {
        report.row([
            ("space", Value::from(name)),
            ("γ", tuned.value("gamma")?.into()),
            ("noise", tuned.value(NOISE)?.sqrt().into()),
            ("log evidence", tuned.log_evidence.get().into()),
        ]);
    }
    let gap = (one.log_evidence - other.log_evidence).get().abs();
    report.check("tuned in either space: gap in log evidence", gap, Relation::AtMost, 1e-4);
    Ok(())
}
