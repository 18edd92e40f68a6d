"""The raw examples of a run's splits: what a user would have had to predict, with the answers."""

from __future__ import annotations

from collections.abc import Sequence

from harness.contract.batch import without_input
from harness.contract.raw import RawExample
from harness.contract.task import Task
from harness.errors import UserError
from harness.training.load_data import load_data


def raw_split(task: Task, split: str = "test") -> list[RawExample]:
    """The raw example behind each example of a split, limits applied, in the order of the split.

    Reads the data, so it needs the data cache or the data's source.

    Args:
        task: with its options, as `TrainedModel.config.task`.
        split: "train", "val" or "test".

    Raises:
        UserError: the task cannot say what its examples were made of.
        DataError: the data is missing or out of reach.
    """
    examples = getattr(load_data(task), split)
    raw: Sequence[RawExample] | None = task.raw_examples(split)
    if raw is None:
        raise UserError(
            f"Task '{task.name}' cannot say what its examples were made of. Its plug-in would have to bring "
            "'raw_examples' (harness/contract/task.py)."
        )
    names = getattr(raw, "ids", None) or [one.id for one in raw]
    places = {name: place for place, name in enumerate(names)}
    wanted = [(without_input(examples, i) or examples[i]).id for i in range(len(examples))]
    return [raw[places[name]] for name in wanted]
