"""The tasks in scikit-learn."""

import numpy as np
import sklearn
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    ExpSineSquared,
    Matern,
    RationalQuadratic,
    WhiteKernel,
)

import common

LARGEST = 2000  # its gradient is one n x n matrix per parameter


class FirstInput(ExpSineSquared):
    """The periodic kernel on the first input alone: scikit-learn has no active dimensions."""

    def __call__(self, X, Y=None, eval_gradient=False):
        return super().__call__(X[:, :1], None if Y is None else Y[:, :1], eval_gradient)


def simple():
    return ConstantKernel(common.VARIANCE) * RBF(common.LENGTHS) + WhiteKernel(common.NOISE)


def composite():
    season, many = common.SEASON, common.MANY_SCALES
    return (
        ConstantKernel(common.ARD["variance"]) * RBF(common.ARD["lengths"])
        + ConstantKernel(season["variance"])
        * RBF(season["length"])
        * FirstInput(season["periodic_length"], season["period"])
        + ConstantKernel(common.ROUGH["variance"]) * Matern(common.ROUGH["length"], nu=1.5)
        # Its parameters come in the order of their names: alpha, length.
        + ConstantKernel(many["variance"]) * RationalQuadratic(many["length"], many["alpha"])
        + ConstantKernel(common.LINE["variance"]) * DotProduct(0.0, sigma_0_bounds="fixed")
        + WhiteKernel(common.NOISE)
    )


# Position of our parameters (length before alpha) in the order of `composite()`.
COMPOSITE_ORDER = [*range(16), 17, 16, 18, 19]


def fitted(kernel, x, y):
    return GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(x, y)


def evidence(bench, task, n, kernel, data, order):
    x, y = data.train(n)
    gp = fitted(kernel, x, y)
    theta = gp.kernel_.theta

    def describe(result):
        return {"value": float(result[0]), "gradient": [float(result[1][i]) for i in order]}

    bench.measure(
        task, n, lambda: gp.log_marginal_likelihood(theta, eval_gradient=True, clone_kernel=False), describe
    )


def predict(bench, args, data):
    x, y = data.train(common.PREDICT_ROWS)
    test = data.test(args.points)

    def latent(result):
        # The white kernel is part of its kernel, so its variance is that of an observation.
        mean, deviation = result
        return common.moments(mean, deviation**2 - common.NOISE)

    gp = fitted(simple(), x, y)
    bench.measure("predict_cached", len(x), lambda: gp.predict(test, return_std=True), latent)
    bench.measure(
        "predict", len(x), lambda: fitted(simple(), x, y).predict(test, return_std=True), latent, warm=False
    )


def joint_draws(bench, data):
    x, y = data.train(common.DRAW_ROWS)
    test = data.test(common.DRAW_POINTS)

    def draw(gp):
        return gp.sample_y(test, common.DRAWS, random_state=0)

    def describe(draws):
        return common.moments(draws.mean(axis=1), draws.var(axis=1) - common.NOISE)

    gp = fitted(simple(), x, y)
    bench.measure("joint_draws_cached", len(x), lambda: draw(gp), describe)
    bench.measure("joint_draws", len(x), lambda: draw(fitted(simple(), x, y)), describe, warm=False)


def softmax_laplace(bench, data):
    """One binary Laplace approximation a class (one against the rest): fewer couplings than a softmax."""
    x, classes = data.digits()
    kernel = ConstantKernel(common.DIGITS["variance"]) * RBF(common.DIGITS["length"])
    bench.measure(
        "softmax_laplace",
        len(x),
        lambda: GaussianProcessClassifier(kernel, optimizer=None).fit(x, classes),
        lambda gp: {
            "value": float(np.sum([e.log_marginal_likelihood_value_ for e in gp.base_estimator_.estimators_])),
            "note": "sum of the ten one-against-rest evidences, not a softmax evidence",
        },
    )


def main():
    args = common.arguments(__doc__)
    data = common.Data(args.data)
    bench = common.Bench("scikit-learn", sklearn.__version__, args.repeats)
    if args.wants("evidence_gradient"):
        for n in args.sizes:
            if n <= LARGEST:
                evidence(bench, "evidence_gradient", n, simple(), data, range(common.DIM + 2))
    if args.wants("evidence_gradient_composite"):
        for n in args.composite_sizes:
            evidence(bench, "evidence_gradient_composite", n, composite(), data, COMPOSITE_ORDER)
    if args.wants("predict"):
        predict(bench, args, data)
    if args.wants("joint_draws"):
        joint_draws(bench, data)
    if args.wants("softmax_laplace"):
        softmax_laplace(bench, data)


if __name__ == "__main__":
    main()
