"""The code of codes.md, run by a test; the page shows the parts between the marks."""

# [problem]
import numpy as np

from laconic.datasets import make_sparse_codes

planted = make_sparse_codes(n=100, m=200, n_nonzero=6, n_signals=12, snr=25, random_state=0)
A = planted.A  # (100, 200): the dictionary, one spectrum, sound or tissue a column
Y = planted.y  # (100, 12): the signals, one a column
variance = planted.noise  # of the noise in each entry of Y
# [nnls]
from laconic.nnls import nnls

result = nnls(A, Y)
codes = result.x  # (200, 12), at least 0
print(result.status, result.message, result.gap.max())
# [compare]
from laconic.nnls import nn_omp, sparse_nnls
from laconic.sbl import rectified_sbl

answers = {
    "nnls": nnls(A, Y),
    "nn_omp": nn_omp(A, Y, n_nonzero=6),
    "sparse_nnls, student_t": sparse_nnls(A, Y, noise=variance),
    "sparse_nnls, gdp": sparse_nnls(A, Y, prior="gdp", noise=variance),
    "sparse_nnls, laplacian": sparse_nnls(A, Y, prior="laplacian", noise=variance),
    "rectified_sbl": rectified_sbl(A, Y, noise=variance),
}
print(f"{'':24s}{'error':>8s}{'above 0':>9s}{'above 1 %':>11s}")
for name, answer in answers.items():
    error = np.mean(np.sum((answer.x - planted.x) ** 2, axis=0) / np.sum(planted.x**2, axis=0))
    above = np.mean(np.sum(answer.x > 0, axis=0))
    large = np.mean(np.sum(answer.x > 0.01 * answer.x.max(axis=0), axis=0))
    print(f"{name:24s}{error:8.4f}{above:9.1f}{large:11.1f}")
# [rsbl]
found = rectified_sbl(A, Y, noise=variance)
codes = found.x  # (200, 12), sparse: the posterior mode
deviations = found.std  # (200, 12): how sure each coefficient is
support = found.effective_support  # (12,): coefficients of each signal that are not zero
evidence = found.evidence  # (12,): the higher, the better this dictionary explains the signal
print(found.status, found.message)
# [options]
from laconic.sbl import Gamp, MonteCarlo

first = Y[:, :2]
rectified_sbl(A, first, "lmmse", noise=variance)
rectified_sbl(A, first, Gamp(max_inner=50), noise=variance)
rectified_sbl(A, first, MonteCarlo(n_samples=50), noise=variance, max_iter=20)
rectified_sbl(A, first, prior="student_t", estimate="mean", noise=variance)
# [noise]
rectified_sbl(A, first, noise=variance)  # a variance, or one for each signal
rectified_sbl(A, first, snr=25)  # decibels
by_residual = rectified_sbl(A, first)  # noise="auto"
by_validation = rectified_sbl(A, first, noise="cv")
print(by_residual.noise / variance, by_validation.noise / variance)
# [missing]
gappy = Y.copy()
gappy[::10, :6] = np.nan  # a broken band in half of the signals
around = rectified_sbl(A, gappy, noise=variance)
nnls(A, gappy)
sparse_nnls(A, gappy, noise=variance)
# [memory]
done = []
in_batches = rectified_sbl(A, Y, noise=variance, memory="6MB", on_batch=lambda ready, total: done.append(ready))
print(done)  # signals that were ready after each batch
# [shared]
together = make_sparse_codes(30, 120, n_nonzero=12, n_signals=8, snr=20, shared_support=True, random_state=3)
shared = rectified_sbl(together.A, together.y, noise=together.noise, shared_support=True)
assert np.all(shared.scales == shared.scales[:, :1])
# [products]
from laconic.structured import KroneckerMatrix

rng = np.random.default_rng(0)
huge = KroneckerMatrix(rng.standard_normal((12, 24)), rng.standard_normal((12, 24)))  # (144, 576), never formed
x = np.zeros(576)
x[[30, 400]] = 1.0, 2.0
y = huge.matmul(x)
by_messages = rectified_sbl(huge, y, "gamp", noise=1e-4, memory="500KB")
by_gradients = rectified_sbl(huge, y, "diagonal", noise=1e-4, memory="500KB")
projected = nnls(huge, y, method="projected")
updated = sparse_nnls(huge, y, noise=1e-4, solver="multiplicative", max_iter=300)
assert set(np.flatnonzero(by_messages.x > 0.5)) == {30, 400}
# [intervals]
low, high = found.interval(0.9)  # (200, 12) each, low >= 0
there = low > 0  # the interval stays above zero
missed = planted.support & ~there
print(f"{np.mean(there.sum(axis=0)):.1f} intervals above zero, {missed.sum(axis=0).mean():.1f} planted ones missed")
# [torch]
import torch

A_torch = torch.tensor(A, dtype=torch.float32)  # .to("cuda") where there is one
in_torch = rectified_sbl(A_torch, torch.tensor(Y, dtype=torch.float32), "diagonal", noise=variance, marginals="e_step")
assert in_torch.x.dtype == torch.float32
# [estimators]
from laconic.estimators import RectifiedSBL, SparseNNLSCV

model = RectifiedSBL(noise=variance).fit(A, Y[:, 0])  # rows of A are samples, columns are features
prediction, deviation = model.predict(A, return_std=True)
lower, upper = model.coef_interval(0.9)
chosen = SparseNNLSCV().fit(A, Y[:, 0])  # noise and prior by cross-validation
# [command]
from pathlib import Path

from laconic.cli import app

np.save("library.npy", A)
np.save("signals.npy", Y)
command = "laconic nnls --dictionary library.npy --signals signals.npy --out codes"
app([*command.split()[1:], "--quiet"], standalone_mode=False)
assert Path("codes/report.html").is_file()
# [end]
