"""Recurrent networks with few parameters: compress any PyTorch model, train it at dense speed, save it."""

from importlib import import_module

try:
    import_module("torch"), import_module("safetensors"), import_module("skorch")
except ImportError as error:
    raise ImportError(
        f"laconic.rnn needs PyTorch, safetensors and skorch ({error}): pip install 'laconic[rnn]'"
    ) from error

from laconic.rnn.account import Account, KeptLayer, LayerAccount
from laconic.rnn.classifier import RNNClassifier
from laconic.rnn.compression import compress
from laconic.rnn.count import count_parameters
from laconic.rnn.layers import FastGRNN, FastRNN
from laconic.rnn.network import forget_bias_for, set_forget_bias
from laconic.rnn.quantization import quantized, round_weights
from laconic.rnn.reparametrise import anneal, materialise, structures
from laconic.rnn.serialize import load_weights, save_weights
from laconic.rnn.spectra import GateSpectrum, gate_spectra

__all__ = [
    "Account",
    "FastGRNN",
    "FastRNN",
    "GateSpectrum",
    "KeptLayer",
    "LayerAccount",
    "RNNClassifier",
    "anneal",
    "compress",
    "count_parameters",
    "forget_bias_for",
    "gate_spectra",
    "load_weights",
    "materialise",
    "quantized",
    "round_weights",
    "save_weights",
    "set_forget_bias",
    "structures",
]
