"""Laplace fits of nets in laplace-torch, in float32, log evidence included: Kronecker, full, diagonal, last layer."""

from importlib.metadata import version

import laplace
import torch
from laplace.curvature import BackPackGGN

import common

# Net, kind of likelihood, weights, structure.
TASKS = {
    "kron_fit": (common.IMAGES_NARROW, "classification", "all", "kron"),
    "diag_fit_large": (common.IMAGES_NARROW, "classification", "all", "diag"),
    "last_layer_fit": (common.IMAGES_NARROW, "classification", "last_layer", "full"),
    "full_fit": (common.POINTS, "regression", "all", "full"),
    "diag_fit": (common.POINTS, "regression", "all", "diag"),
    "kron_fit_small": (common.POINTS, "regression", "all", "kron"),
}
BATCH = 500


def mlp(data):
    layers = []
    for m, k in zip(data.widths[:-1], data.widths[1:]):
        layers += [torch.nn.Linear(m, k), torch.nn.Tanh()]
    model = torch.nn.Sequential(*layers[:-1])
    torch.nn.utils.vector_to_parameters(torch.from_numpy(data.weights), model.parameters())
    return model


def fit(bench, args, task, backend):
    net, kind, subset, structure = TASKS[task]
    data = common.NetData(args.data, net)
    model, x, y = mlp(data), torch.from_numpy(data.x), torch.from_numpy(data.y)
    y = y.long() if kind == "classification" else y[:, None]
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=BATCH)

    def work():
        settings = {"subset_of_weights": subset, "hessian_structure": structure, **backend}
        la = laplace.Laplace(model, kind, prior_precision=1.0, **settings)
        la.fit(loader, progress_bar=False)
        return la.log_marginal_likelihood().item()

    bench.measure(task, len(x), work, lambda value: {"value": value})


def main():
    args = common.arguments(__doc__)
    torch.set_num_threads(common.threads())
    release = version("laplace-torch")
    # What a user gets, and of the exact backends the fastest.
    backends = {"laplace-torch": {}, "laplace-torch with BackPACK": {"backend": BackPackGGN}}
    for name, backend in backends.items():
        bench = common.Bench(name, release, args.repeats)
        for task in filter(args.wants, TASKS):
            # (there the default writes out the Jacobian of every row: not done after seven minutes)
            if backend or task != "diag_fit_large":
                fit(bench, args, task, backend)


if __name__ == "__main__":
    main()
