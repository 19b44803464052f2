//! A kernel of one's own passes with nothing but `eval`; one that is broken in one place breaks the law of that place.

use softbias_priors::group::Action;
use softbias_priors::kernel::{KernelFunction, RandomFunction, SavedKernel, Tile};
use softbias_priors::laws::LawError;
use softbias_priors::parameters::Coordinate;
use softbias_priors::prior::Result;
use softbias_priors::*;

use super::points;

/// Brownian motion in the product of |x| and sign, on each input: min(|a|, |b|) where the signs agree.
#[derive(Clone, Debug)]
struct Brownian;

impl KernelFunction for Brownian {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        let one = |(a, b): (&f64, &f64)| if a * b > 0.0 { a.abs().min(b.abs()) } else { 0.0 };
        a.iter().zip(b).map(one).sum()
    }
}

#[test]
fn one_eval_is_a_kernel() {
    let kernel = Kernel::new(Brownian);
    laws::kernel(&kernel, &points(7, 2), Seed::new(1)).unwrap();
    laws::gaussian(&Gp::new(kernel.clone()), &points(7, 2), Seed::new(1)).unwrap();
    let sum = 2.0 * kernel.clone() + Kernel::rbf(0.5) * kernel;
    laws::kernel(&sum, &points(7, 2), Seed::new(1)).unwrap();
    assert!(matches!(sum.saved(), Err(PriorError::Foreign(_))));
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Nothing,
    Infinite,
    Asymmetric,
    Diagonal,
    Fill,
    FillAsymmetric,
    Place,
    Negative,
    Contract,
    ContractOne,
    Total,
    Overwrites,
    Slope,
    SlopeWeight,
    SlopeOverwrites,
    With,
    Names,
    Unlike,
    Random,
    RandomSlope,
    Preserved,
    Saved,
}

/// An RBF kernel of tuned length, asked through a layer with one fault.
#[derive(Clone, Debug)]
struct Faulty {
    length: f64,
    variance: f64,
    fault: Fault,
}

impl Faulty {
    fn sound(&self) -> Kernel {
        self.variance * Kernel::rbf(self.length)
    }

    fn factor(&self, fault: Fault, factor: f64) -> f64 {
        if self.fault == fault { factor } else { 1.0 }
    }
}

impl KernelFunction for Faulty {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        let k = self.sound().eval(a, b);
        match self.fault {
            Fault::Infinite if a != b => f64::NAN,
            Fault::Asymmetric if a[0] > b[0] => k * (1.0 + 1e-15),
            Fault::Negative if a != b => k * 1.5,
            _ => k,
        }
    }
    fn diagonal(&self, _: &[f64]) -> f64 {
        self.variance * self.factor(Fault::Diagonal, 1.0 + 1e-9)
    }
    fn parameters(&self) -> Parameters {
        let second = if self.fault == Fault::Names { "length" } else { "variance" };
        Parameters::new([
            Parameter::free("length", self.length, (1e-3, 1e3), Coordinate::Log),
            Parameter::free(second, self.variance, (0.0, 1e3), Coordinate::Variance),
        ])
    }
    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        let length = theta[0] * self.factor(Fault::With, 1.0 + 1e-9);
        let variance = if self.fault == Fault::Unlike { self.variance } else { theta[1] };
        Ok(Kernel::new(Faulty { length, variance, ..*self }))
    }
    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        let mut point = vec![0.0; b.inputs()];
        for (j, out) in out.iter_mut().enumerate().take(b.len()) {
            b.read(j, &mut point);
            *out = self.eval(a, &point);
            match self.fault {
                Fault::Fill => *out *= 1.0 + 1e-9,
                Fault::FillAsymmetric if a[0] > point[0] => *out *= 1.0 + 1e-15,
                Fault::Place if j > 100 => *out *= 1.0 + 1e-15,
                _ => (),
            }
        }
    }
    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        if self.fault == Fault::Overwrites {
            gradient.fill(0.0);
        }
        let mut fresh = [0.0; 2];
        let kernel = self.sound();
        let total = kernel.function().contract(a, b, w, &mut fresh);
        gradient[0] += fresh[0] * self.factor(Fault::Contract, 1.0 + 1e-4);
        gradient[1] += fresh[1] * self.factor(Fault::ContractOne, 1.0 + 1e-4);
        total * self.factor(Fault::Total, 1.0 + 1e-8)
    }
    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        if self.fault == Fault::SlopeOverwrites {
            slope.fill(0.0);
        }
        let w =
            if self.fault == Fault::SlopeWeight { 1.0 } else { w * self.factor(Fault::Slope, 1.0 + 1e-4) };
        self.sound().function().slope(a, b, w, slope);
    }
    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        let variance = self.variance * self.factor(Fault::Random, 1.2);
        let z = (variance * Kernel::rbf(self.length)).function().random_function(inputs, seed)?;
        Some(Box::new(Drawn(z, self.factor(Fault::RandomSlope, 1.01))))
    }
    fn preserved_by(&self, action: &Action) -> bool {
        self.fault == Fault::Preserved || self.sound().function().preserved_by(action)
    }
    fn saved(&self) -> Result<SavedKernel> {
        (self.factor(Fault::Saved, 1.5) * self.sound()).saved()
    }
}

