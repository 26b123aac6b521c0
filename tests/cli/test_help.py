import re
import subprocess
import sys

import pytest
from cli_helpers import run

import laconic as package
from laconic.cli.compress import CELLS
from laconic.cli.tour import STOPS


def test_alone_it_says_what_it_can_do(laconic):
    code, out, error = laconic()
    assert (code, error) == (0, "")
    assert out == laconic("--help")[1]
    for words in (
        "tour",
        "compress",
        "nnls",
        "nmf",
        "fuse",
        "Exit codes: 0 done, 1 failed on the way, 2 bad input, 130 interrupted.",
    ):
        assert words in out


def test_version(laconic):
    assert laconic("--version") == (0, f"{package.__version__}\n", "")


def test_help_of_compress_is_in_groups_and_shows_defaults(laconic):
    code, out, error = laconic("compress", "--help")
    assert (code, error) == (0, "")
    for group in ("Network", "Compression", "Training", "Run"):
        assert re.search(rf"─ {group} ─", out)
    for default in ("lstm", "40", "60", "what suits the method", "all", "auto", "one a core", "0.2"):
        assert re.search(rf"default: \(?{re.escape(default)}\)?\]", out)


@pytest.mark.parametrize("width", ["40", "80", "200"])
@pytest.mark.parametrize("command", ["compress", "nnls", "nmf", "fuse"])
def test_help_fits_the_terminal(command, width, laconic, monkeypatch):
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("TERMINAL_WIDTH", width)
    assert max(map(len, laconic(command, "--help")[1].splitlines())) <= int(width)


def test_the_choices_in_the_help_are_those_there_are():
    pytest.importorskip("torch")
    from laconic.rnn import RNNClassifier
    from laconic.rnn.network import CELLS as BUILT

    assert tuple(BUILT) == CELLS
    assert RNNClassifier().batch_size == 64  # shown as the default of --batch-size


@pytest.mark.parametrize("command", ["compress", "nnls", "nmf", "fuse"])
def test_help_loads_nothing_heavy(command):
    code = (
        f"import sys; from laconic.cli import main; sys.argv = ['laconic', '{command}', '--help']\n"
        "heavy = ('torch', 'sklearn', 'matplotlib', 'scipy', 'numba')\n"
        "try: main()\n"
        "finally: print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_tour_names_its_stops(laconic):
    out = laconic("tour", "--help")[1]
    assert all(stop.name in out for stop in STOPS)


def test_without_torch_it_says_what_to_install(tmp_path, data):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'torch':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
    )
    done = run("compress", data, "--out", tmp_path / "out", environment={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1
    assert re.fullmatch(r"laconic: .*pip install 'laconic\[rnn\]'\n", done.stderr)


def test_an_unexpected_error_shows_where_it_came_from(laconic, monkeypatch, data, tmp_path):
    def broken(path, **settings):
        raise ZeroDivisionError("a bug")

    from laconic import cli, datasets

    monkeypatch.setattr(datasets, "load_npz", broken)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        cli.main(["compress", str(data), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()
