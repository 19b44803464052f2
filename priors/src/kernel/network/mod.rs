//! Kernels of infinitely wide networks: arc-cosine, arc-sine, and the neural tangent kernel of ReLU networks, at any depth.
//!
//! Pre-activations of the first layer have the covariance S₀(a, b) = bias + weight · a·b; a layer of activations φ turns S into
//! K = c E[φ(u) φ(v)] with u, v ~ N(0, S), and the next pre-activations have bias + weight · K. The factor c = 2 of step, ReLU and
//! squared ReLU makes up for the half of the inputs where they are 0 (He's initialisation is weight = 1); c = 1 for erf.

mod layers;

use std::marker::PhantomData;

use super::dual::{Column, Dual, inverse};
use super::{Kernel, KernelFunction, RandomFunction, SavedKernel, TILE, Tile};
use crate::group::Action;
use crate::math::simd::{self, Loops};
use crate::math::special;
use crate::parameters::{Coordinate, Parameter};
use crate::prior::Result;
use crate::{Parameters, PriorError, Seed};
use layers::{ErfUnit, Pair, ReluUnit, Scale, SquareUnit, StepUnit, Unit};

/// What a unit of an infinitely wide network computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// 1 above 0, else 0: arc-cosine order 0.
    Step,
    /// max(u, 0): arc-cosine order 1.
    Relu,
    /// max(u, 0)²: arc-cosine order 2.
    SquaredRelu,
    /// The error function: arc-sine.
    Erf,
}

use Activation::{Erf, Relu, SquaredRelu, Step};

impl Activation {
    const ALL: [Activation; 4] = [Step, Relu, SquaredRelu, Erf];

    fn name(self) -> &'static str {
        match self {
            Step => "step network",
            Relu => "relu network",
            SquaredRelu => "squared relu network",
            Erf => "erf network",
        }
    }
}

#[derive(Clone, Debug)]
struct Network {
    activation: Activation,
    /// Of the tangent kernel; of ReLU networks only.
    tangent: bool,
    depth: usize,
    weight: f64,
    bias: f64,
}

const WEIGHT_BOUNDS: (f64, f64) = (1e-15, 1e15);
/// A bias of variance 0 is a value like others.
const BIAS_BOUNDS: (f64, f64) = (0.0, 1e15);

/// Σ x², in the order of a tile's columns.
fn square(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |sum, x| sum + x * x)
}

impl Network {
    /// Variances of weights and biases, with slopes along themselves.
    fn scale<const P: usize>(&self) -> Scale<P> {
        Scale { weight: Dual::seeded(self.weight, &[1.0]), bias: Dual::seeded(self.bias, &[0.0, 1.0]) }
    }

    /// The kernel and its slopes at every point of a tile.
    fn tile<const P: usize>(&self, a: &[f64], b: &Tile<'_>, out: &mut Column<P>) {
        match (self.activation, self.tangent) {
            (Relu, true) => self.layers::<P, true, ReluUnit>(a, b, out),
            (Relu, false) => self.layers::<P, false, ReluUnit>(a, b, out),
            (Step, _) => self.layers::<P, false, StepUnit>(a, b, out),
            (SquaredRelu, _) => self.layers::<P, false, SquareUnit>(a, b, out),
            (Erf, _) => self.layers::<P, false, ErfUnit>(a, b, out),
        }
    }

    fn layers<const P: usize, const TANGENT: bool, U: Unit>(
        &self,
        a: &[f64],
        b: &Tile<'_>,
        out: &mut Column<P>,
    ) {
        simd::widest(Layers::<P, TANGENT, U> { network: self, a, b, out, unit: PhantomData });
    }

