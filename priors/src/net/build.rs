//! How a net is put together: layers one behind another, branches that add, priors of weights; shapes are checked at the end.

use std::sync::Arc;

use super::activation::{Activate, Activation};
use super::chain::{Chain, Sum};
use super::conv::Conv;
use super::dense::{Dense, Tied};
use super::law::WeightLaw;
use super::layer::Layer;
use super::layer_norm::LayerNorm;
use super::parts::parts;
use super::pool::{Pool, Pooled};
use super::{Net, Shape};
use crate::prior::Result;
use crate::{Ledger, PriorError, Softness};

/// A net that is being built.
#[derive(Clone, Debug)]
pub struct NetBuilder {
    input: Shape,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Dense(usize),
    Conv { channels: usize, side: usize, stride: usize, padding: usize },
    Tied { units: usize, moves: Vec<(Vec<usize>, Vec<usize>)> },
    Pool { side: usize, by: Pooled },
    GlobalAverage,
    Flatten,
    Norm,
    Activate(Activation),
    Add(Vec<Branch>),
    Weights(WeightLaw),
    Bias(WeightLaw),
    NoBias,
}

/// One of several that add.
#[derive(Clone, Debug)]
struct Branch {
    softness: Option<Softness>,
    layers: NetBuilder,
}

/// What the builder needs to know on its way through the steps.
struct Site {
    start: usize,
    label: String,
}

impl NetBuilder {
    pub(super) fn new(input: Shape) -> NetBuilder {
        NetBuilder { input, steps: Vec::new() }
    }

    /// A branch, whose input is known only when the whole is built.
    // rustc 1.95 (LLVM 22), with optimisation, takes the second of two such empty builders for the first as the first has become: out of line,
    // and taken apart in `and`, they are two.
    #[inline(never)]
    fn within() -> NetBuilder {
        NetBuilder::new(Shape::flat(0))
    }

    fn and(self, step: Step) -> NetBuilder {
        let NetBuilder { input, mut steps } = self;
        steps.push(step);
        NetBuilder { input, steps }
    }

    /// A dense layer. Its weights have a prior of standard deviation √2/√(inputs), its biases of 1, unless said otherwise behind it.
    #[must_use]
    pub fn dense(self, units: usize) -> NetBuilder {
        self.and(Step::Dense(units))
    }

    /// A convolution with square filters, stride 1, padded so that an odd side keeps the grid.
    #[must_use]
    pub fn conv(self, channels: usize, side: usize) -> NetBuilder {
        self.and(Step::Conv { channels, side, stride: 1, padding: side / 2 })
    }

    /// A convolution with that stride and padding.
    #[must_use]
    pub fn conv_by(self, channels: usize, side: usize, stride: usize, padding: usize) -> NetBuilder {
        self.and(Step::Conv { channels, side, stride, padding })
    }

    /// A dense layer whose weights are tied by a group: for every element the place each input is taken from, and each output, as
    /// permutations. Outputs that no element moves make an invariant layer. The elements must be a whole group, the identity included.
    #[must_use]
    pub fn tied(self, units: usize, moves: &[(Vec<usize>, Vec<usize>)]) -> NetBuilder {
        self.and(Step::Tied { units, moves: moves.to_vec() })
    }

    /// Averages over windows of that side, one beside another.
    #[must_use]
    pub fn average_pool(self, side: usize) -> NetBuilder {
        self.and(Step::Pool { side, by: Pooled::Average })
    }

    /// The largest in windows of that side, one beside another.
    #[must_use]
    pub fn max_pool(self, side: usize) -> NetBuilder {
        self.and(Step::Pool { side, by: Pooled::Largest })
    }

    /// The average of every channel.
    #[must_use]
    pub fn global_average(self) -> NetBuilder {
        self.and(Step::GlobalAverage)
    }

    /// The grid as a plain vector. (A dense layer does it by itself.)
    #[must_use]
    pub fn flatten(self) -> NetBuilder {
        self.and(Step::Flatten)
    }

