"""A matplotlib figure as SVG inside a page: accessible, in the page's colours, the same bytes each time."""

import io
import re
import warnings
from xml.etree import ElementTree

from markupsafe import Markup
from matplotlib.figure import Figure

from laconic.report.palette import variables
from laconic.report.style import styled

_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}
_BY_COLOUR = {light: f"var(--{name}, {light})" for name, (light, _) in variables().items()}
_COLOUR = re.compile("|".join(_BY_COLOUR))

ElementTree.register_namespace("", _SVG)


def embed(figure: Figure, title: str, description: str, ident: str) -> Markup:
    """Return a figure as an SVG element.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Colours that are in the palette follow the page's light or dark mode; text stays text.
    title, description : str
        Read out in place of the picture.
    ident : str
        Put before every id in it, so that ids stay unique on a page of several figures.
    """
    root = ElementTree.fromstring(_draw(figure))
    for element in root.iter():
        element.attrib = {_plain(name): _rewrite(name, value, ident) for name, value in element.attrib.items()}
    for image in root.iter(f"{{{_SVG}}}image"):
        image.attrib.pop("id", None)  # a digest of the picture: two that are alike share it, and nothing refers to it
    _remove(root, "metadata", "style")
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-labelledby": f"{ident}title {ident}desc", "stroke-linejoin": "round"}
    for place, (name, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(f"{{{_SVG}}}{name}", {"id": ident + name})
        element.text = printable(text)
        root.insert(place, element)
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def printable(text: str) -> str:
    """Return text on one line that XML can hold: other characters become spaces or question marks."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


@styled
def _draw(figure: Figure) -> str:
    buffer = io.StringIO()
    with warnings.catch_warnings():
        # The browser draws the text and has more alphabets than matplotlib's font.
        warnings.filterwarnings("ignore", "Glyph .* missing from|Matplotlib currently does not support", UserWarning)
        figure.savefig(buffer, format="svg", transparent=True, metadata=_NO_METADATA)
    return buffer.getvalue()


def _plain(name: str) -> str:
    return name.replace(f"{{{_LINK}}}", "")


def _rewrite(name: str, value: str, ident: str) -> str:
    """Prefix ids and references to them; turn the palette's colours into variables."""
    if name == "id":
        return ident + value
    if name.endswith("href"):
        return f"#{ident}{value[1:]}" if value.startswith("#") else value
    value = value.replace("url(#", f"url(#{ident}")
    return _COLOUR.sub(lambda found: _BY_COLOUR[found[0]], value)


def _remove(root: ElementTree.Element, *names: str) -> None:
    """Remove elements by name; matplotlib's style element would reach the whole page."""
    unwanted = {f"{{{_SVG}}}{name}" for name in names}
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in unwanted:
                parent.remove(child)
