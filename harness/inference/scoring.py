"""Scores of a trained model: on the run's own split, held against what is stored, or on a user's examples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.contract.raw import RawExample
from harness.data.tables import DataTable, read_table
from harness.data.text_files import read_text
from harness.errors import DataError
from harness.inference.folder import of_stored_run
from harness.inference.sources import given_as

if TYPE_CHECKING:
    from harness.inference.trained_model import TrainedModel
    from harness.store import RunView, Store
    from harness.training.evaluate import Evaluation

INPUTS = ("input", "source", "text", "sentence", "path", "file", "audio", "video")
ANSWERS = ("answer", "target", "reference", "label", "class", "translation", "transcript", "caption", "tags")


@dataclass(frozen=True)
class StoredScores:
    """What a run recorded of its test.

    Attributes:
        metrics: by name, without "test/".
        threads: that it computed with; 0: not known.
        outputs: its answers as texts, by the id of the example; empty: not here.
    """

    metrics: dict[str, float]
    threads: int
    outputs: dict[str, str]


def examples_of_file(model: TrainedModel, path: Path) -> list[RawExample]:
    """Examples with their answers.

    Args:
        model: whose task defines what they are.
        path: a table with a column of inputs and one of answers, called as in `INPUTS` and `ANSWERS`, or with exactly
            these two columns; inputs that are files lie beside it. Where examples are texts to be continued, a text.

    Raises:
        DataError: the file cannot be read, is empty, or its columns are others.
    """
    if not path.is_file():
        raise DataError(f"There is no file '{path}' to score; give a table with inputs and answers, or a split: test.")
    if model.target_spec.needs.streams:
        text = read_text(path)
        if not text:
            raise DataError(f"The file {path} is empty.")
        return [RawExample(path.name, None, text)]
    table = read_table(path)
    given, right = _columns(table, path)
    numbers = model.target_spec.layout.dtype == "float32"
    answers: Sequence[Any] = table.numbers(right).tolist() if numbers else table.texts(right)
    inputs: Sequence[Any] = table.texts(given)
    if given_as(model) == "file":
        inputs = [path.parent / name for name in inputs]
    return [
        RawExample(table.where(row), source, answer, str(source))
        for row, (source, answer) in enumerate(zip(inputs, answers, strict=True))
    ]


def stored_scores(model: TrainedModel) -> StoredScores | None:
    """What the store and the run's folder say of its test; None where the store does not know the run."""
    key = json.loads((model.folder / "specs.json").read_text(encoding="utf-8"))["key"]
    found = of_stored_run(key, _recorded)
    if found is None:
        return None
    metrics, threads = found
    return StoredScores(
        {name.removeprefix("test/"): value for name, value in metrics.items() if name.startswith("test/")},
        threads if isinstance(threads, int) else 0,
        {} if model.target_spec.needs.streams else _outputs(model.folder / "predictions.jsonl"),
    )


def _recorded(store: Store, view: RunView) -> tuple[dict[str, float], Any]:
    """Metrics and threads of a run."""
    from harness.store import query

    environment = query.environments(store).get(view.environment or "")
    return {} if view.summary is None else view.summary.metrics, environment and environment.fingerprint.get("threads")


def differing(outcome: Evaluation, stored: StoredScores) -> int:
    """How many answers are not the stored ones; examples whose answers are not stored do not count."""
    return sum(stored.outputs.get(one.id, one.text) != one.text for one in outcome.predictions)


def _outputs(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["example_id"]: row["output"] for row in rows}


def _columns(table: DataTable, path: Path) -> tuple[str, str]:
    """The columns of inputs and of answers."""
    names = {name.strip().casefold(): name for name in table.names}
    given, right = ([names[name] for name in known if name in names] for known in (INPUTS, ANSWERS))
    if given and right:
        return given[0], right[0]
    if len(table.names) == 2:
        return table.names[0], table.names[1]
    raise DataError(
        f"{path} must have a column of inputs ({', '.join(INPUTS)}) and one of answers ({', '.join(ANSWERS)}), or just "
        f"these two. Found: {', '.join(table.names)}."
    )
