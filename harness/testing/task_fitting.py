"""Clauses of the task contract on what is fitted to data: no vocabulary and no mean may have seen val or test.

What was fitted on what cannot be asked of a task, only read off its data. Each clause says what it can see.

Axes: T input time, F features, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from harness.contract.batch import Example
from harness.contract.specs import TokenInput
from harness.contract.target import Target
from harness.testing.clause import clause
from harness.testing.task_subject import SPLITS, TaskSubject

SPARE = 4
"""Symbols that occur nowhere: a fitted vocabulary has no more of them (special symbols of its own)."""

CENTRED, OFF = 1e-4, 1e-3
"""Means in deviations: below the first they were subtracted, above the second they were not."""


def _no_symbols(subject: TaskSubject) -> str:
    symbols = issubclass(subject.task.input_type, TokenInput) or subject.task.target_type.symbols
    return "" if symbols else "neither input nor target are symbols"


@clause(
    "Fit the vocabulary on the training split alone and map what it lacks to one unknown symbol; where the alphabet is "
    "fixed, let the training split show all of it.",
    inapplicable=_no_symbols,
)
def vocabulary(subject: TaskSubject) -> None:
    """At most one symbol (the unknown one) occurs in val or test and never in train.

    Judged where nearly all of the vocabulary occurs; in one with many symbols that never occur (bytes, subwords) a
    symbol that only the test split uses proves nothing.
    """
    for what, size, special in _vocabularies(subject):
        used = {name: _symbols(subject.split(name), what) - special for name in SPLITS}
        everywhere = set().union(*used.values())
        if size - len(everywhere | special) > SPARE:
            continue
        unseen = sorted((used["val"] | used["test"]) - used["train"])
        where = next((e.id for s in ("val", "test") for e in subject.split(s) if _symbols([e], what) & set(unseen)), "")
        assert len(unseen) <= 1, (
            f"{len(unseen)} symbols of the {what} vocabulary of {size} occur in val or test, but never in train: "
            f"{unseen[:10]} (first in '{where}'); expected at most one, the unknown symbol"
        )


def _no_figures(subject: TaskSubject) -> str:
    symbols = issubclass(subject.task.input_type, TokenInput)
    return "neither input nor target are figures" if symbols and not _figures(subject.data.target_spec) else ""


@clause(
    "Compute mean and deviation on the training split alone, and apply them to all three.",
    inapplicable=_no_figures,
)
def normalisation(subject: TaskSubject) -> None:
    """Figures are not centred on train together with val or test while they are off centre on train alone.

    A mean over all splits shows itself where it was subtracted from the examples as they are: every feature then has
    mean 0 over all of them. Means of windows that overlap, or of extremes, do not show.
    """
    for what in ("input", "target"):
        if what == "target" and not _figures(subject.data.target_spec):
            continue
        if what == "input" and isinstance(subject.data.input_spec, TokenInput):
            continue
        rows = {name: _rows(subject.split(name), what) for name in SPLITS}
        train = _off_centre(rows["train"])
        for pool in (("train", "val", "test"), ("train", "test"), ("train", "val")):
            pooled = _off_centre(np.concatenate([rows[name] for name in pool]))
            assert pooled > CENTRED or train < OFF, (
                f"over {' + '.join(pool)} every {what} feature has mean 0 (at most {pooled:.1g} deviations), over "
                f"train alone up to {train:.2g}: it looks as if normalised over {' + '.join(pool)}"
            )


def _figures(target: Target) -> bool:
    return target.layout.dtype == "float32"


def _vocabularies(subject: TaskSubject) -> Iterable[tuple[str, int, set[int]]]:
    """("input" or "target", size, special symbols)."""
    inputs, target = subject.data.input_spec, subject.data.target_spec
    if isinstance(inputs, TokenInput) and not target.needs.streams:
        yield "input", inputs.vocab_size, {inputs.pad_id}
    if target.symbols and target.vocabulary is not None:
        yield "target", target.vocabulary.size, target.vocabulary.special


def _symbols(examples: Iterable[Example], what: str) -> set[int]:
    return {int(i) for example in examples for i in np.unique(np.asarray(getattr(example, what)))}


def _rows(examples: Iterable[Example], what: str) -> np.ndarray:
    """(N, F): all time steps of all examples; of video, one feature a channel."""
    arrays = [np.asarray(getattr(example, what), dtype=np.float64) for example in examples]
    video = [a.mean(axis=(-2, -1)) if a.ndim == 4 else a for a in arrays]
    return np.concatenate([a.reshape(len(a) if a.ndim > 1 else 1, -1) for a in video])


def _off_centre(rows: np.ndarray) -> float:
    """The largest mean of a feature, in its deviations; features that do not vary say nothing."""
    deviations = rows.std(axis=0)
    varies = deviations > 1e-12
    return float(np.max(np.abs(rows.mean(axis=0)[varies]) / deviations[varies], initial=0.0))
