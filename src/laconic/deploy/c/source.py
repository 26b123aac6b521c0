"""What a C file is made of: constant arrays, the fields of a state, and lines of code."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError

Array = NDArray[Any]

_TYPES = {"float32": "float", "uint16": "uint16_t", "int8": "int8_t", "int16": "int16_t"}
_LARGEST = {"float32": float(np.finfo(np.float32).max), "uint16": 2.0**16 - 1}
_BYTES = {"float": 4, "int32_t": 4, "int16_t": 2}


@dataclass(frozen=True)
class Constant:
    """A constant array: the layer it belongs to, its name in C, its numbers as C holds them."""

    layer: str
    name: str
    values: Array


@dataclass(frozen=True)
class Field:
    """An array in the state: the type of its numbers in C, and how many there are."""

    kind: str
    size: int


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
    fields: dict[str, Field] = field(default_factory=dict)
    kernels: dict[tuple[str, tuple[int, ...]], str] = field(default_factory=dict)
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

    def field(self, name: str, size: int, kind: str = "float") -> str:
        """Let the state have so many numbers, or more, under a name; return the expression for them."""
        known = self.fields.get(name, Field(kind, 0))
        self.fields[name] = Field(kind, max(size, known.size))
        return f"s->{name}"

    def kernel(self, macro: str, *sizes: int) -> str:
        """Return the name of a function that a macro of the runtime defines for these sizes."""
        name = f"{self.prefix}_{macro.removeprefix('LACONIC_').lower()}_{'_'.join(map(str, sizes))}"
        return self.kernels.setdefault((macro, sizes), name)

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
        """Bytes of the state, with what fills it up to a multiple of its longest type."""
        kinds = [_BYTES[field.kind] for field in self.fields.values()]
        total = sum(size * field.size for size, field in zip(kinds, self.fields.values(), strict=True))
        return -(-total // max(kinds)) * max(kinds)

    def constants_text(self) -> str:
        """Return the constants' definitions."""
        return "\n".join(map(_definition, self.constants))

    def kernels_text(self) -> str:
        """Return the definitions of products of fixed sizes."""
        return "\n".join(
            f"{macro}({name}, {', '.join(map(str, sizes))})" for (macro, sizes), name in self.kernels.items()
        )

    def fields_text(self) -> str:
        """Return the fields' declarations, the longest types first: nothing has to be filled up between them."""
        ordered = sorted(self.fields.items(), key=lambda item: -_BYTES[item[1].kind])
        return "\n".join(f"    {field.kind} {name}[{field.size}];" for name, field in ordered)


def _as_in_c(layer: str, values: Array) -> Array:
    """Return bytes and words as they are, floats as float32 and other whole numbers as uint16, in a row."""
    if values.dtype in (np.int8, np.int16):
        return np.ascontiguousarray(values).ravel()
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
