"""
Train with Accelerate
=====================

The same loop on one processor, several GPUs or several machines: Accelerate prepares a compressed module as it does any
other. ``accelerate launch train_with_accelerate.py`` starts as many processes as its configuration says. Needs ``pip
install accelerate``.
"""

# %%
# The network
# -----------
# Compress before ``prepare``, and make the optimiser after ``compress``: the parameters are new ones.

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from laconic.rnn import compress
from laconic.rnn.network import SequenceNetwork

accelerator = Accelerator(cpu=True)
set_seed(0)
network = SequenceNetwork(8, 10, "lstm", 20)
account = compress(network, "kronecker", budget="2.5KB", layers=["rnn"], init="random", random_state=0)
accelerator.print(account)

# %%
# The training
# ------------

digits = load_digits()
x, y = torch.from_numpy(digits.images / 16).float(), torch.from_numpy(digits.target)
loader = DataLoader(TensorDataset(x[:1400], y[:1400]), batch_size=64, shuffle=True)
optimiser = torch.optim.AdamW(network.parameters(), lr=0.02)
network, optimiser, loader = accelerator.prepare(network, optimiser, loader)

for _ in range(8):
    for sequences, classes in loader:
        optimiser.zero_grad()
        accelerator.backward(nn.functional.cross_entropy(network(sequences), classes))
        accelerator.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()

# %%
# The answers
# -----------

network.eval()
with torch.no_grad():
    right = (network(x[1400:]).argmax(1) == y[1400:]).float().mean()
accelerator.print(f"{account.bytes_after} bytes, {100 * float(right):.1f} % right")
