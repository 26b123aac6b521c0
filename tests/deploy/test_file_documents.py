"""A file whose checksums are right and whose document or arrays are not is refused; so is what C could not run."""

import json
from dataclasses import replace

import numpy as np
import pytest
from deploy.graph_files import refused, saved, small
from deploy.models import FORMS, N_FEATURES, network, sequences

from laconic.core.archive import pack_arrays, read_arrays
from laconic.core.checks import DataError, ParameterError
from laconic.deploy import Graph, lower, quantize
from laconic.deploy.layers import Linear, Recurrent, Rescale
from laconic.deploy.recurrence import Recurrence
from laconic.structured import DenseMatrix


def edited(data, edit):
    """Return a file whose document, and whose arrays, an edit has changed; its checksums are right."""
    arrays = read_arrays(data)
    document = json.loads(arrays["graph"].tobytes())
    text = edit(document, arrays)
    text = json.dumps(document) if text is None else text
    return pack_arrays(arrays | {"graph": np.frombuffer(text.encode(), np.uint8)})


def put(**changes):
    """Return an edit of places in the graph, with __ between the steps of a path."""

    def edit(document, arrays):
        for path, value in changes.items():
            *way, last = (int(step) if step.isdigit() else step for step in path.split("__"))
            holder = document["graph"]
            for step in way:
                holder = holder[step]
            holder[last] = value

    return edit


def array(name, value):
    return lambda document, arrays: arrays.update({name: value})


def whole(text):
    return lambda document, arrays: text


def also(**names):
    return lambda document, arrays: document.update(names)


def doubled(document, arrays):
    return json.dumps(document).replace('"n_features"', '"n_features": 2, "n_features"', 1)


def masked(shape, bits):
    options = {"kind": "masked", "options": {"shape": shape}, "parts": {"nonzeros": None, "bits": None}}

    def edit(document, arrays):
        document["graph"]["layers"][0]["matrix"] = options
        del arrays["layers.0.matrix.values"]
        arrays["layers.0.matrix.bits"], arrays["layers.0.matrix.nonzeros"] = np.zeros(bits, "u1"), np.zeros(0, "f4")

    return edit


