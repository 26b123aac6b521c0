"""Every random choice of training is a pure function of (seed, purpose, epoch), so that a run can be resumed."""

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state


def run_seed(random_state: Any, identity: Mapping[str, str]) -> int:
    """Return the seed of a run: where `random_state` fixes none, the one of the checkpoint's `identity`, if any."""
    if identity and not isinstance(random_state, (int, np.integer)):
        return int(identity["seed"])
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def derive_seed(seed: int, purpose: str, epoch: int = 0) -> int:
    """Return a seed (63 bits) for one purpose in one epoch, unrelated to those of any other."""
    words = np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), epoch]).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))


def seed_torch(seed: int, device: torch.device) -> None:
    """Seed torch's global generator of the CPU, and that of `device` where it is another one."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


@contextmanager
def own_random_state(device: torch.device) -> Iterator[None]:
    """Give torch's global random state back, on leaving, as it was."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        yield
