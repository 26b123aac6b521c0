"""Training of `RNNClassifier`: one concern a file, put together in `loop`."""