    /// Layer normalisation, with gains about 1 and shifts about 0, both of standard deviation 1.
    #[must_use]
    pub fn layer_norm(self) -> NetBuilder {
        self.and(Step::Norm)
    }

    /// An activation.
    #[must_use]
    pub fn activate(self, by: Activation) -> NetBuilder {
        self.and(Step::Activate(by))
    }

    /// max(x, 0).
    #[must_use]
    pub fn relu(self) -> NetBuilder {
        self.activate(Activation::Relu)
    }

    /// tanh x.
    #[must_use]
    pub fn tanh(self) -> NetBuilder {
        self.activate(Activation::Tanh)
    }

    /// x Φ(x).
    #[must_use]
    pub fn gelu(self) -> NetBuilder {
        self.activate(Activation::Gelu)
    }

    /// erf x.
    #[must_use]
    pub fn erf(self) -> NetBuilder {
        self.activate(Activation::Erf)
    }

    /// sin x.
    #[must_use]
    pub fn sin(self) -> NetBuilder {
        self.activate(Activation::Sin)
    }

    /// A residual block: its input plus what `block` makes of it.
    #[must_use]
    pub fn residual(self, block: impl FnOnce(NetBuilder) -> NetBuilder) -> NetBuilder {
        let block = block(NetBuilder::within());
        let branch = |layers| Branch { softness: None, layers };
        self.and(Step::Add(vec![branch(NetBuilder::within()), branch(block)]))
    }

    /// A soft bias within a net: `core + softness · rest`. The softness multiplies the scale of the rest's last weights, so that curvature and
    /// evidence know it as the scale of that tensor; behind those weights the rest must be linear (pooling, flattening).
    #[must_use]
    pub fn relaxed(
        self,
        softness: Softness,
        core: impl FnOnce(NetBuilder) -> NetBuilder,
        rest: impl FnOnce(NetBuilder) -> NetBuilder,
    ) -> NetBuilder {
        let core = core(NetBuilder::within());
        let rest = rest(NetBuilder::within());
        let branch = |softness, layers| Branch { softness, layers };
        self.and(Step::Add(vec![branch(None, core), branch(Some(softness), rest)]))
    }

    /// The prior of the weights of the layer before (of its gains, after a normalisation).
    #[must_use]
    pub fn weights(self, law: WeightLaw) -> NetBuilder {
        self.and(Step::Weights(law))
    }

    /// The prior of the biases of the layer before (of its shifts, after a normalisation).
    #[must_use]
    pub fn bias(self, law: WeightLaw) -> NetBuilder {
        self.and(Step::Bias(law))
    }

    /// No biases in the layer before.
    #[must_use]
    pub fn without_bias(self) -> NetBuilder {
        self.and(Step::NoBias)
    }

    /// The net.
    ///
    /// # Errors
    /// [`PriorError::Net`], naming the layer, when shapes do not fit, a layer would be empty, or a prior is none.
    pub fn build(self) -> Result<Net> {
        if self.input.size() == 0 {
            return Err(wrong("input", "a net needs at least one number to work on"));
        }
        let mut start = 0;
        let body = self.chain("", self.input, &mut start)?;
        let tensors = body.tensors();
        let mut at = 0;
        for tensor in &tensors {
            if tensor.start != at {
                return Err(wrong(&tensor.name, "weights out of order: a layer misstates its own"));
            }
            at += tensor.len();
        }
        let parts = parts(&tensors);
        Ok(Net { input: self.input, body, tensors, parts, weights: at, ledger: Ledger::default() })
    }

