"""The pages of docs/reference/api: what stands on each; their text is that of signatures and docstrings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from api_markdown import entry, found, module_lines
from markdown_parts import code, phrase, table

from harness.contract.metric import Metric, Prediction
from harness.metrics.forecasting import CRPS, MASE, SMAPE, ForecastExample, VariableScales
from harness.report.statistics.corpus import formula_of
from harness.targets import BUILT_IN
from harness.testing import cases


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        title, intro: at its top.
        sections: dotted names of modules, classes and functions by the title above them; "" for none.
    """

    title: str
    intro: str
    sections: dict[str, tuple[str, ...]]


CONTRACTS = Page(
    "Contracts",
    "The classes plug-in authors subclass. [The contract](../../explanation/contract.md) explains each promise. What "
    "is `from harness` can be imported from `harness` itself.",
    {
        "Models": (
            *(f"harness.contract.model.{n}" for n in ("Model", "Capabilities", "Encoder", "EncoderOutput", "Decoder")),
            "harness.contract.training.ParameterGroup",
            "harness.contract.training.AuxiliaryLoss",
        ),
        "Targets": (
            *(f"harness.contract.target.{n}" for n in ("Target", "Needs", "Layout", "Vocabulary", "Answer")),
            "harness.contract.target_context.HeadContext",
        ),
        "Tasks": (
            "harness.contract.task.Task",
            "harness.contract.task_fields.TaskFields",
            "harness.contract.task.TaskData",
            "harness.contract.preprocessing.Preprocessing",
            "harness.contract.task_fields.Loader",
            "harness.contract.metric.Prediction",
            "harness.contract.metric.Metric",
            "harness.contract.task.Reference",
            "harness.contract.task.Baseline",
        ),
        "Data sets": (
            "harness.contract.dataset.Dataset",
            "harness.contract.raw.RawExample",
            "harness.contract.raw.RawData",
            "harness.contract.dataset_task.DatasetTask",
        ),
        "Errors": ("harness.errors",),
        "Versions": ("harness.contract.version",),
    },
)
DATA_TYPES = Page(
    "Specifications and batches",
    "What data looks like between a task and a model. Axes: B batch, T input time, U target time, F features, "
    "K classes, V vocabulary, C/Y/X channels, height, width.",
    {
        "Specifications": ("harness.contract.specs", "harness.contract.signature"),
        "Built-in targets": tuple(f"{target.__module__}.{target.__name__}" for target in BUILT_IN),
        "Examples and batches": ("harness.contract.batch",),
        "Many examples at once": ("harness.contract.gathering",),
    },
)
NN = Page(
    "Building blocks",
    "Parts that an encoder or a decoder may be built from. The built-in models use the same ones. Nothing here is "
    "compulsory: any subclass of `Encoder`, itself a `torch.nn.Module`, will do that keeps "
    "[the contract](../../explanation/contract.md).",
    {
        "": tuple(
            f"harness.nn.{n}"
            for n in (
                *("masking", "pooling", "recurrent_model", "recurrent", "cells", "step_cell", "layers"),
                "regularised_lstm",
                *("convolutional", "transformer", "transformer_decoder", "attention_heads"),
                *("backends", "attention", "memory_attention", "decoder", "dropout", "initialisation"),
                *("mixers.mixer", "mixers.encoder", "mixers.model", "mixers.short_convolution", "mixers.min_rnn"),
                *("mixers.slstm", "mixers.mlstm", "mixers.mamba", "mixers.mamba2", "mixers.delta_net"),
                *("mixers.lru", "mixers.s4d", "mixers.chunks", "mixers.head_norm"),
            )
        )
    },
)
INFERENCE = Page(
    "Trained models",
    "[Use a trained model](../../how-to/trained-models.md) shows them at work.",
    {
        "": (
            "harness.inference.loading.load",
            "harness.inference.trained_model.TrainedModel",
            "harness.inference.examples.raw_split",
        )
    },
)
METRICS = Page(
    "Metrics",
    "Ready-made values of [`Metric`](contracts.md#metric) for a task's class variable `metrics`, and the functions "
    "that make variants. [Bring a metric](../../how-to/metrics.md) shows how to write one.",
    {},  # see `metrics`
)
DATA = Page(
    "Data sources",
    "The sources a task or a data set declares in `sources()`, and the cache for prepared data. "
    "[Bring a data set](../../how-to/data-sets.md) shows how to use them.",
    {
        "Sources": tuple(
            f"harness.data.sources.{n}"
            for n in ("Source", "GeneratedSource", "FileSource", "FolderSource", "WheelSource", "UrlSource")
        ),
        "What lies in a folder": ("harness.data.walking",),
        "Files of text": ("harness.data.text_files", "harness.contract.text.normal_form"),
        "Files that cannot be used": ("harness.data.corrupt",),
        "How alike texts are": ("harness.data.similarity",),
        "The cache": ("harness.data.cache", "harness.data.progress"),
    },
)
TESTING = Page(
    "Testing",
    "The suites that are shipped for authors of plug-ins. `harness check NAME` runs the same clauses; "
    "[the list of clauses](../clauses.md) says what each of them tests.",
    {
        "Suites": tuple(
            f"harness.testing.contracts.{n}"
            for n in ("ModelContract", "TaskContract", "DatasetContract", "TargetContract")
        ),
        "The cases that models are checked on": ("harness.testing.cases",),
        "Clauses and findings": ("harness.testing.clause", "harness.testing.examination"),
    },
)


