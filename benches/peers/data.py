"""Writes the data of the benches, the same bytes on every run: train.csv, test.csv, digits.csv, and .npy files for nets.

train.csv: 4000 rows, x0..x7 uniform on [0, 1], y = sum of sines + noise; a task of n rows takes the first n.
test.csv: 10,000 rows, x0..x7. digits.csv: the first 1000 digits of scikit-learn, 64 pixels / 16, class.
Of nets, in float32: NAME_x.npy is standard normal, NAME_y.npy has classes at random or sines; weights_WIDTHS.npy are normal of
standard deviation 1/sqrt(inputs) of their layer, biases too.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import common


def write(path, columns, values):
    np.savetxt(path, values, fmt="%.17g", delimiter=",", header=",".join(columns), comments="")


def main(directory):
    directory.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20240517)
    inputs = [f"x{d}" for d in range(common.DIM)]
    x = rng.uniform(size=(max(common.SIZES), common.DIM))
    frequencies = 2.0 + np.arange(common.DIM)[::-1]
    f = np.sin(x * frequencies + np.arange(common.DIM)).sum(axis=1) / np.sqrt(common.DIM / 2)
    y = f + np.sqrt(common.NOISE) * rng.standard_normal(len(x))
    write(directory / "train.csv", [*inputs, "y"], np.column_stack([x, y]))
    write(directory / "test.csv", inputs, rng.uniform(size=(common.PREDICT_POINTS, common.DIM)))
    pixels, classes = load_digits(return_X_y=True)
    rows = common.DIGITS["rows"]
    names = [f"p{i}" for i in range(pixels.shape[1])]
    write(directory / "digits.csv", [*names, "class"], np.column_stack([pixels / 16, classes])[:rows])
    nets(directory)


def nets(directory):
    rng = np.random.default_rng(20240518)
    save = lambda name, values: np.save(directory / name, values.astype(np.float32))
    widths = {net["data"]: net["widths"] for net in common.NETS}
    for name, rows in common.NET_ROWS.items():
        x = rng.standard_normal((rows, widths[name][0]))
        if widths[name][-1] > 1:
            y = rng.integers(0, widths[name][-1], rows)
        else:
            y = np.sin(3 * x[:, 0]) if name == "curve" else np.sin(x.sum(axis=1))
        save(f"{name}_x.npy", x)
        save(f"{name}_y.npy", y)
    for net in common.NETS:
        layers = zip(net["widths"][:-1], net["widths"][1:])
        parts = [rng.standard_normal((m + 1) * k) / np.sqrt(m) for m, k in layers]
        save(common.weights_file(net), np.concatenate(parts))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
