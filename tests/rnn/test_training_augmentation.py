"""Training sequences changed at random: what may come out, that it repeats, and that only training sees it."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from laconic.core.checks import ParameterError
from laconic.rnn import RNNClassifier
from laconic.rnn.training.augmentation import AUGMENTATIONS, mask, shift
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


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 4), (3, 4, 1)])
def test_single_steps_and_features(name, shape):
    out = AUGMENTATIONS[name](torch.ones(shape), torch.Generator().manual_seed(0))
    assert out.shape == shape
    assert set(out.unique().tolist()) <= {0.0, 1.0}


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
    with pytest.raises(ParameterError, match="augment must be one of None, 'shift', 'mask'"):
        RNNClassifier(augment="flip").fit(np.zeros((4, 2, 2)), [0, 1, 0, 1])
