"""The page: whole, self-contained, safe with untrusted names, the same bytes each time."""

import json
import math
import re
from hashlib import sha256
from html.parser import HTMLParser

import matplotlib as mpl
import pytest
from report.fake_metrics import CLASSES, FIGURES, fake_metrics

from laconic.report import (
    Part,
    Section,
    Term,
    compression_section,
    render_compression,
    render_report,
    write_report,
)

FEW = ("dense", "kronecker", "lowrank")
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Tags, attributes, ids and text of a page; fails on tags that do not nest."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).replace("\u00a0", " ").split())

    def values(self, attribute):
        return [value for _, name, value in self.attributes if name == attribute]


def digest(metrics):
    """Return a short stand-in for a page, so that a failing test need not compare two long texts."""
    return sha256(render_compression(metrics).encode()).hexdigest()


def without(key, method="kronecker", **metrics):
    """Return metrics in which a row lacks a key."""
    changed = fake_metrics(FEW, epochs=5) | metrics
    next(row for row in changed["rows"] if row["method"] == method).pop(key)
    return changed


def with_values(method="kronecker", **values):
    changed = fake_metrics(FEW, epochs=5)
    next(row for row in changed["rows"] if row["method"] == method).update(values)
    return changed


CASES = {
    "all methods": fake_metrics(),
    "two classes": fake_metrics(FEW, classes=("yes", "no"), epochs=3),
    "100 classes": fake_metrics(FEW, classes=[f"class {i}" for i in range(100)], epochs=3),
    "only dense": fake_metrics(("dense",), epochs=3),
    "only kronecker": fake_metrics(("kronecker",), epochs=3),
    "one epoch": fake_metrics(FEW, epochs=1),
    "no curve": without("curve"),
    "no curve, no confusion, dense": without("confusion", "dense"),
    "no bytes": without("bytes"),
    "no accuracy": without("accuracy"),
    "NaN accuracy": with_values(accuracy=math.nan),
    "diverged": with_values(accuracy=None, curve=[{"epoch": 1, "train_loss": None, "valid_accuracy": math.nan}]),
    "no loss above zero": with_values(curve=[{"epoch": 1, "train_loss": 0.0, "valid_accuracy": 1.0}]),
    "unknown method": with_values() | {"rows": [with_values()["rows"][0] | {"method": "d\ud800oped"}]},
    "no rows": fake_metrics(()),
    "nothing at all": {},
    "perfect": with_values(accuracy=1.0, confusion=[[5, 0], [0, 5]]),
    "alphabets": fake_metrics(
        classes=("日本語", "עברית", "e\u0301", "🙂", "a\nb", "a\0b", "\ud800", "$x^2", "&amp;", "")
    ),
}


@pytest.mark.parametrize("metrics", CASES.values(), ids=CASES.keys())
def test_every_case_gives_a_whole_self_contained_page(metrics):
    text = render_compression(metrics)
    page = Page(text)
    assert text.startswith("<!doctype html>")
    assert "script" not in page.tags
    assert "link" not in page.tags
    ids = page.values("id")
    assert len(set(ids)) == len(ids)
    for reference in page.values("href") + page.values("xlink:href") + page.values("src"):
        assert (reference.startswith("#") and reference[1:] in ids) or reference.startswith("data:image/png;base64,")
    for reference in re.findall(r"url\(([^)]*)\)", text):
        assert reference.startswith("#")
        assert reference[1:] in ids
    for labels in page.values("aria-labelledby"):
        assert set(labels.split()) <= set(ids)
    assert page.tags.count("svg") == page.values("role").count("img")
    assert len(text.encode()) < 2 * 1024**2
    assert "nan" not in page.text.lower()


def test_the_page_says_what_was_measured():
    page = Page(render_compression(fake_metrics()))
    for row in fake_metrics()["rows"]:
        assert row["summary"] in page.text
        assert f"{row['bytes']:,}" in page.text
        assert f"{row['macs']:,}" in page.text
        assert f"{100 * row['accuracy']:.2f} %" in page.text
        assert f"{row['layer_factor']:.2f}×" in page.text
    for words in (
        "best compressed",
        "mnist.npz, 60,000 training samples, 10,000 test samples, 28 steps of 28 features, 10 classes",
        "60 epochs, seed 0",
        "laconic 0.1.0, Python 3.11.7, torch 2.13.0, numpy 2.4.1",
        "1 KB is 1024 bytes",
        "one bias vector",
        "non-zero weights only",
        "nothing was chosen by it",
        fake_metrics()["command"],
    ):
        assert words in page.text


