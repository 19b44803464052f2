//! Kernels averaged over a finite group: invariant functions, and what is left of the others.

use super::{Inputs, Kernel, KernelFunction, RandomFunction, SavedKernel, TILE, Tile};
use crate::group::{Action, Group};
use crate::math::simd;
use crate::prior::Result;
use crate::{Parameters, PriorError, Seed};

/// The covariance of z̄(x) = mean of z(g x) over the group, or of z − z̄, for a z with covariance k.
#[derive(Clone, Debug)]
struct Averaged {
    kernel: Kernel,
    group: Group,
    part: Part,
    /// Whether k(g a, g b) = k(a, b) for every action: then one sum over the group does for two.
    preserved: bool,
    /// Whether it is so at all parameters (not only where length scales happen to be equal): then for slopes along them too.
    always: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Invariant,
    Rest,
}

/// Which images a sum takes, of the point or of the tile. They give the same numbers but for rounding, so the point that comes first
/// by its coordinates moves, whichever it is: then k(a, b) and k(b, a) are the same bits.
#[derive(Clone, Copy, Debug)]
enum Moves {
    Point,
    Tile,
}

/// Whether a point of the tile comes before `a`.
fn precedes(b: &Tile<'_>, point: usize, a: &[f64]) -> bool {
    let unequal = b.columns().zip(a).find(|(column, a)| column[point] != **a);
    unequal.is_some_and(|(column, a)| column[point] < *a)
}

fn preserves(kernel: &Kernel, group: &Group) -> bool {
    group.generators().iter().all(|action| kernel.0.preserved_by(action))
}

/// Whether the group preserves the kernel at generic parameters: each moved by a factor of its own.
fn always_preserves(kernel: &Kernel, group: &Group) -> bool {
    let parameters = kernel.parameters();
    let moved = parameters.iter().enumerate().map(|(i, p)| {
        let step = 1e-3 * (i + 1) as f64 / parameters.len() as f64;
        let step = if p.value == 0.0 { step } else { step * p.value.abs() };
        let ahead = p.value + step;
        if ahead <= p.upper { ahead } else { (p.value - step).max(p.lower) }
    });
    let moved = Vec::from_iter(moved);
    preserves(kernel, group) && kernel.with(&moved).is_ok_and(|kernel| preserves(&kernel, group))
}

/// The images of the points of a tile. Coordinates that only change places are not copied; `room` is for the others.
fn image<'t>(action: &Action, b: &Tile<'t>, room: &'t mut Vec<f64>) -> Tile<'t> {
    let copied = action.coordinates().filter(|&(_, sign, shift)| (sign, shift) != (1.0, 0.0)).count();
    room.resize(copied * b.len(), 0.0);
    let mut rows = room.chunks_exact_mut(b.len().max(1));
    let columns = action.coordinates().map(|(source, sign, shift)| {
        let column = b.column(source);
        if (sign, shift) == (1.0, 0.0) {
            return column;
        }
        let Some(row) = rows.next() else { return column };
        row.copy_from_slice(column);
        simd::map(row, |x| sign * x + shift);
        row
    });
    Tile::new(columns.collect())
}

impl Averaged {
    fn new(kernel: Kernel, group: &Group, part: Part) -> Averaged {
        let (preserved, always) = (preserves(&kernel, group), always_preserves(&kernel, group));
        Averaged { kernel, group: group.clone(), part, preserved, always }
    }

    fn share(&self) -> f64 {
        1.0 / self.group.order() as f64
    }

    /// Calls `with` for the image of `a` under every action, the identity first.
    fn images(&self, a: &[f64], mut with: impl FnMut(&[f64])) {
        let mut image = vec![0.0; self.group.inputs()];
        for action in self.group.actions() {
            action.apply(a, &mut image);
            with(&image);
        }
    }

    /// The same for a tile.
    fn tiles(&self, b: &Tile<'_>, room: &mut Vec<f64>, mut with: impl FnMut(&Tile<'_>)) {
        self.group.actions().iter().for_each(|action| with(&image(action, b, room)));
    }

    /// Calls `with` for every pair of images that a sum takes: those of one side, or of `both`.
    fn pairs(
        &self,
        a: &[f64],
        b: &Tile<'_>,
        moves: Moves,
        both: bool,
        mut with: impl FnMut(&[f64], &Tile<'_>),
    ) {
        let mut room = Vec::new();
        match (moves, both) {
            (Moves::Point, false) => self.images(a, |a| with(a, b)),
            (Moves::Tile, false) => self.tiles(b, &mut room, |b| with(a, b)),
            (Moves::Point, true) => self.tiles(b, &mut room, |b| self.images(a, |a| with(a, b))),
            (Moves::Tile, true) => self.images(a, |a| self.tiles(b, &mut room, |b| with(a, b))),
        }
    }

    /// Values at points all of which come after `a`, or before it.
    fn fill_side(&self, a: &[f64], b: &Tile<'_>, moves: Moves, out: &mut [f64]) {
        let (mut first, mut term) = (None, [0.0; TILE]);
        let term = &mut term[..b.len()];
        let both = self.part == Part::Invariant && !self.preserved;
        let share = if both { self.share() * self.share() } else { self.share() };
        out.fill(0.0);
        self.pairs(a, b, moves, both, |a, b| {
            self.kernel.0.fill(a, b, term);
            if self.part == Part::Rest {
                let first = first.get_or_insert_with(|| term.to_vec());
                simd::zip_map(term, first, |term, first| first - term);
            }
            simd::add_scaled(share, term, out);
        });
    }

    /// The sum of `value` over images of `a`, and of `b` too where one sum does not do, with the share of each.
    fn sum(&self, a: &[f64], b: &[f64], value: impl Fn(&[f64], &[f64]) -> f64) -> f64 {
        let mut sum = 0.0;
        match self.part {
            Part::Invariant if self.preserved => self.images(a, |a| sum += value(a, b)),
            Part::Invariant => self.images(b, |b| self.images(a, |a| sum += self.share() * value(a, b))),
            Part::Rest => {
                // differences first: where the group leaves a point alone, its variance is exactly 0
                let mut first = None;
                self.images(a, |a| {
                    let value = value(a, b);
                    sum += *first.get_or_insert(value) - value;
                });
            }
        }
        self.share() * sum
    }
}

