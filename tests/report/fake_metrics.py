"""A metrics.json as `laconic compress` might write it, made up but with realistic figures."""

import numpy as np

CLASSES = tuple("0123456789")
SUMMARIES = {
    "dense": "The network as PyTorch trains it, every weight free.",
    "kronecker": "Each gate's weights are the Kronecker product of two small matrices, learned directly.",
    "hybrid": "The first rows of each gate's weights are free, the rest is a Kronecker product.",
    "lowrank": "Each weight matrix is the product of a tall and a wide one.",
    "pruned": "The smallest weights are set to zero step by step while the network is trained.",
    "small": "A dense network with so few units that it fits the budget.",
}
FIGURES = {  # bytes, parameters, factor, layer factor, largest rank, multiply-adds, final accuracy, seconds, structure
    "dense": (45800, 11450, 1.0, 1.0, 40, 304640, 0.9878, 131.2, "4 gates, each 40 × 68"),
    "kronecker": (4152, 1038, 11.03, 17.58, 20, 58240, 0.9742, 140.9, "4 gates, each (5, 17) ⊗ (8, 4)"),
    "hybrid": (4144, 1036, 11.05, 17.66, 25, 57010, 0.9701, 152.3, "4 gates, each 1 dense row over (3, 17) ⊗ (13, 4)"),
    "lowrank": (4104, 1026, 11.16, 18.0, 2, 15120, 0.9446, 133.8, "all gates stacked, rank 2"),
    "pruned": (4156, 1039, 11.02, 17.4, 40, 15980, 0.9602, 170.4, "626 of 10,880 weights kept"),
    "small": (3736, 934, 12.26, 13.3, 6, 22848, 0.9367, 61.5, "6 units instead of 40"),
}


def fake_metrics(methods=tuple(FIGURES), classes=CLASSES, n_test=10000, epochs=60):
    """Return a run of the given methods, each with a curve of `epochs` and a confusion matrix of `n_test` samples."""
    return {
        "laconic": "0.1.0",
        "date": "2026-02-03 14:05",
        "command": "laconic compress mnist.npz --cell lstm --hidden 40 --budget 4.06KB --methods all --seed 0",
        "seed": 0,
        "epochs": epochs,
        "cell": "lstm",
        "hidden": 40,
        "budget_bytes": 4157,
        "machine": {
            "cpu": "Intel(R) Xeon(R) CPU @ 2.20GHz",
            "cores": 2,
            "python": "3.11.7",
            "torch": "2.13.0",
            "numpy": "2.4.1",
        },
        "data": {
            "name": "mnist.npz",
            "n_train": 60000,
            "n_test": n_test,
            "n_steps": 28,
            "n_features": 28,
            "classes": list(classes),
            "split": "x_test, y_test as given",
        },
        "rows": [fake_row(method, len(classes), n_test, epochs) for method in methods],
    }


def fake_row(method, n_classes=10, n_test=10000, epochs=60):
    """Return the row of one method; the same one each time."""
    size, parameters, factor, layer_factor, rank, macs, accuracy, seconds, structure = FIGURES[method]
    rng = np.random.default_rng(sorted(FIGURES).index(method))
    confusion = fake_confusion(rng, n_classes, n_test, accuracy)
    accuracy = float(np.trace(confusion) / max(1, confusion.sum()))
    return {
        "method": method,
        "summary": SUMMARIES[method],
        "structure": structure,
        "bytes": size,
        "parameters": parameters,
        "factor": factor,
        "layer_factor": layer_factor,
        "max_rank": rank,
        "macs": macs,
        "accuracy": accuracy,
        "seconds": seconds,
        "hidden": 40,
        "epochs": epochs,
        "note": "",
        "curve": fake_curve(rng, accuracy, epochs, seconds),
        "confusion": confusion.tolist(),
        "model": f"models/{method}.safetensors",
    }


def fake_confusion(rng, n_classes, n_test, accuracy):
    """Return counts (n_classes, n_classes) of `n_test` answers, some pairs of classes being confused more often."""
    weights = rng.gamma(0.4, size=(n_classes, n_classes)) + 0.01
    np.fill_diagonal(weights, 0)
    shares = weights * (1 - accuracy) / weights.sum(axis=1, keepdims=True) + accuracy * np.eye(n_classes)
    per_class = rng.multinomial(n_test, np.full(n_classes, 1 / n_classes))
    return np.stack([rng.multinomial(n, row / row.sum()) for n, row in zip(per_class, shares, strict=True)])


def fake_curve(rng, accuracy, epochs, seconds):
    """Return epochs in which the error falls to its final value and the loss with it."""
    progress = np.arange(1, epochs + 1) / epochs
    error = (1 - accuracy) * (1 + 12 * np.exp(-9 * progress) * np.exp(rng.normal(0, 0.08, epochs)))
    error = np.minimum(error + 0.004 * rng.random(epochs) * (1 - progress), 0.9)
    error[-1:] = 1 - accuracy
    return [
        {
            "epoch": i + 1,
            "train_loss": float(2.6 * error[i] * (1.1 - 0.5 * progress[i])),
            "valid_loss": float(3 * error[i]),
            "valid_accuracy": float(1 - error[i]),
            "seconds": seconds / epochs,
        }
        for i in range(epochs)
    ]
