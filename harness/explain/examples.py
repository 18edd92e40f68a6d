"""Examples of a run's data on which a trained model is looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.contract.batch import Example, Split
from harness.contract.target import Target
from harness.contract.task import TaskData
from harness.errors import DataError
from harness.inference.trained_model import TrainedModel
from harness.training.load_data import evenly_spaced, load_data
from harness.training.score_stream import stream_symbols

SPLITS = ("train", "val", "test")


def data_of(model: TrainedModel) -> TaskData:
    """The data of the run that trained a model, prepared again.

    Raises:
        DataError: it is missing or out of reach, or its sizes are no longer those that the model was built for.
    """
    data = load_data(model.config.task)
    for name, now, then in (
        ("input", data.input_spec, model.input_spec),
        ("target", data.target_spec, model.target_spec),
    ):
        if now != then:
            raise DataError(
                f"The data of task '{model.config.task.name}' ({model.config.task.dataset_name}) has changed since run "
                f"{model.folder.name[:12]} was trained: its {name} was {then} and is now {now}."
            )
    return data


def some_examples(split: Split, target: Target, number: int, steps: int) -> list[Example]:
    """At most `number` examples, evenly spaced over the split, every one with its input.

    Args:
        split: of the run's data.
        target: of the run.
        number: at least 1.
        steps: where examples are streams, how long the pieces of documents are that stand for them. A piece begins
            with the symbol before it.
    """
    if not target.needs.streams:
        return [split[i] for i in evenly_spaced(len(split), number)]
    begin, _ = stream_symbols(target)
    lengths = split.target_lengths.tolist()
    # A document's last symbols that fill no piece are left out, but for documents shorter than a piece.
    places = [(d, at) for d, length in enumerate(lengths) for at in range(0, max(1, length - steps + 1), steps)]
    found = []
    for document, at in (places[i] for i in evenly_spaced(len(places), number)):
        example = split[document]
        symbols = np.asarray(example.target, dtype=np.int64)
        before = int(symbols[at - 1]) if at else begin
        piece = symbols[at : at + steps]
        source = np.concatenate([[before], piece[:-1]])
        found.append(replace(example, id=f"{example.id}@{at}", input=source, target=piece))
    return found