    /// Steps that only say something about the layer before are taken with it.
    fn chain(&self, within: &str, input: Shape, start: &mut usize) -> Result<Chain> {
        let mut layers: Vec<Arc<dyn Layer>> = Vec::new();
        let (mut shape, mut place) = (input, 0);
        while place < self.steps.len() {
            let step = &self.steps[place];
            let mut options = 0;
            let (mut weights, mut bias) = (None, None);
            for option in &self.steps[place + 1..] {
                match option {
                    Step::Weights(law) => weights = Some(law.clone()),
                    Step::Bias(law) => bias = Some(Some(law.clone())),
                    Step::NoBias => bias = Some(None),
                    _ => break,
                }
                options += 1;
            }
            let number = layers.len();
            let label = |kind: &str| format!("{within}{number}.{kind}");
            let site = |kind: &str| Site { start: *start, label: label(kind) };
            let layer: Arc<dyn Layer> = match step {
                Step::Add(branches) => sum(branches, &label("sum"), shape, start)?,
                Step::Dense(units) => Arc::new(dense(&site("dense"), shape.size(), *units, &weights, &bias)?),
                Step::Tied { units, moves } => {
                    let dense = dense(&site("tied"), shape.size(), *units, &weights, &bias)?;
                    Arc::new(tied(dense, moves)?)
                }
                &Step::Conv { channels, side, stride, padding } => {
                    Arc::new(conv(&site("conv"), shape, (channels, side, stride, padding), &weights, &bias)?)
                }
                Step::Norm => {
                    let Site { start, label } = site("norm");
                    let gain = weights.clone().unwrap_or(WeightLaw::normal(1.0).about(1.0));
                    let shift = bias.clone().flatten().unwrap_or(WeightLaw::normal(1.0));
                    let gain = gain.resolved(&label, 1, None)?;
                    Arc::new(LayerNorm { start, shape, gain, shift: shift.resolved(&label, 1, None)?, label })
                }
                Step::Weights(_) | Step::Bias(_) | Step::NoBias => {
                    return Err(wrong(
                        &label("prior"),
                        "a prior of weights stands behind the layer it is for",
                    ));
                }
                Step::Pool { side, by } => pool(
                    &label("pool"),
                    Pool { input: shape, height: *side, width: *side, stride: *side, by: *by },
                )?,
                Step::GlobalAverage => {
                    let (height, width) = (shape.height, shape.width);
                    pool(
                        &label("pool"),
                        Pool { input: shape, height, width, stride: 1, by: Pooled::Average },
                    )?
                }
                Step::Flatten => Arc::new(Chain { input: Shape::flat(shape.size()), layers: Vec::new() }),
                Step::Activate(by) => Arc::new(Activate { shape, by: *by }),
            };
            if options > 0 && (layer.tensors().is_empty() || matches!(step, Step::Add(_))) {
                let problem = "the layer before has no weights of its own to have a prior";
                return Err(wrong(&label("prior"), problem));
            }
            shape = layer.output();
            *start += if matches!(step, Step::Add(_)) {
                0
            } else {
                layer.tensors().iter().map(super::Tensor::len).sum()
            };
            layers.push(layer);
            place += 1 + options;
        }
        Ok(Chain { input, layers })
    }
}

fn wrong(layer: &str, problem: impl Into<String>) -> PriorError {
    PriorError::Net { layer: layer.to_owned(), problem: problem.into() }
}

type Given = Option<Option<WeightLaw>>;

/// The prior of a bias: given, none, or the default.
fn bias_law(bias: &Given, label: &str) -> Result<Option<WeightLaw>> {
    let law = bias.clone().unwrap_or(Some(WeightLaw::normal(1.0)));
    law.map(|law| law.resolved(label, 1, None)).transpose()
}

fn dense(
    site: &Site,
    inputs: usize,
    outputs: usize,
    weights: &Option<WeightLaw>,
    bias: &Given,
) -> Result<Dense> {
    if outputs == 0 {
        return Err(wrong(&site.label, "a dense layer needs at least one unit"));
    }
    let weights = weights.clone().unwrap_or(WeightLaw::fan_in(std::f64::consts::SQRT_2));
    Ok(Dense {
        start: site.start,
        inputs,
        outputs,
        weights: weights.resolved(&site.label, inputs, None)?,
        bias: bias_law(bias, &site.label)?,
        label: site.label.clone(),
    })
}

