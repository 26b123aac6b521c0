"""
A Kronecker product and its dense twin
======================================

A Kronecker product of two small matrices is a large matrix with few parameters. Here is what it does, what it costs,
and why it can say more than a low-rank matrix of the same size: its rank is the *product* of its factors' ranks.
"""

# %%
# The product and its twin
# ------------------------
# The factors have shapes (8, 4) and (5, 17), the matrix (40, 68): one gate of an LSTM with 40 units that reads 28
# features a step. Multiplying never forms the matrix.

import numpy as np
from matplotlib import pyplot as plt

from laconic.structured import KroneckerMatrix, LowRankMatrix, nearest, suggest_shapes

rng = np.random.default_rng(0)
K = KroneckerMatrix(rng.standard_normal((8, 4)), rng.standard_normal((5, 17)))
x = rng.standard_normal(68)

print(K)
print("largest difference from the dense twin:", np.abs(K.matmul(x) - K.dense() @ x).max())
print(f"{K.n_parameters} parameters for {K.dense().size}, {K.n_macs} multiply-adds for {K.dense().size}")

# %%
# Rank at equal size
# ------------------
# A low-rank matrix spends one row and one column on each unit of rank. A Kronecker product of the same number of
# parameters can reach far more. Each point is one choice of factor shapes that no other beats in
# parameters, rank, multiply-adds and scratch memory together, as :func:`laconic.structured.suggest_shapes` lists them.

suggestions = suggest_shapes(40, 68)
small = [choice for choice in suggestions.pareto if choice.n_parameters <= 800]
ranks = np.arange(1, 8)

figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
axes.plot([c.n_parameters for c in small], [c.max_rank for c in small], "o", label="Kronecker")
axes.plot(ranks * (40 + 68), ranks, "s-", label="low rank")
axes.plot(
    suggestions.paper.n_parameters,
    suggestions.paper.max_rank,
    "*",
    markersize=15,
    label="Kronecker, the papers' rule",
)
axes.set(xlabel="parameters", ylabel="largest possible rank", title="A 40 x 68 matrix in few parameters")
axes.axhline(40, color="grey", linestyle=":", linewidth=1)
axes.annotate("full rank", (800, 40), ha="right", va="bottom", color="grey")
axes.set_ylim(0, 62)
axes.legend(loc="upper right")
plt.show()

# %%
# Nearest is another question
# ---------------------------
# More rank does not mean nearer to any given matrix: each family is nearest to what is built like it, and neither
# comes near to white noise. The function :func:`laconic.structured.nearest` finds the best member of each, by a
# singular value decomposition of the matrix itself or, for the Kronecker product, of its rearrangement.

noise = 0.1 * rng.standard_normal((40, 68))
matrices = {
    "repeated block": np.kron(rng.standard_normal((8, 4)), rng.standard_normal((5, 17))) + noise,
    "outer product": np.outer(rng.standard_normal(40), rng.standard_normal(68)) + noise,
    "white noise": 10 * noise,
}
templates = {
    "Kronecker, 117 parameters": KroneckerMatrix.zeros(((8, 4), (5, 17))),
    "low rank, 108 parameters": LowRankMatrix.zeros((40, 68), rank=1),
}
for name, matrix in matrices.items():
    for title, template in templates.items():
        fitted = nearest(matrix, template)
        error = np.linalg.norm(matrix - fitted.dense()) / np.linalg.norm(matrix)
        print(f"{name:15s} {title:26s} relative error {error:.2f}")

# %%
# The same lines run on torch tensors, float32 stays float32, and any structure becomes a SciPy operator:

print(K.as_linear_operator())
