"""On every test sequence of two real data sets the C of whole numbers is its reference, here and on emulated cores."""

import os

import numpy as np
import pytest
from deploy.compilers import COMPILERS
from deploy.test_firmware import on_arm

from laconic.datasets.known import load_known
from laconic.deploy import CompiledModel, lower, quantize, run_firmware, write_firmware
from laconic.rnn import RNNClassifier

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("LACONIC_DATA"), reason="needs LACONIC_DATA: usps.npz, spoken digits"),
]
MODELS = {
    "usps": {"cell": "fastrnn", "hidden_size": 20},
    "spoken-digits": {"cell": "lstm", "hidden_size": 40, "bidirectional": True},
}


@pytest.fixture(scope="module", params=MODELS)
def deployed(request):
    data = load_known(request.param)
    model = RNNClassifier(method="kronecker", max_epochs=3, random_state=0, **MODELS[request.param])
    graph = lower(model.fit(data.x_train, data.y_train))
    whole = quantize(graph, data.x_train[:256])
    return graph, whole, data.x_test, whole.interpret(data.x_test)


def test_classes_are_nearly_those_of_the_floats(deployed):
    graph, _, x, expected = deployed
    assert np.mean(graph.interpret(x).argmax(axis=1) == expected.argmax(axis=1)) > 0.98


@pytest.mark.skipif(not COMPILERS, reason="needs gcc or clang")
def test_the_host_is_the_reference(deployed):
    _, whole, x, expected = deployed
    np.testing.assert_array_equal(CompiledModel(whole).predict(x), expected)


@on_arm
@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m55"])
def test_a_board_is_the_reference(target, deployed, tmp_path):
    _, whole, x, expected = deployed
    write_firmware(whole, tmp_path, target=target)
    np.testing.assert_array_equal(run_firmware(whole, tmp_path, x, target=target).answers, expected)
