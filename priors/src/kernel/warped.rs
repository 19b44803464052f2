//! Kernels of warped inputs: k(w(a), w(b)).

use std::sync::Arc;

use super::algebra::inner_then;
use super::{Inputs, Kernel, KernelFunction, RandomFunction, SavedKernel, Tile, Warp, warp};
use crate::prior::Result;
use crate::{Parameters, Seed};

#[derive(Clone, Debug)]
struct Warped {
    kernel: Kernel,
    warp: Arc<dyn Warp>,
}

/// The image of a point.
fn image(warp: &dyn Warp, x: &[f64]) -> Vec<f64> {
    let mut image = vec![f64::NAN; warp.outputs(x.len())];
    if warp.inputs().check(x.len()).is_ok() {
        warp.map(x, &mut image);
    }
    image
}

/// The images of the points of a tile, coordinate by coordinate.
struct Image {
    columns: Vec<f64>,
    len: usize,
}

/// Numbers of inputs that are tried before a warp is said to fit none.
const MOST_INPUTS: usize = 1 << 20;

impl Image {
    fn new(warp: &dyn Warp, b: &Tile<'_>) -> Image {
        let len = b.len();
        let mut columns = vec![0.0; warp.outputs(b.inputs()) * len];
        warp.map_tile(b, &mut columns);
        Image { columns, len }
    }

    fn tile(&self) -> Tile<'_> {
        Tile::new(self.columns.chunks_exact(self.len.max(1)).collect())
    }
}

impl KernelFunction for Warped {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        self.kernel.eval(&image(&*self.warp, a), &image(&*self.warp, b))
    }

    fn diagonal(&self, a: &[f64]) -> f64 {
        let image = image(&*self.warp, a);
        // a point without an image has no variance, whatever the kernel says of its diagonal
        if image.iter().any(|v| v.is_nan()) { f64::NAN } else { self.kernel.0.diagonal(&image) }
    }

    fn inputs(&self) -> Inputs {
        let asked = self.kernel.0.inputs();
        let suits = |n: &usize| asked.check(self.warp.outputs(*n)).is_ok();
        let (least, most) = match (self.warp.inputs(), asked) {
            (inputs, Inputs::Any) => return inputs,
            (_, conflict @ Inputs::Conflict(..)) => return conflict,
            (Inputs::Exactly(n), Inputs::AtLeast(m) | Inputs::Exactly(m)) => {
                let found = self.warp.outputs(n);
                return if suits(&n) { Inputs::Exactly(n) } else { Inputs::Conflict(found, m) };
            }
            (Inputs::AtLeast(n), Inputs::AtLeast(m) | Inputs::Exactly(m)) => (n, n.max(m)),
            (_, Inputs::AtLeast(m) | Inputs::Exactly(m)) => (1, m),
        };
        // The fewest inputs with enough images; where one more would do as well, any number does.
        let found = if most - least > MOST_INPUTS { None } else { (least..=most).find(suits) };
        match (found, asked) {
            (Some(n), _) if suits(&(n + 1)) => Inputs::AtLeast(n),
            (Some(n), _) => Inputs::Exactly(n),
            (None, Inputs::AtLeast(m) | Inputs::Exactly(m)) => Inputs::Conflict(self.warp.outputs(most), m),
            (None, other) => other,
        }
    }

    fn parameters(&self) -> Parameters {
        inner_then(self.kernel.parameters(), self.warp.parameters().prefixed("warp"))
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        let (inner, own) = theta.split_at(self.kernel.count());
        let warp = if own.is_empty() { Arc::clone(&self.warp) } else { self.warp.with(own)? };
        Ok(Kernel::new(Warped { kernel: self.kernel.with(inner)?, warp }))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        self.kernel.0.fill(&image(&*self.warp, a), &Image::new(&*self.warp, b).tile(), out);
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let (of_a, of_b) = (image(&*self.warp, a), Image::new(&*self.warp, b));
        let tile = of_b.tile();
        let (inner, own) = gradient.split_at_mut(self.kernel.count());
        let total = self.kernel.0.contract(&of_a, &tile, w, inner);
        if own.is_empty() {
            return total;
        }
        // A parameter of the warp moves both points.
        let (mut by_a, mut by_b) = (vec![0.0; of_a.len()], vec![0.0; of_a.len()]);
        let (mut point, mut image) = (vec![0.0; b.inputs()], vec![0.0; of_a.len()]);
        for (j, &w) in w.iter().enumerate().take(b.len()) {
            tile.read(j, &mut image);
            self.kernel.0.slope(&of_a, &image, w, &mut by_a);
            by_b.fill(0.0);
            self.kernel.0.slope(&image, &of_a, w, &mut by_b);
            b.read(j, &mut point);
            self.warp.pull_back_parameters(&point, &by_b, own);
        }
        self.warp.pull_back_parameters(a, &by_a, own);
        total
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let (of_a, of_b) = (image(&*self.warp, a), image(&*self.warp, b));
        let mut by_image = vec![0.0; of_a.len()];
        self.kernel.0.slope(&of_a, &of_b, w, &mut by_image);
        self.warp.pull_back(a, &by_image, slope);
    }

    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        let function = self.kernel.0.random_function(self.warp.outputs(inputs), seed)?;
        Some(Box::new(RandomWarped { function, warp: Arc::clone(&self.warp) }))
    }

    fn name(&self) -> Option<&str> {
        self.kernel.0.name()
    }

    fn saved(&self) -> Result<SavedKernel> {
        let parts = vec![self.kernel.saved()?, self.warp.saved()?];
        Ok(SavedKernel { parts, ..SavedKernel::new("warped", &[]) })
    }
}

struct RandomWarped {
    function: Box<dyn RandomFunction>,
    warp: Arc<dyn Warp>,
}

impl RandomFunction for RandomWarped {
    fn value(&self, x: &[f64]) -> f64 {
        self.function.value(&image(&*self.warp, x))
    }

    fn slope(&self, x: &[f64], w: f64, slope: &mut [f64]) {
        let image = image(&*self.warp, x);
        let mut by_image = vec![0.0; image.len()];
        self.function.slope(&image, w, &mut by_image);
        self.warp.pull_back(x, &by_image, slope);
    }
}

impl Kernel {
    /// k(w(a), w(b)): the same kernel of inputs that are mapped first, by an [`InputWarp`](super::InputWarp) for all of them, by
    /// [`EachInput`](super::EachInput), or by any [`Warp`] of one's own. Parameters of the warp are called `warp.…`; their gradient
    /// costs a slope a pair. The warp runs once a pair, so one without parameters that is dear is better applied to the points.
    #[must_use]
    pub fn warped(self, warp: impl Warp + 'static) -> Kernel {
        Kernel::new(Warped { kernel: self, warp: Arc::new(warp) })
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    let warped = || match &saved.parts[..] {
        [kernel, warp] => Ok(Kernel::new(Warped { kernel: kernel.revive()?, warp: warp::revive(warp)? })),
        _ => Err(saved.malformed()),
    };
    (saved.kind == "warped").then(warped)
}
