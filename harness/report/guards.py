"""What a reader must know before trusting a number, checked for one comparison.

Runs under different conditions are kept apart by the grouping itself (`conditions`); this module covers what may differ
within a comparison: size, seeds, tuning, the code, backends, contended times, training that ended early.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from harness.report import formatting as fmt
from harness.report import promises
from harness.report.comparisons import Comparison, Entry
from harness.report.conditions import asked
from harness.store.checks import FAILED, NEVER
from harness.store.query import RunView
from harness.store.records import RunSummary
from harness.store.training_details import state_size_of, training_words

MATCHED_WITHIN = 0.02
"""How far apart sizes may be and still count as equal: what `match` itself allows."""

MORE_TUNED = 1.5
"""How many times as long a search may take with equal trials before it is said; slower models need somewhat longer."""
_SHOWN = 4  # names in a sentence


def contended(entry: Entry) -> list[RunView]:
    """Its finished runs that were disturbed by other programs, so their times are not the model's."""
    return [r for r in entry.finished if r.summary and r.summary.machine.get("contended")]


def contended_sentence(comparison: Comparison) -> str:
    """What times marked as contended mean; empty if there are none."""
    runs = [r for e in comparison.entries for r in contended(e)]
    if not runs:
        return ""
    shares = [r.summary.machine.get("other_cpu_share") for r in runs if r.summary]
    known = [s for s in map(_number, shares) if s is not None]
    used = f" (they used up to {100 * max(known):.0f} % of its cores)" if known else ""
    sentence = f"Contended: other programs ran at the same time{used}, so these times and speeds are unreliable."
    if (comparison.conditions.budget or "").startswith("seconds"):
        sentence += " The budget is in seconds, so the models took fewer steps and their scores suffered too."
    return sentence


def size_sentence(comparison: Comparison) -> str:
    """Whether the models have equal sizes, if they differ or were matched; empty for one model."""
    entries = [e for e in comparison.entries if any(r.summary for r in e.finished)]
    if len(entries) < 2:
        return ""
    matches = {asked(r, "match") for e in entries for r in e.finished}
    (match,) = matches if len(matches) == 1 else ("",)
    if match.startswith("state"):
        states = [state_size_of(r.summary.details) or 0 for e in entries for r in e.finished if r.summary]
        matched = f"Carried states are matched by match={match}: {_span(min(states), max(states))} numbers."
        return " ".join(filter(None, (matched, _size_sentence(entries, "", ""))))
    return _size_sentence(entries, match, "" if len(matches) == 1 else " Only some of the models were matched.")


def _size_sentence(entries: Sequence[Entry], match: str, some: str) -> str:
    by_total = not match.startswith("params")
    sizes = {e.label: max(_size(r.summary, by_total=by_total) for r in e.finished if r.summary) for e in entries}
    small, large = min(sizes, key=lambda n: sizes[n]), max(sizes, key=lambda n: sizes[n])
    low, high = sizes[small], sizes[large]
    equal = high <= low * (1 + MATCHED_WITHIN) ** 2  # match allows a deviation in both directions
    if match and equal:
        what = "encoder and decoder have" if not by_total else "all parameters together are"
        return f"Sizes are matched by match={match}: {what} {_span(low, high)}."
    if equal:
        return ""
    times = f", {high / low:.2g} times as many" if low > 0 else ""
    return (
        f"Parameters are not matched: from {fmt.count(low)} ({small}) to {fmt.count(high)} ({large}){times}. "
        f"A difference in quality may be due to size; match=params:N makes sizes equal.{some}"
    )


def seeds_sentence(comparison: Comparison) -> str:
    """Whether models were run with other or fewer seeds; empty if all have the same."""
    seeds = {e.label: tuple(r.seed for r in e.finished) for e in comparison.entries if e.finished}
    if len(set(seeds.values())) <= 1:
        return ""
    counts = {label: len(of) for label, of in seeds.items()}
    if len(set(counts.values())) == 1:
        return "The models were run with different seeds, so they did not see the same batches."
    parts = [f"{fmt.plural(n, 'seed')}: {_names(counts, n)}" for n in sorted(set(counts.values()), reverse=True)]
    return f"Different numbers of seeds ({'; '.join(parts)}): means over fewer are less certain."


def fewer_seeds(comparison: Comparison, entry: Entry) -> bool:
    """Whether other models of the comparison have results for more seeds."""
    return 0 < len(entry.finished) < max(len(e.finished) for e in comparison.entries)


def trials_of(run: RunView) -> int:
    """How many configurations a search tried for it; 0: untuned."""
    return int(_number(run.tuning.get("trials")) or 0)


def search_time(run: RunView) -> str:
    """How long that search took, in words; empty if unknown."""
    hours = _number(run.tuning.get("hours"))
    return "" if hours is None or not trials_of(run) else fmt.duration(hours * 3600)


def hours_of(run: RunView) -> float:
    """How many hours a search for it took; 0.0: untuned, or not recorded."""
    return _number(run.tuning.get("hours")) or 0.0 if trials_of(run) else 0.0


def tuning_words(run: RunView) -> str:
    """Both: "4 trials, 6 min 36 s", or "none"."""
    trials = trials_of(run)
    return ", ".join(filter(None, (fmt.plural(trials, "trial"), search_time(run)))) if trials else "none"


