"""Everything a target needs around a model: a program, start-up code, a linker script, files that build it."""

from dataclasses import replace
from pathlib import Path

from laconic.core.checks import check_choice
from laconic.core.files import atomic_write_text
from laconic.deploy.c.templates import filled
from laconic.deploy.c.write import Written, write_c
from laconic.deploy.graph import Graph
from laconic.deploy.integer.graph import IntGraph
from laconic.deploy.targets import TARGETS, Target

_BOARD = ("laconic_board.c", "laconic_startup.c")


def write_firmware(
    graph: Graph | IntGraph, folder: str | Path, *, name: str = "model", target: str = "host"
) -> Written:
    """Write a graph as C99, and what builds and runs it on a target: ``make`` in the folder does.

    Parameters
    ----------
    graph : Graph or IntGraph
    folder : path
        Made if it is not there; files of the same names are replaced.
    name : str
        What every name in C begins with.
    target : str
        Name among `laconic.deploy.targets.TARGETS`.

    Returns
    -------
    Written

    Raises
    ------
    ParameterError
        As `write_c`, or if there is no such target.
    """
    check_choice("write_firmware", "target", target, TARGETS)
    written = write_c(graph, folder, name=name)
    texts = _files(TARGETS[target], name)
    for file, text in texts.items():
        atomic_write_text(written.folder / file, text)
    return replace(written, files=(*written.files, *texts))


def _files(target: Target, name: str) -> dict[str, str]:
    sources = _BOARD if target.is_board else ("laconic_host.c",)
    tiles = [f"LACONIC_{key}={size}" for key, size in zip(("ROWS", "VECTORS"), target.tiles, strict=True)]
    texts = {file: filled(file, {}, name) for file in sources}
    texts["Makefile"] = filled("Makefile", {"target": _variables(target, sources, tiles)}, name)
    library = f"target_compile_definitions(laconic_model PRIVATE {' '.join(tiles)})"
    texts["CMakeLists.txt"] = filled("CMakeLists.txt", {"tiles": library}, name)
    if target.is_board:
        texts["laconic_semihost.h"] = filled("laconic_semihost.h", {}, name)
        texts["laconic.ld"] = filled("laconic.ld", {"memory": _memory(target)}, name)
    return texts


def _variables(target: Target, sources: tuple[str, ...], tiles: list[str]) -> str:
    link = "-nostartfiles --specs=nano.specs -Wl,--gc-sections -T laconic.ld" if target.is_board else ""
    return "\n".join(
        (
            f"# {target.title}",
            f"CC = {target.compiler}",
            f"CPU = {' '.join(target.flags)}",
            f"TILES = {' '.join(f'-D{tile}' for tile in tiles)}",
            f"PROGRAM = {' '.join(sources)}",
            f"LINK = {link}".rstrip(),
        )
    )


def _memory(target: Target) -> str:
    flash, flash_size, ram, ram_size = target.memory
    return (
        f"    FLASH (rx) : ORIGIN = {flash}, LENGTH = {flash_size}\n    RAM (rwx) : ORIGIN = {ram}, LENGTH = {ram_size}"
    )