impl KernelFunction for Averaged {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        let (a, b) = if a > b { (b, a) } else { (a, b) };
        self.sum(a, b, |a, b| self.kernel.eval(a, b))
    }

    fn diagonal(&self, a: &[f64]) -> f64 {
        let value =
            |x: &[f64], z: &[f64]| if x == z { self.kernel.0.diagonal(x) } else { self.kernel.eval(x, z) };
        let variance = self.sum(a, a, value);
        // rounding must not make a variance of 0 negative; NaN stays
        if variance < 0.0 { 0.0 } else { variance }
    }

    fn inputs(&self) -> Inputs {
        Inputs::Exactly(self.group.inputs())
    }

    fn parameters(&self) -> Parameters {
        self.kernel.parameters()
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        let kernel = self.kernel.with(theta)?;
        let preserved = self.always || preserves(&kernel, &self.group);
        Ok(Kernel::new(Averaged { kernel, preserved, ..self.clone() }))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        let mut sides = [Vec::with_capacity(b.len()), Vec::with_capacity(b.len())];
        (0..b.len()).for_each(|j| sides[usize::from(precedes(b, j, a))].push(j));
        for (points, moves) in sides.into_iter().zip([Moves::Point, Moves::Tile]) {
            if points.len() == b.len() {
                return self.fill_side(a, b, moves, &mut out[..b.len()]);
            }
            if points.is_empty() {
                continue;
            }
            let mut columns = Vec::with_capacity(points.len() * b.inputs());
            b.columns().for_each(|column| columns.extend(points.iter().map(|&j| column[j])));
            let side = Tile::new(columns.chunks_exact(points.len()).collect());
            let mut values = [0.0; TILE];
            self.fill_side(a, &side, moves, &mut values[..points.len()]);
            points.iter().zip(values).for_each(|(&j, value)| out[j] = value);
        }
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let both = self.part == Part::Invariant && !self.always;
        let share = if both { self.share() * self.share() } else { self.share() };
        // of the rest: 1 − share for the identity, which comes first, and −share for the others
        let mut factor = if self.part == Part::Invariant { share } else { 1.0 - share };
        let mut total = 0.0;
        self.pairs(a, b, Moves::Point, both, |a, b| {
            let mut weights = [0.0; TILE];
            let weights = &mut weights[..b.len()];
            simd::add_scaled(factor, w, weights);
            total += self.kernel.0.contract(a, b, weights, gradient);
            factor = if self.part == Part::Invariant { share } else { -share };
        });
        total
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let share = self.share();
        let (mut image, mut part) = (vec![0.0; self.group.inputs()], vec![0.0; self.group.inputs()]);
        let mut add = |b: &[f64], w: f64, first: f64| {
            for (i, action) in self.group.actions().iter().enumerate() {
                action.apply(a, &mut image);
                part.fill(0.0);
                self.kernel.0.slope(&image, b, w + if i == 0 { first } else { 0.0 }, &mut part);
                action.pull_back(&part, 1.0, slope);
            }
        };
        match self.part {
            Part::Invariant if self.preserved => add(b, share * w, 0.0),
            Part::Invariant => self.images(b, |b| add(b, share * share * w, 0.0)),
            Part::Rest => add(b, -share * w, w),
        }
    }

    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        let function = self.kernel.0.random_function(inputs, seed)?;
        Some(Box::new(RandomAverage { function, group: self.group.clone(), part: self.part }))
    }

    fn preserved_by(&self, action: &Action) -> bool {
        // of the rest: k and k̄ are both preserved, and so is their difference
        let own = action.inputs() == self.group.inputs() && self.group.contains(action);
        own || (self.kernel.0.preserved_by(action) && self.group.normalised_by(action))
    }

    fn name(&self) -> Option<&str> {
        self.kernel.0.name()
    }

    fn saved(&self) -> Result<SavedKernel> {
        let kind = if self.part == Part::Invariant { "averaged" } else { "antisymmetric" };
        let generators = self.group.generators();
        let each = || generators.iter().flat_map(Action::coordinates);
        let counts = [self.group.inputs(), self.group.order()].into_iter().chain(each().map(|(s, _, _)| s));
        let values = each().flat_map(|(_, sign, shift)| [sign, shift]);
        let saved = SavedKernel::new(kind, &Vec::from_iter(values)).of(std::slice::from_ref(&self.kernel))?;
        Ok(SavedKernel { counts: counts.collect(), ..saved })
    }
}

