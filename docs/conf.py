"""Sphinx configuration: `sphinx-build -W docs docs/_build` needs no network."""

import importlib.metadata
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
GENERATED = HERE / "reference" / "generated"

project = "laconic"
author = "The laconic developers"
copyright = "The laconic developers"
release = version = importlib.metadata.version("laconic")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "gallery/*.ipynb", "gallery/*.py", "gallery/*.md5", "reference/generated/*.txt"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say types and shapes
numpydoc_show_class_members = True
# A structure's product is inherited from the protocol and belongs on its page; torch's members do not.
numpydoc_show_inherited_class_members = {
    f"laconic.{name}": False
    for name in (
        "rnn.RNNClassifier",
        "rnn.FastRNN",
        "rnn.FastGRNN",
        "rnn.network.SequenceNetwork",
        "core.checks.ParameterError",
        "core.checks.DataError",
    )
}
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["gallery"],
    "filename_pattern": r"plot_",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "min_reported_time": 1,
}

html_theme = "pydata_sphinx_theme"
html_title = "laconic"
html_static_path = ["_static"]
html_css_files = ["laconic.css"]
templates_path = ["_templates"]
html_show_sourcelink = False
html_sidebars = {page: [] for page in ("index", "cli", "changelog", "contributing", "gallery/*", "guide/*", "papers/*")}
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}


def write_outputs(app: object) -> None:
    """Ask the command for its help and run the guide's code, so that no page shows what is not so."""
    GENERATED.mkdir(parents=True, exist_ok=True)
    start = "import sys; from laconic.cli import main; sys.argv[0] = 'laconic'; main()"
    for name in ("", "tour", "compress", "plan", "reproduce", "nnls", "nmf", "fuse", "deploy"):
        write_output(f"help-{name or 'laconic'}", "-c", start, *name.split(), "--help")
    for script in sorted((HERE / "guide").glob("*.py")):
        write_output(f"guide-{script.stem}", str(script))


def write_output(name: str, *words: str) -> None:
    """Keep what Python prints when it is called with these words."""
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    with tempfile.TemporaryDirectory() as folder:  # the guide's code writes files
        run = [sys.executable, *words]
        done = subprocess.run(run, stdout=subprocess.PIPE, text=True, check=True, env=environment, cwd=folder)
    (GENERATED / f"{name}.txt").write_text(done.stdout, "utf-8")


LITERAL = re.compile(r"``.*?``|`[^`]*`")
FOREIGN = re.compile(r":ref:`([^`<]+?)\s*<[^`>]*>`")


def plain_bars(app: object, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Let |x| mean the length of x, and labels of scikit-learn's own manual mean their words."""
    for i, line in enumerate(lines):
        line = FOREIGN.sub(r"\1", line)
        if not line.startswith(("    >>>", ">>>", "..")) and "|" in line:
            literals = iter(LITERAL.findall(line))
            line = "".join(part.replace("|", r"\|") + next(literals, "") for part in LITERAL.split(line))
        lines[i] = line


def setup(app):
    app.connect("builder-inited", write_outputs)
    app.connect("autodoc-process-docstring", plain_bars, priority=900)  # after numpydoc
