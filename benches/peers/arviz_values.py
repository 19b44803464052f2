"""Values of ArviZ for the tests of diagnostics: R-hat and effective sizes of matrices that a formula makes, so that any language can.

    pip install arviz; python benches/peers/arviz_values.py
"""

import arviz
import numpy


def matrix(chains, draws, rho, shift):
    """AR(1) chains driven by a linear congruential generator (Knuth's MMIX), sums of four uniforms for normals."""
    state = 1
    out = numpy.empty((chains, draws))
    for c in range(chains):
        x = 0.0
        for d in range(draws):
            total = 0.0
            for _ in range(4):
                state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
                total += (state >> 11) / 2**53
            x = rho * x + (total - 2.0)
            out[c, d] = x + shift * c
    return out


if __name__ == "__main__":
    for chains, draws, rho, shift in [(4, 100, 0.5, 0.0), (4, 101, 0.9, 0.0), (2, 250, -0.4, 0.0), (3, 60, 0.0, 0.5), (1, 200, 0.7, 0.0)]:
        x = matrix(chains, draws, rho, shift)
        values = [
            arviz.rhat(x, method="rank"),
            arviz.ess(x, method="bulk"),
            arviz.ess(x, method="tail"),
            arviz.ess(x, method="mean"),
            arviz.ess(x, method="quantile", prob=0.25),
        ]
        print((chains, draws, rho, shift), [float(v) for v in values])
    coarse = numpy.round(matrix(4, 80, 0.6, 0.0))
    print("ties", float(arviz.rhat(coarse)), float(arviz.ess(coarse)), float(arviz.ess(coarse, method="tail")))
