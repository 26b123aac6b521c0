"""The code of compress.md, run by a test; the page shows the parts between the marks."""

# [model]
import torch
from torch import nn


class Activity(nn.Module):
    """Name an activity from 100 steps of 9 motion sensors."""

    def __init__(self, n_units=64):
        super().__init__()
        self.rnn = nn.LSTM(9, n_units, num_layers=2, batch_first=True)
        self.head = nn.Linear(n_units, 6)

    def forward(self, x):
        _, (hidden, _) = self.rnn(x)
        return self.head(hidden[-1])


# [compress]
from laconic.rnn import compress

torch.manual_seed(0)
model = Activity()
account = compress(model, method="kronecker")
print(account)
# [shapes]
from laconic.structured import suggest_shapes

print(suggest_shapes(64, 73).advice)  # a gate of the first layer: 64 units, 9 features and 64 states
assert suggest_shapes(64, 73).best.max_rank == 4
assert suggest_shapes(63, 72).best.max_rank == 63
# [budget]
model = Activity(n_units=63)
account = compress(model, method="kronecker", budget="10KB")
assert account.bytes_after <= 10 * 1024
assert account["rnn"].max_rank == 63
for layer in account:
    print(f"{layer.name}: {layer.structure}, {layer.factor:.1f} times smaller, rank up to {layer.max_rank}")
for layer in account.kept:
    print(f"{layer.name} is kept: {layer.reason}")
# [train]
optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
x, y = torch.randn(32, 100, 9), torch.randint(6, (32,))
for _ in range(3):
    optimiser.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
# [anneal]
from laconic.rnn import anneal

pruned = Activity()
compress(pruned, method="pruned", budget="10KB")
optimiser = torch.optim.AdamW(pruned.parameters(), lr=1e-2)
n_steps = 5
for step in range(n_steps):
    anneal(pruned, step / n_steps)  # the mask of this stage of the training
    optimiser.zero_grad()
    nn.functional.cross_entropy(pruned(x), y).backward()
    optimiser.step()
anneal(pruned, 1.0)
# [rivals]
for method in ("kronecker", "hybrid", "sum", "doped", "hmd", "lowrank", "pruned", "small"):
    account = compress(Activity(), method=method, budget="14KB", layers=["rnn"])
    print(f"{method:10s} {account.bytes_after} bytes, rank up to {account.max_rank}")
# [plan]
from laconic.rnn.planner import plan

found = plan(
    x.numpy(),
    y.numpy(),
    budget="2KB",
    max_macs=20_000,
    cells=["gru"],
    methods=["kronecker", "dense"],
    n_trials=3,
    epochs=2,
    n_finalists=1,
)
best = found.best.option
print(f"{best.cell}, {best.method}, {best.hidden} units: {best.bytes} bytes, {best.macs} multiply-adds")
classifier = found.classifier().fit(x.numpy(), y.numpy())
# [save]
import tempfile

from laconic.rnn import load_weights, save_weights

folder = tempfile.mkdtemp()
save_weights(model, f"{folder}/activity")  # activity.safetensors and activity.json
twin = Activity(n_units=63)
load_weights(twin, f"{folder}/activity")
assert torch.equal(model(x), twin(x))
# [plain]
from laconic.rnn import materialise

plain = materialise(twin)
assert type(plain.rnn) is nn.LSTM
assert torch.allclose(plain(x), model(x), atol=1e-6)
# [quantized]
from laconic.deploy import lower, quantize
from laconic.rnn import RNNClassifier

classifier.save(f"{folder}/float")
settings = classifier.get_params() | {"start": f"{folder}/float", "max_epochs": 2, "learning_rate": 0.001}
tuned = RNNClassifier(**settings | {"quantization": 1.0}).fit(x.numpy(), y.numpy())
whole = quantize(lower(tuned), x.numpy(), bias_bits=8)
# [end]
