//! Step sizes that seek a rate of acceptance, by dual averaging while a chain warms up.

/// The state, as numbers of a chain's memory: ln h, its average, the mean miss, how many.
pub(super) const NUMBERS: usize = 4;

/// Dual averaging (Nesterov 2009, as in Hoffman & Gelman 2014, algorithm 5).
#[derive(Clone, Copy, Debug)]
pub(super) struct Adapt {
    pub(super) first: f64,
    pub(super) acceptance: f64,
}

impl Adapt {
    pub(super) fn begin(self) -> [f64; NUMBERS] {
        [self.first.ln(), self.first.ln(), 0.0, 0.0]
    }

    /// The step of an iteration: what is being tried in warm-up, the average after it.
    pub(super) fn step(numbers: &[f64], warm: bool) -> f64 {
        numbers[usize::from(!warm)].exp()
    }

    /// Learns from an acceptance probability.
    pub(super) fn learn(self, numbers: &mut [f64], acceptance: f64) {
        const GAMMA: f64 = 0.05;
        const DELAY: f64 = 10.0;
        const KAPPA: f64 = 0.75;
        numbers[3] += 1.0;
        let count = numbers[3];
        let weight = 1.0 / (count + DELAY);
        numbers[2] += weight * (self.acceptance - acceptance - numbers[2]);
        // pulled towards ten times the first step: larger ones cost less to try
        numbers[0] = (10.0 * self.first).ln() - count.sqrt() / GAMMA * numbers[2];
        let share = count.powf(-KAPPA);
        numbers[1] = share * numbers[0] + (1.0 - share) * numbers[1];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_finds_the_rate_asked_for() {
        // acceptance falls with the step as exp(−h): 0.8 at ln 1.25
        let adapt = Adapt { first: 3.0, acceptance: 0.8 };
        let mut numbers = adapt.begin();
        for _ in 0..3000 {
            let acceptance = (-Adapt::step(&numbers, true)).exp();
            adapt.learn(&mut numbers, acceptance);
        }
        assert!((Adapt::step(&numbers, false) / 1.25f64.ln() - 1.0).abs() < 0.03);
    }
}
