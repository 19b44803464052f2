//! Several modes: cycles find those that a small constant step does not reach.

use softbias_models::{Sgld, StepSchedule};
use softbias_priors::Seed;

use crate::targets::Plane;

/// Half N((−3, 0), 0.3² I), half N((3, 0), 0.3² I).
fn two(x: f64, y: f64) -> (f64, [f64; 2]) {
    let log = |centre: f64| -0.5 * ((x - centre).powi(2) + y * y) / 0.09;
    let (left, right) = (log(-3.0), log(3.0));
    let top = left.max(right);
    let sum = (left - top).exp() + (right - top).exp();
    let share = (right - top).exp() / sum;
    let middle = 6.0 * share - 3.0;
    (top + sum.ln(), [(middle - x) / 0.09, -y / 0.09])
}

#[test]
fn cycles_find_both_modes_where_a_constant_step_stays() {
    let target = Plane(two);
    let start = vec![vec![-3.0, 0.0]];
    let right = |samples: &softbias_models::Samples<f64>| {
        let all = samples.of(|e| f64::from(u8::from(e[0] > 0.0)));
        all.iter().flatten().sum::<f64>() / all.iter().flatten().count() as f64
    };
    let plain = Sgld::step(0.02).start(start.clone()).draws(2000).thin(10).seed(Seed::new(2));
    let plain = plain.sample(&target).unwrap();
    assert!(plain.diverged().is_empty() && right(&plain) == 0.0);
    let cycles = StepSchedule::Cyclical { first: 0.36, cycle: 500, explore: 0.1 };
    let cyclical = Sgld::schedule(cycles).start(start).warmup(0).draws(1800).thin(10).seed(Seed::new(2));
    let cyclical = cyclical.sample(&target).unwrap();
    assert!(cyclical.diverged().is_empty(), "{cyclical}");
    let share = right(&cyclical);
    assert!((0.2..0.8).contains(&share), "{share}");
}

#[test]
fn draws_of_cycles_are_kept_from_the_part_that_samples() {
    let schedule = StepSchedule::Cyclical { first: 0.1, cycle: 20, explore: 0.5 };
    let target = Plane(two);
    let samples = Sgld::schedule(schedule).warmup(0).draws(30).sample(&target).unwrap();
    // ten a cycle, with the steps of its second half
    let steps = &samples.steps()[0];
    assert!(steps.iter().all(|step| *step <= 0.05 + 1e-12) && steps.len() == 30);
    assert_eq!(steps[..10], steps[10..20]);
    assert_eq!(steps[0], schedule.at(10));
}
