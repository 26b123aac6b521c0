"""Compressed networks under torch's own tools: data-parallel processes, bfloat16 autocast, saving mid-way."""

import os
import subprocess
import sys
import textwrap

import pytest

torch = pytest.importorskip("torch")
from compress_cases import skip_where_torch_cannot_autocast
from torch import nn

from laconic.rnn import compress
from laconic.rnn.network import SequenceNetwork

STEPS = 3

TWO = textwrap.dedent(
    """
    import sys, torch
    import torch.distributed as dist
    from torch.nn.parallel import DistributedDataParallel
    from rnn.test_distributed import STEPS, data, made

    dist.init_process_group("gloo")
    rank, method, cell, out = dist.get_rank(), *sys.argv[1:]
    model = DistributedDataParallel(made(method, cell, seed=rank))  # the first process's weights reach the other one
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(STEPS):
        x, y = (one[rank::2] for one in data(step))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    if rank == 0:
        torch.save(model.module.state_dict(), out)
    dist.destroy_process_group()
    """
)


def made(method, cell, seed=0):
    torch.manual_seed(seed)
    model = SequenceNetwork(8, 3, cell, 12).double()
    compress(model, method, layers=["rnn"])
    return model


def data(step):
    generator = torch.Generator().manual_seed(step)
    return torch.randn(8, 5, 8, generator=generator, dtype=torch.float64), torch.arange(8) % 3


def trained(method, cell):
    model = made(method, cell)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(STEPS):
        x, y = data(step)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


@pytest.mark.slow
@pytest.mark.parametrize(("method", "cell"), [("kronecker", "lstm"), ("pruned", "gru"), ("hybrid", "fastrnn")])
def test_two_processes_learn_what_one_does(method, cell, tmp_path):
    """Under torchrun, with half of each batch to each."""
    script, out = tmp_path / "two.py", tmp_path / "weights.pt"
    script.write_text(TWO, "utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": here}
    run = subprocess.run([*command, method, cell, str(out)], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    found, expected = torch.load(out, weights_only=True), trained(method, cell).state_dict()
    before = made(method, cell).state_dict()
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-12)
    assert any(not torch.equal(found[name], before[name]) for name in before)


@pytest.mark.parametrize("method", ["dense", "kronecker", "lowrank", "pruned", "hybrid"])
def test_bfloat16_autocast_stays_near_float32(method):
    """Weights are formed in their own precision; layers compute in bfloat16, and gradients reach the factors."""
    skip_where_torch_cannot_autocast("lstm")
    torch.manual_seed(0)
    model = SequenceNetwork(8, 3, "lstm", 12)
    compress(model, method, layers=["rnn"])
    x, y = (one.float() if one.is_floating_point() else one for one in data(0))
    plain = model(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = model(x)
        loss = nn.functional.cross_entropy(rounded, y)
    loss.backward()
    torch.testing.assert_close(rounded.float(), plain, rtol=0.05, atol=0.05)
    grads = [one.grad for one in model.parameters() if one.requires_grad]
    assert all(one is not None and one.dtype == torch.float32 and bool(one.isfinite().all()) for one in grads)
