"""Laplace fits of nets in laplace-torch: Kronecker, full, diagonal, last layer."""

import argparse

import laplace
import numpy as np
import torch

import common


def mlp(widths):
    torch.manual_seed(0)
    layers = []
    for m, k in zip(widths[:-1], widths[1:]):
        layers += [torch.nn.Linear(m, k), torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])


def classification():
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.standard_normal((8000, 784)), dtype=torch.float32)
    return mlp((784, 128, 128, 10)), torch.utils.data.TensorDataset(x, torch.tensor(rng.integers(0, 10, 8000)))


def regression():
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.standard_normal((1000, 10)), dtype=torch.float32)
    return mlp((10, 50, 50, 1)), torch.utils.data.TensorDataset(x, torch.sin(x.sum(1, keepdim=True)))


TASKS = {
    "kron_fit": ("classification", classification, "all", "kron"),
    "diag_fit_large": ("classification", classification, "all", "diag"),
    "last_layer_fit": ("classification", classification, "last_layer", "full"),
    "full_fit": ("regression", regression, "all", "full"),
    "diag_fit": ("regression", regression, "all", "diag"),
    "kron_fit_small": ("regression", regression, "all", "kron"),
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", action="append")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(common.threads())
    bench = common.Bench("laplace-torch", getattr(laplace, "__version__", "0.3"), args.repeats)
    for task, (kind, make, subset, structure) in TASKS.items():
        if args.task and task not in args.task:
            continue
        model, dataset = make()
        loader = torch.utils.data.DataLoader(dataset, batch_size=500)

        def fit():
            la = laplace.Laplace(model, kind, subset_of_weights=subset, hessian_structure=structure)
            la.fit(loader, progress_bar=False)
            return la

        bench.measure(task, len(dataset), fit, lambda la: {"value": float(la.log_marginal_likelihood())})
