"""The code of the page on C for devices; a test runs it, and the page shows its parts."""

# [model]
import numpy as np
from sklearn.datasets import load_digits

from laconic.rnn import RNNClassifier

digits = load_digits()
rows = (digits.images / 16).astype(np.float32)  # 8 steps of 8 pixels
model = RNNClassifier(hidden_size=24, method="kronecker", max_epochs=15, random_state=0)
model.fit(rows[:1400], digits.target[:1400])
# [lower]
from laconic.deploy import cost, interpret, lower

graph = lower(model)
for layer in cost(graph).layers:
    print(f"{layer.kind:10} {layer.name:8} {layer.weight_bytes:5} bytes {layer.macs:5} multiply-adds")
logits = interpret(graph, rows[1400:])
assert np.array_equal(np.array(graph.classes)[logits.argmax(axis=1)], model.predict(rows[1400:]))
# [write]
from laconic.deploy import write_firmware

written = write_firmware(graph, "firmware", name="digits", target="cortex-m4")
print(written.files)
print(f"{written.weight_bytes} bytes of weights, {written.state_bytes} of state for each stream")
# [run]
import shutil

from laconic.deploy import run_firmware

if shutil.which("arm-none-eabi-gcc") and shutil.which("qemu-system-arm") and shutil.which("make"):
    found = run_firmware(graph, "firmware", rows[1400:1408], name="digits", target="cortex-m4")
    print(f"{found.instructions[0] / 8:.0f} instructions a step, {found.code_bytes} bytes of code")
    assert np.abs(found.answers - logits[:8]).max() < 1e-5
# [quantize]
from laconic.deploy import quantize

whole = quantize(graph, rows[:200])
print(f"{cost(whole).weight_bytes} bytes of weights, {cost(whole).state_bytes} of state")
agree = np.mean(whole.interpret(rows[1400:]).argmax(axis=1) == logits.argmax(axis=1))
print(f"{100 * agree:.1f} % of the classes are those of the floats")
assert agree > 0.98
write_firmware(whole, "firmware-int8", name="digits", target="cortex-m0")
# [compiled]
from laconic.deploy import CompiledModel

if shutil.which("cc"):
    compiled = CompiledModel(graph)
    assert np.allclose(compiled.predict(rows[1400:]), logits, atol=1e-5)
# [onnx]
from importlib.util import find_spec

if find_spec("onnx") and find_spec("onnxruntime"):
    from laconic.deploy import run_onnx, to_onnx

    file = to_onnx(graph, "digits.onnx")
    print(f"{file.bytes} bytes, {file.weight_bytes} of them weights")
    assert np.abs(run_onnx("digits.onnx", rows[1400:]) - logits).max() < 1e-5
# [file]
from laconic.deploy import load_graph, save_graph

save_graph(graph, "digits.npz")
assert np.array_equal(load_graph("digits.npz").interpret(rows[1400:]), logits)
# [end]
