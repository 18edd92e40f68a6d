"""`harness explain example`: what a trained model does with one example, as numbers and as a page."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.errors import ConfigError, IncompatibleError
from harness.explain import trace_figure
from harness.explain.attribution_figure import attribution_figure
from harness.explain.attributions import FEWEST, NEEDED, UNMOVED, Attributions, attributions, installed
from harness.explain.example import LookedAt, attributed_answer, from_data, from_source
from harness.explain.examples import SPLITS, data_of, some_examples
from harness.explain.page import ExplainedPart, Page, as_bytes
from harness.explain.run_facts import RunFacts, in_figures, rounded
from harness.explain.saturation import CLOSED, OPEN, Saturation, saturation
from harness.explain.traces import ModelExplanation, shown_of
from harness.inference.folder import find_folder, read_folder
from harness.inference.loading import load
from harness.inference.trained_model import TrainedModel
from harness.report.tables import Column, Table, TableCell, TableRow

_LONGEST = 300  # characters of a text on the page


@dataclass(frozen=True)
class ExplainedExample:
    """What a trained model does with one example.

    Attributes:
        run: the run.
        split: that the example is of; None: the user gave it.
        looked: the example, and the model's answer.
        shown: gates, states and attention.
        saturation: of each gate.
        saturation_of: over what, in words.
        attributed: what each step contributes; None: it was not asked for, or cannot be.
        not_attributed: why it cannot be, in a sentence.
    """

    run: RunFacts
    split: str | None
    looked: LookedAt
    shown: ModelExplanation
    saturation: tuple[Saturation, ...]
    saturation_of: str
    attributed: Attributions | None = None
    not_attributed: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain data; of traces the mean over units at each step (`arrays` has every unit)."""
        looked, shown = self.looked, self.shown
        example = {
            "id": looked.example.id,
            "split": self.split,
            "source": looked.example.source,
            "reference": looked.reference,
            "answer": looked.text,
            "steps": None if looked.labels is None else list(looked.labels),
            "written": None if looked.answer_labels is None else list(looked.answer_labels),
        }
        return {
            **self.run.as_json(),
            "example": example,
            "traces": [
                {"name": t.name, "kind": t.kind, "units": t.values.shape[1], "mean": rounded(t.values.mean(1))}
                for t in shown.traces
            ],
            "attention": [{"name": m.name, "over": m.over, "heads": rounded(m.values)} for m in shown.maps],
            "weights": {name: rounded(values) for name, values in shown.weights.items()},
            "saturation": {
                "of": self.saturation_of,
                "closed_below": CLOSED,
                "open_above": OPEN,
                "gates": [_saturation_as_json(each) for each in self.saturation],
            },
            "attributions": None if self.attributed is None else _attributions_as_json(self.attributed),
            "not_shown": self.missing,
        }

    @property
    def missing(self) -> list[str]:
        """What cannot be shown, in sentences."""
        return [*self.shown.missing, *([self.not_attributed] if self.not_attributed else [])]

    def arrays(self) -> bytes:
        """Every trace (T', H) and attention map (heads, rows, S) as a file of numpy (`numpy.load`)."""
        named = {t.name: t.values for t in self.shown.traces} | {m.name: m.values for m in self.shown.maps}
        made = io.BytesIO()
        np.savez_compressed(made, allow_pickle=False, **named)
        return made.getvalue()

    def page(self) -> Page:
        """The page, with every figure."""
        looked, run = self.looked, self.run
        facts = [*run.pairs(), ("example", looked.example.id)]
        facts += [] if self.split is None else [("split", self.split)]
        return Page(f"What {run.model} does with one example", run.key, facts, self._sections())

    def files(self) -> dict[str, bytes]:
        """The page, its figures, the numbers and the arrays, content by name."""
        return {**self.page().files(), "example.json": as_bytes(self.as_json()), "traces.npz": self.arrays()}

    def _sections(self) -> list[ExplainedPart]:
        looked, shown = self.looked, self.shown
        given = looked.example.input
        first = ExplainedPart("The example")
        pairs = (("Input", looked.example.source or "".join(looked.labels or ())), ("Right answer", looked.reference),
                 ("Answer of the model", looked.text))  # fmt: skip
        first.text = [f"{name}: {_cut(text)}" for name, text in pairs if text]
        if given is not None and given.ndim == 2:
            first.figures = [trace_figure.input_figure(given)]
        if given is not None and given.ndim == 4:
            first.figures = [trace_figure.film_figure(given)]
        words = looked.labels
        attention = trace_figure.weight_figures(shown, words)
        attention += trace_figure.attention_figures(shown, words, looked.answer_labels)
        found = list(self.saturation)
        return [
            first,
            ExplainedPart("What cannot be shown", self.missing),
            *([] if self.attributed is None else [_attribution_section(self.attributed, words)]),
            ExplainedPart("Attention", [], attention),
            ExplainedPart("Gates and states", [], trace_figure.trace_figures(shown, words)),
            ExplainedPart(
                "Saturation",
                [f"Shares of units and steps, over {self.saturation_of}."] if found else [],
                [trace_figure.saturation_figure(found)] if found else [],
                [saturation_table(found)] if found else [],
            ),
        ]


