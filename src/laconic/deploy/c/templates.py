"""Real C files as templates: regions between marks are replaced, and the names of the model in them."""

import re
from collections.abc import Mapping
from importlib.resources import files

_BEGIN, _END = r"(?:/\*|#)@begin {0}(?:\*/)?\n", r"(?:/\*|#)@end(?:\*/)?\n"


def runtime(name: str) -> str:
    """Return a file of the runtime, as it stands."""
    return files("laconic.deploy.c").joinpath("runtime", name).read_text()


def filled(template: str, regions: Mapping[str, str], name: str) -> str:
    """Return a file of the runtime with its regions replaced, for a model of this name.

    Raises
    ------
    LookupError
        If a region is not there exactly once.
    """
    text = runtime(template)
    for region, content in regions.items():
        before, *after = re.split(_BEGIN.format(region) + ".*?" + _END, text, flags=re.S)
        if len(after) != 1:
            raise LookupError(f"{template} has {len(after)} regions {region!r}")
        text = before + (f"{content}\n" if content else "") + after[0]
    text = re.sub(_BEGIN.format(r"\w+") + "|" + _END, "", text)
    return renamed(text, name)


def renamed(text: str, name: str) -> str:
    """Return a text of C with the model's names in it."""
    return text.replace("laconic_model", name).replace("LACONIC_MODEL", name.upper())