    /// The first pre-activations: gives the variance at `a`, writes those of the tile and the angles. Angles come from sums of
    /// squares of (1, x)/|(1, x)|, added and subtracted: neither cancels.
    #[inline(always)]
    fn first<const P: usize>(
        &self,
        a: &[f64],
        b: &Tile<'_>,
        q: &mut Column<P>,
        minus: &mut Column<P>,
        plus: &mut Column<P>,
    ) -> Dual<P> {
        let n = b.len().min(TILE);
        let (weight, bias) = (self.weight, self.bias);
        let of_a = square(a);
        let p = Dual::seeded(bias + weight * of_a, &[of_a, 1.0]);
        let unit_a = inverse(p.value.sqrt());
        let mut units = Column::<0>::zero();
        for column in b.columns() {
            for (sum, b) in units.value.iter_mut().zip(column) {
                *sum += b * b;
            }
        }
        for j in 0..n {
            let variance = bias + weight * units.value[j];
            q.set(j, Dual::seeded(variance, &[units.value[j], 1.0]));
            units.value[j] = inverse(variance.sqrt());
        }
        for (column, a) in b.columns().zip(a) {
            let a = a * unit_a;
            let sums = minus.value.iter_mut().zip(&mut plus.value);
            for (((minus, plus), b), unit) in sums.zip(column).zip(&units.value) {
                let b = b * unit;
                *minus += (a - b) * (a - b);
                *plus += (a + b) * (a + b);
            }
        }
        for j in 0..n {
            let unit = units.value[j];
            let (below, above) = ((unit_a - unit) * (unit_a - unit), (unit_a + unit) * (unit_a + unit));
            let value = 0.5 * (weight * minus.value[j] + bias * below);
            let other = 0.5 * (weight * plus.value[j] + bias * above);
            // The angle does not change when both variances grow in proportion.
            let by_bias = 0.5 * (below - value * (unit_a * unit_a + unit * unit));
            let by_weight = -(bias / weight) * by_bias;
            minus.set(j, Dual::seeded(value, &[by_weight, by_bias]));
            plus.set(j, Dual::seeded(other, &[-by_weight, -by_bias]));
        }
        p
    }

    /// The kernel of one pair, whose slopes are along whatever `pair` says.
    fn through(&self, mut pair: Pair<2>) -> Dual<2> {
        let image = match self.activation {
            Step => StepUnit::image,
            Relu => ReluUnit::image,
            SquaredRelu => SquareUnit::image,
            Erf => ErfUnit::image,
        };
        let scale = Scale { weight: Dual::constant(self.weight), bias: Dual::constant(self.bias) };
        let mut tangent = pair.covariance();
        for _ in 1..self.depth {
            let image = image(pair);
            tangent = scale.bias + scale.weight * image.mixed + scale.weight * tangent * image.turn;
            pair = image.next(scale);
        }
        let image = image(pair);
        if self.tangent { image.mixed + tangent * image.turn } else { image.mixed }
    }
}

/// All of a network over a tile, layer by layer, so that every loop is one of plain arithmetic over points.
struct Layers<'a, const P: usize, const TANGENT: bool, U> {
    network: &'a Network,
    a: &'a [f64],
    b: &'a Tile<'a>,
    out: &'a mut Column<P>,
    unit: PhantomData<U>,
}

impl<const P: usize, const TANGENT: bool, U: Unit> Loops for Layers<'_, P, TANGENT, U> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Layers { network, a, b, out, .. } = self;
        let n = b.len().min(TILE);
        let scale = network.scale::<P>();
        let (mut q, mut minus, mut plus) = (Column::<P>::zero(), Column::<P>::zero(), Column::<P>::zero());
        let mut p = network.first(a, b, &mut q, &mut minus, &mut plus);
        let mut tangent = Column::<P>::zero();
        if TANGENT {
            for j in 0..n {
                let pair = Pair { p, q: q.get(j), minus: minus.get(j), plus: plus.get(j) };
                tangent.set(j, pair.covariance());
            }
        }
        for _ in 1..network.depth {
            for j in 0..n {
                let image = U::image(Pair { p, q: q.get(j), minus: minus.get(j), plus: plus.get(j) });
                let next = image.next(scale);
                if TANGENT {
                    let own = scale.bias + scale.weight * image.mixed;
                    tangent.set(j, own + scale.weight * tangent.get(j) * image.turn);
                }
                q.set(j, next.q);
                minus.set(j, next.minus);
                plus.set(j, next.plus);
            }
            let alone = Pair { p, q: p, minus: Dual::constant(0.0), plus: Dual::constant(2.0) };
            p = U::image(alone).next(scale).p;
        }
        for j in 0..n {
            let image = U::image(Pair { p, q: q.get(j), minus: minus.get(j), plus: plus.get(j) });
            out.set(j, if TANGENT { image.mixed + tangent.get(j) * image.turn } else { image.mixed });
        }
    }
}

