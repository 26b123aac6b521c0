"""A graph as an ONNX file: the only room here that sees onnx and onnxruntime."""

from importlib import import_module

try:
    import_module("onnx")
except ImportError as error:
    raise ImportError(f"laconic.deploy.to_onnx needs ONNX ({error}): pip install 'laconic[onnx]'") from error

from laconic.deploy.exchange.recurrent import FORMS
from laconic.deploy.exchange.runtime import run_onnx
from laconic.deploy.exchange.write import OnnxFile, to_onnx

__all__ = ["FORMS", "OnnxFile", "run_onnx", "to_onnx"]
