"""
Compress your own module
========================

Any ``torch.nn.Module`` will do. Here a two-layer bidirectional GRU sits inside a user's own class; its weights become
Kronecker products in place, it is trained for a moment, saved, and loaded into a fresh copy that answers the same.
"""

# %%
# The module
# ----------
# Nothing in it knows about laconic.

import tempfile
from pathlib import Path

import torch
from matplotlib import pyplot as plt
from torch import nn

from laconic.rnn import compress, load_weights, save_weights


class Tagger(nn.Module):
    """Say which of four waves a noisy sequence is."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 12), nn.Tanh())
        self.rnn = nn.GRU(12, 24, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(48, 4)

    def forward(self, x):
        """Take (sequences, steps, 3) to (sequences, 4)."""
        out, _ = self.rnn(self.body(x))
        return self.head(out.mean(1))


torch.manual_seed(0)
model = Tagger()

# %%
# Compress it
# -----------
# Each gate's ``[W U]`` becomes one Kronecker product; ``layers`` names the children to compress. The account lists
# every layer before and after.

account = compress(model, method="kronecker", layers=["rnn"])
print(account)

# %%
# The module is still what it was, and still holds an ``nn.GRU``: whatever takes the one takes the other.

print(type(model).__name__, "with", type(model.rnn).__name__, "inside")

# %%
# Train it
# --------
# An ordinary loop. The optimiser sees the factors; the forward pass forms each matrix once and runs the fused kernel.


def waves(n_sequences, n_steps=30):
    """Draw noisy sines of four frequencies in three channels."""
    labels = torch.randint(4, (n_sequences,))
    phase = 6.28 * torch.rand(n_sequences, 1, 3)
    steps = torch.arange(n_steps).view(1, -1, 1)
    x = torch.sin(0.25 * (labels.view(-1, 1, 1) + 1) * steps + phase)
    return x + 0.3 * torch.randn(n_sequences, n_steps, 3), labels


optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
losses = []
for _ in range(150):
    x, labels = waves(64)
    loss = nn.functional.cross_entropy(model(x), labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    losses.append(loss.item())

x, labels = waves(500)
with torch.no_grad():
    accuracy = (model(x).argmax(1) == labels).double().mean().item()
print(f"accuracy on fresh sequences: {accuracy:.3f}")

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
axes.plot(losses)
axes.set(xlabel="step", ylabel="training loss", title=f"{account.parameters_after} parameters learn four waves")
plt.show()

# %%
# Save and load
# -------------
# safetensors and JSON, never pickle. A fresh, uncompressed copy of the module takes the file.

with tempfile.TemporaryDirectory() as folder:
    save_weights(model, Path(folder) / "tagger")
    twin = Tagger()
    load_weights(twin, Path(folder) / "tagger")
    print("written:", *sorted(file.name for file in Path(folder).iterdir()))

with torch.no_grad():
    print("the same answers:", torch.equal(model.eval()(x), twin.eval()(x)))