impl KernelFunction for Network {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        let mut value = [0.0];
        self.fill(a, &Tile::one(b), &mut value);
        value[0]
    }

    fn diagonal(&self, a: &[f64]) -> f64 {
        let mut p = self.bias + self.weight * square(a);
        let mut tangent = p;
        for _ in 1..self.depth {
            p = self.bias + self.weight * layers::moment(self.activation, p);
            tangent = p + self.weight * tangent;
        }
        layers::moment(self.activation, p) + if self.tangent { tangent } else { 0.0 }
    }

    fn parameters(&self) -> Parameters {
        Parameters::new([
            Parameter::free("weight", self.weight, WEIGHT_BOUNDS, Coordinate::Log),
            Parameter::free("bias", self.bias, BIAS_BOUNDS, Coordinate::Variance),
        ])
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        Ok(Kernel::new(Network { weight: theta[0], bias: theta[1], ..*self }))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        let mut values = Column::<0>::zero();
        self.tile(a, b, &mut values);
        out[..b.len()].copy_from_slice(&values.value[..b.len()]);
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let mut values = Column::<2>::zero();
        self.tile(a, b, &mut values);
        for (out, slopes) in gradient.iter_mut().zip(&values.along) {
            *out += simd::dot(w, slopes);
        }
        simd::dot(w, &values.value)
    }

    /// Along |a|² and a·b, through which alone the kernel depends on a.
    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let (mut q, mut minus, mut plus) = (Column::<0>::zero(), Column::<0>::zero(), Column::<0>::zero());
        let p = self.first(a, &Tile::one(b), &mut q, &mut minus, &mut plus).value;
        let (q, minus, plus) = (q.value[0], minus.value[0], plus.value[0]);
        let by_square = -0.5 * (plus - minus) * 0.5 * self.weight * inverse(p);
        let by_product = self.weight * inverse(p.sqrt() * q.sqrt());
        let k = self.through(Pair {
            p: Dual::seeded(p, &[self.weight]),
            q: Dual::constant(q),
            minus: Dual::seeded(minus, &[-by_square, -by_product]),
            plus: Dual::seeded(plus, &[by_square, by_product]),
        });
        for (slope, (a, b)) in slope.iter_mut().zip(a.iter().zip(b)) {
            *slope += w * (2.0 * a * k.along[0] + b * k.along[1]);
        }
    }

    /// One hidden unit, where there is one layer.
    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        if self.depth > 1 || self.tangent {
            return None;
        }
        let z = seed.named("weights").normal1(inputs);
        let weights = z.iter().map(|z| self.weight.sqrt() * z).collect();
        let bias = self.bias.sqrt() * seed.named("bias").normal1(1)[0];
        let up = seed.named("coin").uniform1(1, -1.0, 1.0)[0] < 0.0;
        Some(Box::new(HiddenUnit { activation: self.activation, weights, bias, up }))
    }

    fn preserved_by(&self, action: &Action) -> bool {
        let origin = vec![0.0; action.inputs()];
        let mut image = origin.clone();
        action.apply(&origin, &mut image);
        image == origin
    }

    fn saved(&self) -> Result<SavedKernel> {
        let counts = vec![self.depth, usize::from(self.tangent)];
        Ok(SavedKernel { counts, ..SavedKernel::new(self.activation.name(), &[self.weight, self.bias]) })
    }
}

