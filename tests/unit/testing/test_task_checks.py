"""Each clause of the task contract catches a task that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from harness.batch import Example, ListDataset
from harness.data.sources import Source
from harness.specs import ClassTarget, FrameInput
from harness.task import Baseline, Loader, Metric, Prediction, Reference, Statistics, Task, TaskData
from harness.testing import task_checks

SOURCE_DIGEST = "0" * 64


def _metric(name: str = "accuracy", *, higher: bool = True, unit: str = "%") -> Metric:
    def statistics(prediction: Prediction, example: Example) -> Statistics:
        return {"correct": int(prediction.output == example.target)}

    return Metric(name, unit, higher, statistics, lambda rows: 100 * sum(r["correct"] for r in rows) / len(rows))


class Generated:
    """A source without bytes."""

    def fetch(self) -> None:
        """Nothing to fetch."""

    def fingerprint(self) -> str:
        return SOURCE_DIGEST


@dataclass
class Sides(Task):
    """Which of two numbers is larger; sound unless a fault is chosen."""

    name: ClassVar[str] = "sides"
    input_type: ClassVar[type] = FrameInput
    target_type: ClassVar[type] = ClassTarget
    metrics: ClassVar[tuple[Metric, ...]] = (_metric(),)
    loader: Loader = field(default_factory=Loader)
    fault: str = ""

    @property
    def dataset_name(self) -> str:
        return "" if self.fault == "no name" else "sides"

    def sources(self) -> tuple[Source, ...]:
        return (Generated(),)  # type: ignore[return-value]

    def _split(self, name: str, seed: int) -> ListDataset:
        draw = np.random.default_rng(seed)
        examples = []
        for i in range(12):
            values = draw.normal(size=(3, 2)).astype(np.float32)
            target: Any = int(values[-1, 1] > values[-1, 0]) if i > 1 else i
            examples.append(Example(f"{name}{i}", values, target, (str(target),)))
        return ListDataset(examples)

    def setup(self) -> TaskData:
        train, val, test = (self._split(n, s) for n, s in (("train", 0), ("val", 1), ("test", 2)))
        data = TaskData(train, val, test, FrameInput(2), ClassTarget(2))
        match self.fault:
            case "empty":
                data = replace(data, val=ListDataset([]))
            case "shared id":
                data = replace(data, val=self._split("train", 1))
            case "shared example":
                data = replace(data, val=ListDataset([replace(train[3], id="new")]))
            case "class too high":
                data = replace(data, target_spec=ClassTarget(1))
            case "wrong feature_dim":
                data = replace(data, input_spec=FrameInput(3))
            case "not finite":
                data = replace(data, test=ListDataset([replace(test[0], input=np.full((2, 2), np.nan))]))
            case "wrong lengths":
                test.input_lengths = test.input_lengths + 1
            case "random":
                data = replace(data, test=self._split("test", np.random.randint(1 << 30)))
            case "augments in place":
                data = replace(data, augment=_in_place)
        return data

    def evaluate(self, predictions: Any, examples: Any) -> Any:
        rows = super().evaluate(predictions, examples)
        if self.fault == "blind":
            return [{"accuracy": {"correct": 1}} for _ in rows]
        if self.fault == "drops a row":
            return rows[1:]
        if self.fault == "no json":
            return [{"accuracy": {"correct": torch.tensor(r["accuracy"]["correct"])}} for r in rows]
        return rows

    def baselines(self) -> tuple[Baseline, ...]:
        if self.fault != "unordered baseline":
            return ()
        return (Baseline("b", "the first class", lambda d, s: [Prediction(e.id, 0) for e in list(d.test)[::-1]]),)

    def tiny(self) -> Task:
        return self


class WrongDirection(Sides):
    metrics: ClassVar[tuple[Metric, ...]] = (_metric(higher=False),)


class NoUnit(Sides):
    metrics: ClassVar[tuple[Metric, ...]] = (_metric(unit=""),)


class StrangeReference(Sides):
    references: ClassVar[tuple[Reference, ...]] = (Reference("bleu", 3.0, "someone", "somewhere"),)


def _in_place(example: Example, generator: torch.Generator) -> Example:
    assert example.input is not None
    example.input[:] += 1
    return example


@pytest.mark.parametrize("check", task_checks.CHECKS, ids=lambda c: c.__name__)
def test_a_sound_task_passes(check: Callable[[Task], None]) -> None:
    check(Sides())


@pytest.mark.parametrize(
    ("task", "check", "message"),
    [
        (Sides(fault="no name"), task_checks.declarations, "dataset_name is empty"),
        (NoUnit(), task_checks.declarations, "'accuracy' has no unit"),
        (StrangeReference(), task_checks.declarations, "names the metric 'bleu'"),
        (Sides(fault="empty"), task_checks.specifications, "the val split is empty"),
        (Sides(fault="class too high"), task_checks.specifications, "class 1 of 1"),
        (Sides(fault="wrong feature_dim"), task_checks.specifications, r"shape \(3, 2\), not \(T, 3\)"),
        (Sides(fault="not finite"), task_checks.specifications, "the input is not finite"),
        (Sides(fault="wrong lengths"), task_checks.specifications, "the split says lengths"),
        (Sides(fault="shared id"), task_checks.splits, "'train0' occurs twice, in train and val"),
        (Sides(fault="shared example"), task_checks.splits, "'new' of the val split stands in the train split too"),
        (Sides(fault="random"), task_checks.repeatable, "the test split differs between two calls"),
        (Sides(fault="augments in place"), task_checks.augmentation, "augmentation"),
        (Sides(fault="blind"), task_checks.scoring, "does not see wrong predictions"),
        (WrongDirection(), task_checks.scoring, r"higher is better: False\) gives perfect predictions"),
        (Sides(fault="drops a row"), task_checks.statistics, "11 rows for 12 predictions"),
        (Sides(fault="unordered baseline"), task_checks.baselines, "in order"),
    ],
    ids=lambda v: getattr(v, "fault", "") or type(v).__name__ if isinstance(v, Task) else "",
)
def test_a_fault_is_found(task: Task, check: Callable[[Task], None], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check(task)


def test_statistics_that_cannot_be_stored_are_found() -> None:
    with pytest.raises(TypeError, match="JSON"):
        task_checks.statistics(Sides(fault="no json"))
