"""Values that tests/kernels/reference.rs quotes: scikit-learn's kernels and their gradients, and plain formulas in 50 digits.

    pip install scikit-learn mpmath && python kernels.py
"""

import numpy as np
from mpmath import mp, mpf
from sklearn.gaussian_process import kernels as sk

mp.dps = 50
A, B = [0.3, -1.2, 0.7], [1.1, 0.4, -0.5]
X = np.array([A, B])


def both(name, kernel):
    """k(a, b), and its derivatives by the logarithm of each parameter in scikit-learn's (alphabetic) order."""
    k, gradient = kernel(X, eval_gradient=True)
    print(name, repr(float(k[0, 1])), [float(g) for g in gradient[0, 1]])


both("rbf", sk.RBF([0.8, 2.0, 1.3]))
for nu in (0.5, 1.5, 2.5):
    both(f"matern {nu}", sk.Matern([0.8, 2.0, 1.3], nu=nu))
both("rational quadratic (alpha, length)", sk.RationalQuadratic(length_scale=0.9, alpha=1.7))
print("exp sine squared", [float(v) for v in np.ravel(sk.ExpSineSquared(0.8, 1.3)([[0.3], [1.1]]))])
k, gradient = sk.ExpSineSquared(0.8, 1.3)([[0.3], [1.1]], eval_gradient=True)
print("exp sine squared (length, period)", float(k[0, 1]), [float(g) for g in gradient[0, 1]])
both("dot product (sigma0)", sk.DotProduct(0.6))
print("(dot product)^3", float((sk.DotProduct(0.6) ** 3)(X)[0, 1]))

a, b = [mpf(str(v)) for v in A], [mpf(str(v)) for v in B]
tau = [x - y for x, y in zip(a, b)]
w, mean, var = ["0.7", "1.6"], [["0.3", "0.1", "0.2"], ["0.5", "0.9", "0"]], [["0.1", "0.02", "0.3"], ["0.05"] * 3]
total = mpf(0)
for q in range(2):
    term = mpf(w[q])
    for d in range(3):
        term *= mp.exp(-2 * mp.pi**2 * tau[d] ** 2 * mpf(var[q][d])) * mp.cos(2 * mp.pi * tau[d] * mpf(mean[q][d]))
    total += term
print("spectral mixture", mp.nstr(total, 17))
t = mpf("0.999999") ** 2 / mpf("1.0000001")
print("orders 3..=500 near t = 1", mp.nstr(sum(t**j for j in range(3, 501)), 17))

dot = sum(x * y for x, y in zip(a, b))
aa, bb = sum(x * x for x in a), sum(x * x for x in b)
weight, bias = mpf("0.9"), mpf("0.3")


def moments(p, q, s, order):
    """2 E[φ(u) φ(v)] in polar coordinates: the radius is done by hand, the angle by quadrature."""
    theta = mp.acos(s / mp.sqrt(p * q))
    angular = mp.quad(lambda t: (mp.cos(t) * mp.cos(t - theta)) ** order, [theta - mp.pi / 2, mp.pi / 2])
    return 2 * mp.sqrt(p * q) ** order * {0: 1, 1: 2, 2: 8}[order] * angular / (2 * mp.pi)


def erf_moment(p, q, s):
    return 2 / mp.pi * mp.asin(s / mp.sqrt((p + mpf(1) / 2) * (q + mpf(1) / 2)))


for name, moment in [
    ("step", lambda p, q, s: moments(p, q, s, 0)),
    ("relu", lambda p, q, s: moments(p, q, s, 1)),
    ("squared relu", lambda p, q, s: moments(p, q, s, 2)),
    ("erf", erf_moment),
]:
    p, q, s = (bias + weight * v for v in (aa, bb, dot))
    values = []
    for _ in range(3):
        k = moment(p, q, s)
        values.append(mp.nstr(k, 17))
        p, q, s = bias + weight * moment(p, p, p), bias + weight * moment(q, q, q), bias + weight * k
    print(name, "network, depth 1, 2, 3", values)

p, q, s = (bias + weight * v for v in (aa, bb, dot))
tangent, values = s, []
for _ in range(3):
    k, slope = moments(p, q, s, 1), moments(p, q, s, 0)
    values.append(mp.nstr(k + tangent * slope, 17))
    p, q, s = bias + weight * p, bias + weight * q, bias + weight * k
    tangent = s + weight * tangent * slope
print("ntk, depth 1, 2, 3", values)