def lines(page: Page) -> Iterator[str]:
    """The page."""
    yield from (f"# {page.title}", "", page.intro)
    for title, names in page.sections.items():
        yield from ("", f"## {title}") if title else ()
        for name in names:
            yield from entry(name, 3 if title else 2)


def metrics() -> Iterator[str]:
    """The ready metrics with the statistics that they keep, then the helpers."""
    yield from (f"# {METRICS.title}", "", METRICS.intro, "")
    yield "Statistics are what a row of the metric keeps of each example, by name. A metric of your own whose rows have"
    yield "the same names, aggregated the same way, gets the same tests and breakdowns in reports."
    kinds = ("classification", "tagging", "multi_label", "regression", "error_rates", "language_model", "translation")
    for name in (*kinds, "forecasting"):
        module = found(f"harness.metrics.{name}")
        yield from module_lines(module, 2)
        made = {n: v for n, v in vars(module).items() if isinstance(v, Metric)}
        yield from table(("metric", "name", "unit", "better", "statistics", "meaning"), map(metric_row, made.items()))
    yield from ("", "## Helpers for your own metrics")
    for name in ("label_counts", "ratios", "languages"):
        yield from entry(f"harness.metrics.{name}")


def metric_row(made: tuple[str, Metric]) -> tuple[str, ...]:
    """A row of the table of ready metrics."""
    name, metric = made
    better = "higher" if metric.higher_is_better else "lower"
    return code(name), code(metric.name), metric.unit, better, statistics_of(metric), phrase(metric.description)


MORE = {"forecast": (CRPS, MASE, SMAPE)}
"""Metrics that fit a target, but need a task that says more of its examples."""


def statistics_of(metric: Metric) -> str:
    """The names in a row of the metric, as it makes one for a perfect answer."""
    for target in BUILT_IN:
        if metric not in (*target.metrics(), *MORE.get(target.name, ())):
            continue
        case = cases.of_target(target)[0]
        example = cases.examples(case, steady=True)[0]
        answer = case.target.perfect(np.asarray(example.target))
        text = case.target.text(answer.output, None)
        size = np.asarray(example.target).size
        prediction = Prediction(example.id, answer.output, text, answer.scores, 1.0, size)
        whole = type(example)(
            example.id, example.input, example.target, (text,), units={"characters": 1.0, "words": 1.0}
        )
        if metric in MORE.get(target.name, ()):
            scale = np.ones(whole.target.shape[-1])
            whole = ForecastExample(whole.id, None, whole.target, scales=VariableScales(0 * scale, scale, scale))
        row = metric.statistics(prediction, whole)
        known = "" if formula_of([row]) else " (no test by example)"
        return ", ".join(map(code, row)) + known
    raise SystemExit(f"no built-in target lists the metric {metric.name}: where do its statistics come from?")


PAGES = {
    "api/contracts.md": lambda: lines(CONTRACTS),
    "api/data-types.md": lambda: lines(DATA_TYPES),
    "api/nn.md": lambda: lines(NN),
    "api/inference.md": lambda: lines(INFERENCE),
    "api/metrics.md": metrics,
    "api/data.md": lambda: lines(DATA),
    "api/testing.md": lambda: lines(TESTING),
}
