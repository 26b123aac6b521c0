"""Dictionaries of several modalities, learned together by sparse Bayesian learning (arXiv:1804.03740)."""

from laconic.factorize.multimodal.checkpoint import Checkpoint
from laconic.factorize.multimodal.encoding import Encoder
from laconic.factorize.multimodal.layout import Layout, Part
from laconic.factorize.multimodal.learn import SCALINGS, learn, scaled, surveyed
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.online import Stream, continued, follow
from laconic.factorize.multimodal.result import MultimodalResult, Tick
from laconic.factorize.multimodal.settings import METHODS, Settings

__all__ = [
    "METHODS",
    "SCALINGS",
    "Checkpoint",
    "Encoder",
    "Layout",
    "Model",
    "MultimodalResult",
    "Part",
    "Settings",
    "Stream",
    "Tick",
    "continued",
    "follow",
    "learn",
    "scaled",
    "surveyed",
]
