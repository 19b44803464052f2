//! Parameters as the optimiser sees them: unbounded coordinates, and variances that may be pinned at exactly 0.

use softbias_priors::Parameter;
use softbias_priors::parameters::Coordinate;

/// The free parameters and where each stands; one pattern of pins is one smooth problem.
#[derive(Clone, Debug)]
pub(crate) struct Coordinates {
    parameters: Vec<Parameter>,
    /// Indices that the optimiser moves.
    moving: Vec<usize>,
}

/// A variance of 0 has no logarithm: its interior search is bounded below by this fraction of nothing much.
const LEAST_VARIANCE: f64 = 1e-14;

impl Coordinates {
    /// Every parameter that is not fixed moves, but those pinned (at their present value).
    pub(crate) fn new(parameters: &[Parameter], pinned: &[usize]) -> Coordinates {
        let moves = |(i, p): &(usize, &Parameter)| !p.fixed && p.lower < p.upper && !pinned.contains(i);
        let moving = parameters.iter().enumerate().filter(moves).map(|(i, _)| i).collect();
        Coordinates { parameters: parameters.to_vec(), moving }
    }

    pub(crate) fn moving(&self) -> &[usize] {
        &self.moving
    }

    fn ends(p: &Parameter) -> (f64, f64) {
        match p.coordinate {
            Coordinate::Log => (p.lower.ln(), p.upper.ln()),
            Coordinate::Variance => (p.lower.max(LEAST_VARIANCE).ln(), p.upper.ln()),
            _ => (p.lower, p.upper),
        }
    }

    /// From a parameter vector to the optimiser's coordinates: u = h·artanh((t − m)/h) with t the (log) parameter and [m−h, m+h]
    /// its bounds, so that a unit of u is a unit of t away from the bounds.
    pub(crate) fn to_free(&self, theta: &[f64]) -> Vec<f64> {
        let one = |&i: &usize| {
            let (low, high) = Self::ends(&self.parameters[i]);
            let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
            let t = if self.is_log(i) { theta[i].ln().clamp(low, high) } else { theta[i] };
            half * ((t - middle) / half).clamp(-0.999_999, 0.999_999).atanh()
        };
        self.moving.iter().map(one).collect()
    }

    /// Writes the parameters into `theta` and gives dθ/du.
    pub(crate) fn write(&self, u: &[f64], theta: &mut [f64]) -> Vec<f64> {
        let mut slopes = Vec::with_capacity(u.len());
        for (&i, &u) in self.moving.iter().zip(u) {
            let p = &self.parameters[i];
            let (low, high) = Self::ends(p);
            let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
            let squashed = (u / half).tanh();
            let t = middle + half * squashed;
            let slope = 1.0 - squashed * squashed;
            if self.is_log(i) {
                theta[i] = t.exp().clamp(p.lower, p.upper);
                slopes.push(theta[i] * slope);
            } else {
                theta[i] = t.clamp(p.lower, p.upper);
                slopes.push(slope);
            }
        }
        slopes
    }

    /// Names of moving parameters that stand within a hundredth of their range of a bound.
    pub(crate) fn on_bounds(&self, theta: &[f64]) -> Vec<String> {
        let near = |i: usize| {
            let p = &self.parameters[i];
            if p.coordinate == Coordinate::Variance && theta[i] == 0.0 {
                return None; // the hard end is an answer, not a bound met
            }
            let (low, high) = Self::ends(p);
            let t = if self.is_log(i) { theta[i].max(f64::MIN_POSITIVE).ln() } else { theta[i] };
            let share = (t - low) / (high - low);
            let word = if share < 0.01 { "lower" } else { "upper" };
            (!(0.01..=0.99).contains(&share))
                .then(|| format!("`{}` = {:.3e} sits on its {word} bound", p.name, theta[i]))
        };
        self.moving.iter().filter_map(|&i| near(i)).collect()
    }

    fn is_log(&self, i: usize) -> bool {
        self.parameters[i].coordinate != Coordinate::Plain
    }
}
