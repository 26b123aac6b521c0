"""Training sequences changed at random, a batch at a time, so that few sequences teach more."""

from collections.abc import Callable

import torch
from torch import Tensor

Augmentation = Callable[[Tensor, torch.Generator], Tensor]

_MASKED = 0.2
"""Largest share of the steps, and of the features, that a mask hides."""

_STRETCH, _SLANT = 0.1, 0.2
"""Largest change of either size, and of features a step."""


def shift(x: Tensor, generator: torch.Generator) -> Tensor:
    """Move each sequence by up to one step and, on its own, up to one feature; zeros come in.

    An axis of length one stays as it is.
    """
    n, n_steps, n_features = x.shape
    most = [int(n_steps > 1), int(n_features > 1)]
    padded = torch.nn.functional.pad(x, (most[1], most[1], most[0], most[0]))
    by_steps, by_features = torch.randint(0, 3, (2, n, 1), generator=generator).to(x.device)
    steps = torch.arange(n_steps, device=x.device) + most[0] * by_steps
    features = torch.arange(n_features, device=x.device) + most[1] * by_features
    return padded[torch.arange(n, device=x.device)[:, None, None], steps[:, :, None], features[:, None, :]]


def affine(x: Tensor, generator: torch.Generator) -> Tensor:
    """Move, stretch and slant each sequence as a picture of steps by features; zeros come in, neighbours are mixed.

    By up to a step and a feature, a tenth of either size, and a fifth of a feature a step; an axis of length one stays.
    """
    maps = _affine_maps(2 * torch.rand(5, len(x), generator=generator) - 1, x.shape[1], x.shape[2]).to(x)
    pictures = x[:, None]
    grid = torch.nn.functional.affine_grid(maps, list(pictures.shape), align_corners=False)
    return torch.nn.functional.grid_sample(pictures, grid, align_corners=False)[:, 0]


def _affine_maps(by: Tensor, n_steps: int, n_features: int) -> Tensor:
    """Return maps (n, 2, 3) of (feature, step, 1) in units of half the axes, from draws (5, n) between -1 and 1."""
    across, along = float(n_features > 1), float(n_steps > 1)
    slant = across * along * _SLANT * n_steps / n_features
    feature = (1 + across * _STRETCH * by[0], slant * by[1], across * 2 / n_features * by[2])
    step = (torch.zeros_like(by[3]), 1 + along * _STRETCH * by[3], along * 2 / n_steps * by[4])
    return torch.stack([torch.stack(feature, 1), torch.stack(step, 1)], 1)


def mask(x: Tensor, generator: torch.Generator) -> Tensor:
    """Set one run of steps and one of features of each sequence to zero, none to a fifth of them (arXiv:1904.08779)."""
    _, n_steps, n_features = x.shape
    hidden = _run(len(x), n_steps, generator)[:, :, None] | _run(len(x), n_features, generator)[:, None, :]
    return x.masked_fill(hidden.to(x.device), 0.0)


def _run(n: int, size: int, generator: torch.Generator) -> Tensor:
    """Return n masks of `size` places, each True in one run of random length."""
    first, last = torch.rand(2, n, 1, generator=generator)
    length = (last * (int(_MASKED * size) + 1)).floor()
    start = (first * (size - length + 1)).floor()
    places = torch.arange(size)
    return torch.logical_and(places >= start, places < start + length)


AUGMENTATIONS: dict[str, Augmentation] = {"shift": shift, "affine": affine, "mask": mask}
"""Every augmentation by name; a new one adds its line here."""
