"""The command `laconic deploy`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from laconic.cli.options import as_typed, flag, group
from laconic.cli.table import aligned
from laconic.core.checks import check_positive_int

TARGETS = ("host", "cortex-m0", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "cortex-a53")
OWNER = "laconic deploy"
HEADINGS = {
    "method": "model",
    "weight_bytes": "weights B",
    "state_bytes": "state B",
    "macs_per_step": "MACs a step",
    "code_bytes": "code B",
    "flash_bytes": "flash B",
    "ram_bytes": "RAM B",
    "instructions_per_step": "instructions a step",
    "largest_difference": "difference",
    "accuracy": "accuracy %",
}
"""Columns of the table, by the name of the figure."""
_model, _run = group("Model"), group("Run")


def deploy(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="Folder of laconic compress, a model's .safetensors file, or a graph's .npz file."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the C and what builds it go.")],
    target: Annotated[str, typer.Option(metavar="NAME", help=f"{', '.join(TARGETS[:-1])} or {TARGETS[-1]}.")] = "host",
    method: Annotated[str | None, _model("NAME", "Which of a folder's models.", "its first compressed one")] = None,
    name: Annotated[str, _model("NAME", "What names in C begin with.")] = "model",
    int8: Annotated[
        bool, flag("--int8", "Whole numbers: weights of 8 bits, activations of 16, calibrated on --data.")
    ] = False,
    bias_bits: Annotated[int, _model("N", "Bits of the biases of --int8: 16 or 8.")] = 16,
    onnx: Annotated[
        Path | None, _model("FILE", "Write it as ONNX, too: a file, or a folder for NAME.onnx.", "no")
    ] = None,
    onnx_form: Annotated[
        str | None, _model("NAME", "How ONNX holds recurrent layers: expanded, standard or scan.", "expanded")
    ] = None,
    run: Annotated[bool, flag("--run", "Build it and run it, on an emulated board where it is for one.")] = False,
    data: Annotated[
        Path | None, _run("FILE.npz", "Sequences to calibrate on (training) and to run over (test).", "drawn ones")
    ] = None,
    sequences: Annotated[int, _run("N", "How many of them.")] = 8,
    steps: Annotated[int, _run("N", "Steps of drawn ones.")] = 50,
    save_graph: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="Write the model's graph, too: it needs no PyTorch.")
    ] = None,
    overwrite: Annotated[bool, flag("--overwrite", "Replace files of the same names in FOLDER.")] = False,
    as_json: Annotated[bool, flag("--json", "Print the figures as JSON instead of a table.")] = False,
    quiet: Annotated[bool, flag("--quiet", "Show no progress.")] = False,
) -> None:
    """Write a trained model as C99 for a microcontroller or this machine: no allocation, no library.

    With --int8 the C needs no floating point, and equals laconic's reference bit for bit on every target. With --run
    the program is built and run, its answers are compared with the reference, and the float model and the dense one of
    the same folder are run beside it. QEMU counts instructions, not cycles. With --onnx the float model is an ONNX
    file, too, which is compared with the reference where ONNX Runtime is installed.
    """
    from laconic.cli.deploying import Request, write_model

    request = Request(
        model=model,
        out=out,
        target=target,
        method=method,
        name=name,
        int8=int8,
        bias_bits=bias_bits,
        run=run,
        data=data,
        n_sequences=check_positive_int(OWNER, "sequences", sequences),
        n_steps=check_positive_int(OWNER, "steps", steps),
        command=as_typed(),
        overwrite=overwrite,
        onnx=onnx,
        onnx_form=onnx_form,
        save_graph=save_graph,
    )
    show(write_model(request, Console(stderr=True, quiet=quiet)), out, as_json)


def show(metrics: dict[str, Any], out: Path, as_json: bool) -> None:
    """Print what was written and what it takes."""
    if as_json:
        print(json.dumps(metrics))
        return
    from laconic.cli.exporting import exported

    print_figures(metrics)
    print(f"Report: {out / 'report.html'}")
    if "onnx" in metrics:
        print(exported(metrics["onnx"]))
    print(f"C: {out / metrics['name']}.c, {out / metrics['name']}.h; make -C {out} builds them")


def print_figures(metrics: dict[str, Any]) -> None:
    """Print a table of what was written and what it takes."""
    kept = [key for key in HEADINGS if any(row.get(key) is not None for row in metrics["rows"])]
    rows = [[_cell(key, row.get(key)) for key in kept] for row in metrics["rows"]]
    print(aligned([[HEADINGS[key] for key in kept], *rows]), end="")
    if "instructions_per_step" in kept:
        print("QEMU counts instructions, not cycles.")


def _cell(key: str, value: Any) -> str:
    if value is None:
        return ""
    if key == "accuracy":
        return f"{100 * value:.2f}"
    if key == "largest_difference":
        return f"{value:.1e}" if value else "0"
    return value if isinstance(value, str) else f"{value:,.0f}"
