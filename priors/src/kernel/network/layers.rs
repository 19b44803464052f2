//! What one infinitely wide layer does to the variances of two pre-activations and to the angle between them.

use std::f64::consts::{FRAC_1_PI, PI};

use super::Activation;
use crate::kernel::dual::{Dual, inverse};
use crate::math::simd::angle1;

/// Two jointly Gaussian pre-activations: their variances, and 1 − cos θ and 1 + cos θ of their correlation.
///
/// Both are carried because each is exact where the other cancels: at coincident points θ is √(1 − cos θ), and rounding of a
/// cosine would put 1e-8 in place of 0.
#[derive(Clone, Copy)]
pub(super) struct Pair<const P: usize> {
    pub(super) p: Dual<P>,
    pub(super) q: Dual<P>,
    pub(super) minus: Dual<P>,
    pub(super) plus: Dual<P>,
}

/// What the activations make of them: their second moments, how far the mixed one falls short of √(p q), and half a turn less θ in
/// parts of half a turn (the expected product of two slopes of a ReLU, doubled).
#[derive(Clone, Copy)]
pub(super) struct Image<const P: usize> {
    pub(super) p: Dual<P>,
    pub(super) q: Dual<P>,
    pub(super) mixed: Dual<P>,
    pub(super) short: Dual<P>,
    pub(super) turn: Dual<P>,
}

/// Variances of weights and biases.
#[derive(Clone, Copy)]
pub(super) struct Scale<const P: usize> {
    pub(super) weight: Dual<P>,
    pub(super) bias: Dual<P>,
}

impl<const P: usize> Pair<P> {
    /// The covariance.
    #[inline(always)]
    pub(super) fn covariance(self) -> Dual<P> {
        (self.p.sqrt() * self.q.sqrt() * (self.plus - self.minus)).times(0.5)
    }

    /// θ and its sine; at θ = 0 and π, a kink where it shows at all, its slopes count as 0.
    #[inline(always)]
    fn angle(self) -> (Dual<P>, f64) {
        let (near, far) = (self.minus.value.sqrt(), self.plus.value.sqrt());
        let sin = near * far;
        (self.minus.chain(2.0 * angle1(near, far).0, inverse(sin)), sin)
    }
}

impl<const P: usize> Image<P> {
    /// From the correlation κ of the images and 1 − κ.
    #[inline(always)]
    fn correlated(p: Dual<P>, q: Dual<P>, kappa: Dual<P>, short: f64, turn: Dual<P>) -> Image<P> {
        let root = p.sqrt() * q.sqrt();
        let short = kappa.chain(if short > 0.0 { short } else { 0.0 }, -1.0);
        Image { p, q, mixed: root * kappa, short: root * short, turn }
    }

    /// The pre-activations of the next layer.
    #[inline(always)]
    pub(super) fn next(self, scale: Scale<P>) -> Pair<P> {
        let Scale { weight, bias } = scale;
        let (p, q) = (bias + weight * self.p, bias + weight * self.q);
        let (root, next_root) = (self.p.sqrt() * self.q.sqrt(), p.sqrt() * q.sqrt());
        let apart = self.p.sqrt() - self.q.sqrt();
        // √(p′q′) − bias − weight √(pq), without the cancellation
        let between = (bias * weight * (apart * apart)).over(next_root + bias + weight * root);
        let minus = (between + weight * self.short).over(next_root);
        let plus = (next_root + bias + weight * self.mixed).over(next_root);
        let above = |x: Dual<P>| Dual { value: if x.value > 0.0 { x.value } else { 0.0 }, ..x };
        Pair { p, q, minus: above(minus), plus: above(plus) }
    }
}

/// What a layer of one kind of unit makes of a pair. A type and not a function: a function that is passed on does not inline.
pub(super) trait Unit {
    fn image<const P: usize>(pair: Pair<P>) -> Image<P>;
}

pub(super) struct StepUnit;
pub(super) struct ReluUnit;
pub(super) struct SquareUnit;
pub(super) struct ErfUnit;

/// 2 E[u⁰₊ v⁰₊] = 1 − θ/π (Cho & Saul 2009, order 0).
impl Unit for StepUnit {
    #[inline(always)]
    fn image<const P: usize>(pair: Pair<P>) -> Image<P> {
        let (theta, _) = pair.angle();
        let one = Dual::constant(1.0);
        let turn = one - theta.times(FRAC_1_PI);
        Image::correlated(one, one, turn, theta.value * FRAC_1_PI, turn)
    }
}

