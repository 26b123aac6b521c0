"""
Train with Lightning
====================

A compressed module is an ordinary one: Lightning's trainer takes it as it is, with its checkpoints, devices and
loggers. A gradually pruned or doped network needs one line more, which tells it how far training is. Needs ``pip
install lightning``.
"""

# %%
# The module
# ----------

import tempfile
import warnings

import lightning
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from laconic.rnn import anneal, compress, count_parameters
from laconic.rnn.network import SequenceNetwork


class Digits(lightning.LightningModule):
    """Name a digit from its rows, with a network compressed to a budget."""

    def __init__(self, method: str, budget: str) -> None:
        super().__init__()
        self.network = SequenceNetwork(8, 10, "gru", 24)
        self.account = compress(self.network, method, budget=budget, layers=["rnn"], init="random", random_state=0)

    def training_step(self, batch, index):
        """Move the mask, if there is one, to this stage of training; return the loss."""
        if index % 16 == 0:
            anneal(self.network, self.global_step / self.trainer.estimated_stepping_batches)
        x, y = batch
        return nn.functional.cross_entropy(self.network(x), y)

    def on_train_end(self):
        """Leave the final mask."""
        anneal(self.network, 1.0)

    def configure_optimizers(self):
        """Small networks like a high rate."""
        return torch.optim.AdamW(self.parameters(), lr=0.02)


# %%
# The training
# ------------

digits = load_digits()
x, y = torch.from_numpy(digits.images / 16).float(), torch.from_numpy(digits.target)
train, test = TensorDataset(x[:1400], y[:1400]), (x[1400:], y[1400:])

for method in ("kronecker", "pruned"):
    lightning.seed_everything(0, verbose=False)
    model = Digits(method, "2.5KB")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few workers, and of a logger that was not asked for
        trainer = lightning.Trainer(
            max_epochs=6,
            accelerator="cpu",
            gradient_clip_val=1.0,
            default_root_dir=folder,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(model, DataLoader(train, batch_size=64, shuffle=True))
    model.eval()
    with torch.no_grad():
        right = np.mean((model.network(test[0]).argmax(1) == test[1]).numpy())
    print(f"{method}: {4 * count_parameters(model.network)} bytes, {100 * right:.1f} % right")
