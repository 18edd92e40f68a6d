"""The demonstration: every trained model of the report answers what a reader types or drops, side by side.

Nothing is kept: a file lies in a temporary folder until its answers are made. Imports torch when the first question
comes. One question is answered at a time, so that the times that are shown are of one model alone.
"""

from __future__ import annotations

import json
import re
import threading
import time
import warnings
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from harness.errors import HarnessError, UserError
from harness.report.load import RunSelection, load
from harness.store import RunView, Store

if TYPE_CHECKING:
    from harness.contract.metric import Prediction
    from harness.inference.sources import Given
    from harness.inference.trained_model import TrainedModel

LONGEST_TEXT, LARGEST_FILE = 20_000, 50_000_000
"""Bytes of a question."""

_LOADED = 12  # models that stay in memory
_SHOWN = 3  # most likely classes that are shown
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}")


@dataclass(frozen=True)
class DemoTask:
    """A task that can be asked.

    Attributes:
        name: of the task, or of the task and the data set, if there are several.
        kind: what a question is.
        models: a run for each model, by label.
    """

    name: str
    kind: Literal["text", "file"]
    models: dict[str, RunView]


class Demo:
    """Trained models of a report, and their answers.

    Args:
        store: open; only read.
        selection: of runs, as for the report.
        folders: where run folders are, named by key.
    """

    def __init__(self, store: Store, selection: RunSelection, folders: Path) -> None:
        self._store, self._selection, self._folders = store, selection, folders
        self._models: OrderedDict[str, TrainedModel] = OrderedDict()
        self._kinds: dict[str, Literal["text", "file"]] = {}
        self._one_at_a_time = threading.Lock()

    def tasks(self) -> list[DemoTask]:
        """Tasks with at least one model whose folder is here; of each model the best seed on validation data."""
        data = load(self._store, selection=self._selection)
        found: list[DemoTask] = []
        for comparison in data.comparisons:
            alone = sum(c.task == comparison.task for c in data.comparisons) == 1
            models = {
                e.label: min(e.finished, key=lambda run: run.validation_rank) for e in comparison.entries if e.finished
            }
            models = {label: run for label, run in models.items() if self._is_here(run)}
            if models:
                dataset = next(iter(models.values())).dataset
                name = comparison.task if alone else f"{comparison.task}, {dataset}"
                name = name if name not in {one.name for one in found} else f"{name}, {len(found) + 1}"
                found.append(DemoTask(name, self._kind(comparison.task, models), models))
        return found

    def question(self, name: str) -> DemoTask:
        """A task by its name.

        Raises:
            UserError: there is none.
        """
        found = next((one for one in self.tasks() if one.name == name), None)
        if found is None:
            raise UserError(f"No trained model of task '{name}' is here.")
        return found

    def answer(self, task: DemoTask, content: bytes, file_name: str = "") -> list[dict[str, Any]]:
        """What every model says: {model, seed, text, ms, remarks}, or {model, seed, error}.

        Args:
            task: of the question.
            content: a text in UTF-8, or the file.
            file_name: of the file; only its ending matters.

        Raises:
            UserError: the text is none.
        """
        with self._one_at_a_time, TemporaryDirectory(prefix="harness-demo-") as folder:
            source: Any
            if task.kind == "text":
                try:
                    source = content.decode("utf-8")
                except UnicodeDecodeError:
                    raise UserError("That is no text in UTF-8.") from None
                if not source.strip():
                    raise UserError("That text is empty.")
            else:
                ending = Path(file_name).suffix
                source = Path(folder) / f"question{ending if _ENDING.fullmatch(ending) else ''}"
                source.write_bytes(content)
            return [self._said(label, run, source) for label, run in task.models.items()]

    def _kind(self, task: str, models: dict[str, RunView]) -> Literal["text", "file"]:
        """How questions of a task are given, which its preprocessing says."""
        from harness.inference.sources import given_as

        for run in models.values() if task not in self._kinds else ():
            with self._one_at_a_time, suppress(HarnessError):  # a damaged folder is named when it is asked
                self._kinds[task] = given_as(self._read(run))
                break
        return self._kinds.get(task, "text")

    def _said(self, label: str, run: RunView, source: Any) -> dict[str, Any]:
        from harness.inference.answers import answered
        from harness.inference.sources import Given

        head = {"model": label, "seed": run.seed}
        given = Given("", "", source)
        try:
            model = self._loaded(run, given)
            began = time.perf_counter()
            ((one,),) = answered(model, [given], 1)
            took = 1000 * (time.perf_counter() - began)
        except HarnessError as error:
            return head | {"error": str(error)}
        except Exception as error:  # a plug-in must not end the others' answers
            return head | {"error": f"{type(error).__name__}: {error}"}
        if one.prediction is None:
            return head | {"error": one.problem}
        remarks = [*one.remarks, *_likely(one.prediction, model)]
        return head | {"text": one.prediction.text, "ms": round(took, 2), "remarks": remarks}

    def _loaded(self, run: RunView, given: Given) -> TrainedModel:
        """The model, which has answered once before, so that its time is not that of a first call."""
        from harness.inference.answers import answered

        if run.key not in self._models:
            model = self._read(run)
            list(answered(model, [given], 1))
            self._models[run.key] = model
            if len(self._models) > _LOADED:
                self._models.popitem(last=False)
        self._models.move_to_end(run.key)
        return self._models[run.key]

    def _read(self, run: RunView) -> TrainedModel:
        from harness.inference.loading import load as load_model

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of plug-ins that have changed: the report says so
            return load_model(self._folders / run.key)

    def _is_here(self, run: RunView) -> bool:
        """Whether a run's folder is on this machine, with a model that takes raw sources."""
        try:
            return bool(json.loads((self._folders / run.key / "specs.json").read_bytes())["preprocessing"])
        except (OSError, ValueError, KeyError, TypeError):
            return False


def _likely(prediction: Prediction, model: TrainedModel) -> list[str]:
    """The likeliest classes with their probabilities, in a line; empty where there are no classes."""
    from harness.contract.target import Answer

    details = model.target_spec.details(Answer(prediction.output, prediction.scores))
    ranked = sorted(details.get("probabilities", {}).items(), key=lambda pair: -pair[1])
    return [", ".join(f"{name} {100 * share:.1f} %" for name, share in ranked[:_SHOWN])] if ranked else []
