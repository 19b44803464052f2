"""Laplace evidences of three small nets by laplace-torch, at fixed weights: the constants of models/tests/net_laplace/peer.rs.

python benches/peers/laplace_torch.py

Needs laplace-torch (0.3) and PyTorch. Weights and data are formulas, so that both sides can write them down.
"""

import math

import torch
from laplace import Laplace
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_default_dtype(torch.float64)


def wave(count, step, shift):
    return torch.tensor([math.sin(step * (i + 1) + shift) for i in range(count)])


def set_weights(net):
    flat = 0.8 * wave(sum(p.numel() for p in net.parameters()), 12.9898, 0.4)
    nn.utils.vector_to_parameters(flat, net.parameters())


def regression():
    net = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 2))
    x = wave(3 * 24, 2.7, 0.1).reshape(24, 3)
    y = wave(2 * 24, 1.3, 0.7).reshape(24, 2)
    return net, x, y


def classification():
    net = nn.Sequential(nn.Linear(4, 7), nn.ReLU(), nn.Linear(7, 6), nn.Tanh(), nn.Linear(6, 3))
    x = wave(4 * 30, 2.7, 0.1).reshape(30, 4)
    y = torch.tensor([(7 * i + i * i) % 3 for i in range(30)])
    return net, x, y


def images():
    net = nn.Sequential(nn.Conv2d(2, 3, 3, stride=2, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(18, 3))
    x = wave(2 * 5 * 4 * 20, 2.7, 0.1).reshape(20, 2, 5, 4)
    y = torch.tensor([(7 * i + i * i) % 3 for i in range(20)])
    return net, x, y


def evidence(net, x, y, likelihood, subset, structure, sd, noise):
    set_weights(net)
    extra = {"sigma_noise": noise} if likelihood == "regression" else {}
    la = Laplace(
        net, likelihood, subset_of_weights=subset, hessian_structure=structure, prior_precision=sd**-2, **extra
    )
    la.fit(DataLoader(TensorDataset(x, y), batch_size=10))
    return la.log_marginal_likelihood().item()


def constants():
    for name, problem, likelihood in [
        ("REGRESSION", regression, "regression"),
        ("CLASSES", classification, "classification"),
        ("IMAGES", images, "classification"),
    ]:
        for subset in ["all", "last_layer"]:
            for structure in ["full", "kron", "diag"]:
                values = [
                    evidence(*problem(), likelihood, subset, structure, sd, 0.6) for sd in [0.5, 1.5]
                ]
                print(name, subset, structure, *(f"{v:.10f}" for v in values))


def predictions():
    """At the first three rows, prior standard deviation 0.5."""
    for name, problem, likelihood in [
        ("REGRESSION", regression, "regression"),
        ("CLASSES", classification, "classification"),
    ]:
        for structure in ["full", "kron", "diag"]:
            net, x, y = problem()
            set_weights(net)
            extra = {"sigma_noise": 0.6} if likelihood == "regression" else {}
            la = Laplace(net, likelihood, subset_of_weights="all", hessian_structure=structure, prior_precision=4.0, **extra)
            la.fit(DataLoader(TensorDataset(x, y), batch_size=10))
            _, f_var = la._glm_predictive_distribution(x[:3])
            print(name, structure, "covariances", [round(v, 12) for v in f_var.flatten().tolist()])
            if likelihood == "classification":
                for link in ["probit", "bridge"]:
                    p = la(x[:3], pred_type="glm", link_approx=link)
                    print(name, structure, link, [round(v, 12) for v in p.flatten().tolist()])


if __name__ == "__main__":
    constants()
    predictions()
