"""What a C file is made of: constant arrays, the fields of a state, and lines of code."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError

Array = NDArray[Any]

_TYPES = {"float32": "float", "uint16": "uint16_t"}
_LARGEST = {"float32": float(np.finfo(np.float32).max), "uint16": 2.0**16 - 1}


@dataclass(frozen=True)
class Constant:
    """A constant array: the layer it belongs to, its name in C, its numbers as C holds them."""

    layer: str
    name: str
    values: Array


@dataclass
class Source:
    """Gathers the parts of a model's file.

    Attributes
    ----------
    prefix : str
        What every name begins with.
    """

    prefix: str
    constants: list[Constant] = field(default_factory=list)
    fields: dict[str, int] = field(default_factory=dict)
    kernels: dict[tuple[int, int, int, int], str] = field(default_factory=dict)
    functions: list[str] = field(default_factory=list)

    def constant(self, layer: str, role: str, values: Array) -> str:
        """Keep a constant array of a layer; return its name in C. Of equal ones of a layer one is kept.

        Raises
        ------
        DataError
            If a number is too large for its type in C.
        """
        held = _as_in_c(layer, values)
        for known in (constant for constant in self.constants if constant.layer == layer):
            if known.values.dtype == held.dtype and np.array_equal(known.values, held):
                return known.name
        name = f"{self.prefix}_{role}_{len(self.constants)}"
        self.constants.append(Constant(layer, name, held))
        return name

    def field(self, name: str, size: int) -> str:
        """Let the state have so many floats, or more, under a name; return the expression for them."""
        self.fields[name] = max(size, self.fields.get(name, 0))
        return f"s->{name}"

    def matmul(self, rows: int, inner: int, columns: int, adds: bool) -> str:
        """Return the name of a function that multiplies matrices of these sizes."""
        sizes = (rows, inner, columns, int(adds))
        return self.kernels.setdefault(sizes, f"{self.prefix}_matmul_{'_'.join(map(str, sizes))}")

    def function(self, signature: str, lines: Iterable[str]) -> None:
        """Add a function of the file."""
        body = "".join(f"    {line}\n" for line in lines)
        self.functions.append(f"{signature}\n{{\n{body}}}\n")

    @property
    def weight_bytes(self) -> dict[str, int]:
        """Bytes of the constants by layer."""
        found: dict[str, int] = {}
        for constant in self.constants:
            found[constant.layer] = found.get(constant.layer, 0) + constant.values.nbytes
        return found

    @property
    def state_bytes(self) -> int:
        """Bytes of the state."""
        return 4 * sum(self.fields.values())

    def constants_text(self) -> str:
        """Return the constants' definitions."""
        return "\n".join(map(_definition, self.constants))

    def kernels_text(self) -> str:
        """Return the definitions of products of fixed sizes."""
        return "\n".join(
            f"LACONIC_MATMUL({name}, {', '.join(map(str, sizes))})" for sizes, name in self.kernels.items()
        )

    def fields_text(self) -> str:
        """Return the fields' declarations."""
        return "\n".join(f"    float {name}[{size}];" for name, size in self.fields.items())


def _as_in_c(layer: str, values: Array) -> Array:
    """Return floats as float32 and whole numbers as uint16, in a row."""
    kind = "float32" if values.dtype.kind == "f" else "uint16"
    most, largest = _LARGEST[kind], np.abs(values).max(initial=0)
    if largest > most:
        raise DataError(f"write_c: layer {layer!r} has a number of size {largest:g}, {kind} ends at {most:g}")
    return np.ascontiguousarray(values, kind).ravel()


def _definition(constant: Constant) -> str:
    numbers = constant.values.tolist()
    texts = [literal(number) if isinstance(number, float) else str(number) for number in numbers]
    rows = ["    " + ", ".join(texts[start : start + 8]) + "," for start in range(0, len(texts), 8)]
    return (
        f"static const {_TYPES[str(constant.values.dtype)]} {constant.name}[{len(texts)}] = {{\n"
        + "\n".join(rows)
        + "\n};"
    )


def literal(value: float) -> str:
    """Return a float that reads back to the same bits."""
    text = f"{value:.9g}"
    return f"{text if '.' in text or 'e' in text else text + '.0'}f"