/// 2 E[u₊ v₊] = √(pq) (sin θ + (π − θ) cos θ)/π (order 1).
impl Unit for ReluUnit {
    #[inline(always)]
    fn image<const P: usize>(pair: Pair<P>) -> Image<P> {
        let (theta, sin) = pair.angle();
        let turn = Dual::constant(1.0) - theta.times(FRAC_1_PI);
        let cos = 0.5 * (pair.plus.value - pair.minus.value);
        let kappa = pair.minus.chain(sin * FRAC_1_PI + turn.value * cos, -turn.value);
        let short = pair.minus.value - (sin - theta.value * cos) * FRAC_1_PI;
        Image::correlated(pair.p, pair.q, kappa, short, turn)
    }
}

/// 2 E[u₊² v₊²] = pq (3 sin θ cos θ + (π − θ)(1 + 2 cos² θ))/π (order 2).
impl Unit for SquareUnit {
    #[inline(always)]
    fn image<const P: usize>(pair: Pair<P>) -> Image<P> {
        let (theta, sin) = pair.angle();
        let turn = Dual::constant(1.0) - theta.times(FRAC_1_PI);
        let cos = 0.5 * (pair.plus.value - pair.minus.value);
        let value = (3.0 * sin * cos * FRAC_1_PI + turn.value * (1.0 + 2.0 * cos * cos)) / 3.0;
        let kappa = pair.minus.chain(value, -4.0 / 3.0 * (sin * FRAC_1_PI + turn.value * cos));
        let bent = theta.value * (1.0 + 2.0 * cos * cos) - 3.0 * sin * cos;
        let short = (2.0 * sin * sin + bent * FRAC_1_PI) / 3.0;
        let cubed = |p: Dual<P>| (p * p).times(3.0);
        Image::correlated(cubed(pair.p), cubed(pair.q), kappa, short, turn)
    }
}

/// E[erf(u) erf(v)] = (2/π) asin(s/√((½ + p)(½ + q))) (Williams 1998): an angle again, with ½ more on both variances.
impl Unit for ErfUnit {
    #[inline(always)]
    fn image<const P: usize>(pair: Pair<P>) -> Image<P> {
        let (p, q) = (pair.p.plus(0.5), pair.q.plus(0.5));
        let (root, wider) = (pair.p.sqrt() * pair.q.sqrt(), p.sqrt() * q.sqrt());
        let between = (pair.p + pair.q).times(0.5).plus(0.25).over(root + wider);
        let (minus, plus) =
            ((between + root * pair.minus).over(wider), (between + root * pair.plus).over(wider));
        let sin = minus.value.sqrt() * plus.value.sqrt();
        let cos = pair.covariance().over(wider);
        let size = cos.value.abs();
        let (rise, rest) = angle1(size, sin);
        let theta = if cos.value < 0.0 { PI - rest } else { rest };
        // dcos from whichever of the three does not cancel
        let slopes = if cos.value < 0.0 { plus } else { minus.times(-1.0) };
        let slopes = if size < 0.5 { cos } else { slopes };
        let mixed = slopes.chain(2.0 / PI * rise.copysign(cos.value), 2.0 / PI * inverse(sin));
        let diagonal = |p: Dual<P>| {
            let root = (p.value + 0.25).sqrt();
            let (rise, rest) = angle1(p.value, root);
            (p.chain(2.0 / PI * rise, FRAC_1_PI / ((p.value + 0.5) * root)), rest)
        };
        let ((p, of_p), (q, of_q)) = (diagonal(pair.p), diagonal(pair.q));
        let apart = p.value.sqrt() - q.value.sqrt();
        let short = FRAC_1_PI * ((theta - of_p) + (theta - of_q)) - 0.5 * apart * apart;
        let short = Dual { value: if short > 0.0 { short } else { 0.0 }, ..p.sqrt() * q.sqrt() - mixed };
        // Coincident points stay so exactly: a deeper layer of huge weights would blow up a rounding.
        let same = pair.minus.value == 0.0 && pair.p.value == pair.q.value;
        let mixed = Dual { value: if same { p.value } else { mixed.value }, ..mixed };
        let short = if same { Dual::constant(0.0) } else { short };
        Image { p, q, mixed, short, turn: Dual::constant(0.0) }
    }
}

/// The second moment of one activation.
pub(super) fn moment(activation: Activation, p: f64) -> f64 {
    match activation {
        Activation::Step => 1.0,
        Activation::Relu => p,
        Activation::SquaredRelu => 3.0 * p * p,
        Activation::Erf => 2.0 / PI * angle1(p, (p + 0.25).sqrt()).0,
    }
}
