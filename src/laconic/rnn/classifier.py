"""A scikit-learn classifier of sequences with recurrent, optionally compressed, networks."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from laconic.core.checks import ParameterError
from laconic.rnn.methods import METHODS
from laconic.rnn.network import SequenceNetwork, forget_bias_for
from laconic.rnn.reparametrise import materialise
from laconic.rnn.serialize import weights_file
from laconic.rnn.training.architecture import Architecture, Compression, start_network
from laconic.rnn.training.checkpoint import Checkpoint, run_identity
from laconic.rnn.training.distillation import Teacher
from laconic.rnn.training.inputs import (
    Labelled,
    SequenceEstimator,
    Standardizer,
    class_weights,
    hold_out,
)
from laconic.rnn.training.loop import Plan, train
from laconic.rnn.training.net import predicting_net
from laconic.rnn.training.records import EpochRecord
from laconic.rnn.training.seeds import run_seed
from laconic.rnn.training.settings import check_settings
from laconic.rnn.training.stored import StoredClassifier


class RNNClassifier(ClassifierMixin, StoredClassifier, SequenceEstimator):
    """Classify sequences with a recurrent network whose weights may be compressed while it learns.

    The network reads a sequence step by step; its last state, through one linear layer and softmax, gives the
    classes' probabilities (`SequenceNetwork`). Training minimises the cross-entropy with AdamW in mini-batches.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn", "fastrnn", "fastgrnn"}, default="lstm"
        Kind of recurrent layer.
    hidden_size : int, default=32
        Width of the state.
    n_layers : int, default=1
        Recurrent layers stacked on each other.
    bidirectional : bool, default=False
        Whether a second set of layers reads backwards.
    method : str or None, default=None
        How to compress the network before training, see `laconic.rnn.compress`; None keeps it dense.
    budget : str or int or None, default=None
        Bytes of the compressed network, such as ``"4KB"``; with the four below unused where `method` is None.
    shapes, layers, layout, init : default="auto", None, "joint", "nearest"
        See `laconic.rnn.compress`.
    forget_bias : float, "auto" or None, default="auto"
        Initial bias of the gates that keep the state: an LSTM's forget gates, a GRU's update gates. "auto" lets the
        state last for as long as the training sequences: log(steps) - 1, at least 1 (arXiv:1804.11188). None keeps
        PyTorch's, with which a network may never learn what comes dozens of steps before the end.
    max_epochs : int, default=30
        Passes over the training data.
    start : path or None, default=None
        File of a fitted classifier (see `save`) with a network of these sizes, to start from in place of random
        weights. One that is compressed by the same settings is fine-tuned as it is; else it starts from the structure
        nearest to its weights.
    batch_size : int, default=64
        Sequences a batch.
    learning_rate : float or None, default=None
        Largest learning rate of the schedule; None is what suits the method, such as 0.03 for Kronecker products
        and 0.005 for a dense network.
    optimizer : {"adamw", "full-adam"}, default="adamw"
        "full-adam" takes all weights of a network together, in the axes of the gradient's second moment: it learns more
        in as many epochs where there are few weights, and wants about as large a rate; a network of more than 2048
        weights is trained by "adamw" all the same.
    schedule : {"one-cycle", "cosine", "constant"}, default="one-cycle"
        Course of the learning rate: a linear warm-up and half a cosine to zero, half a cosine, or constant.
    warmup : float, default=0.1
        Share of training that the warm-up of "one-cycle" takes, in [0, 1).
    weight_decay : float, default=0.0
        Of all weights but biases, apart from the loss.
    gradient_clip : float or None, default=1.0
        Largest Euclidean norm of the gradient of all weights.
    label_smoothing : float, default=0.0
        Probability shared out among all classes in the training targets, in [0, 1).
    augment : {"shift", "affine", "mask"} or None, default=None
        Change training sequences at random each time they are seen: "shift" by up to one step and one feature, "affine"
        also stretches and slants them, "mask" sets up to a fifth of the steps, and of the features, to zero.
    teacher : path or None, default=None
        File of a fitted classifier of the same classes, often a larger one, whose probabilities are learned too
        (arXiv:1503.02531).
    distillation : float, default=0.5
        Share of the teacher's probabilities in the loss, in (0, 1].
    temperature : float, default=2.0
        Divides teacher's and learner's logits before they are compared.
    averaging : float or None, default=None
        Evaluate and predict with an exponential moving average of the weights that keeps at most this share from
        one batch to the next, such as 0.998; None predicts with the last weights.
    quantization : float, default=0.0
        Share of the training, from its end, in which the network computes with the 8-bit weights and biases that
        `laconic.deploy.quantize` would give it (gradients straight through, arXiv:1308.3432). It is evaluated, and
        ends, with rounded ones: ``quantize(lower(model), X, bias_bits=8)`` gives exactly these. 1 from the first batch
        on, as for a trained network (`start`) that is fine-tuned at a low rate; 0 for none.
    early_stopping : bool, default=False
        Stop when the validation loss has not fallen for `patience` epochs, and keep the weights of the best epoch.
        Validates on `X_valid` where it is given, else on a stratified part held out of X.
    patience : int, default=10
        Epochs to wait for a smaller validation loss.
    validation_fraction : float, default=0.1
        Share of X held out for early stopping, in (0, 1).
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the training loss, as in scikit-learn.
    standardize : bool or "auto", default="auto"
        Scale each feature to mean 0 and standard deviation 1 over training samples and steps; "auto" leaves alone what
        has a common scale already, such as pixels: values that fill [0, 1] or [-1, 1].
    checkpoint_dir : path or None, default=None
        Folder to keep ``checkpoint.safetensors`` in, replaced after each epoch.
    resume : bool, default=False
        Go on from the checkpoint, if there is one. On the CPU, with as many threads, the fit ends with the same bits
        as one that was never interrupted. A checkpoint of other settings or data is refused.
    on_epoch : callable or None, default=None
        Called with the `EpochRecord` of each epoch, once it is safely in the checkpoint.
    device : str, default="cpu"
        Where to train and predict, as torch names devices.
    random_state : int, RandomState or None, default=None
        Decides initial weights, order of batches, dropout and held-out part. NumPy's and torch's global generators
        are left as they were, but for NumPy's where this is None, as in scikit-learn.

    Attributes
    ----------
    classes_ : ndarray (n_classes,)
        Classes, sorted.
    n_features_in_ : int
        Features of a step, or columns where X had two dimensions.
    n_steps_in_ : int
        Steps of the training sequences; sequences of three dimensions to predict may have another number.
    history_ : list of EpochRecord
        One record an epoch.
    account_ : Account or None
        What `compress` did.
    architecture_ : Architecture
        Sizes of the network.
    module_ : torch.nn.Module
        The trained network; it takes standardised sequences.
    net_ : skorch.NeuralNetClassifier
        The skorch net around it, trimmed for prediction.
    mean_, scale_ : ndarray (n_features,), float32
        What standardisation takes off each feature and divides it by.

    Notes
    -----
    X is (n_samples, n_steps, n_features), or (n_samples, n_steps) for one feature a step; computation is in float32.
    Ctrl-C leaves `fit` as KeyboardInterrupt.

    Examples
    --------
    >>> import numpy as np
    >>> from laconic.rnn import RNNClassifier
    >>> X = np.random.default_rng(0).normal(size=(60, 8, 2))
    >>> y = np.where(X[:, :, 0].mean(axis=1) > 0, "up", "down")
    >>> model = RNNClassifier(hidden_size=8, max_epochs=20, random_state=0).fit(X, y)
    >>> model.predict(X[:1]).shape
    (1,)
    """

    def __init__(
        self,
        cell: str = "lstm",
        hidden_size: int = 32,
        n_layers: int = 1,
        bidirectional: bool = False,
        method: str | None = None,
        budget: str | int | None = None,
        shapes: Any = "auto",
        layers: Any = None,
        layout: str = "joint",
        init: str = "nearest",
        forget_bias: float | str | None = "auto",
        max_epochs: int = 30,
        start: str | Path | None = None,
        batch_size: int = 64,
        learning_rate: float | None = None,
        optimizer: str = "adamw",
        schedule: str = "one-cycle",
        warmup: float = 0.1,
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        label_smoothing: float = 0.0,
        augment: str | None = None,
        teacher: str | Path | None = None,
        distillation: float = 0.5,
        temperature: float = 2.0,
        averaging: float | None = None,
        quantization: float = 0.0,
        early_stopping: bool = False,
        patience: int = 10,
        validation_fraction: float = 0.1,
        class_weight: Mapping[Any, float] | str | None = None,
        standardize: bool | str = "auto",
        checkpoint_dir: str | Path | None = None,
        resume: bool = False,
        on_epoch: Callable[[EpochRecord], object] | None = None,
        device: str = "cpu",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.bidirectional = bidirectional
        self.method = method
        self.budget = budget
        self.shapes = shapes
        self.layers = layers
        self.layout = layout
        self.init = init
        self.forget_bias = forget_bias
        self.max_epochs = max_epochs
        self.start = start
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.schedule = schedule
        self.warmup = warmup
        self.weight_decay = weight_decay
        self.gradient_clip = gradient_clip
        self.label_smoothing = label_smoothing
        self.augment = augment
        self.teacher = teacher
        self.distillation = distillation
        self.temperature = temperature
        self.averaging = averaging
        self.quantization = quantization
        self.early_stopping = early_stopping
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.class_weight = class_weight
        self.standardize = standardize
        self.checkpoint_dir = checkpoint_dir
        self.resume = resume
        self.on_epoch = on_epoch
        self.device = device
        self.random_state = random_state

    def fit(
        self, X: ArrayLike, y: ArrayLike, X_valid: ArrayLike | None = None, y_valid: ArrayLike | None = None
    ) -> Self:
        """Learn to classify.

        Parameters
        ----------
        X : array-like (n_samples, n_steps, n_features) or (n_samples, n_steps)
        y : array-like (n_samples,)
            Class of each sample, of any type that sorts.
        X_valid, y_valid : array-like or None, default=None
            Data to evaluate after each epoch; training never sees them, early stopping does.

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If a constructor parameter is not allowed.
        DataError, ValueError
            If the data cannot be used, training diverges, or a checkpoint is not of this run.
        """
        check_settings(self.get_params(deep=False))
        x, codes, classes = self._check_training_data(X, y)
        given = self._check_validation_data(X_valid, y_valid, classes)
        saved = self._read_checkpoint()
        seed = run_seed(self.random_state, saved.identity if saved else {})
        identity = self._identity(seed, x, codes, classes, given)
        if saved:
            saved.refuse_another_run(self._checkpoint_path(), identity)
        if self.early_stopping and given is None:
            (x, codes), given = hold_out(x, codes, self.validation_fraction, seed)
        standardizer = Standardizer.chosen(x, self.standardize)
        module, settled = self._start(x.shape[1:], len(classes), seed)
        plan = self._plan(seed, identity, class_weights(self.class_weight, classes, codes), settled)
        teacher = None if self.teacher is None else self._taught(standardizer, classes)
        valid = standardizer.sequences(*given) if given else None
        self.history_ = train(module, standardizer.sequences(x, codes), valid, plan, saved, teacher)
        self.classes_, self.mean_, self.scale_ = classes, standardizer.mean, standardizer.scale
        self.net_ = predicting_net(module, self.device)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like (n_samples, n_steps, n_features) or (n_samples, n_steps)

        Returns
        -------
        ndarray (n_samples, n_classes), float32
            Columns in the order of `classes_`.
        """
        check_is_fitted(self)
        x = Standardizer(self.mean_, self.scale_)(self._check_x(X, len(self.mean_)))
        probabilities: NDArray[np.float32] = self.net_.predict_proba(torch.from_numpy(x))
        return probabilities

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class of each sample, (n_samples,)."""
        best = self.predict_proba(X).argmax(axis=1)
        answers: NDArray[Any] = self.classes_[best]
        return answers

    def _start(self, shape: tuple[int, ...], n_classes: int, seed: int) -> tuple[SequenceNetwork, float]:
        """Build the network to train, and keep what it is made of; return also when it has its final size."""
        sizes = {name: getattr(self, name) for name in Architecture.settings()}
        n_steps, n_features = shape
        self.architecture_ = Architecture(n_features, n_classes, **sizes)
        begun = None if self.start is None else self._begun(self.start)
        if begun is not None and self._compression().is_as(begun._compression()):
            self.account_ = begun.account_
            return cast(SequenceNetwork, begun.module_), 0.0
        dense = None if begun is None else materialise(cast(SequenceNetwork, begun.module_))
        bias = forget_bias_for(n_steps) if isinstance(self.forget_bias, str) else self.forget_bias
        network, self.account_ = start_network(self.architecture_, self._compression(), bias, seed, dense)
        return network, METHODS[self.method or "dense"].settled

    def _compression(self) -> Compression:
        return Compression(**{name: getattr(self, name) for name in Compression.settings()})

    def _begun(self, path: str | Path) -> Self:
        """Read the classifier to start from, and refuse one of other sizes."""
        classifier = type(self).load(path)
        if classifier.architecture_ != self.architecture_:
            raise ParameterError("RNNClassifier", "start", f"a classifier of {self.architecture_}", str(path))
        return classifier

    def _taught(self, standardizer: Standardizer, classes: NDArray[Any]) -> Teacher:
        """Read the network to learn from, and refuse one that answers something else."""
        classifier = type(self).load(cast(Path, self.teacher), device=self.device)
        allowed = f"a classifier of {len(standardizer.mean)} features and the classes {classes.tolist()}"
        same = classifier.architecture_.n_features == len(standardizer.mean)
        if not same or not np.array_equal(classifier.classes_, classes):
            raise ParameterError("RNNClassifier", "teacher", allowed, str(self.teacher))
        own = Standardizer(classifier.mean_, classifier.scale_)
        return Teacher(own.seen_by(classifier.module_, standardizer), self.distillation, self.temperature)

    def _plan(self, seed: int, identity: dict[str, str], weights: torch.Tensor | None, settled: float) -> Plan:
        rate, method = self.learning_rate, METHODS[self.method or "dense"]
        return Plan(
            n_epochs=self.max_epochs,
            learning_rate=method.learning_rate if rate is None else rate,
            class_weight=weights,
            patience=self.patience if self.early_stopping else None,
            settled=settled,
            anneals=settled > 0,
            seed=seed,
            checkpoint=self._checkpoint_path() if self.checkpoint_dir is not None else None,
            identity=identity,
            **{name: getattr(self, name) for name in Plan.settings()},
        )

    def _checkpoint_path(self) -> Path:
        folder = Path(self.checkpoint_dir or ".")
        folder.mkdir(parents=True, exist_ok=True)
        return folder / "checkpoint.safetensors"

    def _read_checkpoint(self) -> Checkpoint | None:
        return Checkpoint.read(self._checkpoint_path()) if self.resume and self._checkpoint_path().exists() else None

    def _identity(
        self,
        seed: int,
        x: NDArray[np.float32],
        codes: NDArray[np.int64],
        classes: NDArray[Any],
        valid: Labelled | None,
    ) -> dict[str, str]:
        """What must not change between the parts of a resumed run, as text; nothing where no checkpoint is kept."""
        if self.checkpoint_dir is None:
            return {}
        arrays: dict[str, NDArray[Any]] = {"X": x, "y": codes, "classes": classes}
        arrays |= {"X_valid": valid[0], "y_valid": valid[1]} if valid else {}
        files = {"start": self.start, "teacher": self.teacher}
        arrays |= {name: np.fromfile(weights_file(path), np.uint8) for name, path in files.items() if path}
        return run_identity(self.get_params(deep=False), arrays, seed)
