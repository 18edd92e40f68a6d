"""Predictions for what a command line gives: in batches, one bad source named and the rest done, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from harness.contract.metric import Prediction
from harness.contract.target import Answer
from harness.errors import DataError
from harness.inference.sources import Given

if TYPE_CHECKING:
    import numpy as np

    from harness.inference.trained_model import TrainedModel

LONG = 16  # batches of texts that are sorted by length together


@dataclass(frozen=True)
class Answered:
    """What came of one source.

    Attributes:
        given: the source.
        prediction: None where there is a problem.
        problem: why it could not be predicted; empty: it was.
        remarks: what was done to it that one should know.
    """

    given: Given
    prediction: Prediction | None
    problem: str = ""
    remarks: tuple[str, ...] = ()


def answered(
    model: TrainedModel, given: Iterable[Given], at_once: int, seed: int | None = None
) -> Iterator[list[Answered]]:
    """Predictions, in the order of their sources, some at a time.

    Args:
        model: with a preprocessing.
        given: read as answers are asked for.
        at_once: how many sources are read, sorted by length into batches and answered together.
        seed: of sampled continuations; None: the run's.

    Raises:
        UserError: nothing can be predicted, whatever the source.
    """
    from harness.training.seeding import generator

    random = generator(model.config.seed if seed is None else seed, "sampling")
    sources = iter(given)
    while few := list(islice(sources, at_once)):
        made: list[Answered] = []
        arrays: list[np.ndarray] = []
        for one in few:
            try:
                if one.problem:
                    raise DataError(one.problem)
                array = model.encode_one(one.source)
                arrays.append(array)
                notes = (one.note, *_remarks(model, one.source, array))
                made.append(Answered(one, None, remarks=tuple(note for note in notes if note)))
            except DataError as error:
                made.append(Answered(one, None, str(error)))
        found = iter(model.predict(arrays, encoded=True, seed=random))
        yield [one if one.problem else Answered(one.given, next(found), "", one.remarks) for one in made]


def as_text(model: TrainedModel, one: Answered, *, named: bool) -> str:
    """An answer as a line: empty where there is none, so that lines keep their places.

    Args:
        model: that answered.
        one: the answer; of a model of text, with the beginning that it continues.
        named: put the source's name before it, and a tab.
    """
    text = "" if one.prediction is None else one.prediction.text
    if model.target_spec.needs.streams:
        return one.given.written + text
    return f"{one.given.written}\t{text}" if named else text


def as_json(model: TrainedModel, one: Answered) -> str:
    """An answer as a JSON object on one line: "input", "where", and "error", or "text" with the target's details."""
    content: dict[str, Any] = {"input": one.given.written, "where": one.given.where}
    if one.prediction is None:
        content["error"] = one.problem
    else:
        answer = Answer(one.prediction.output, one.prediction.scores)
        content |= {"text": one.prediction.text, **model.target_spec.details(answer)}
    if one.remarks:
        content["remarks"] = list(one.remarks)
    return json.dumps(content, ensure_ascii=False)


def _remarks(model: TrainedModel, source: Any, array: np.ndarray) -> tuple[str, ...]:
    return () if model.preprocessing is None else tuple(model.preprocessing.remarks(source, array))
