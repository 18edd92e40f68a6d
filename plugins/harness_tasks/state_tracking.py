"""State tracking: what state a system is in after each symbol, scored at lengths that training did not have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Task
from harness_tasks.symbol_strings import StateTrackingStrings
from harness_tasks.symbols.string_questions import StringQuestions

HARNESS_CONTRACT = 2


def _parity() -> Dataset:
    from harness_datasets.state_tracking.parity import Parity

    return Parity()


@dataclass
class StateTracking(StringQuestions):
    """Follow the state of a small system through a string of symbols, and say it after each of them.

    The primary metric is accuracy at the test lengths, which training did not have; accuracy on unseen strings of the
    training lengths stands beside it. Train 3 to 40, test 40 to 256, as in Beck et al. 2024, Grazzi et al. 2024 and
    Walker et al. 2025. Delétang et al. 2022 train on 1 to 40, test on 41 to 500, and ask at the end alone
    (`task.min_length=1 task.test_min_length=41 task.test_max_length=500 task.ask=last`).

    Fields:
        dataset: the system; see `StateTrackingStrings`.
    """

    name: ClassVar[str] = "state_tracking"
    dataset_type: ClassVar[type] = StateTrackingStrings

    dataset: Dataset = field(default_factory=_parity)


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [StateTracking]
