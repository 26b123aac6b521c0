"""Training sequences changed at random: what may come out, that it repeats, and that only training sees it."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from laconic.core.checks import ParameterError
from laconic.rnn import RNNClassifier
from laconic.rnn.training.augmentation import AUGMENTATIONS, affine, mask, shift
from laconic.rnn.training.batches import Sequences, ShuffledBatches


def sequences(n=400, n_steps=10, n_features=5):
    return torch.arange(1.0, n * n_steps * n_features + 1).reshape(n, n_steps, n_features)


def moved(x, by_step, by_feature):
    """A sequence moved by hand; zeros come in."""
    out = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if 0 <= i + by_step < x.shape[0] and 0 <= j + by_feature < x.shape[1]:
                out[i, j] = x[i + by_step, j + by_feature]
    return out


def test_a_shift_is_one_of_nine_and_all_occur():
    x = sequences()
    found = shift(x, torch.Generator().manual_seed(0)).numpy()
    counts = np.zeros(9, int)
    for one, other in zip(x.numpy(), found, strict=True):
        same = [np.array_equal(other, moved(one, a, b)) for a in (-1, 0, 1) for b in (-1, 0, 1)]
        assert sum(same) == 1
        counts += same
    assert counts.sum() == len(x)
    assert counts.min() > 0.5 * len(x) / 9


def test_a_mask_hides_one_run_of_steps_and_one_of_features_up_to_a_fifth():
    x = sequences()
    hidden = (mask(x, torch.Generator().manual_seed(0)) == 0).numpy()
    kept = mask(x, torch.Generator().manual_seed(0))[~torch.from_numpy(hidden)]
    assert torch.equal(kept, x[~torch.from_numpy(hidden)])
    steps, features = hidden.all(axis=2), hidden.all(axis=1)
    assert np.array_equal(hidden, steps[:, :, None] | features[:, None, :])
    for runs, most in ((steps, 2), (features, 1)):
        lengths = runs.sum(axis=1)
        assert set(lengths.tolist()) == set(range(most + 1))
        edges = np.abs(np.diff(np.pad(runs, ((0, 0), (1, 1))).astype(int), axis=1)).sum(axis=1)
        assert (edges[lengths > 0] == 2).all()


def by_hand(x, by):
    """Bilinear values of one sequence at the places that an affine map asks for; zeros lie around it."""
    n_steps, n_features = x.shape
    at = lambda i, j: x[i, j] if 0 <= i < n_steps and 0 <= j < n_features else 0.0  # noqa: E731
    out = np.zeros_like(x)
    for i in range(n_steps):
        for j in range(n_features):
            down, right = i + 0.5 - n_steps / 2, j + 0.5 - n_features / 2
            step = (1 + 0.1 * by[3]) * down + by[4] + n_steps / 2 - 0.5
            feature = (1 + 0.1 * by[0]) * right + 0.2 * by[1] * down + by[2] + n_features / 2 - 0.5
            top, left = int(np.floor(step)), int(np.floor(feature))
            for a in (top, top + 1):
                for b in (left, left + 1):
                    out[i, j] += (1 - abs(step - a)) * (1 - abs(feature - b)) * at(a, b)
    return out


def test_an_affine_map_moves_stretches_and_slants():
    x = sequences(20, 7, 5) / 700
    by = (2 * torch.rand(5, 20, generator=torch.Generator().manual_seed(0)) - 1).numpy()
    found = affine(x, torch.Generator().manual_seed(0)).numpy()
    for one, other, draws in zip(x.numpy(), found, by.T, strict=True):
        np.testing.assert_allclose(other, by_hand(one, draws), atol=1e-5)


@pytest.mark.parametrize("name", ["shift", "affine"])
@pytest.mark.parametrize("shape", [(50, 1, 1), (50, 1, 9), (50, 9, 1)])
def test_an_axis_of_length_one_stays(name, shape):
    out = AUGMENTATIONS[name](torch.ones(shape), torch.Generator().manual_seed(0))
    middle = out[:, shape[1] // 2, shape[2] // 2]
    torch.testing.assert_close(middle, torch.ones(50))


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 4), (3, 4, 1)])
def test_single_steps_and_features(name, shape):
    out = AUGMENTATIONS[name](torch.ones(shape), torch.Generator().manual_seed(0))
    assert out.shape == shape
    assert out.min() >= 0
    assert out.max() <= 1 + 1e-6


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_an_epoch_repeats_and_another_one_differs(name):
    data = Sequences(sequences(40), torch.arange(40))
    batches = ShuffledBatches(data, 16, seed=3, augment=name)
    first, again, other = (torch.cat([x for x, _ in batches.of_epoch(epoch)]) for epoch in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    order = torch.cat([y for _, y in batches.of_epoch(1)])
    plain = torch.cat([y for _, y in ShuffledBatches(data, 16, seed=3).of_epoch(1)])
    assert torch.equal(order, plain)


def test_a_classifier_trains_on_changed_sequences_and_is_judged_on_its_own(tmp_path):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = rng.normal(size=(60, 6, 4)).astype(np.float32) + y[:, None, None]
    settings = {"hidden_size": 6, "max_epochs": 4, "random_state": 0}
    plain, changed = (RNNClassifier(augment=name, **settings).fit(x, y, x, y) for name in (None, "shift"))
    assert plain.history_[-1].train_loss != changed.history_[-1].train_loss
    assert changed.history_[-1].valid_accuracy == np.mean(changed.predict(x) == y)
    changed.save(tmp_path / "model.safetensors")
    assert RNNClassifier.load(tmp_path / "model.safetensors").augment == "shift"


def test_an_unknown_augmentation_is_an_error():
    with pytest.raises(ParameterError, match="augment must be one of None, 'shift', 'affine', 'mask'"):
        RNNClassifier(augment="flip").fit(np.zeros((4, 2, 2)), [0, 1, 0, 1])
