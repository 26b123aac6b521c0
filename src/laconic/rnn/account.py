"""What a compression did to each layer: the account that `compress` returns."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from laconic.core.units import format_bytes


@dataclass(frozen=True)
class LayerAccount:
    """What became of one layer.

    Parameters are counted with one bias vector a gate, before and after.

    Attributes
    ----------
    name, kind, method : str
        Place in the model, class, compression method.
    structure : str
        What the weights are made of now.
    parameters_before, parameters_after, bytes_before, bytes_after : int
    max_rank : int
        Largest rank that one gate can have, of the worst of its matrices.
    macs_before, macs_after : int
        Multiply-adds of its matrices for one time step (for a Linear layer: one input).
    note : str
        A word where one is needed.
    """

    name: str
    kind: str
    method: str
    structure: str
    parameters_before: int
    parameters_after: int
    bytes_before: int
    bytes_after: int
    max_rank: int
    macs_before: int
    macs_after: int
    note: str = ""

    @property
    def factor(self) -> float:
        """How many times fewer parameters the layer has."""
        return self.parameters_before / self.parameters_after


@dataclass(frozen=True)
class KeptLayer:
    """A layer that was left as it is, and why.

    Attributes
    ----------
    name, kind, reason : str
    parameters, bytes, macs : int
    """

    name: str
    kind: str
    reason: str
    parameters: int
    bytes: int
    macs: int


@dataclass(frozen=True)
class Account:
    """What `compress` did, layer by layer.

    Attributes
    ----------
    method : str
    layers : tuple of LayerAccount
        The compressed layers.
    kept : tuple of KeptLayer
        The layers with parameters that were left as they are, each with the reason.

    Indexing by name or number and iteration go over `layers`; printing gives a table.
    """

    method: str
    layers: tuple[LayerAccount, ...]
    kept: tuple[KeptLayer, ...]

    @property
    def parameters_before(self) -> int:
        """Parameters of the whole model before; one bias vector a gate in the layers that are compressed."""
        return sum(layer.parameters_before for layer in self.layers) + sum(k.parameters for k in self.kept)

    @property
    def parameters_after(self) -> int:
        """Parameters of the whole model now."""
        return sum(layer.parameters_after for layer in self.layers) + sum(k.parameters for k in self.kept)

    @property
    def bytes_before(self) -> int:
        """Bytes of the whole model before."""
        return sum(layer.bytes_before for layer in self.layers) + sum(k.bytes for k in self.kept)

    @property
    def bytes_after(self) -> int:
        """Bytes of the whole model now."""
        return sum(layer.bytes_after for layer in self.layers) + sum(k.bytes for k in self.kept)

    @property
    def macs_before(self) -> int:
        """Multiply-adds of all matrices before, for one time step of each layer."""
        return sum(layer.macs_before for layer in self.layers) + sum(k.macs for k in self.kept)

    @property
    def macs_after(self) -> int:
        """Multiply-adds of all matrices now, for one time step of each layer."""
        return sum(layer.macs_after for layer in self.layers) + sum(k.macs for k in self.kept)

    def sequence_macs(self, n_steps: int) -> int:
        """Multiply-adds of all matrices for a sequence of so many steps, read by the compressed layers; others once."""
        return n_steps * sum(layer.macs_after for layer in self.layers) + sum(k.macs for k in self.kept)

    @property
    def factor(self) -> float:
        """How many times smaller the whole model is."""
        return self.bytes_before / self.bytes_after

    @property
    def layer_factor(self) -> float:
        """How many times fewer parameters the compressed layers have together."""
        before = sum(layer.parameters_before for layer in self.layers)
        return before / sum(layer.parameters_after for layer in self.layers)

    @property
    def max_rank(self) -> int:
        """Smallest of the layers' largest ranks."""
        return min(layer.max_rank for layer in self.layers)

    def __getitem__(self, key: str | int) -> LayerAccount:
        if isinstance(key, int):
            return self.layers[key]
        return {layer.name: layer for layer in self.layers}[key]

    def __iter__(self) -> Iterator[LayerAccount]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Return the account as JSON values, with the totals and the factors."""
        totals = ("parameters_before", "parameters_after", "bytes_before", "bytes_after", "factor", "layer_factor")
        layers = [asdict(layer) | {"factor": layer.factor} for layer in self.layers]
        kept = [asdict(layer) for layer in self.kept]
        return {"method": self.method, "layers": layers, "kept": kept} | {n: getattr(self, n) for n in totals}

    def __str__(self) -> str:
        head = f"{'layer':<20} {'before':>10} {'after':>10} {'factor':>8} {'rank':>5} {'MACs':>17}  structure"
        rows = [
            f"{f'{x.name} ({x.kind})':<20} {format_bytes(x.bytes_before):>10} {format_bytes(x.bytes_after):>10} "
            f"{x.factor:>7.2f}x {x.max_rank:>5} {x.macs_before:>8} ->{x.macs_after:>6}  {x.structure}"
            + (f" ({x.note})" if x.note else "")
            for x in self.layers
        ]
        kept = [f"{f'{k.name} ({k.kind})':<20} {format_bytes(k.bytes):>10} kept: {k.reason}" for k in self.kept]
        before, after = format_bytes(self.bytes_before), format_bytes(self.bytes_after)
        return "\n".join([head, *rows, *kept, f"{'model':<20} {before:>10} {after:>10} {self.factor:>7.2f}x"])
