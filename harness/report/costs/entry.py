"""What one model costs in a comparison: time, size, memory and latency over its seeds, each with an interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.report.comparisons import Comparison, Entry
from harness.report.statistics import Summary, summarise
from harness.store.records import RunSummary
from harness.store.training_details import FEWEST_CALLS

TIMES = ("training_s", "throughput", "latency_1_ms", "latency_1_p95_ms", "latency_batch_ms", "real_time_factor")
"""The costs that a busy machine falsifies."""


@dataclass(frozen=True)
class Costs:
    """The costs of one entry of a comparison, over its finished runs; None: not measured.

    Times are over the runs that had the machine to themselves. If there are none, they are over all runs and
    `ranked` is False: they are shown, and enter no front and no claim.

    Attributes:
        label: of the entry.
        training_s: seconds of training, without validation and checkpoints.
        throughput: real units per second of training.
        parameters: all weights, trained and fixed.
        training_memory, inference_memory: peak bytes of training and of evaluation, without what the process held
            before the run; on an accelerator its own memory is not part of them.
        latency_1_ms, latency_1_p95_ms: median and 95th percentile of the time for one test example, in milliseconds.
        latency_batch_ms: median time for one batch of the test evaluation, in milliseconds.
        real_time_factor: seconds of computation per second of signal, for one example at a time.
        fixed: how many of the weights are not trained.
        batch: examples in the batch that `latency_batch_ms` is about.
        runs, contended: finished runs, and those on a machine that was busy with other work.
    """

    label: str
    training_s: Summary | None
    throughput: Summary | None
    parameters: Summary | None
    training_memory: Summary | None
    inference_memory: Summary | None
    latency_1_ms: Summary | None = None
    latency_1_p95_ms: Summary | None = None
    latency_batch_ms: Summary | None = None
    real_time_factor: Summary | None = None
    fixed: int = 0
    batch: int = 0
    runs: int = 0
    contended: int = 0

    @property
    def ranked(self) -> bool:
        """Whether its times may be compared with those of others: a run of it was not contended."""
        return self.contended < self.runs

    def comparable(self, name: str) -> Summary | None:
        """A cost by the name of its field, for ranking: None if it is unknown, or a time of contended runs only."""
        found = getattr(self, name)
        assert found is None or isinstance(found, Summary)
        return None if name in TIMES and not self.ranked else found


def costs_of(comparison: Comparison) -> dict[str, Costs]:
    """The costs of every model of a comparison that has a finished run, by label. Baselines have none."""
    return {entry.label: _costs(entry) for entry in comparison.entries if any(r.summary for r in entry.finished)}


def _costs(entry: Entry) -> Costs:
    everything = [r.summary for r in entry.finished if r.summary]
    quiet = [s for s in everything if not s.machine.get("contended")]
    timed = quiet or everything
    return Costs(
        label=entry.label,
        training_s=_over(timed, lambda s: s.train_s),
        throughput=_over(timed, lambda s: s.throughput or None),
        parameters=_over(everything, lambda s: s.parameters or None),
        training_memory=_over(everything, lambda s: s.memory.get("training_peak_bytes")),
        inference_memory=_over(everything, lambda s: s.memory.get("evaluation_peak_bytes")),
        latency_1_ms=_over(timed, lambda s: _latency(s, "one").get("p50_ms")),
        latency_1_p95_ms=_over(timed, _high),
        latency_batch_ms=_over(timed, lambda s: _latency(s, "batch").get("p50_ms")),
        real_time_factor=_over(timed, lambda s: _latency(s, "one").get("real_time_factor")),
        fixed=max(s.fixed_parameters for s in everything),
        batch=max(int(_latency(s, "batch").get("examples") or 0) for s in everything),
        runs=len(everything),
        contended=len(everything) - len(quiet),
    )


def _over(summaries: Sequence[RunSummary], value: Callable[[RunSummary], Any]) -> Summary | None:
    """The known values over seeds; None if there are none. Reads what a store holds, whatever it is."""
    found = summarise([v if isinstance(v, int | float) else None for v in map(value, summaries)])
    return found if found.seeds else None


def _high(summary: RunSummary) -> Any:
    """The 95th percentile for one example; None of fewer calls than can have one."""
    one = _latency(summary, "one")
    calls = one.get("calls")
    return one.get("p95_ms") if isinstance(calls, int) and calls >= FEWEST_CALLS else None


def _latency(summary: RunSummary, of: str) -> Mapping[str, Any]:
    """What a run recorded of its latency with "one" example or a "batch"; empty if it was not measured."""
    latency = summary.details.get("latency")
    found = latency.get(of) if isinstance(latency, Mapping) else None
    return found if isinstance(found, Mapping) else {}