struct RandomAverage {
    function: Box<dyn RandomFunction>,
    group: Group,
    part: Part,
}

impl RandomAverage {
    /// Every action with its weight in the sum.
    fn weighted(&self) -> impl Iterator<Item = (f64, &Action)> {
        let share = 1.0 / self.group.order() as f64;
        self.group.actions().iter().enumerate().map(move |(i, action)| match self.part {
            Part::Invariant => (share, action),
            Part::Rest => (if i == 0 { 1.0 - share } else { -share }, action),
        })
    }
}

impl RandomFunction for RandomAverage {
    fn value(&self, x: &[f64]) -> f64 {
        let mut image = vec![0.0; self.group.inputs()];
        let value = |(weight, action): (f64, &Action)| {
            action.apply(x, &mut image);
            weight * self.function.value(&image)
        };
        self.weighted().map(value).sum()
    }

    fn slope(&self, x: &[f64], w: f64, slope: &mut [f64]) {
        let (mut image, mut part) = (vec![0.0; self.group.inputs()], vec![0.0; self.group.inputs()]);
        for (weight, action) in self.weighted() {
            action.apply(x, &mut image);
            part.fill(0.0);
            self.function.slope(&image, w * weight, &mut part);
            action.pull_back(&part, 1.0, slope);
        }
    }
}

impl Kernel {
    /// The mean over a finite group of both points' images, k̄(a, b) = |G|⁻² Σ_gh k(g a, h b): the kernel of f̄(x) = mean of f(g x), so
    /// of functions that the group leaves as they are. Its parameters are those of the kernel.
    ///
    /// A value costs |G| evaluations where every action preserves the kernel (reflections of an RBF kernel, permutations of inputs
    /// with one length scale), |G|² otherwise (permutations of inputs with length scales of their own). Where length scales are
    /// merely equal, the gradient costs |G|².
    ///
    /// A soft symmetry is `Gp::new(k.averaged(&group)?).relaxed(softness, Gp::new(k))`: a residual pathway, whose softness is the
    /// standard deviation of the departure from an invariant function. With [`Kernel::antisymmetric_part`] instead of k the two are
    /// orthogonal, and softness 1 is the process with kernel k itself.
    ///
    /// # Errors
    /// When the kernel is not for as many inputs as the group acts on.
    pub fn averaged(self, group: &Group) -> Result<Kernel> {
        self.0.inputs().check(group.inputs())?;
        Ok(Kernel::new(Averaged::new(self, group, Part::Invariant)))
    }

    /// k − k̄, what [`Kernel::averaged`] leaves: the kernel of f − f̄, functions whose mean over the images of any point is 0 (odd
    /// functions, for a reflection), independent of f̄. A value costs |G| evaluations.
    ///
    /// # Errors
    /// When the kernel is not for as many inputs as the group acts on, or the group does not preserve it at all its parameters: f̄ and
    /// f − f̄ would not be independent.
    pub fn antisymmetric_part(self, group: &Group) -> Result<Kernel> {
        self.0.inputs().check(group.inputs())?;
        let rest = Averaged::new(self, group, Part::Rest);
        if rest.always {
            return Ok(Kernel::new(rest));
        }
        let what = "an antisymmetric part needs a kernel that the group preserves, whatever its parameters (relax by the kernel itself)";
        Err(PriorError::Group { what, found: format!("{:?}", rest.kernel) })
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    let group = || {
        let (&[inputs, order], sources) =
            saved.counts.split_first_chunk().ok_or_else(|| saved.malformed())?;
        if inputs == 0 || !sources.len().is_multiple_of(inputs) || saved.values.len() != 2 * sources.len() {
            return Err(saved.malformed());
        }
        let generators =
            sources.chunks(inputs).zip(saved.values.chunks(2 * inputs)).map(|(source, numbers)| {
                let (sign, shift) = numbers.as_chunks().0.iter().map(|&[sign, shift]| (sign, shift)).unzip();
                Action::new(source.to_vec(), sign, shift)
            });
        let group = Group::generated_by(&generators.collect::<Result<Vec<_>>>()?, order)?;
        if group.order() == order { Ok(group) } else { Err(saved.malformed()) }
    };
    match saved.kind.as_str() {
        "averaged" => Some(group().and_then(|group| saved.revived_part()?.averaged(&group))),
        "antisymmetric" => Some(group().and_then(|group| saved.revived_part()?.antisymmetric_part(&group))),
        _ => None,
    }
}