struct HiddenUnit {
    activation: Activation,
    weights: Vec<f64>,
    bias: f64,
    /// Whether a step is up at exactly 0 (the origin without a bias): by a coin, as in the limit of a small bias.
    up: bool,
}

impl HiddenUnit {
    fn input(&self, x: &[f64]) -> f64 {
        self.weights.iter().zip(x).fold(self.bias, |sum, (w, x)| sum + w * x)
    }
}

impl RandomFunction for HiddenUnit {
    fn value(&self, x: &[f64]) -> f64 {
        let (u, root2) = (self.input(x), std::f64::consts::SQRT_2);
        match self.activation {
            Step => root2 * f64::from(u8::from(u > 0.0 || (u == 0.0 && self.up))),
            Relu => root2 * u.max(0.0),
            SquaredRelu => root2 * u.max(0.0).powi(2),
            Erf => special::erf(u),
        }
    }

    fn slope(&self, x: &[f64], w: f64, slope: &mut [f64]) {
        let (u, root2) = (self.input(x), std::f64::consts::SQRT_2);
        let by_input = match self.activation {
            Step => 0.0,
            Relu => root2 * f64::from(u8::from(u > 0.0)),
            SquaredRelu => 2.0 * root2 * u.max(0.0),
            Erf => std::f64::consts::FRAC_2_SQRT_PI * (-u * u).exp(),
        };
        slope.iter_mut().zip(&self.weights).for_each(|(s, v)| *s += w * by_input * v);
    }
}

impl Kernel {
    /// The infinitely wide network with `depth` hidden layers of these units (Neal 1996; Cho & Saul 2009, whose kernel of order
    /// 0, 1, 2 it is for step, ReLU and squared ReLU; Williams 1998 for erf), read out by weights of variance 1 without bias.
    ///
    /// S₀ = bias + weight · a·b, Sₗ = bias + weight · Kₗ, Kₗ₊₁ = c E[φ(u) φ(v)] under Sₗ with c = 2 (erf: 1). With depth 1 and no
    /// bias k(x, x) is 1 for the step, weight |x|² for ReLU, 3 weight² |x|⁴ for its square. Parameters `weight`, `bias` ≥ 0. At
    /// bias 0 the slope along it counts as 0 for pairs with the origin, where it is infinite. Inputs of different importance: warp each
    /// by an [`InputWarp::Length`](super::InputWarp::Length).
    ///
    /// # Errors
    /// For depth 0.
    pub fn network(activation: Activation, depth: usize, weight: f64, bias: f64) -> Result<Kernel> {
        Network { activation, tangent: false, depth, weight, bias }.checked()
    }

    /// The neural tangent kernel of the infinitely wide ReLU network with `depth` hidden layers in NTK parametrisation (Jacot et al.
    /// 2018; Arora et al. 2019), in the normalisation of [`Kernel::network`]: Θ₀ = S₀, Θₗ = Sₗ + weight · Θₗ₋₁ (1 − θₗ₋₁/π), and
    /// the read-out, of variance 1 without bias, makes K_L + Θ_{L−1} (1 − θ_{L−1}/π), θ the angle under S. Parameters as there.
    ///
    /// # Errors
    /// For depth 0.
    pub fn ntk(depth: usize, weight: f64, bias: f64) -> Result<Kernel> {
        Network { activation: Relu, tangent: true, depth, weight, bias }.checked()
    }
}

impl Network {
    fn checked(self) -> Result<Kernel> {
        if self.depth == 0 {
            return Err(PriorError::Empty("hidden layers of a network"));
        }
        Ok(Kernel::new(self))
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    let activation = Activation::ALL.into_iter().find(|a| a.name() == saved.kind)?;
    let network = |[weight, bias]: [f64; 2]| match *saved.counts.as_slice() {
        [depth, 0] => Kernel::network(activation, depth, weight, bias),
        [depth, 1] if activation == Relu => Kernel::ntk(depth, weight, bias),
        _ => Err(saved.malformed()),
    };
    Some(saved.numbers::<2>().and_then(network))
}
