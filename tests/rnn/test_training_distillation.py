"""Learning from another classifier's answers."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax

from laconic.core.checks import DataError, ParameterError
from laconic.rnn import RNNClassifier
from laconic.rnn.training.distillation import Teacher
from laconic.rnn.training.inputs import Standardizer


def labelled(n=120, apart=1.0, classes=("a", "b")):
    rng = np.random.default_rng(0)
    codes = np.arange(n) % len(classes)
    x = rng.normal(size=(n, 6, 4)) + apart * codes[:, None, None]
    return x.astype(np.float32), np.array(classes)[codes]


def teacher(folder, *data, **settings):
    classifier = RNNClassifier(hidden_size=12, max_epochs=10, random_state=0, **settings).fit(*(data or labelled()))
    classifier.save(folder / "teacher.safetensors")
    return classifier, folder / "teacher.safetensors"


def test_the_loss_is_that_of_hinton_vinyals_and_dean():
    """(1 - s) CE + s T^2 KL(p || q), p and q softened by T, written out."""
    torch.manual_seed(0)
    weights, x, y = torch.randn(4, 3), torch.randn(7, 4), torch.arange(7) % 3
    logits = torch.randn(7, 3, requires_grad=True)
    plain = cross_entropy(logits, y)
    found = Teacher(lambda x: x @ weights, 0.3, 2.5).loss(plain, logits, x)
    p, q = softmax(x @ weights / 2.5, dim=1), softmax(logits / 2.5, dim=1)
    expected = 0.7 * plain + 0.3 * 2.5**2 * (p * (p / q).log()).sum(dim=1).mean()
    torch.testing.assert_close(found, expected)
    same = Teacher(lambda x: x @ weights, 1.0, 2.5).loss(plain, x @ weights, x)
    assert float(same.detach()) == pytest.approx(0, abs=1e-6)


def divergence(learner, other, x):
    ours, theirs = (torch.from_numpy(one.predict_proba(x)).log() for one in (learner, other))
    return float(kl_div(ours, theirs, reduction="batchmean", log_target=True))


@pytest.mark.parametrize("method", [None, "kronecker", "pruned"])
def test_a_learner_comes_nearer_to_its_teacher(method, tmp_path):
    """Classes overlap: who learns from their names alone learns these by heart, and grows sure of himself."""
    x, y = labelled(apart=0.3)
    wise, path = teacher(tmp_path, x, y)
    settings = {"hidden_size": 6, "method": method, "max_epochs": 40, "random_state": 0}
    alone = RNNClassifier(**settings).fit(x, y)
    taught = RNNClassifier(teacher=path, distillation=1.0, temperature=1.0, **settings).fit(x, y)
    assert divergence(taught, wise, x) < divergence(alone, wise, x)


def test_a_teacher_sees_sequences_on_its_own_scale(tmp_path):
    """Features of another mean and scale in the learner's data are taken back before the teacher reads them."""
    wise, path = teacher(tmp_path, standardize=True)
    x, y = labelled()
    for standardize in (True, False):
        learner = RNNClassifier(hidden_size=6, max_epochs=1, teacher=path, distillation=1.0, standardize=standardize)
        learner.fit(x[:80], y[:80])
        own = Standardizer(learner.mean_, learner.scale_)
        found = learner._taught(own, learner.classes_).module(torch.from_numpy(own(x))).detach()
        expected = log_softmax(found, dim=1).exp().numpy()
        np.testing.assert_allclose(expected, wise.predict_proba(x), atol=1e-5)


def test_a_checkpoint_knows_the_teacher_by_what_is_in_its_file(tmp_path):
    x, y = labelled()
    _, path = teacher(tmp_path)
    settings = {"hidden_size": 6, "random_state": 0, "checkpoint_dir": tmp_path, "resume": True}
    RNNClassifier(teacher=path, max_epochs=2, **settings).fit(x, y)
    moved = tmp_path / "moved.safetensors"
    path.rename(moved)
    RNNClassifier(teacher=moved, max_epochs=2, **settings).fit(x, y)
    RNNClassifier(hidden_size=9, max_epochs=2, random_state=1).fit(x, y).save(moved)
    with pytest.raises(DataError, match="another run .*teacher differs"):
        RNNClassifier(teacher=moved, max_epochs=2, **settings).fit(x, y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"distillation": 0.0}, r"distillation must be a number in \(0, 1\]"),
        ({"temperature": 0.0}, "temperature must be a number"),
        ({"teacher": 3}, "teacher must be the path of a saved classifier"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ParameterError, match=message):
        RNNClassifier(**settings).fit(*labelled())


def test_a_teacher_of_other_classes_features_or_none_is_refused(tmp_path):
    _, path = teacher(tmp_path)
    x, y = labelled(classes=("a", "c"))
    with pytest.raises(
        ParameterError, match=r"teacher must be a classifier of 4 features and the classes \['a', 'c'\]"
    ):
        RNNClassifier(teacher=path).fit(x, y)
    x, y = labelled()
    with pytest.raises(ParameterError, match="teacher must be a classifier of 3 features"):
        RNNClassifier(teacher=path).fit(x[:, :, :3], y)
    with pytest.raises((DataError, OSError), match="missing"):
        RNNClassifier(teacher=tmp_path / "missing.safetensors").fit(x, y)
