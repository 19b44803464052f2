"""Nets in BlackJAX and plain JAX, in float32, compiled before the clock starts: steps of SGLD, epochs of Adam."""

import sys

import jax
import jax.numpy as jnp
import numpy as np

try:
    import blackjax
except ImportError as error:
    blackjax = None
    missing = error

import common


def problem(args, net):
    data = common.NetData(args.data, net)
    y = data.y if data.widths[-1] == 1 else data.y.astype(np.int32)
    start = [(jnp.asarray(weights), jnp.asarray(bias)) for weights, bias in data.layers()]
    return jnp.asarray(data.x), jnp.asarray(y), start


def net(parameters, x):
    for weights, bias in parameters[:-1]:
        x = jnp.tanh(x @ weights + bias)
    weights, bias = parameters[-1]
    return x @ weights + bias


def log_likelihood(parameters, x, y):
    f = net(parameters, x)
    if f.shape[-1] == 1:
        variance = common.CURVE_NOISE**2
        return -0.5 * jnp.sum((y - f[:, 0]) ** 2 / variance + np.log(2 * np.pi * variance))
    return jnp.sum(jnp.take_along_axis(jax.nn.log_softmax(f), y[:, None], axis=1))


def log_prior(parameters):
    return -0.5 * sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(parameters))


def sgld(bench, args, task):
    """The value is the mean log likelihood of all rows where the chain ends."""
    x, y, start = problem(args, common.SGLD[task]["net"])
    rows, size, steps = len(x), common.SGLD[task]["batch"], args.steps(common.SGLD[task]["steps"])

    def gradient(position, batch):
        def log_posterior(p):
            return log_prior(p) + rows / size * log_likelihood(p, x[batch], y[batch])

        return jax.grad(log_posterior)(position)

    sampler = blackjax.sgld(gradient)

    @jax.jit
    def run(key, position):
        def one(position, key):
            pick, noise = jax.random.split(key)
            batch = jax.random.randint(pick, (size,), 0, rows)
            # a step of BlackJAX is h/2
            return sampler.step(noise, position, batch, common.STEP / 2), None

        return jax.lax.scan(one, position, jax.random.split(key, steps))[0]

    def describe(end):
        return {"value": float(log_likelihood(end, x, y)) / rows, "units": steps, "unit": "steps"}

    bench.measure(task, rows, lambda: jax.block_until_ready(run(jax.random.key(0), start)), describe)


def adam(bench, args):
    """By hand, in one compiled scan: the fastest that JAX can do. The value is the mean log likelihood of batches as they were met."""
    x, y, start = problem(args, common.ADAM["net"])
    rows, size, rate = len(x), common.ADAM["batch"], common.ADAM["rate"]
    whole = rows // size * size

    def loss(p, batch):
        log = log_likelihood(p, x[batch], y[batch])
        return -log_prior(p) / rows - log / len(batch), log

    def one(state, batch):
        p, m, v, t = state
        (_, log), g = jax.value_and_grad(loss, has_aux=True)(p, batch)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        now = rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        p = jax.tree.map(lambda p, m, v: p - now * m / (jnp.sqrt(v) + 1e-8), p, m, v)
        return (p, m, v, t), log

    @jax.jit
    def epoch(key, state):
        order = jax.random.permutation(key, rows)
        state, logs = jax.lax.scan(one, state, order[:whole].reshape(-1, size))
        total = jnp.sum(logs)
        if whole < rows:
            state, log = one(state, order[whole:])
            total += log
        return state, total / rows

    zeros = jax.tree.map(jnp.zeros_like, start)
    state = (start, zeros, zeros, jnp.float32(0))
    bench.measure(
        "adam_epoch",
        rows,
        lambda: jax.block_until_ready(epoch(jax.random.key(0), state)),
        lambda result: {"value": float(result[1]), "units": -(-rows // size), "unit": "steps"},
    )


def main():
    args = common.arguments(__doc__)
    if blackjax is None:
        print(f"blackjax: left out, its Python packages are not there ({missing})", file=sys.stderr)
    else:
        bench = common.Bench("blackjax", f"{blackjax.__version__} (jax {jax.__version__})", args.repeats)
        for task in filter(args.wants, common.SGLD):
            sgld(bench, args, task)
    if args.wants("adam_epoch"):
        adam(common.Bench("jax", jax.__version__, args.repeats), args)


if __name__ == "__main__":
    main()
