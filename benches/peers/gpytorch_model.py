"""Models in GPyTorch whose raw parameters are the logs of ours, with exact Cholesky factorisations only."""

import contextlib

import gpytorch
import torch
from gpytorch import kernels

import common

torch.set_default_dtype(torch.float64)


def positive():
    """With this constraint the derivative by the raw parameter is the one by the logarithm."""
    return gpytorch.constraints.Positive(transform=torch.exp, inv_transform=torch.log)


@contextlib.contextmanager
def exact():
    """No conjugate gradients, no Lanczos, whatever the size."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(gpytorch.settings.fast_computations(False, False, False))
        stack.enter_context(gpytorch.settings.max_cholesky_size(10**9))
        yield


def length(kernel, value):
    kernel.lengthscale = torch.as_tensor(value)
    return kernel


def scaled(kernel, variance):
    scale = kernels.ScaleKernel(kernel, outputscale_constraint=positive())
    scale.outputscale = variance
    return scale


def ard(variance, lengths):
    kernel = kernels.RBFKernel(ard_num_dims=len(lengths), lengthscale_constraint=positive())
    return scaled(length(kernel, lengths), variance)


def simple():
    """The ARD squared exponential, and its raw parameters in our order."""
    kernel = ard(common.VARIANCE, common.LENGTHS)
    return kernel, [kernel.raw_outputscale, kernel.base_kernel.raw_lengthscale]


def composite():
    """The five terms, and their raw parameters in our order."""
    first = ard(**common.ARD)
    smooth = length(kernels.RBFKernel(lengthscale_constraint=positive()), common.SEASON["length"])
    periodic = kernels.PeriodicKernel(
        active_dims=(0,), lengthscale_constraint=positive(), period_length_constraint=positive()
    )
    # Its length is the square of ours: `chain` below.
    periodic = length(periodic, common.SEASON["periodic_length"] ** 2)
    periodic.period_length = common.SEASON["period"]
    season = scaled(smooth * periodic, common.SEASON["variance"])
    matern = kernels.MaternKernel(nu=1.5, lengthscale_constraint=positive())
    rough = scaled(length(matern, common.ROUGH["length"]), common.ROUGH["variance"])
    quadratic = kernels.RQKernel(lengthscale_constraint=positive(), alpha_constraint=positive())
    quadratic = length(quadratic, common.MANY_SCALES["length"])
    quadratic.alpha = common.MANY_SCALES["alpha"]
    many = scaled(quadratic, common.MANY_SCALES["variance"])
    line = kernels.LinearKernel(variance_constraint=positive())
    line.variance = common.LINE["variance"]
    parameters = [
        first.raw_outputscale,
        first.base_kernel.raw_lengthscale,
        season.raw_outputscale,
        smooth.raw_lengthscale,
        periodic.raw_lengthscale,
        periodic.raw_period_length,
        rough.raw_outputscale,
        matern.raw_lengthscale,
        many.raw_outputscale,
        quadratic.raw_lengthscale,
        quadratic.raw_alpha,
        line.raw_variance,
    ]
    return first + season + rough + many + line, parameters


def chain(position):
    """What the derivative at this position of the composite's gradient is to be multiplied with."""
    return 2.0 if position == 11 else 1.0


class Model(gpytorch.models.ExactGP):
    """A GP with mean zero."""

    def __init__(self, x, y, kernel, noise):
        likelihood = gpytorch.likelihoods.GaussianLikelihood(noise_constraint=positive())
        super().__init__(x, y, likelihood)
        self.mean_module = gpytorch.means.ZeroMean()
        self.covar_module = kernel
        self.likelihood.noise = noise

    def forward(self, x):
        return gpytorch.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))

    @property
    def raw_noise(self):
        return self.likelihood.noise_covar.raw_noise

    def log_evidence(self):
        """In nats, not divided by the number of rows; in training mode."""
        x, y = self.train_inputs[0], self.train_targets
        return gpytorch.mlls.ExactMarginalLogLikelihood(self.likelihood, self)(self(x), y) * len(y)
