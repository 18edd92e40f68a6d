"""The best validation, the target, and early stopping."""

from __future__ import annotations

import pytest

from harness.contract.task import Task
from harness.errors import ConfigError, UnknownNameError
from harness.targets import ClassTarget
from harness.training.selection import Best, CheckpointSelection


def _task() -> Task:
    from harness_tasks.action_recognition import ActionRecognition

    return ActionRecognition()


def _selection(target: str | None = None, patience: int | None = None) -> CheckpointSelection:
    return CheckpointSelection(_task(), ClassTarget(4), target, patience)


def _note(selection: CheckpointSelection, *accuracies: float) -> list[bool]:
    values = [{"accuracy": a, "macro_f1": a, "top_5_accuracy": 100.0, "loss": 5 - a / 100} for a in accuracies]
    return [selection.note(value, step, float(step)) for step, value in enumerate(values, 1)]


def test_the_primary_metric_chooses_in_its_own_direction() -> None:
    selection = _selection()
    assert selection.chosen_by == "accuracy"
    assert _note(selection, 10, 30, 20) == [True, True, False]
    assert selection.best == Best(30, 5 - 0.3, 2)


def test_of_equal_values_the_one_of_lower_loss_is_better() -> None:
    selection = _selection()
    same = {"accuracy": 50.0, "macro_f1": 1.0, "top_5_accuracy": 1.0}
    assert [selection.note({**same, "loss": loss}, 1, 1.0) for loss in (1.0, 0.9, 0.9, 0.95)] == [
        True, True, False, False,
    ]  # fmt: skip


def test_any_number_is_better_than_none() -> None:
    nan = float("nan")
    selection = _selection()
    assert _note(selection, nan, 10, nan, 20) == [True, True, False, True]
    assert selection.best == Best(20, 5 - 0.2, 4)


def test_patience_counts_validations_in_a_row_without_improvement() -> None:
    selection, hopeless = _selection(patience=2), []
    for accuracy in (10, 9, 11, 10, 10):
        _note(selection, accuracy)
        hopeless.append(selection.hopeless)
    assert hopeless == [False, False, False, False, True]
    forever = _selection()
    _note(forever, *[10] * 50)
    assert not forever.hopeless


@pytest.mark.parametrize("patience", [0, -1])
def test_patience_must_be_positive(patience: int) -> None:
    with pytest.raises(ConfigError, match=f"early_stopping={patience} must be 1 or more"):
        _selection(patience=patience)


def test_the_target_is_timed_when_it_is_first_reached() -> None:
    selection = _selection("accuracy:25")
    _note(selection, 10, 30, 20, 40)
    assert selection.to_target_s == 2.0
    falling = _selection("loss:4.75")
    _note(falling, 10, 30, 20)
    assert falling.to_target_s == 2.0
    never = _selection("accuracy:99")
    _note(never, 10, 30)
    assert never.to_target_s is None


def test_a_target_that_cannot_be_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="accuracy"):
        _selection("acuracy:10")
    with pytest.raises(ConfigError, match="METRIC:VALUE"):
        _selection("accuracy:high")


def test_the_state_goes_over_whole() -> None:
    one = _selection("accuracy:25", 3)
    _note(one, 10, 30, 20)
    other = _selection("accuracy:25", 3)
    other.load_state_dict(one.state_dict())
    assert (other.best, other.to_target_s, other.since_best) == (one.best, one.to_target_s, one.since_best)
    assert _note(other, 25, 25) == _note(one, 25, 25)
    assert other.hopeless
