"""Downloads from a server of our own that truncates, corrupts, refuses, and does or does not know ranges."""

import bz2
import dataclasses
import gzip
import hashlib
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from sklearn.datasets import dump_svmlight_file

pytest.importorskip("pooch")
from laconic.core.checks import DataError, ParameterError
from laconic.datasets import download, download_known, load_known
from laconic.datasets.download import Remote, downloaded
from laconic.datasets.known import KNOWN

PAYLOAD = np.random.default_rng(0).bytes(300_000)


class Server(ThreadingHTTPServer):
    """Serves files from memory; `ways` says what each further answer to a path does, the last one for ever."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files, self.ways, self.asked = {}, {}, []

    def address(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def remote(self, name, content=PAYLOAD, ways=("whole",)):
        self.files[f"/{name}"], self.ways[f"/{name}"] = content, list(ways)
        return Remote(self.address(name), f"md5:{hashlib.md5(content).hexdigest()}")


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        ways, wanted = self.server.ways.get(self.path, ["refuse 404"]), self.headers.get("Range")
        way = ways.pop(0) if len(ways) > 1 else ways[0]
        self.server.asked.append((way, wanted))
        if way.startswith("refuse"):
            self.send_error(int(way.split()[1]))
            return
        content, first = self.server.files[self.path], 0
        if wanted and "no ranges" not in way:
            first = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if first >= len(content):
                self.send_error(416)
                return
        self.send_response(206 if first else 200)
        rest = content[first:]
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if "corrupt" in way:
            rest = rest[:100] + bytes([rest[100] ^ 1]) + rest[101:]
        self.wfile.write(rest[: len(rest) // 2] if "half" in way else rest)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "PAUSES", (0.0, 0.01, 0.01))
    with Server() as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield one
        one.shutdown()


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_fetched_once(server, tmp_path):
    remote = server.remote("file.gz")
    for _ in range(2):
        assert downloaded(remote, tmp_path / "deep").read_bytes() == PAYLOAD
    assert server.asked == [("whole", None)]
    assert left(tmp_path / "deep") == ["file.gz"]


def test_what_breaks_off_is_gone_on_with(server, tmp_path):
    remote = server.remote("file.gz", ways=("half", "half", "whole"))
    assert downloaded(remote, tmp_path).read_bytes() == PAYLOAD
    assert [wanted for _, wanted in server.asked] == [None, "bytes=150000-", "bytes=225000-"]
    assert left(tmp_path) == ["file.gz"]


def test_another_call_goes_on_too(server, tmp_path):
    remote = server.remote("file.gz", ways=("half", "half", "half", "whole"))
    with pytest.raises(DataError, match="ended too early; what has arrived is kept"):
        downloaded(remote, tmp_path)
    assert left(tmp_path) == ["file.gz.part"]
    assert downloaded(remote, tmp_path).read_bytes() == PAYLOAD
    assert server.asked[-1] == ("whole", "bytes=262500-")


def test_a_server_that_knows_no_ranges_begins_anew(server, tmp_path):
    remote = server.remote("file.gz", ways=("half", "whole, no ranges"))
    assert downloaded(remote, tmp_path).read_bytes() == PAYLOAD


def test_errors_of_the_server_are_tried_again_and_refusals_are_not(server, tmp_path):
    assert downloaded(server.remote("busy", ways=("refuse 503", "whole")), tmp_path).read_bytes() == PAYLOAD
    server.asked.clear()
    with pytest.raises(DataError, match="the server says 403 Forbidden"):
        downloaded(server.remote("secret", ways=("refuse 403",)), tmp_path)
    assert len(server.asked) == 1
    with pytest.raises(DataError, match="the server says 500"):
        downloaded(server.remote("broken", ways=("refuse 500",)), tmp_path)
    assert left(tmp_path) == ["busy"]


def test_a_corrupt_file_is_not_kept(server, tmp_path):
    remote = server.remote("file.gz", ways=("corrupt", "whole"))
    with pytest.raises(DataError, match="not the file that is known by this name"):
        downloaded(remote, tmp_path)
    assert left(tmp_path) == []
    assert downloaded(remote, tmp_path).read_bytes() == PAYLOAD


def test_a_file_that_was_damaged_later_is_fetched_again(server, tmp_path):
    remote = server.remote("file.gz")
    downloaded(remote, tmp_path).write_bytes(b"damaged")
    assert downloaded(remote, tmp_path).read_bytes() == PAYLOAD


def test_more_is_kept_than_the_file_has_now(server, tmp_path):
    (tmp_path / "file.gz.part").write_bytes(b"?" * len(PAYLOAD))
    assert downloaded(server.remote("file.gz"), tmp_path).read_bytes() == PAYLOAD


def test_no_server_and_no_web(tmp_path, server):
    remote = server.remote("file.gz")
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError, match="cannot be downloaded"):
        downloaded(remote, tmp_path)
    with pytest.raises(DataError, match="an address on the web"):
        downloaded(Remote("file:///etc/hosts", "md5:0"), tmp_path)
    assert left(tmp_path) == []


# Known sets ---------------------------------------------------------------------------------------------------------


def idx(array):
    head = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(head + array.tobytes())


def libsvm(images, labels, path):
    dump_svmlight_file(images.reshape(len(images), -1) / 127.5 - 1, labels + 1, str(path), zero_based=False)
    return bz2.compress(path.read_bytes())


def published(name, tmp_path):
    """Images and labels, and the files that they are published in."""
    rng, side = np.random.default_rng(1), {"mnist": 28, "usps": 16}[name]
    x = {part: rng.integers(0, 256, (n, side, side), dtype=np.uint8) for part, n in (("train", 20), ("test", 10))}
    y = {part: (np.arange(len(one)) % 10).astype(np.uint8) for part, one in x.items()}
    if name == "mnist":
        return x, y, [idx(one) for part in x for one in (x[part], y[part])]
    return x, y, [libsvm(x[part], y[part], tmp_path / part) for part in x]


@pytest.mark.parametrize("name", ["mnist", "usps"])
def test_known_sets_are_made_of_what_is_published(name, server, tmp_path, monkeypatch):
    x, y, contents = published(name, tmp_path)
    names = [remote.name for remote in KNOWN[name].remotes]
    remotes = tuple(server.remote(*pair) for pair in zip(names, contents, strict=True))
    monkeypatch.setitem(KNOWN, name, dataclasses.replace(KNOWN[name], remotes=remotes))
    folder = tmp_path / "kept"
    path = download_known(name, folder)
    with np.load(path) as arrays:
        for part in ("train", "test"):
            np.testing.assert_array_equal(arrays[f"x_{part}"], x[part])
            np.testing.assert_array_equal(arrays[f"y_{part}"], y[part])
    assert load_known(name, folder).x_test.shape == x["test"].shape
    asked = len(server.asked)
    assert download_known(name, folder) == path
    assert len(server.asked) == asked


def test_files_that_are_not_idx(server, tmp_path, monkeypatch):
    remotes = tuple(server.remote(f"file{i}", gzip.compress(b"nothing")) for i in range(4))
    monkeypatch.setitem(KNOWN, "mnist", dataclasses.replace(KNOWN["mnist"], remotes=remotes))
    with pytest.raises(DataError, match="must be an IDX file"):
        download_known("mnist", tmp_path)
    assert not (tmp_path / "mnist.npz").exists()


def test_sets_that_cannot_be_downloaded(tmp_path):
    with pytest.raises(ParameterError, match="name must be one of 'mnist', 'usps'"):
        download_known("activities", tmp_path)


def test_without_pooch_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    with pytest.raises(ImportError, match=r"laconic\[download\]"):
        download_known("mnist", tmp_path)
