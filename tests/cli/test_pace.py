import pytest

from laconic.cli.pace import Pace, in_words


def test_time_left_is_what_remains_at_the_speed_so_far():
    clock = iter([0.0, 2.0]).__next__
    pace = Pace(["a", "b"], 10, clock)
    assert pace.seconds_left() is None
    pace.tick("a", 1)
    assert pace.seconds_left() is None  # one report alone tells nothing
    pace.tick("a", 2)
    assert (pace.done, pace.seconds_left()) == (2, 2.0 * 18)


def test_epochs_of_an_earlier_run_do_not_count_as_speed():
    clock = iter([0.0, 1.0]).__next__
    pace = Pace(["a"], 10, clock)
    pace.tick("a", 8)
    pace.tick("a", 9)
    assert (pace.done, pace.seconds_left()) == (9, 1.0)


def test_several_at_once_count_as_several():
    clock = iter([0.0, 4.0]).__next__
    pace = Pace(["signals"], 1000, clock)
    pace.tick("signals", 100)
    pace.tick("signals", 300)
    assert (pace.done, pace.seconds_left()) == (300, 700 * 4.0 / 200)


def test_a_finished_training_leaves_nothing():
    pace = Pace(["a", "b"], 10)
    pace.finish("a")
    assert pace.done == 10


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.0, ""),
        (0.2, "1 s left"),
        (59.4, "59 s left"),
        (200, "3 min 20 s left"),
        (7300, "2 h 1 min left"),
    ],
)
def test_words(seconds, words):
    assert in_words(seconds) == words
