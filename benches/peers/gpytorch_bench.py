"""The tasks in GPyTorch."""

import gpytorch
import torch

import common
from gpytorch_model import Model, chain, composite, exact, simple


def evidence(bench, task, n, build, data):
    x, y = (torch.as_tensor(part) for part in data.train(n))
    kernel, parameters = build()
    model = Model(x, y, kernel, common.NOISE)
    parameters = [*parameters, model.raw_noise]
    model.train()

    def work():
        model.zero_grad()
        value = model.log_evidence()
        value.backward()
        return value.item()

    def describe(value):
        gradient = torch.cat([p.grad.flatten() for p in parameters]).tolist()
        if build is composite:
            gradient = [g * chain(i) for i, g in enumerate(gradient)]
        return {"value": value, "gradient": gradient}

    bench.measure(task, n, work, describe)


def conditioned(data, rows):
    x, y = (torch.as_tensor(part) for part in data.train(rows))
    return Model(x, y, simple()[0], common.NOISE).eval()


def twice(bench, task, data, rows, work, describe):
    """With the factorisation of the training rows inside the clock, and without it."""
    ready = conditioned(data, rows)
    bench.measure(f"{task}_cached", rows, lambda: work(ready), describe)

    def whole():
        ready.train().eval()  # forgets what was cached
        return work(ready)

    bench.measure(task, rows, whole, describe)


def predict(bench, args, data):
    test = torch.as_tensor(data.test(args.points))

    def work(model):
        latent = model(test)
        return latent.mean, latent.variance

    twice(bench, "predict", data, common.PREDICT_ROWS, work, lambda r: common.moments(*r))


def joint_draws(bench, data):
    test = torch.as_tensor(data.test(common.DRAW_POINTS))

    def work(model):
        return model(test).rsample(torch.Size([common.DRAWS]))

    twice(
        bench,
        "joint_draws",
        data,
        common.DRAW_ROWS,
        work,
        lambda draws: common.moments(draws.mean(dim=0), draws.var(dim=0)),
    )


def main():
    args = common.arguments(__doc__)
    torch.set_num_threads(common.threads())
    data = common.Data(args.data)
    bench = common.Bench("gpytorch", gpytorch.__version__, args.repeats)
    with exact():
        if args.wants("evidence_gradient"):
            for n in args.sizes:
                evidence(bench, "evidence_gradient", n, simple, data)
        if args.wants("evidence_gradient_composite"):
            for n in args.composite_sizes:
                evidence(bench, "evidence_gradient_composite", n, composite, data)
        with torch.no_grad():
            if args.wants("predict"):
                predict(bench, args, data)
            if args.wants("joint_draws"):
                joint_draws(bench, data)


if __name__ == "__main__":
    main()
