"""
Digits, row by row, in scikit-learn's manner
============================================

:class:`laconic.rnn.RNNClassifier` takes sequences of shape (n_samples, n_steps, n_features) and behaves as any
scikit-learn classifier does. Here it reads each 8 x 8 digit as eight rows of eight pixels, dense and compressed.
"""

# %%
# Data
# ----

from matplotlib import pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay

from laconic.datasets import load_digits_rows
from laconic.rnn import RNNClassifier

data = load_digits_rows()
print(data.x_train.shape, data.x_test.shape, data.split)

# %%
# Dense, and compressed to Kronecker products
# -------------------------------------------
# The same recipe and the same counting for both; ``laconic compress`` does the full comparison.

classifiers = {
    "dense": RNNClassifier(hidden_size=16, method="dense", max_epochs=40, random_state=0),
    "Kronecker": RNNClassifier(hidden_size=16, method="kronecker", max_epochs=40, random_state=0),
}
for name, classifier in classifiers.items():
    classifier.fit(data.x_train, data.y_train, X_valid=data.x_test, y_valid=data.y_test)
    accuracy = classifier.score(data.x_test, data.y_test)
    print(f"{name:10s} {classifier.account_.bytes_after:5d} bytes, accuracy {accuracy:.3f}")

# %%
# What the compression did, layer by layer:

print(classifiers["Kronecker"].account_)

# %%
# How they learn, and what they confuse
# -------------------------------------

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for name, classifier in classifiers.items():
    epochs = [record.epoch for record in classifier.history_]
    left.plot(epochs, [record.valid_accuracy for record in classifier.history_], label=name)
left.set(xlabel="epoch", ylabel="accuracy on the test digits", title="Learning curves")
left.legend()
ConfusionMatrixDisplay.from_estimator(
    classifiers["Kronecker"], data.x_test, data.y_test, ax=right, colorbar=False, cmap="Blues"
)
right.set_title("Kronecker")
plt.show()