def test_a_round_trip_through_json_changes_nothing():
    metrics = fake_metrics(FEW, epochs=3)
    assert digest(json.loads(json.dumps(metrics))) == digest(metrics)


def test_the_dense_row_comes_first_and_the_best_is_marked():
    metrics = fake_metrics(tuple(reversed(FIGURES)), epochs=3)
    table = compression_section(metrics).parts[0].table
    assert [row.method for row in table.rows] == ["dense", "kronecker", "hybrid", "pruned", "lowrank", "small"]
    assert [row.mark for row in table.rows] == ["", "best compressed", "", "", "", ""]


def test_rows_over_the_budget_are_marked():
    table = compression_section(fake_metrics(("dense", "small", "pruned"), epochs=3) | {"budget_bytes": 4000}).parts[0]
    assert [row.mark for row in table.table.rows] == ["", "over the budget", "best compressed"]


def test_the_other_matrices_are_folded_away():
    page = Page(render_compression(fake_metrics(epochs=3)))
    assert page.tags.count("details") == 1
    assert page.tags.count("svg") == 2 + len(FIGURES)


def test_skipped_methods_are_named_with_the_reason():
    skipped = [{"method": "hybrid", "reason": "one dense row a gate <alone> needs 4.4 KB"}]
    page = Page(render_compression(fake_metrics(("dense", "kronecker"), epochs=3) | {"skipped": skipped}))
    assert "Not run Hybrid Kronecker one dense row a gate <alone> needs 4.4 KB" in page.text


EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


def test_untrusted_text_stays_text():
    metrics = fake_metrics(FEW, classes=(EVIL, *CLASSES[1:]), epochs=3)
    metrics |= {
        "command": EVIL,
        "cell": EVIL,
        "hidden": EVIL,
        "date": EVIL,
        "laconic": EVIL,
        "machine": {"cpu": EVIL, EVIL: EVIL},
    }
    metrics["data"] |= {"name": EVIL, "split": EVIL}
    metrics["skipped"] = [{"method": EVIL, "reason": EVIL}]
    metrics["rows"][1] |= {"method": EVIL, "summary": EVIL, "structure": EVIL, "note": EVIL}
    text = render_compression(metrics)
    page = Page(text)
    assert "<script" not in text
    assert "<img" not in text
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert EVIL in page.text  # shown as it is


def test_a_very_long_name_is_cut_in_the_title_and_whole_in_the_facts():
    metrics = fake_metrics(FEW, epochs=3)
    metrics["data"]["name"] = "x" * 3000 + ".npz"
    section = compression_section(metrics)
    assert len(section.title) < 100
    assert "x" * 3000 + ".npz" in Page(render_report([section])).text


def test_the_same_metrics_give_the_same_bytes():
    one = digest(fake_metrics(FEW, epochs=3))
    with mpl.rc_context({"svg.hashsalt": None, "svg.fonttype": "path", "font.size": 20}):
        assert digest(fake_metrics(FEW, epochs=3)) == one
    assert "dc:date" not in render_compression(fake_metrics(FEW, epochs=3))


def test_figures_follow_light_and_dark():
    text = render_compression(fake_metrics(epochs=3))
    assert "prefers-color-scheme: dark" in text
    svg = text[text.index("<svg") : text.rindex("</svg>")]
    for method in FIGURES:
        assert f"var(--m-{method}, #" in svg
    assert not re.search(r"(?:fill|stroke): #", svg)


def test_six_methods_of_sixty_epochs_stay_small():
    assert len(render_compression(fake_metrics()).encode()) < 500_000


def test_several_stops_share_a_page(tmp_path):
    compress = compression_section(fake_metrics(("dense", "kronecker"), epochs=3))
    other = Section("Unmixing", "Three minerals explain the scene.", parts=(Part("Facts", terms=(Term("a", "b"),)),))
    write_report(tmp_path / "report.html", [compress, other, compress], title="laconic tour")
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert len(set(page.values("id"))) == len(page.values("id"))
    assert page.values("href")[:3] == ["#stop-1", "#stop-2", "#stop-3"]
    assert page.text.count("Three minerals explain the scene.") == 2
    assert page.tags.count("h1") == 1


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        write_report(path, [Section("a", "b")])
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text() == "old"


def test_a_page_without_stops_is_a_page():
    assert "<title>Report</title>" in render_report([])
