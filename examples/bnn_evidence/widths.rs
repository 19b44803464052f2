//! Evidence and information of nets of many widths: Laplace's, and by ladders.

use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, NetTarget};

use crate::Plan;
use crate::sets::Set;

/// What is known of one net.
pub(crate) struct Known {
    pub(crate) width: usize,
    pub(crate) depth: usize,
    pub(crate) weights: usize,
    pub(crate) full: Evidence,
    pub(crate) symmetries: f64,
    pub(crate) dimension: f64,
    pub(crate) kron: f64,
    pub(crate) diag: f64,
    pub(crate) ladder: Option<Climbed>,
}

/// What ladders say.
pub(crate) struct Climbed {
    pub(crate) log: f64,
    pub(crate) standard_error: f64,
    /// By thermodynamic integration: evidence and information.
    pub(crate) integrated: Evidence,
}

pub(crate) struct Study {
    pub(crate) all: Vec<Known>,
    /// Evidence and information of the infinite net.
    pub(crate) limit: Evidence,
}

/// The coordinates of the highest Laplace evidence, out of several climbs.
pub(crate) fn best(
    target: &NetTarget<f64, Gaussian>,
    starts: usize,
    seed: Seed,
) -> Result<(Vec<f64>, NetLaplacePosterior<f64, Gaussian>), Error> {
    let mut found: Option<(Vec<f64>, NetLaplacePosterior<f64, Gaussian>)> = None;
    for start in 0..starts {
        let train = Train::lbfgs().precision::<f64>().epochs(4000).seed(seed.at(start));
        let eps = train.climb(target)?.coordinates;
        let posterior = NetLaplace::full().at(target, &eps)?;
        if found.as_ref().is_none_or(|(_, best)| posterior.evidence().log > best.evidence().log) {
            found = Some((eps, posterior));
        }
    }
    found.ok_or_else(|| softbias::ModelError::NoWeights.into())
}

pub(crate) fn study(set: &Set, plan: &Plan, seed: Seed, report: &mut Report) -> Result<Study, Error> {
    let limit = set.limit()?.condition(&set.data)?.evidence_of();
    let mut all = Vec::new();
    let deep = if plan.quick { vec![(16, 2)] } else { vec![(16, 2), (64, 2), (64, 3)] };
    for (width, depth) in plan.widths.iter().map(|w| (*w, 1)).chain(deep) {
        eprintln!("{}: {width} units, {depth} hidden layers", set.name);
        let model = set.model(width, depth)?;
        let target = NetTarget::<f64, _>::new(&model, &set.data)?;
        let (eps, full) = best(&target, plan.starts, seed.named("start").at(width))?;
        let ladder = if depth == 1 && width <= plan.climbs {
            let annealed = plan.ladder.annealed(&target)?;
            let integrated = plan.ladder.thermodynamic(&target, plan.sweeps)?.evidence();
            Some(Climbed { log: annealed.log, standard_error: annealed.standard_error, integrated })
        } else {
            None
        };
        all.push(Known {
            width,
            depth,
            weights: model.prior.weights(),
            full: full.evidence(),
            symmetries: full.symmetries().get(),
            dimension: full.effective_dimension().determined,
            kron: NetLaplace::kron().at(&target, &eps)?.evidence().log.get(),
            diag: NetLaplace::diag().at(&target, &eps)?.evidence().log.get(),
            ladder,
        });
    }
    report.table(format!(
        "{}: {} rows; log evidence and information in nats (full, Kronecker and diagonal Laplace at the best of {} optima; ladders)",
        set.name,
        set.data.len(),
        plan.starts
    ));
    for known in &all {
        let climbed =
            |of: fn(&Climbed) -> f64| known.ladder.as_ref().map_or(Value::Missing, |c| of(c).into());
        report.row([
            ("units", Value::from(known.width as f64)),
            ("hidden layers", (known.depth as f64).into()),
            ("weights", (known.weights as f64).into()),
            ("information", known.full.information.get().into()),
            ("eff. dimension", known.dimension.into()),
            ("Laplace", known.full.log.get().into()),
            ("+ symmetries", (known.full.log.get() + known.symmetries).into()),
            ("kron", known.kron.into()),
            ("diag", known.diag.into()),
            ("annealed", climbed(|c| c.log)),
            ("±", climbed(|c| c.standard_error)),
            ("integrated", climbed(|c| c.integrated.log.get())),
            ("its information", climbed(|c| c.integrated.information.get())),
        ]);
    }
    report.row([
        ("units", Value::from("∞, exact")),
        ("hidden layers", 1.0.into()),
        ("integrated", limit.log.get().into()),
        ("its information", limit.information.get().into()),
    ]);
    Ok(Study { all, limit })
}

impl Study {
    fn shallow(&self) -> impl Iterator<Item = &Known> {
        self.all.iter().filter(|known| known.depth == 1)
    }

