"""A file is the old one or the new one, and nothing is left beside it."""

import json
import os
import stat

import pytest

from laconic.core.files import atomic_write_bytes, atomic_write_text, write_json


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file.json"
    path.write_bytes(b"old")
    return path


def test_the_new_content_alone_is_there(path):
    atomic_write_bytes(path, b"\x00new\n\r")
    assert path.read_bytes() == b"\x00new\n\r"
    atomic_write_text(str(path), "größer\n")
    assert path.read_bytes() == "größer\n".encode()
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("step", ["os.replace", "os.fsync"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()], ids=["OSError", "KeyboardInterrupt"])
def test_a_failure_leaves_the_old_file_whole(path, monkeypatch, step, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(step, fail)
    with pytest.raises(type(error)):
        atomic_write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == [path.name]


def test_a_failure_leaves_no_file_where_there_was_none(tmp_path, monkeypatch):
    monkeypatch.setattr("os.replace", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        atomic_write_text(tmp_path / "new", "text")
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_and_a_folder_in_the_way(tmp_path):
    with pytest.raises(FileNotFoundError):
        atomic_write_bytes(tmp_path / "none" / "file", b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        atomic_write_bytes(tmp_path / "folder", b"")
    assert os.listdir(tmp_path) == ["folder"]


def test_the_umask_decides_who_may_read(path):
    before = os.umask(0o027)
    try:
        atomic_write_bytes(path, b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_stays_a_link(path):
    link = path.with_name("link")
    link.symlink_to(path.name)
    atomic_write_bytes(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"


def test_a_name_as_long_as_the_system_allows(tmp_path):
    atomic_write_bytes(tmp_path / ("ä" * 127), b"new")
    assert len(os.listdir(tmp_path)) == 1


def test_json_round_trips(path):
    value = {"a": [1, 2.5, None, True], "ü": "⊗"}
    write_json(path, value)
    assert json.loads(path.read_text(encoding="utf-8")) == value
    assert path.read_bytes().endswith(b"}\n")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}])
def test_what_is_not_json_leaves_the_old_file(path, value):
    with pytest.raises((ValueError, TypeError)):
        write_json(path, {"value": value})
    assert path.read_bytes() == b"old"
