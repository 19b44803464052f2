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

/// A variance of 0 has no logarithm: its interior search is bounded below by this, or by a share of its upper bound.
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
            Coordinate::Variance => (p.lower.max(LEAST_VARIANCE.min(1e-14 * p.upper)).ln(), p.upper.ln()),
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

    /// ln of the density in u over the density in the unit that each moving parameter's hyperprior is stated in, and its gradient
    /// in u: dθ/du for parameters with one of their own in `natural`; dt/du, with t the (log) parameter, for the others, which are
    /// thereby uniform in t between their bounds.
    pub(crate) fn log_jacobian(&self, u: &[f64], natural: impl Fn(usize) -> bool) -> (f64, Vec<f64>) {
        let mut total = 0.0;
        let mut gradient = Vec::with_capacity(u.len());
        for (&i, &u) in self.moving.iter().zip(u) {
            let (low, high) = Self::ends(&self.parameters[i]);
            let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
            let (z, squashed) = ((u / half).abs(), (u / half).tanh());
            // ln sech² z without under- or overflow
            total -= 2.0 * (z + (-2.0 * z).exp().ln_1p() - std::f64::consts::LN_2);
            let mut slope = -2.0 * squashed / half;
            if natural(i) && self.is_log(i) {
                total += middle + half * squashed;
                slope += 1.0 - squashed * squashed;
            }
            gradient.push(slope);
        }
        (total, gradient)
    }

    /// The parameters in the coordinates of tuning without the squashing: t, the (log) parameter.
    pub(crate) fn to_plain(&self, theta: &[f64]) -> Vec<f64> {
        let one = |&i: &usize| {
            let (low, high) = Self::ends(&self.parameters[i]);
            if self.is_log(i) { theta[i].ln().clamp(low, high) } else { theta[i] }
        };
        self.moving.iter().map(one).collect()
    }

    /// Names of moving parameters that stand within a hundredth of their range of a bound.
    pub(crate) fn on_bounds(&self, theta: &[f64]) -> Vec<String> {
        let say = |i: usize| {
            let p = &self.parameters[i];
            self.end_of(i, theta[i])
                .map(|word| format!("`{}` = {:.3e} sits on its {word} bound", p.name, theta[i]))
        };
        self.moving.iter().filter_map(|&i| say(i)).collect()
    }

    /// The bound within a hundredth of whose range a value of parameter `i` stands.
    pub(crate) fn end_of(&self, i: usize, value: f64) -> Option<&'static str> {
        let p = &self.parameters[i];
        if p.coordinate == Coordinate::Variance && value == 0.0 {
            return None; // the hard end is an answer, not a bound met
        }
        let (low, high) = Self::ends(p);
        let t = if self.is_log(i) { value.max(f64::MIN_POSITIVE).ln() } else { value };
        let share = (t - low) / (high - low);
        let word = if share < 0.01 { "lower" } else { "upper" };
        (!(0.01..=0.99).contains(&share)).then_some(word)
    }

    fn is_log(&self, i: usize) -> bool {
        self.parameters[i].coordinate != Coordinate::Plain
    }
}
