"""Nets in BlackJAX and plain JAX, compiled before the clock starts: steps of SGLD, epochs of Adam."""

import argparse

import blackjax
import jax
import jax.numpy as jnp
import numpy as np

import common

TASKS = {"sgld_large": ((784, 256, 256, 10), 8000, 128), "sgld_small": ((1, 50, 50, 1), 1000, 32)}
STEPS = {"sgld_large": 500, "sgld_small": 20_000}


def data(widths, rows):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, widths[0])).astype(np.float32)
    if widths[-1] == 1:
        return jnp.asarray(x), jnp.asarray(np.sin(3 * x[:, 0]).astype(np.float32))
    return jnp.asarray(x), jnp.asarray(rng.integers(0, widths[-1], rows))


def start(widths):
    rng = np.random.default_rng(1)
    layers = zip(widths[:-1], widths[1:])
    return [
        (jnp.asarray(rng.standard_normal((m, k)).astype(np.float32) * np.sqrt(2 / m)), jnp.zeros(k, jnp.float32))
        for m, k in layers
    ]


def net(parameters, x):
    for weights, bias in parameters[:-1]:
        x = jnp.tanh(x @ weights + bias)
    weights, bias = parameters[-1]
    return x @ weights + bias


def log_likelihood(parameters, x, y):
    f = net(parameters, x)
    if f.shape[-1] == 1:
        return -0.5 * jnp.sum((y - f[:, 0]) ** 2) / 0.01
    return jnp.sum(jnp.take_along_axis(jax.nn.log_softmax(f), y[:, None], axis=1))


def log_prior(parameters):
    return -0.5 * sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(parameters))


def sgld(bench, task):
    widths, rows, size = TASKS[task]
    x, y = data(widths, rows)
    steps = STEPS[task]

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
            return sampler.step(noise, position, batch, 1e-6), None

        return jax.lax.scan(one, position, jax.random.split(key, steps))[0]

    position = start(widths)
    bench.measure(
        task,
        rows,
        lambda: jax.block_until_ready(run(jax.random.key(0), position)),
        lambda _: {"units": steps, "unit": "steps"},
    )


def adam(bench):
    """By hand, in one compiled scan: the fastest that JAX can do."""
    widths, rows, size = TASKS["sgld_large"]
    x, y = data(widths, rows)
    batches = rows // size

    def loss(p, batch):
        return -log_prior(p) / rows - log_likelihood(p, x[batch], y[batch]) / size

    @jax.jit
    def epoch(key, state):
        order = jax.random.permutation(key, rows)[: batches * size].reshape(batches, size)

        def one(state, batch):
            p, m, v, t = state
            g = jax.grad(loss)(p, batch)
            t = t + 1
            m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
            v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
            rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), p, m, v)
            return (p, m, v, t), None

        return jax.lax.scan(one, state, order)[0]

    p = start(widths)
    zeros = jax.tree.map(jnp.zeros_like, p)
    state = (p, zeros, zeros, jnp.float32(0))
    bench.measure(
        "adam_epoch",
        rows,
        lambda: jax.block_until_ready(epoch(jax.random.key(0), state)),
        lambda _: {"units": batches, "unit": "steps"},
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", action="append")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    bench = common.Bench("blackjax", f"blackjax {blackjax.__version__}, jax {jax.__version__}", args.repeats)
    for task in TASKS:
        if not args.task or task in args.task:
            sgld(bench, task)
    if not args.task or "adam_epoch" in args.task:
        adam(common.Bench("jax", jax.__version__, args.repeats))
