"""Tuned GPs on UCI data by a peer: RMSE, NLPD and reached log evidence of every split.

The model: mean zero, ARD squared exponential and Gaussian noise, on inputs and targets standardised by the training rows
(mean 0, population deviation 1). Started from variance 1, lengths 1, noise variance 0.1 and from `--restarts` more points
about it (each logarithm moved by a standard normal; the same points for every peer); all parameters stay within
[1e-5, 1e5]; the start that reaches the highest evidence is kept.
The NLPD is the mean over test rows, in the unit of the target; the log evidence is in nats, of the standardised targets,
and not divided by the number of rows.

Data: `$SOFTBIAS_DATA/uci/NAME.csv` (target last) and `NAME.splits.json` (test rows of each split).
"""

import argparse
import csv
import json
import os
import sys
import time
import warnings
import zlib
from pathlib import Path

import numpy as np

SETS = ("yacht", "energy", "concrete", "autompg", "airfoil", "wine")
COLUMNS = ("dataset", "split", "n_train", "rmse", "nlpd", "log_evidence", "seconds")
BOUNDS = (1e-5, 1e5)


def starts(name, split, inputs, restarts):
    """Logarithms of variance, lengths, noise variance: one row a start, the first of them plain."""
    plain = np.log([1.0] * (inputs + 1) + [0.1])
    rng = np.random.default_rng([zlib.crc32(name.encode()), split])
    return np.vstack([plain, plain + rng.standard_normal((restarts, inputs + 2))])


def by_sklearn(x, y, test, begin):
    """L-BFGS-B over the evidence: the optimiser that scikit-learn comes with."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    best = None
    for theta in begin:
        variance, *lengths, noise = np.exp(theta)
        kernel = ConstantKernel(variance, BOUNDS) * RBF(lengths, BOUNDS) + WhiteKernel(noise, BOUNDS)
        gp = GaussianProcessRegressor(kernel, alpha=0.0)
        try:
            gp.fit(x, y)
        except np.linalg.LinAlgError:
            continue
        if best is None or gp.log_marginal_likelihood_value_ > best.log_marginal_likelihood_value_:
            best = gp
    mean, deviation = best.predict(test, return_std=True)  # of an observation: the white kernel is part of it
    return mean, deviation**2, float(best.log_marginal_likelihood_value_)


def by_gpytorch(x, y, test, begin):
    """L-BFGS-B over the evidence and its gradient by GPyTorch, as BoTorch fits GPyTorch's models."""
    import torch
    from scipy.optimize import minimize

    import gpytorch_model as own

    x, y, test = (torch.as_tensor(part) for part in (x, y, test))
    kernel = own.ard(1.0, [1.0] * x.shape[1])
    model = own.Model(x, y, kernel, 0.1)
    parameters = [kernel.raw_outputscale, kernel.base_kernel.raw_lengthscale, model.raw_noise]

    def put(theta):
        with torch.no_grad():
            torch.nn.utils.vector_to_parameters(torch.as_tensor(theta), parameters)

    def negative(theta):
        put(theta)
        model.zero_grad()
        try:
            loss = -model.log_evidence()
            loss.backward()
        except Exception as error:  # not positive definite, even with jitter
            if type(error).__name__ not in ("NotPSDError", "NanError"):
                raise
            return 1e10, np.zeros(len(theta))
        return loss.item(), torch.cat([p.grad.flatten() for p in parameters]).numpy()

    with own.exact():
        model.train()
        bounds = [np.log(BOUNDS)] * (x.shape[1] + 2)
        runs = [minimize(negative, theta, jac=True, method="L-BFGS-B", bounds=bounds) for theta in begin]
        best = min(runs, key=lambda run: run.fun)
        put(best.x)
        model.eval()
        with torch.no_grad():
            seen = model.likelihood(model(test))
            return seen.mean.numpy(), seen.variance.numpy(), -float(best.fun)


PEERS = {"sklearn": by_sklearn, "gpytorch": by_gpytorch}


def one_split(peer, name, split, rows, held_out, restarts):
    test = np.zeros(len(rows), dtype=bool)
    test[held_out] = True
    train, test = rows[~test], rows[test]
    centre, spread = train.mean(axis=0), train.std(axis=0)
    spread[spread == 0] = 1.0
    train, scaled = (train - centre) / spread, (test - centre) / spread
    begin = starts(name, split, rows.shape[1] - 1, restarts)
    clock = time.perf_counter()
    mean, variance, evidence = PEERS[peer](train[:, :-1], train[:, -1], scaled[:, :-1], begin)
    taken = time.perf_counter() - clock
    residual = scaled[:, -1] - mean
    nlpd = np.mean(0.5 * np.log(2 * np.pi * variance) + 0.5 * residual**2 / variance) + np.log(spread[-1])
    rmse = spread[-1] * np.sqrt(np.mean(residual**2))
    numbers = (f"{value:.6g}" for value in (rmse, nlpd, evidence, taken))
    return [name, split, len(train), *numbers]


def done(path):
    """Which splits the file holds already, so that a run that was stopped goes on."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(COLUMNS)
    with path.open(newline="") as file:
        return {(row["dataset"], int(row["split"])) for row in csv.DictReader(file)}


def main():
    here = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--restarts", type=int, default=2, help="starts beside the plain one")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--splits", nargs="+", type=int, default=range(10))
    parser.add_argument("--out", type=Path, help="default: target/peers/uci_PEER.csv")
    args = parser.parse_args()
    if "SOFTBIAS_DATA" not in os.environ:
        sys.exit("set SOFTBIAS_DATA to the directory whose folder uci holds the data sets")
    folder = Path(os.environ["SOFTBIAS_DATA"]) / "uci"
    out = args.out or here / "target" / "peers" / f"uci_{args.peer}.csv"
    warnings.simplefilter("ignore")
    for name in args.sets:
        rows = np.loadtxt(folder / f"{name}.csv", delimiter=",", skiprows=1)
        splits = json.loads((folder / f"{name}.splits.json").read_text())["test"]
        for split in args.splits:
            if (name, split) in done(out):
                continue
            line = one_split(args.peer, name, split, rows, splits[split], args.restarts)
            with out.open("a", newline="") as file:
                csv.writer(file, lineterminator="\n").writerow(line)
            print(*line, flush=True)


if __name__ == "__main__":
    main()