    fn climbed(&self) -> impl Iterator<Item = (&Known, &Climbed)> {
        self.shallow().filter_map(|known| Some((known, known.ladder.as_ref()?)))
    }

    pub(crate) fn check(&self, set: &Set, plan: &Plan, report: &mut Report) {
        let name = set.name;
        let from = |known: &&Known| known.width >= 4;
        let range = |all: &mut dyn Iterator<Item = f64>| {
            let all: Vec<f64> = all.collect();
            let (least, most) = least_and_most(&all);
            if all.iter().all(|x| *x > 0.0) { most / least } else { f64::NAN }
        };
        let learned = self.climbed().filter(|(known, _)| from(known));
        let learned = learned.map(|(_, climbed)| climbed.integrated.information.get());
        report.check(
            format!("{name}: information itself from 4 units on, the infinite net's too, most over least"),
            range(&mut learned.chain([self.limit.information.get()])),
            Relation::AtMost,
            1.8,
        );
        report.check(
            format!("{name}: effective dimension from 4 units on, most over least"),
            range(&mut self.shallow().filter(from).map(|known| known.dimension)),
            Relation::AtMost,
            2.0,
        );
        let near: Vec<_> = self.climbed().filter(|(known, _)| from(known)).collect();
        if let Some((known, climbed)) = near.last() {
            report.check(
                format!("{name}: annealed evidence of {} units off that of the infinite net", known.width),
                (climbed.log - self.limit.log.get()).abs(),
                Relation::AtMost,
                if plan.quick { 8.0 } else { 4.0 },
            );
        }
        if let (Some((few, climbed)), Some(many)) = (near.first(), self.shallow().last()) {
            report.check(
                format!(
                    "{name}: Laplace of {} units off the infinite net, less Laplace of {} off annealing",
                    many.width, few.width
                ),
                (many.full.log.get() - self.limit.log.get()).abs() - (few.full.log.get() - climbed.log).abs(),
                Relation::Above,
                0.0,
            );
        }
        let orders = self.shallow().map(|k| k.full.log.get() - k.diag).fold(f64::INFINITY, f64::min);
        report.check(format!("{name}: full less diagonal evidence, least"), orders, Relation::Above, 0.0);
        for (known, climbed) in self.climbed() {
            let apart = (climbed.log - climbed.integrated.log.get()).abs();
            let error = climbed.standard_error.hypot(match climbed.integrated.grade {
                softbias::Grade::Estimate { standard_error } => standard_error,
                _ => 0.0,
            });
            // both routes have biases that their standard errors do not know: small ones, but for nets of few units, whose modes are apart
            let allowed = if known.width < 8 { 6.0 } else { 4.0 * error + 0.5 };
            report.check(
                format!("{name}, {} units: annealing and integration apart", known.width),
                apart,
                Relation::AtMost,
                allowed,
            );
        }
    }

    pub(crate) fn panels(&self, set: &Set) -> Vec<Panel> {
        let widths: Vec<f64> = self.shallow().map(|k| k.width as f64).collect();
        let of = |pick: &dyn Fn(&Known) -> f64| self.shallow().map(pick).collect::<Vec<_>>();
        let at: Vec<f64> = self.climbed().map(|(known, _)| known.width as f64).collect();
        let ladder =
            |pick: &dyn Fn(&Climbed) -> f64| self.climbed().map(|(_, c)| pick(c)).collect::<Vec<_>>();
        let (informed, evident) = (self.limit.information.get(), self.limit.log.get());
        let information = Panel::new(format!("{}: what is learned", set.name))
            .x("hidden units")
            .y("nats")
            .log_x()
            .log_y()
            .line("weights", &widths, of(&|k| k.weights as f64))
            .line("information, Laplace", &widths, of(&|k| k.full.information.get()))
            .line("effective dimension", &widths, of(&|k| k.dimension))
            .points("information, integrated", &at, ladder(&|c| c.integrated.information.get()))
            .dashed("infinite net, exact", &widths, vec![informed; widths.len()])
            .colour("#000000");
        // (the diagonal falls out of sight)
        let seen = [of(&|k| k.full.log.get()), of(&|k| k.kron), ladder(&|c| c.log), vec![evident]].concat();
        let (low, high) = least_and_most(&seen);
        let margin = 0.1 * (high - low);
        let evidence = Panel::new(format!("{}: log evidence", set.name))
            .x("hidden units")
            .y("nats")
            .log_x()
            .y_range(low - margin, high + margin)
            .line("full", &widths, of(&|k| k.full.log.get()))
            .line("Kronecker", &widths, of(&|k| k.kron))
            .line("diagonal", &widths, of(&|k| k.diag))
            .points("annealed", &at, ladder(&|c| c.log))
            .dashed("infinite net, exact", &widths, vec![evident; widths.len()])
            .colour("#000000");
        vec![information, evidence]
    }
}

fn least_and_most(all: &[f64]) -> (f64, f64) {
    all.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), x| (least.min(*x), most.max(*x)))
}
