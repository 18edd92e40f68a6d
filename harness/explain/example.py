"""The one example that is looked at: of the run's data, or given by the user, with the model's answer to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.contract.batch import Example, Split, without_input
from harness.contract.specs import TokenInput
from harness.contract.task import TaskData
from harness.errors import UserError
from harness.explain.step_labels import input_labels, symbol_labels
from harness.inference.trained_model import TrainedModel
from harness.training.score_stream import stream_symbols

PIECE = 80
"""Symbols of a document that are looked at, where examples are streams: as many as a figure can name."""


@dataclass(frozen=True)
class LookedAt:
    """An example with what the model says of it.

    Attributes:
        example: with its input; its target is None where nobody knows the right answer.
        output: the model's answer, as `Prediction.output`; None for a model of text.
        text: the answer as people read it.
        labels: a word for each step of the input; None: steps have only numbers.
        answer_labels: a word for each symbol that the decoder wrote, the end included; None without a decoder.
    """

    example: Example
    output: Any
    text: str
    labels: tuple[str, ...] | None
    answer_labels: tuple[str, ...] | None

    @property
    def reference(self) -> str:
        """The right answer as people write it; empty: not known, or the text itself."""
        return self.example.references[0] if self.example.references else ""


def from_data(model: TrainedModel, data: TaskData, split: str, name: str | None) -> LookedAt:
    """An example of the run's data.

    Args:
        model: of the run.
        data: of the run, as `data_of` prepares it.
        split: "train", "val" or "test".
        name: its id, or that of a document (its beginning is taken) or of a piece of one (DOCUMENT@PLACE); None: the
            first.

    Raises:
        UserError: there is no such example.
    """
    chosen = _named(getattr(data, split), split, name, streams=model.target_spec.needs.streams)
    if model.target_spec.needs.streams:
        chosen = _piece(chosen, model, int(_place(name)))
    return _looked_at(model, chosen)


def from_source(model: TrainedModel, source: str) -> LookedAt:
    """An example that the user brings.

    Args:
        model: of the run.
        source: a text where the model reads symbols, else the path of a file.

    Raises:
        UserError: it cannot be encoded.
    """
    given: Any = source if isinstance(model.input_spec, TokenInput) else Path(source)
    (encoded,) = model.encode([given])
    if not model.target_spec.needs.streams:
        return _looked_at(model, Example("input", encoded, None, (), source))
    if not len(encoded):
        raise UserError("INPUT has no symbol: give the beginning of a text.")
    begin, _ = stream_symbols(model.target_spec)
    return _looked_at(model, Example("input", np.array([begin, *encoded[:-1]]), encoded, (), source))


def _looked_at(model: TrainedModel, example: Example) -> LookedAt:
    assert example.input is not None
    labels = input_labels(example, model)
    target = model.target_spec
    if target.needs.streams:
        return LookedAt(example, None, "", labels, None)
    (answer,) = model.predict([example.input], encoded=True)
    text = answer.text or ("" if answer.output is None else target.text(answer.output, _decode(model)))
    written = None
    if target.needs.reads == "decoder":
        written = (*symbol_labels(answer.output, model), "‹end›")
    return LookedAt(example, answer.output, text, labels, written)


def attributed_answer(model: TrainedModel, looked: LookedAt) -> tuple[Example, str]:
    """The example with the answer as its target whose loss is attributed to the input, and whose answer that is.

    A class and what a decoder wrote are the model's own answer. Of other targets it is the right answer; where nobody
    knows it, the model's.
    """
    target, output, example = model.target_spec, looked.output, looked.example
    if target.needs.reads == "decoder" and target.vocabulary is not None:
        ends = [] if target.vocabulary.eos_id is None else [target.vocabulary.eos_id]
        return replace(example, target=np.array([*output, *ends], dtype=np.int64)), "the loss of the model's answer"
    if target.layout.shape == () and target.layout.dtype == "int64":
        return replace(example, target=output), "the loss of the model's answer"
    if target.needs.streams:
        return example, "the loss of the symbol that follows"
    if example.target is not None:
        return example, "the loss of the right answer"
    return replace(example, target=np.asarray(output, target.layout.dtype)), "the loss of the model's answer"


def _decode(model: TrainedModel) -> Any:
    return None if model.preprocessing is None else model.preprocessing.decode


def _named(split: Split, name: str, wanted: str | None, *, streams: bool) -> Example:
    if not len(split):
        raise UserError(f"The {name} split has no example. Choose another with --split.")
    if wanted is None:
        return split[0]
    document = wanted.rpartition("@")[0] if streams and _place(wanted) is not None and "@" in wanted else wanted
    first = list[str]()
    for index in range(len(split)):
        found = (without_input(split, index) or split[index]).id
        if found in (wanted, document):
            return split[index]
        if len(first) < 3:
            first.append(found)
    raise UserError(
        f"The {name} split has no example '{wanted}'; its {len(split)} examples are {', '.join(first)} and so on. "
        "Choose another split with --split, or take an id from predictions.jsonl in the run's folder."
    )


def _place(name: str | None) -> int:
    """The place in its document of a piece's id "DOCUMENT@PLACE"; 0 for any other id."""
    _, sign, place = (name or "").rpartition("@")
    return int(place) if sign and place.isdecimal() else 0


def _piece(document: Example, model: TrainedModel, at: int) -> Example:
    """`PIECE` symbols of a document from a place on, with the symbol before them as the first input."""
    symbols = np.asarray(document.target, dtype=np.int64)
    if at >= len(symbols):
        raise UserError(f"Document '{document.id}' has {len(symbols)} symbols, so none at place {at}.")
    begin, _ = stream_symbols(model.target_spec)
    piece = symbols[at : at + PIECE]
    before = int(symbols[at - 1]) if at else begin
    return Example(f"{document.id}@{at}", np.array([before, *piece[:-1]]), piece)