def tuning_sentence(comparison: Comparison) -> str:
    """Whether some models were tuned more than others, in trials or in hours; empty if not."""
    of = {e.label: e.finished[0] for e in comparison.entries if e.finished}
    trials = {label: trials_of(run) for label, run in of.items()}
    if len(set(trials.values())) > 1:
        parts = [
            f"{fmt.plural(n, 'trial') if n else 'none'}: {_names(trials, n)}"
            for n in sorted(set(trials.values()))[::-1]
        ]
        return f"Tuning effort differs ({'; '.join(parts)}): tuned against untuned models compares the tuning."
    hours = {label: h for label, run in of.items() if trials[label] and (h := _number(run.tuning.get("hours")))}
    if len(hours) < 2 or max(hours.values()) <= MORE_TUNED * min(hours.values()):
        return ""
    most, least = (f(hours, key=lambda label: hours[label]) for f in (max, min))
    return (
        f"Tuning effort differs: {fmt.plural(trials[most], 'trial')} each, but {_shortened([most])} was searched for "
        f"{fmt.duration(hours[most] * 3600)} and {_shortened([least])} for {fmt.duration(hours[least] * 3600)}; a "
        "longer search is an advantage that is not the model’s."
    )


def code_of(run: RunView) -> tuple[str, ...]:
    """Digests of the code that every model of a comparison shares: the engine and the task."""
    plugins = run.identity.get("plugin_digests")
    task = plugins.get("task") if isinstance(plugins, dict) else None
    return str(run.identity.get("engine_digest") or ""), str(task or "")


def other_code(comparison: Comparison) -> set[str]:
    """Labels with a run by other code of the engine, of the task or of the model than the newest run's."""
    runs = comparison.finished
    if not runs:
        return set()
    newest = code_of(max(runs, key=lambda r: (r.ended_at or 0.0, r.id)))
    found = {e.label for e in comparison.entries if any(code_of(r) != newest for r in e.finished)}
    return found | {e.label for e in comparison.entries if len({_model_code(r) for r in e.finished}) > 1}


def code_sentence(comparison: Comparison) -> str:
    """What it means that runs are of different code; empty if they are not."""
    labels = sorted(other_code(comparison))
    if not labels:
        return ""
    return (
        f"Not all runs are by the same code: those of {_shortened(labels)} used other versions of the engine, the task "
        "or the model than the newest run, which may have changed results; rerun them to compare."
    )


def backend_of(entry: Entry) -> str:
    """The backend of its recurrent layers; several if its runs differ, empty for a baseline."""
    return ", ".join(sorted({r.backend for r in entry.finished if r.backend}))


def backend_sentence(comparison: Comparison) -> str:
    """Whether runs had different backends, so that times also compare kernels; empty if not."""
    backends = {e.label: backend_of(e) for e in comparison.entries if e.finished}
    if len(set(backends.values())) <= 1:
        return ""
    parts = [
        f"{backend}: {_shortened([label for label, b in backends.items() if b == backend])}"
        for backend in dict.fromkeys(backends.values())
    ]
    return (
        f"Backends differ ({'; '.join(parts)}): differences in speed between them are due to kernels as well as models."
    )


def stopped_early(entry: Entry) -> int:
    """How many of its runs ended before their budget because validation stopped improving."""
    return sum(bool(r.summary and r.summary.details.get("stopped_early")) for r in entry.finished)


def own_training(entry: Entry) -> str:
    """How the model asked to be trained otherwise than the others, if it did; a sentence."""
    details = entry.finished[0].summary.details if entry.finished and entry.finished[0].summary else {}
    words = [f"{term}: {text}" for term, text in training_words(details)]
    return f"Trained in its own way: {'; '.join(words)}." if words else ""


def target_of(entry: Entry) -> str:
    """The METRIC:VALUE target that was timed; empty if none was set."""
    return str(entry.finished[0].config.get("target") or "") if entry.finished else ""


def kinds(comparison: Comparison) -> list[str]:
    """What to know about a comparison, in a few words each, for the first page."""
    found = {
        "models that break their contract": bool(promises.sentence(comparison, FAILED)),
        "models whose contract was never checked": bool(promises.sentence(comparison, NEVER)),
        "models of unequal size": "not matched" in size_sentence(comparison),
        "different seeds or numbers of seeds": bool(seeds_sentence(comparison)),
        "unequal tuning effort": bool(tuning_sentence(comparison)),
        "runs by different versions of the code": bool(other_code(comparison)),
        "different backends": bool(backend_sentence(comparison)),
        "contended times": any(contended(e) for e in comparison.entries),
        "models trained in a way of their own": any(own_training(e) for e in comparison.entries),
        "training that stopped early": any(stopped_early(e) for e in comparison.entries),
    }
    return [words for words, there in found.items() if there]


def _number(value: Any) -> float | None:
    """A number, whatever type the store holds."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else None


def _model_code(run: RunView) -> str:
    plugins = run.identity.get("plugin_digests")
    return str(plugins.get("model") or "") if isinstance(plugins, dict) else ""


def _size(summary: RunSummary, *, by_total: bool) -> int:
    """The parameters that were meant to be equal."""
    return summary.parameters if by_total else summary.model_parameters


def _span(low: int, high: int) -> str:
    one, two = fmt.count(low), fmt.count(high)
    return one if one == two else f"{one} to {two}"


def _names(counts: dict[str, int], number: int) -> str:
    return _shortened([label for label, n in counts.items() if n == number])


def _shortened(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
