"""Dictionaries of several modalities, learned together by sparse Bayesian learning (arXiv:1804.03740)."""

from laconic.factorize.multimodal.layout import Layout, Part
from laconic.factorize.multimodal.learn import learn, surveyed
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.result import MultimodalResult, Tick
from laconic.factorize.multimodal.settings import METHODS, Settings

__all__ = ["METHODS", "Layout", "Model", "MultimodalResult", "Part", "Settings", "Tick", "learn", "surveyed"]
