"""Laplace's approximation for binary labels by scikit-learn 1.9.1: the numbers quoted in models/tests/laplace/binary.rs.

Run with numpy and scikit-learn installed. Inputs and labels have a closed form, so that both sides make the same ones.
"""

import numpy as np
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process import _gpc
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

n = 40
i = np.arange(n)
x = np.column_stack([np.sin(1.7 * i), np.cos(0.9 * i)])
y = np.where(x[:, 0] + 0.5 * np.sin(5.0 * i) > 0, 1, -1)
new = np.array([[0.0, 0.0], [0.9, -0.4], [-0.5, 0.8], [3.0, 3.0]])

for variance, length in [(1.3, 0.8), (30.0, 0.5), (0.2, 2.0)]:
    kernel = ConstantKernel(variance) * RBF(length)
    found = GaussianProcessClassifier(kernel, optimizer=None, max_iter_predict=200).fit(x, y)
    log, gradient = found.log_marginal_likelihood(kernel.theta, eval_gradient=True)
    print(variance, length, "evidence", repr(log), "gradient in (ln variance, ln length)", [repr(g) for g in gradient])
    base = found.base_estimator_
    # latent mean and variance, R&W algorithm 3.2; sklearn's own probability is an approximation by five error functions
    k = base.kernel_(base.X_train_, new)
    mean = k.T @ (base.y_train_ - base.pi_)
    v = np.linalg.solve(base.L_, base.W_sr_[:, None] * k)
    var = base.kernel_.diag(new) - np.einsum("ij,ij->j", v, v)
    print("  latent mean", mean.tolist(), "variance", var.tolist())
    print("  probability of +1", found.predict_proba(new)[:, 1].tolist())