fn tied(dense: Dense, moves: &[(Vec<usize>, Vec<usize>)]) -> Result<Tied> {
    let permutes = |places: &[usize], n: usize| {
        let mut seen = vec![false; n];
        let all = places.iter().all(|&j| j < n && !std::mem::replace(&mut seen[j], true));
        all && places.len() == n
    };
    for (number, (inputs, outputs)) in moves.iter().enumerate() {
        if !permutes(inputs, dense.inputs) || !permutes(outputs, dense.outputs) {
            let problem = format!(
                "move {number} must permute {} inputs and {} outputs, each place once",
                dense.inputs, dense.outputs
            );
            return Err(wrong(&dense.label, problem));
        }
    }
    let mut sorted: Vec<_> = moves.to_vec();
    sorted.sort();
    sorted.dedup();
    let closed = sorted.iter().all(|a| {
        sorted.iter().all(|b| {
            let after = |x: &[usize], y: &[usize]| x.iter().map(|&j| y[j]).collect::<Vec<_>>();
            sorted.binary_search(&(after(&a.0, &b.0), after(&a.1, &b.1))).is_ok()
        })
    });
    if sorted.is_empty() || !closed || sorted.len() != moves.len() {
        let problem = "the moves must be a group: all different, the identity and every product among them";
        return Err(wrong(&dense.label, problem));
    }
    Ok(Tied { dense, moves: moves.into() })
}

fn conv(
    site: &Site,
    input: Shape,
    (channels, side, stride, padding): (usize, usize, usize, usize),
    weights: &Option<WeightLaw>,
    bias: &Given,
) -> Result<Conv> {
    let patch = input.channels * side * side;
    let weights = weights.clone().unwrap_or(WeightLaw::fan_in(std::f64::consts::SQRT_2));
    let dense = Dense {
        start: site.start,
        inputs: patch,
        outputs: channels,
        weights: weights.resolved(&site.label, patch, Some(side))?,
        bias: bias_law(bias, &site.label)?,
        label: site.label.clone(),
    };
    let conv = Conv { dense, input, side, stride, padding };
    let fits = conv.shape().is_some_and(|shape| shape.size() > 0) && padding < side;
    if fits {
        return Ok(conv);
    }
    let problem = format!(
        "{channels} filters of side {side}, stride {stride}, padding {padding} do not fit an input of {input}: channels, side and stride must \
         be ≥ 1, the padding below the side, the side within the padded grid"
    );
    Err(wrong(&site.label, problem))
}

fn pool(label: &str, pool: Pool) -> Result<Arc<dyn Layer>> {
    if pool.height > 0 && pool.shape().is_some_and(|shape| shape.size() > 0) {
        return Ok(Arc::new(pool));
    }
    Err(wrong(label, format!("a window of side {} does not fit an input of {}", pool.height, pool.input)))
}

fn sum(branches: &[Branch], label: &str, shape: Shape, start: &mut usize) -> Result<Arc<dyn Layer>> {
    let mut built: Vec<Arc<dyn Layer>> = Vec::new();
    for (number, Branch { softness, layers }) in branches.iter().enumerate() {
        let chain = layers.chain(&format!("{label}.{number}."), shape, start)?;
        built.push(match softness {
            None => Arc::new(chain),
            Some(softness) => Arc::from(chain.softened(softness.get()).ok_or_else(|| {
                wrong(label, "the rest must end in weights, followed by linear layers at most: a softness is their scale")
            })?),
        });
    }
    if let Some(other) = built.iter().find(|branch| branch.output().size() != built[0].output().size()) {
        let problem =
            format!("branches of {} and {} outputs cannot be added", built[0].output(), other.output());
        return Err(wrong(label, problem));
    }
    Ok(Arc::new(Sum { branches: built, input: shape }))
}