def explain_example(
    run: str | Path,
    *,
    example: str | None = None,
    source: str | None = None,
    split: str = "test",
    examples: int = 32,
    attribute: bool = False,
    position: int | None = None,
) -> ExplainedExample:
    """What the model of a finished run does with one example.

    Args:
        run: as for `harness.load`.
        example: id of an example of the run's data, which is prepared again; None: the first.
        source: an input of one's own, in place of the run's data: a text, or the path of a file.
        split: "train", "val" or "test", that the example is of.
        examples: over how many of the split saturation is counted; with `source`, it is counted over that alone.
        attribute: what each step contributes to the answer; says why where that cannot be told.
        position: whose loss is attributed, for targets with one loss a position; None: the last that counts.

    Raises:
        ConfigError: a number or the split is wrong, or both an example and an input were given.
        UserError: as for `harness.load`; the data is missing or has changed; there is no such example.
    """
    if example is not None and source is not None:
        raise ConfigError("Give either INPUT or --example, not both.")
    if examples < 1:
        raise ConfigError(f"examples={examples}: must be at least 1.")
    if split not in SPLITS:
        raise ConfigError(f"There is no split '{split}': choose {', '.join(SPLITS)}.")
    folder = read_folder(find_folder(run))
    with torch.random.fork_rng(devices=[]):  # building a network draws from torch's global generator
        model = load(folder.path)
    if source is not None:
        looked, of = from_source(model, source), "this input"
        inputs = [looked.example.input]
    else:
        data = data_of(model)
        looked = from_data(model, data, split, example)
        chosen = some_examples(getattr(data, split), model.target_spec, examples, model.config.task.loader.bptt)
        inputs, of = [one.input for one in chosen], f"{len(chosen)} {split} examples"
    given = looked.example.input
    assert given is not None
    written = looked.output if model.target_spec.needs.reads == "decoder" else None
    shown = shown_of(model.network, given, model.input_spec, written)
    found = saturation(model.network, [one for one in inputs if one is not None], model.input_spec)
    made, why = _attributed(model, looked, position) if attribute else (None, "")
    facts, of_split = RunFacts.of(folder.specs["key"], model.config), None if source is not None else split
    return ExplainedExample(facts, of_split, looked, shown, tuple(found), of, made, why)


def _attributed(model: TrainedModel, looked: LookedAt, position: int | None) -> tuple[Attributions | None, str]:
    """Attributions, or why there are none."""
    if not installed():
        return None, NEEDED
    answered, of = attributed_answer(model, looked)
    try:
        return attributions(
            model.network, answered, model.input_spec, model.target_spec, of=of, position=position
        ), ""  # fmt: skip
    except IncompatibleError as error:
        return None, f"No attributions: {error}"


def saturation_table(found: list[Saturation]) -> Table:
    """Shares of closed and open gates, averaged over units."""
    columns = [Column("mean", "of the gate"), Column("closed", f"below {CLOSED:g}"), Column("open", f"above {OPEN:g}")]
    table = Table("saturation-table", "How often gates are closed and open", "Gate", columns)
    for each in found:
        shares = [float(each.closed.mean()), float(each.opened.mean())]
        cells = [TableCell(f"{each.mean:.2f}", each.mean), *(TableCell(f"{100 * s:.1f} %", s) for s in shares)]
        table.rows.append(TableRow(TableCell(each.name), cells))
    return table


def _saturation_as_json(each: Saturation) -> dict[str, Any]:
    return {
        "name": each.name,
        "mean": rounded(each.mean),
        "closed": rounded(float(each.closed.mean())),
        "open": rounded(float(each.opened.mean())),
        "steps": each.steps,
        "closed_of_units": rounded(each.closed),
        "open_of_units": rounded(each.opened),
    }


def check_sentences(found: Attributions) -> list[str]:
    """What the checks on attributions say."""
    first = found.methods[0]
    assert first.gap is not None
    share = abs(first.gap / found.difference) if found.difference else math.inf
    said = [
        f"Attributed is minus {found.of}: {found.at_input:.4g} with the input, {found.at_baseline:.4g} with zeros in "
        f"its place. The difference of {found.difference:.4g} is divided among the steps.",
        f"Completeness gap of {first.method}: {first.gap:.2g}, {100 * share:.2g} % of the difference, with "
        f"{found.points} points. "
        f"The two methods' values have a rank correlation of {in_figures(found.agreement)}.",
    ]
    steps = len(first.values)
    for each in found.methods:
        verdict = "."
        if steps < FEWEST:
            verdict = f"; {steps} steps are too few to judge by."
        elif each.mean_shuffled >= UNMOVED:
            verdict = ": which steps are large is then told by the input and the architecture as well as by the model."
        said.append(
            f"Check: with shuffled weights, sizes by {each.method} have a rank correlation of "
            f"{in_figures(each.mean_shuffled)} with those of the model, and values one of "
            f"{in_figures(each.mean_shuffled_signed)} (means of {len(each.shuffled)} shuffles){verdict}"
        )
    return said


def _attribution_section(found: Attributions, words: tuple[str, ...] | None) -> ExplainedPart:
    return ExplainedPart("What each step contributes", check_sentences(found), [attribution_figure(found, words)])


def _attributions_as_json(found: Attributions) -> dict[str, Any]:
    return {
        "of": f"minus {found.of}",
        "at_input": rounded(found.at_input),
        "at_baseline": rounded(found.at_baseline),
        "rank_correlation_of_methods": rounded(found.agreement),
        "points": found.points,
        "methods": [
            {
                "name": each.method,
                "values": rounded(each.values),
                "completeness_gap": None if each.gap is None else rounded(each.gap),
                "with_shuffled_weights": {
                    "rank_correlation_of_sizes": [rounded(value) for value in each.shuffled],
                    "rank_correlation_of_values": [rounded(value) for value in each.shuffled_signed],
                },
            }
            for each in found.methods
        ],
    }


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
