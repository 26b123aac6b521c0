import pytest
from cli_helpers import METHODS, STUDY, write_data
from markupsafe import Markup

from laconic.cli import main


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A small .npz file that can be learned from."""
    return write_data(tmp_path_factory.mktemp("data") / "data.npz")


@pytest.fixture(scope="session")
def finished(data, tmp_path_factory):
    """The folder of a study of every method that was never interrupted; not to be changed."""
    out = tmp_path_factory.mktemp("finished") / "deep" / "out"
    with pytest.raises(SystemExit) as end:
        main(["compress", str(data), "--out", str(out), *STUDY, "--methods", ",".join(METHODS), "--jobs", "2"])
    assert end.value.code == 0
    return out


@pytest.fixture
def laconic(capsys, monkeypatch):
    """Run `laconic` in this process; returns exit code, standard output and standard error."""
    monkeypatch.setenv("COLUMNS", "100")

    def call(*words):
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    return call


@pytest.fixture
def undrawn(monkeypatch):
    """Leave empty the pictures of reports, for tests that look at none: to draw them takes longer than all else."""
    monkeypatch.setattr("laconic.report.html.embed", lambda *_: Markup("<svg></svg>"))
