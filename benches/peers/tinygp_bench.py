"""The tasks in tinygp, every one of them compiled by jax before the clock starts."""

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import tinygp  # noqa: E402
from tinygp import GaussianProcess, kernels, transforms  # noqa: E402
from tinygp.kernels.distance import L2Distance  # noqa: E402

import common  # noqa: E402


def simple_parameters():
    return jnp.log(jnp.array([common.VARIANCE, *common.LENGTHS, common.NOISE]))


def simple(theta):
    p = jnp.exp(theta)
    return p[0] * transforms.Linear(1 / p[1:9], kernels.ExpSquared())


def composite_parameters():
    season, many = common.SEASON, common.MANY_SCALES
    return jnp.log(
        jnp.array(
            [
                common.ARD["variance"],
                *common.ARD["lengths"],
                season["variance"],
                season["length"],
                season["periodic_length"],
                season["period"],
                common.ROUGH["variance"],
                common.ROUGH["length"],
                many["variance"],
                many["length"],
                many["alpha"],
                common.LINE["variance"],
                common.NOISE,
            ]
        )
    )


def composite(theta):
    p = jnp.exp(theta)
    euclid = L2Distance()
    # exp(-gamma sin^2): ours is exp(-2 sin^2 / length^2).
    periodic = transforms.Subspace(0, kernels.ExpSineSquared(scale=p[12], gamma=2 / p[11] ** 2))
    return (
        p[0] * transforms.Linear(1 / p[1:9], kernels.ExpSquared())
        + p[9] * kernels.ExpSquared(scale=p[10], distance=euclid) * periodic
        + p[13] * kernels.Matern32(scale=p[14], distance=euclid)
        + p[15] * kernels.RationalQuadratic(scale=p[16], alpha=p[17], distance=euclid)
        + p[18] * kernels.DotProduct()
    )



def evidence(bench, task, n, kernel, theta, data):
    x, y = (jnp.asarray(part) for part in data.train(n))

    def log_evidence(theta, x, y):
        return GaussianProcess(kernel(theta), x, diag=jnp.exp(theta[-1])).log_probability(y)

    compiled = jax.jit(jax.value_and_grad(log_evidence))
    bench.measure(
        task,
        n,
        lambda: jax.block_until_ready(compiled(theta, x, y)),
        lambda result: {"value": float(result[0]), "gradient": [float(g) for g in result[1]]},
    )


def conditioned(theta, x):
    return GaussianProcess(simple(theta), x, diag=jnp.exp(theta[-1]))


def predict(bench, args, data):
    x, y = (jnp.asarray(part) for part in data.train(common.PREDICT_ROWS))
    test, theta = jnp.asarray(data.test(args.points)), simple_parameters()

    @jax.jit
    def cached(gp, y, test):
        return gp.predict(y, test, return_var=True)

    @jax.jit
    def whole(theta, x, y, test):
        return conditioned(theta, x).predict(y, test, return_var=True)

    def describe(result):
        return common.moments(np.asarray(result[0]), np.asarray(result[1]))

    gp = jax.jit(conditioned)(theta, x)
    bench.measure("predict_cached", len(x), lambda: jax.block_until_ready(cached(gp, y, test)), describe)
    bench.measure("predict", len(x), lambda: jax.block_until_ready(whole(theta, x, y, test)), describe)


def joint_draws(bench, data):
    x, y = (jnp.asarray(part) for part in data.train(common.DRAW_ROWS))
    test, theta = jnp.asarray(data.test(common.DRAW_POINTS)), simple_parameters()

    @jax.jit
    def cached(gp, y, test, key):
        return gp.condition(y, test).gp.sample(key, shape=(common.DRAWS,))

    @jax.jit
    def whole(theta, x, y, test, key):
        return cached(conditioned(theta, x), y, test, key)

    def describe(draws):
        return common.moments(np.asarray(draws).mean(axis=0), np.asarray(draws).var(axis=0))

    key = jax.random.PRNGKey(0)
    gp = jax.jit(conditioned)(theta, x)
    bench.measure("joint_draws_cached", len(x), lambda: jax.block_until_ready(cached(gp, y, test, key)), describe)
    bench.measure("joint_draws", len(x), lambda: jax.block_until_ready(whole(theta, x, y, test, key)), describe)


def main():
    args = common.arguments(__doc__)
    data = common.Data(args.data)
    bench = common.Bench("tinygp", tinygp.__version__, args.repeats)
    if args.wants("evidence_gradient"):
        for n in args.sizes:
            evidence(bench, "evidence_gradient", n, simple, simple_parameters(), data)
    if args.wants("evidence_gradient_composite"):
        for n in args.composite_sizes:
            evidence(bench, "evidence_gradient_composite", n, composite, composite_parameters(), data)
    if args.wants("predict"):
        predict(bench, args, data)
    if args.wants("joint_draws"):
        joint_draws(bench, data)


if __name__ == "__main__":
    main()