SMALL = {
    "no JSON": (whole("{"), "Expecting"),
    "a list": (whole("[]"), "format is not"),
    "deep": (whole("[" * 100_000), None),
    "deep objects": (whole('{"a":' * 100_000), None),
    "a number of many digits": (whole('{"format": ' + "9" * 10**6 + "}"), None),
    "another format": (also(format="other"), "format is not 'laconic-graph'"),
    "a later version": (also(version=2), "version 2 of the format; this laconic reads version 1"),
    "a version that is true": (also(version=True), "version True"),
    "more beside it": (also(more=1), "its document has"),
    "a name twice": (doubled, "a name twice"),
    "another record": (put(record="Span"), "the graph must be one of Graph, IntGraph, got 'Span'"),
    "no record": (put(record=None), "the graph must be one of"),
    "a path to a class": (put(layers__0__record="os.system"), "layers.0 must be one of Recurrent"),
    "a record in a wrong place": (put(layers__0__record="IntZero"), "layers.0 must be one of Recurrent"),
    "one field more": (put(layers__0__spam=1), "layers.0 must be Linear with name, matrix, bias"),
    "one field less": (lambda document, arrays: document["graph"].pop("classes") and None, "must be Graph with"),
    "no list": (put(layers={}), "layers must be a list"),
    "no layers": (put(layers=[]), "one or more layers"),
    "layers of one name": (put(layers__1__name="linear"), "of different names"),
    "a name that is none": (put(layers__0__name=3), "layers.0.name must be of type str"),
    "no width": (put(n_features=0), "takes 2 features"),
    "a width that is true": (put(n_features=True), "n_features must be of type int, got True"),
    "a huge width": (put(n_features=10**30), "finite number of at most"),
    "a class too many": (put(classes=["a", "b"]), "must be 1 classes"),
    "a class that is a list": (put(classes=[["a"]]), "classes.0 must be of type str or bool or int or float"),
    "a class that is infinite": (put(classes=[float("inf")]), "classes.0 must be a finite number"),
    "an array of another name": (put(layers__0__bias="elsewhere"), "the name 'layers.0.bias' of an array"),
    "an array that is a number": (put(layers__0__bias=[1.0]), "the name 'layers.0.bias' of an array"),
    "a bias of two": (array("layers.0.bias", np.ones(2, "f4")), r"bias must have shape \(1,\)"),
    "a bias of bytes": (array("layers.0.bias", np.ones(1, "u1")), "layers.0.bias must be an array of f4"),
    "a bias that is infinite": (array("layers.0.bias", np.array([np.inf])), "layers.0.bias must be finite"),
    "a matrix that is none": (array("layers.0.matrix.values", np.ones(2, "f4")), "must be a floating-point matrix"),
    "a matrix that is empty": (array("layers.0.matrix.values", np.ones((1, 0), "f4")), "at least one row"),
    "a matrix of words": (array("layers.0.matrix.values", np.array([["a", "b"]])), "layers.0|values must be"),
    "a matrix with NaN": (array("layers.0.matrix.values", np.array([[0, np.nan]])), "layers.0.matrix.values must be f"),
    "a matrix too wide": (array("layers.0.matrix.values", np.ones((1, 3), "f4")), "takes 3 features"),
    "an array more": (array("spam", np.ones(2)), "1 arrays that belong to nothing, such as 'spam'"),
    "an array more, inside": (array("layers.0.matrix.spam", np.ones(2)), "has parts or options"),
    "options that are none": (put(layers__0__matrix__options={"a": 1}), "has parts or options"),
    "an unknown structure": (put(layers__0__matrix__kind="spam"), "do not know 'spam'"),
    "a structure that is none": (put(layers__0__matrix=[1]), "description of a structure"),
    "a mask that is huge": (masked([10**9, 10**9], 8), "does not fit"),
    "a mask of many bits": (masked([2**13, 2**13], 2**23), "masks of more than 33554432 entries"),
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_what_is_no_graph_is_refused(name, tmp_path):
    edit, words = SMALL[name]
    refused(edited(saved(small(), tmp_path / "it"), edit), tmp_path / "it", words)


FLOATS = {
    "an unknown cell": (put(layers__0__directions__0__cell="spam"), "cell must be one of 'lstm'"),
    "another cell": (put(layers__0__directions__0__cell="gru"), "of 3 gates|bias must have shape"),
    "scalars": (put(layers__0__directions__0__scalars={"relu": 1.0}), "scalars must be those of lstm"),
    "no direction": (put(layers__0__directions=[]), "directions must be one, or a forward and a reverse one"),
    "an end that is elsewhere": (put(layers__1__reversed_units=3), "must have reversed_units 0, got 3"),
    "factors that do not fit": (
        array("layers.0.directions.0.matrices.0.block_0_factor_0", np.ones((3, 1), "f4")), "equal width|must be"
    ),
    "factors of two types": (
        array("layers.0.directions.0.matrices.0.block_0_factor_0", np.ones((1, 1))), "of one library and type"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def lstm():
    return lower(network("lstm", "kronecker", FORMS[0], "joint"))


@pytest.mark.parametrize("name", FLOATS)
def test_recurrences_that_do_not_fit_are_refused(name, lstm, tmp_path):
    edit, words = FLOATS[name]
    refused(edited(saved(lstm, tmp_path / "it"), edit), tmp_path / "it", words)


def test_records_refuse_what_does_not_fit(lstm):
    (direction,) = lstm.layers[0].directions
    with pytest.raises(DataError, match=r"matrices of lstm must be \[W U\], or W and U, of 4 gates"):
        replace(direction, matrices=(DenseMatrix(np.ones((48, 12))),))
    with pytest.raises(DataError, match="bias must have shape"):
        replace(direction, bias=np.ones(48))
    with pytest.raises(ParameterError, match="cell must be one of"):
        replace(direction, cell="spam")
    with pytest.raises(DataError, match="directions must be"):
        Recurrent("twice", (direction, direction))
    with pytest.raises(DataError, match="no scale zero"):
        Rescale("rescale", np.zeros(2), np.array([1.0, 0.0]))
    with pytest.raises(DataError, match="bias must have shape"):
        Linear("linear", DenseMatrix(np.ones((2, 3))), np.zeros(3))
    assert isinstance(replace(direction, reverse=True), Recurrence)


# Whole numbers --------------------------------------------------------------------------------------------------------

AT = "layers__0__0__"
"""The first direction; its steps are an input's copy, then products by way of the scratch."""

WHOLE = {
    "no layer": (put(layers=[]), "there must be a recurrent layer"),
    "no direction": (put(layers=[[]]), "one direction, or a forward and a reverse one"),
    "an unknown cell": (put(**{AT + "cell": "spam"}), "cell must be one of 'lstm'"),
    "another cell": (put(**{AT + "cell": "rnn"}), "scalars must be"),
    "no units": (put(**{AT + "n_units": 0}), "sizes must be between 1 and"),
    "negative units": (put(**{AT + "n_units": -12}), "sizes must be between 1 and"),
    "other inputs": (put(n_features=6), "takes 5 features, the one before gives 6"),
    "fraction bits": (put(**{AT + "joined_bits": 40}), "joined_bits between -15 and state_bits, got 15 and 40"),
    "a state's bits": (put(**{AT + "state_bits": 3}), "state_bits must be between 15 and 15"),
    "scalars": (put(**{AT + "scalars": {"relu": 1}}), "scalars must be"),
    "a gap": (put(**{AT + "gap": {"record": "IntBias", "values": AT.replace("__", ".") + "gap.values", "shifts": []}}),
              "must be"),
    "shifts of a bias": (put(**{AT + "bias__shifts": [0, 0, 0, 31]}), "must be between 0 and 15"),
    "shifts to the right": (put(**{AT + "bias__shifts": [0, 0, 0, -1]}), "must be between 0 and 15"),
    "too few shifts": (put(**{AT + "bias__shifts": [0]}), "with a shift for each block"),
    "a bias in 32 bits": (array("layers.0.0.bias.values", np.zeros((4, 12), "i4")), "bytes or words of shape"),
    "sizes": (put(**{AT + "sizes__driven": 47}), "sizes must be"),
    "a size too many": (put(**{AT + "sizes__more": 1}), "sizes must be"),
    "a huge buffer": (put(**{AT + "sizes__scratch": 10**12}), "buffers must have 0 to 1048576 numbers"),
    "a negative buffer": (put(**{AT + "sizes__scratch": -1}), "buffers must have 0 to 1048576 numbers"),
    "the input's shift": (put(**{AT + "steps__0__shift": 31}), "a shift between -15 and 30"),
    "a copy of other sizes": (put(**{AT + "steps__0__source__size": 4}), "copies between spans of equal size"),
    "a copy that is a product": (put(**{AT + "steps__0__record": "IntProduct"}), "must be IntProduct with"),
    "a copy into what is added to": (put(**{AT + "steps__0__target__buffer": "driven"}), "that may be overwritten"),
    "a copy into the input": (put(**{AT + "steps__0__target__buffer": "input"}), "that may be overwritten|overlap"),
    "a span before its buffer": (put(**{AT + "steps__0__target__start": -1}), "spans within its buffers"),
    "a span behind its buffer": (put(**{AT + "steps__0__target__start": 13}), "spans within its buffers"),
    "an unknown buffer": (put(**{AT + "steps__0__target__buffer": "heap"}), "spans within its buffers"),
    "a negative span": (put(**{AT + "steps__1__source__size": -17}), "a target and a source of sizes"),
    "a product of other sizes": (put(**{AT + "steps__1__before": 7}), "a target and a source of sizes"),
    "a product of no size": (put(**{AT + "steps__1__before": 0}), "axes between 1 and"),
    "a shift of a product": (put(**{AT + "steps__1__shift": 31}), "a shift between 0 and 30"),
    "a negative shift": (put(**{AT + "steps__1__shift": -1}), "a shift between 0 and 30"),
    "nothing that is added": (put(**{AT + "steps__2__multiplier": 0}), "that may be overwritten|between 1 and 32767"),
    "a large multiplier": (put(**{AT + "steps__2__multiplier": 32768}), "a multiplier between 1 and 32767"),
    "a multiplier of what is kept": (put(**{AT + "steps__1__multiplier": 5}), "a multiplier in driven alone"),
    "a scale": (put(**{AT + "steps__2__scale": 31}), "a scale between -15 and 30"),
    "a sum that overflows": (put(**{AT + "steps__2__scale": -15}), "sums of all that is added within"),
    "what is not written": (put(**{AT + "steps__1__source": {"record": "Span", "buffer": "scratch", "start": 0,
                                                            "size": 1}}), "source"),
    "no steps": (put(**{AT + "steps__0": {"record": "IntZero", "target": {"record": "Span", "buffer": "padded",
                                                                        "start": 0, "size": 17}}}), "spans within"),
    "weights that overflow": (
        lambda document, arrays: arrays.update({name: np.full((1, 70_000), 127, "i1") for name in arrays
                                                if name.endswith("steps.1.weight")}),
        "a target and a source of sizes",
    ),
    "weights in 16 bits": (
        lambda document, arrays: arrays.update({"layers.0.0.steps.1.weight":
                                                arrays["layers.0.0.steps.1.weight"].astype("i2")}),
        "a matrix of bytes",
    ),
    "a mean in 64 bits": (array("mean", np.zeros(N_FEATURES)), "mean must be float32"),
    "a mean of another shape": (array("mean", np.zeros(4, "f4")), "mean must be float32 of shape"),
    "a factor of zero": (array("factor", np.zeros(N_FEATURES, "f4")), "factor must not be zero"),
    "a factor that is infinite": (array("factor", np.full(N_FEATURES, np.inf, "f4")), "factor must be finite"),
    "no bits in between": (put(head__0__bits=-40), "is shifted by"),
    "a head of other inputs": (put(head__0__steps__0__source__size=11), "a target and a source of sizes"),
    "a head that writes its input": (
        put(head__0__steps__0__target={"record": "Span", "buffer": "at", "start": 0, "size": 3},
            head__0__steps__0__multiplier=0),
        "overlap|overwritten",
    ),
    "a head's scratch": (put(head__0__scratch=10**12), "buffers must have"),
    "a class too many": (put(classes=["a"]), "must be 3 classes"),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_that_c_could_not_run_are_refused(name, lstm, tmp_path):
    edit, words = WHOLE[name]
    refused(edited(saved(quantize(lstm, sequences()), tmp_path / "it"), edit), tmp_path / "it", words)


SPARSE = {
    "a column outside": ("columns", lambda columns: np.where(columns == columns.max(), 99, columns), "columns below"),
    "a negative column": ("columns", lambda columns: np.where(columns == columns.max(), -1, columns), "columns below"),
    "columns of floats": ("columns", lambda columns: columns.astype(float), "a column for each value"),
    "a column too few": ("columns", lambda columns: columns[:-1], "a column for each value"),
    "a row too many": ("counts", lambda counts: np.append(counts, 0), "a count for each row"),
    "counts that are more": ("counts", lambda counts: counts + 1, "counts of its values"),
    "negative counts": ("counts", lambda counts: counts + np.where(counts == counts[0], -9, 9), "counts of its values"),
    "counts that overflow": ("counts", lambda counts: np.full_like(counts, 2**62), "counts of its values"),
    "values in 16 bits": ("values", lambda values: values.astype("i2"), "values of bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPARSE)
def test_sparse_products_that_leave_their_buffers_are_refused(name, tmp_path):
    role, change, words = SPARSE[name]
    graph = quantize(lower(network("lstm", "pruned", FORMS[0], "joint")), sequences())

    def edit(document, arrays):
        for key in [key for key in arrays if key.endswith(f".{role}") and ".steps." in key]:
            arrays[key] = change(arrays[key])

    refused(edited(saved(graph, tmp_path / "it"), edit), tmp_path / "it", words)


def test_a_row_of_weights_cannot_overflow(tmp_path):
    wide = Linear("wide", DenseMatrix(np.ones((1, 600), np.float32)), np.zeros(1, np.float32))
    spread = Linear("spread", DenseMatrix(np.ones((600, 12), np.float32)), np.zeros(600, np.float32))
    graph = lower(network("rnn", "dense", FORMS[0], "joint"))
    made = quantize(Graph((*graph.layers[:2], spread, wide), N_FEATURES), sequences())
    full = array("head.1.steps.0.weight", np.full((1, 600), 127, "i1"))
    refused(edited(saved(made, tmp_path / "it"), full), tmp_path / "it", "sums within 32 bits")


def test_quantize_makes_no_graph_that_would_be_refused():
    graph = lower(network("rnn", "dense", FORMS[0], "joint"))
    recurrent, *others = graph.layers
    (direction,) = recurrent.directions
    tiny = replace(direction, matrices=(DenseMatrix(1e-12 * direction.matrices[0].dense()),))
    with pytest.raises(DataError, match="joined_bits between"):
        quantize(Graph((Recurrent("tiny", (tiny,)), *others), N_FEATURES), 1e9 * sequences())
