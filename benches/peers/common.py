"""What every peer shares: the numbers that fix the tasks, the data, the clock, and the line that is printed."""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

DIM = 8
SIZES = (500, 1000, 2000, 4000)
QUICK_SIZES = (500, 1000)
COMPOSITE_SIZES = (1000, 2000)
QUICK_COMPOSITE_SIZES = (1000,)

# `evidence_gradient`, `predict`, `joint_draws`: variance, lengths, noise variance.
VARIANCE = 1.3
LENGTHS = [0.3 + 0.1 * d for d in range(DIM)]
NOISE = 0.05

# `evidence_gradient_composite`: the terms in order, each with its variance; the noise is the same.
ARD = {"variance": 1.3, "lengths": LENGTHS}
SEASON = {"variance": 0.7, "length": 1.5, "periodic_length": 0.8, "period": 0.4}
ROUGH = {"variance": 0.5, "length": 1.0}
MANY_SCALES = {"variance": 0.4, "length": 0.7, "alpha": 1.5}
LINE = {"variance": 0.2}

PREDICT_ROWS, PREDICT_POINTS = 2000, 10_000
DRAW_ROWS, DRAW_POINTS, DRAWS = 1000, 500, 1000
QUICK_PREDICT_POINTS = 1000
DIGITS = {"rows": 1000, "length": 2.0, "variance": 1.0}

# Nets: tanh between dense layers, priors N(0, 1) of every weight and bias. Rows of data; those of "images" are in ten classes.
NET_ROWS = {"images": 8000, "curve": 1000, "points": 1000}
IMAGES = {"data": "images", "widths": (784, 256, 256, 10)}
IMAGES_NARROW = {"data": "images", "widths": (784, 128, 128, 10)}
CURVE = {"data": "curve", "widths": (1, 50, 50, 1)}
POINTS = {"data": "points", "widths": (10, 50, 50, 1)}
NETS = (IMAGES, IMAGES_NARROW, CURVE, POINTS)
# h of SGLD: weights move by h/2 times the slope and by noise of variance h.
STEP = 1e-6
SGLD = {
    "sgld_large": {"net": IMAGES, "batch": 128, "steps": 500},
    "sgld_small": {"net": CURVE, "batch": 32, "steps": 20_000},
}
CURVE_NOISE = 0.1
ADAM = {"net": IMAGES, "batch": 128, "rate": 1e-3}

# A task stops to repeat after this many seconds, though never before two repetitions.
PATIENCE = 20.0


def arguments(doc):
    """The command line of every peer."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("data", type=Path, help="directory that data.py wrote")
    parser.add_argument("--quick", action="store_true", help="small sizes, two repetitions")
    parser.add_argument("--task", action="append", help="only this task (may be given again)")
    parser.add_argument("--repeats", type=int, help="repetitions at most (5, quick 2)")
    args = parser.parse_args()
    args.repeats = args.repeats or (2 if args.quick else 5)
    args.sizes = QUICK_SIZES if args.quick else SIZES
    args.composite_sizes = QUICK_COMPOSITE_SIZES if args.quick else COMPOSITE_SIZES
    args.points = QUICK_PREDICT_POINTS if args.quick else PREDICT_POINTS
    args.steps = lambda steps: steps // 10 if args.quick else steps
    args.wants = lambda task: not args.task or task in args.task
    return args


def threads():
    """How many threads a peer may use."""
    return int(os.environ.get("PEERS_THREADS", os.cpu_count() or 1))


def table(path):
    """A CSV file with one header line, as an array of float64."""
    import numpy as np

    return np.loadtxt(path, delimiter=",", skiprows=1)


class Data:
    """The files of `data.py`; inputs are row-major, n x 8."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self._train = table(self.directory / "train.csv")

    def train(self, rows):
        return self._train[:rows, :DIM].copy(), self._train[:rows, DIM].copy()

    def test(self, rows):
        return table(self.directory / "test.csv")[:rows].copy()

    def digits(self):
        values = table(self.directory / "digits.csv")
        return values[:, :-1].copy(), values[:, -1].astype(int)


def weights_file(net):
    return f"weights_{'_'.join(map(str, net['widths']))}.npy"


class NetData:
    """Inputs, labels and weights of a net, in float32. Weights are layer by layer: outputs x inputs row by row, then biases."""

    def __init__(self, directory, net):
        import numpy as np

        read = lambda name: np.load(Path(directory) / name)
        self.x, self.y = read(f"{net['data']}_x.npy"), read(f"{net['data']}_y.npy")
        self.weights = read(weights_file(net))
        self.widths = net["widths"]

    def layers(self):
        """(inputs x outputs, biases) of each layer."""
        layers, at = [], 0
        for m, k in zip(self.widths[:-1], self.widths[1:]):
            matrix = self.weights[at : at + m * k].reshape(k, m).T.copy()
            layers.append((matrix, self.weights[at + m * k : at + m * k + k].copy()))
            at += m * k + k
        return layers


class Bench:
    """One peer: measures tasks and prints a JSON line for each."""

    def __init__(self, peer, version, repeats):
        self.peer, self.version, self.repeats = peer, version, repeats

    def measure(self, task, n, work, describe, warm=True):
        """Times `work()`; `describe(result)` says what came out (value, gradient, ...), outside the clock."""
        result = work() if warm else None
        taken = []
        while len(taken) < self.repeats and (len(taken) < 2 or sum(taken) < PATIENCE):
            start = time.perf_counter()
            result = work()
            taken.append(time.perf_counter() - start)
        line = {
            "peer": self.peer,
            "version": self.version,
            "task": task,
            "n": n,
            "seconds": min(taken),
            "median": statistics.median(taken),
            "repeats": len(taken),
        }
        print(json.dumps(line | describe(result)), flush=True)


def moments(mean, variance):
    """What describes predictions: enough to see that two peers predict the same."""
    return {"value": float(mean.sum()), "variance_sum": float(variance.sum())}
