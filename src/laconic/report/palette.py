"""The report's colours: each method looks the same in every figure and table, in light and in dark.

Hues are told apart with the common kinds of colour blindness, and markers and dashes differ as well. Figures are
drawn in the light colours; on the page each of these becomes a CSS variable with a value for either mode.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

Dash = tuple[int, tuple[float, ...]]
SOLID: Dash = (0, ())


@dataclass(frozen=True)
class Look:
    """How a method is named and drawn: `name` heads a row; `adjective` and `more`, its units, are for sentences."""

    name: str
    adjective: str
    variable: str
    light: str
    dark: str
    marker: str
    dash: Dash = SOLID
    more: str = ""

    @property
    def key(self) -> str:
        """The name by which `look` finds its colours."""
        return self.variable if self.variable in SPARE else self.variable.removeprefix("m-")


METHODS = {
    "dense": Look("Dense", "dense", "m-dense", "#3b434d", "#d5dbe3", "o"),
    "kronecker": Look("Kronecker", "Kronecker", "m-kronecker", "#0067b1", "#58aefc", "D"),
    "hybrid": Look("Hybrid Kronecker", "hybrid Kronecker", "m-hybrid", "#00856a", "#35c9a4", "s", (0, (6, 1.5))),
    "lowrank": Look("Low rank", "low-rank", "m-lowrank", "#cf5600", "#ff9350", "^", (0, (4, 1.5, 1, 1.5))),
    "pruned": Look("Pruned", "pruned", "m-pruned", "#a61fa0", "#f261db", "v", (0, (2, 1.2))),
    "doped": Look("Doped Kronecker", "doped Kronecker", "m-doped", "#4b1fd6", "#7a55ff", "p", (0, (5, 1, 1, 1, 1, 1))),
    "sum": Look("Sum of Kronecker", "summed Kronecker", "m-sum", "#4a4300", "#f4e34a", "d", (0, (7, 2))),
    "hmd": Look("Dense over low rank", "dense over low rank", "m-hmd", "#5e0f24", "#b2473d", "<", (0, (3, 1, 1, 1))),
    "small": Look("Small dense", "small dense", "m-small", "#8a939e", "#8b95a3", "X", (0, (1, 1))),
}
METHODS_OF_CODES = {
    "rsbl": replace(METHODS["kronecker"], name="R-SBL", adjective="R-SBL"),
    "sparse": replace(METHODS["lowrank"], name="Sparse NNLS", adjective="sparse NNLS"),
    "nnls": replace(METHODS["small"], name="NNLS", adjective="NNLS"),
    "omp": replace(METHODS["hybrid"], name="Non-negative OMP", adjective="non-negative OMP"),
}
"""Ways to find codes; they never share a figure with ways to compress, and so share their colours."""

_OTHERS = (
    ("m-other-1", "#8a6d00", "#dfbd3c", "P"),
    ("m-other-2", "#5d4fc4", "#ab9dff", "h"),
    ("m-other-3", "#9c4a3c", "#e79a8c", "*"),
)
SPARE = {
    variable: Look(variable, variable, variable, light, dark, marker, (0, (5, 1, 1, 1, 1, 1)))
    for variable, light, dark, marker in _OTHERS
}
"""Looks of what has no other, by the CSS variable."""

_FRAME = {
    "ink": ("#1b2027", "#e8ecf1"),
    "muted": ("#5b6571", "#a3adba"),
    "grid": ("#dfe4ea", "#333b46"),
    "paper": ("#fefefe", "#171b21"),
}
INK, MUTED, GRID, PAPER = (light for light, _ in _FRAME.values())

RIGHT, WRONG = (0.18, 0.49, 0.80), (0.90, 0.36, 0.10)
"""Red, green, blue of right answers and mistakes; mid-tones that show on white and on black."""

POSITIVE, NEGATIVE = RIGHT, WRONG
"""Of values above and below zero."""

GREY = (0.5, 0.53, 0.58)
"""Of what has no sign, such as standard deviations."""

SENSORS = ("hybrid", "pruned", "m-other-1", "m-other-2", "small", "dense")
"""Whose looks the modalities of a figure have, in order; none has a colour that stands for a sign."""


def look(method: str) -> Look:
    """Return how to draw a method; a name not in the table always gets the same one of a few spare colours."""
    known = METHODS | METHODS_OF_CODES | SPARE
    if method in known:
        return known[method]
    return _named(_spare(method), method)


def distinct_looks(names: Sequence[str]) -> dict[str, Look]:
    """Return how each of some contenders is drawn: the first of a method, or the plain one, as the method always is."""
    spare, found = list(SPARE.values()), dict[str, Look]()
    for name in dict.fromkeys(names):
        method = name.split("-")[0]
        alike = [other for other in names if other.split("-")[0] == method]
        known = method in METHODS and name == (method if method in alike else alike[0])
        found[name] = _named(METHODS[method] if known else spare[0], name)
        spare = spare if known else [*spare[1:], spare[0]]
    return found


def _named(style: Look, contender: str) -> Look:
    method, more = contender.split("-")[0], contender_name(contender).partition(", ")[2]
    adjective = METHODS[method].adjective if method in METHODS else contender
    return replace(style, name=contender_name(contender), adjective=adjective, more=more)


def contender_name(contender: str) -> str:
    """Return how a method with shapes or units of its own is read, "Kronecker, 32 units"; other names as they are.

    Examples
    --------
    >>> contender_name("kronecker-paper-32"), contender_name("my-own")
    ('Kronecker, paper shapes, 32 units', 'my-own')
    """
    method, *more = contender.split("-")
    if method not in METHODS:
        return contender
    words = (f"{word} units" if word.isdecimal() else f"{word} shapes" for word in more)
    return ", ".join([METHODS[method].name, *words])


def sensor_look(place: int) -> str:
    """Return the method whose look the modality at this place has."""
    return SENSORS[place % len(SENSORS)]


def _spare(method: str) -> Look:
    return list(SPARE.values())[crc32(method.encode("utf-8", "replace")) % len(SPARE)]


def variables() -> dict[str, tuple[str, str]]:
    """Return each CSS variable with its light and its dark value."""
    methods = {known.variable: (known.light, known.dark) for known in METHODS.values()}
    return _FRAME | methods | {variable: (light, dark) for variable, light, dark, _ in _OTHERS}
