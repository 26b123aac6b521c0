"""What cannot be lowered, said by name."""

from laconic.core.checks import ParameterError

KNOWN = "LSTM, GRU, RNN, FastRNN, FastGRNN, Linear, ReLU, Softmax, Dropout, Identity and Sequential"


def refusal(name: str, what: str) -> ParameterError:
    """Return the error for a part of a model."""
    return ParameterError("lower", "model", f"made of {KNOWN}", f"{name}: {what}" if name else what)


def joined(*names: str) -> str:
    """Return the name of a part within a part."""
    return ".".join(name for name in names if name)