struct Drawn(Box<dyn RandomFunction>, f64);

impl RandomFunction for Drawn {
    fn value(&self, x: &[f64]) -> f64 {
        self.0.value(x)
    }
    fn slope(&self, x: &[f64], w: f64, slope: &mut [f64]) {
        self.0.slope(x, w * self.1, slope);
    }
}

fn law(kernel: &Kernel) -> &'static str {
    match laws::kernel(kernel, &points(8, 2), Seed::new(1)) {
        Ok(()) => "none",
        Err(LawError::Broken { law, .. }) => law,
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn every_fault_breaks_its_law() {
    for (fault, expected) in [
        (Fault::Infinite, "a kernel is finite"),
        (Fault::Asymmetric, "k(a, b) and k(b, a) are the same bits"),
        (Fault::Diagonal, "diagonal is eval of a point with itself"),
        (Fault::Fill, "fill agrees with eval"),
        (Fault::FillAsymmetric, "fill keeps its bits when points change places"),
        (Fault::Place, "a covariance does not depend on the place in a tile"),
        (Fault::Negative, "a Gram matrix is positive"),
        (Fault::Contract, "contract agrees with differences along every parameter"),
        (Fault::ContractOne, "contract agrees with differences along every parameter"),
        (Fault::Overwrites, "contract agrees with differences along every parameter"),
        (Fault::Total, "contract gives Σ w k"),
        (Fault::Slope, "slope agrees with differences"),
        (Fault::SlopeWeight, "slope agrees with differences"),
        (Fault::SlopeOverwrites, "slope agrees with differences"),
        (Fault::With, "its own parameters give the same kernel"),
        (Fault::Names, "names of parameters differ"),
        (Fault::Unlike, "a kernel has the parameters it was given"),
        (Fault::Random, "second moments of random functions are the kernel"),
        (Fault::RandomSlope, "the slope of a random function agrees with differences"),
    ] {
        assert_eq!(law(&Kernel::new(Faulty { length: 0.9, variance: 1.4, fault })), expected, "{fault:?}");
    }
}

/// What only some kernels can get wrong.
#[test]
fn false_claims_are_found() {
    #[derive(Clone, Debug)]
    struct Claims(Fault);
    impl KernelFunction for Claims {
        fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
            Kernel::rbf([0.7, 1.9]).eval(a, b)
        }
        fn preserved_by(&self, _: &Action) -> bool {
            self.0 == Fault::Preserved
        }
        fn saved(&self) -> Result<SavedKernel> {
            if self.0 == Fault::Saved {
                Kernel::constant(1.0).saved()
            } else {
                Err(PriorError::Foreign("Claims".into()))
            }
        }
    }
    assert_eq!(law(&Kernel::new(Claims(Fault::Nothing))), "none");
    assert_eq!(law(&Kernel::new(Claims(Fault::Preserved))), "what is said to preserve a kernel does");
    assert_eq!(law(&Kernel::new(Claims(Fault::Saved))), "a revived kernel has the same parameters");
}
