"""Reads draws that softbias wrote, as npz and as zarr, and holds ArviZ's diagnostics against its own.

    SOFTBIAS_EXPORT=<directory> cargo test --release -p softbias-models --test langevin -- --ignored
    pip install arviz zarr; python benches/peers/arviz_check.py <directory>
"""

import sys
from pathlib import Path

import arviz
import numpy
import xarray

directory = Path(sys.argv[1])
arrays = numpy.load(directory / "run.npz")
# (arviz.from_zarr itself needs zarr<3 and an xarray of its time)
data = arviz.InferenceData.from_datatree(xarray.open_datatree(directory / "run.zarr", engine="zarr"))
eps = data.posterior["eps"]
assert eps.dims == ("chain", "draw", "coordinate"), eps.dims
assert numpy.array_equal(eps.values, arrays["eps"])
assert numpy.array_equal(data.sample_stats["potential"].values, arrays["potential"])
assert not data.sample_stats["diverging"].values.any()
assert data.posterior.attrs["sampler"] == "SGLD", data.posterior.attrs
first = eps.sel(coordinate=0).values
ours = [float(x) for x in (directory / "mixing").read_text().split()]
theirs = [arviz.rhat(first), arviz.ess(first, method="bulk"), arviz.ess(first, method="tail")]
assert numpy.allclose(ours, theirs, rtol=1e-9), (ours, theirs)
print(arviz.summary(data))
print("softbias and ArviZ agree:", ours)
