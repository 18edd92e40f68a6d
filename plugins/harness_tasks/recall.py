"""Recall: give back what a string showed before, found by its place or by its key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Task
from harness_tasks.symbol_strings import RecallStrings
from harness_tasks.symbols.string_questions import StringQuestions

HARNESS_CONTRACT = 2


def _mqar() -> Dataset:
    from harness_datasets.recall.mqar import MQAR

    return MQAR()


@dataclass
class Recall(StringQuestions):
    """Give back what a string showed before: the value of a key, the symbol after another, a whole sequence.

    The primary metric is accuracy at the test lengths; accuracy on unseen strings of the training lengths stands beside
    it. Only the asked positions count in the loss, where some papers train on every next symbol too.

    Fields:
        dataset: what is to be recalled; see `RecallStrings`.
    """

    name: ClassVar[str] = "recall"
    dataset_type: ClassVar[type] = RecallStrings

    dataset: Dataset = field(default_factory=_mqar)


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [Recall]
