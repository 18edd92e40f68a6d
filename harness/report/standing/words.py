"""A judgement in sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.report import formatting as fmt
from harness.report.standing.contenders import Contender
from harness.report.standing.judgement import Judgement
from harness.report.statistics import FEW_SEEDS, PairTest, needed_words
from harness.report.wording import listed, numbers, p_words, shown


def sentences(of: Judgement) -> list[str]:
    """Missing seeds, which leave it undecided, then the verdict, then unstable models."""
    said = [*_missing(of), _verdict(of), *_unstable(of)]
    return [s for s in said if s]


def sentence(of: Judgement) -> str:
    """All of `sentences` in one paragraph."""
    return " ".join(sentences(of))


def standing_words(of: Judgement) -> tuple[str, str]:
    """The outcome in a few words for a label, and its tone: "good", "warn", "bad" or "quiet"."""
    if of.outcome == "undecided" and of.missing:
        return "undecided: seeds are missing", "warn"
    return {
        "best": ("best", "good"),
        "tied": ("tied for practical purposes", "good"),
        "undecided": ("undecided", "warn"),
        "below_baseline": ("below a baseline", "bad"),
        "no_contest": ("no contest", "quiet"),
        "no_result": ("no result", "quiet"),
    }[of.outcome]


def value_words(of: Judgement, label: str) -> str:
    """A contender's mean with the metric's unit."""
    mean = of.pairs.samples[label].mean
    unit = of.scale.note.removesuffix(of.scale.arrow).strip() or of.scale.title
    return f"{fmt.fixed(mean, digits_of(of))} {unit}".strip()


def digits_of(of: Judgement) -> int:
    """Digits after the point of the primary metric in this comparison."""
    return fmt.decimals(s.mean for s in of.pairs.samples.values())


def gap_words(of: Judgement, test: PairTest) -> str:
    """A difference with its interval and unit."""
    unit = of.scale.note.removesuffix(of.scale.arrow).strip() or of.scale.title
    return f"{fmt.with_interval(abs(test.difference), test.half_width, digits_of(of))} {unit}".strip()


# -- the verdict -------------------------------------------------------------------------------------


def _verdict(of: Judgement) -> str:
    if of.outcome == "no_result":
        return "No model has finished."
    if not of.pairs.models:
        return "No model can be ranked."
    first = of.pairs.models[0]
    return _SAID[of.outcome](of, first)


def _alone(of: Judgement, first: str) -> str:
    return f"{shown(first)} is the only model with a result."


def _tied(of: Judgement, first: str) -> str:
    margin = f"{of.margin:g} {of.scale.unit}".rstrip()
    return (
        f"{listed(of.may_be_best)} are tied for practical purposes: they differ by less than {margin} "
        f"({_method(of, of.pairs.of(first))})."
    )


def _best(of: Judgement, first: str) -> str:
    tests = of.pairs.of(first)
    if not tests:
        return f"{shown(first)} is the only model that trained every time."
    models = [t for t in tests if t.other(first) in of.pairs.models]
    baselines = len(tests) - len(models)
    rivals = "every other model" if len(models) > 1 else shown(models[0].other(first)) if models else ""
    ranked = " that trained every time" if of.unstable and len(models) > 1 else ""
    against = f"{rivals}{ranked}"
    if baselines:
        against += (" and " if against else "") + ("every baseline" if baselines > 1 else "the baseline")
    said = f"{shown(first)} is better than {against}"
    if models:
        runner = models[0]
        said += f": {gap_words(of, runner)} ahead"
        said += f" of {shown(runner.other(first))}, the next best" if len(models) > 1 else ""
        if of.margin is not None and runner.difference and abs(runner.difference) < of.margin:
            said += f", less than the {of.margin:g} that matter in practice"
    return f"{said} ({_method(of, tests)})."


def _below(of: Judgement, first: str) -> str:
    baseline = of.ranking.ahead[0]
    said = f"No model beats the baseline {shown(baseline)} ({value_words(of, baseline)}): "
    said += f"the best mean of the models, {shown(first)}’s, is {value_words(of, first)}"
    test = of.pairs.between(baseline, first)
    if test.p is None:
        doubt = ""
    elif test.shown(of.ranking.level):
        doubt = f", which is worse ({p_words(test.p)})"
    else:
        doubt = f", which cannot be told from it ({p_words(test.p)})"
    return f"{said}{doubt}."


def _undecided(of: Judgement, first: str) -> str:
    leaders = of.ranking.leaders
    if len(leaders) > 1:
        head = (
            f"{listed(leaders)} have the same mean" if len(leaders) < 4 else f"{len(leaders)} models have the same mean"
        )
    else:
        head = f"{shown(first)} has the best mean"
    few = [c for c in of.contenders if c.is_model and c.ranked and not c.sample.enough and not c.missing]
    if few:
        least = min(c.sample.seeds for c in few)
        return (
            f"{head}, but {fmt.plural(least, 'seed')} cannot show which model is best: at least {FEW_SEEDS} are needed."
        )
    open_ = [t for t in of.ranking.open if t.other(first) not in leaders and (t.p is not None or not of.missing)]
    if not open_:
        return f"{head}."
    rivals = [t.other(first) for t in open_]
    untested = [t for t in open_ if t.p is None]
    if len(untested) == len(open_):
        return f"{head}, but {listed(rivals)} cannot be compared with it: {untested[0].reason}."
    closest = max((t for t in open_ if t.p is not None), key=lambda t: t.p or 0.0)
    samples = of.pairs.samples
    needed = needed_words(closest, samples[closest.first], samples[closest.second], of.ranking.level)
    said = f"{head}, but {listed(rivals)} cannot be told from it ({_method(of, open_)})"
    return f"{said}; it would take {needed}." if needed else f"{said}."


def _method(of: Judgement, tests: Sequence[PairTest]) -> str:
    """The method in brackets: "3 seeds, 600 test examples, largest p = 0.02"."""
    known = [t for t in tests if t.p is not None]
    if not known:
        return "no test"
    low, high = min(t.seeds for t in known), max(t.seeds for t in known)
    text = f"{low} seeds" if low == high else f"{low} to {high} seeds"
    text += f", {of.examples.counted}" if any(t.examples for t in known) else ""
    if any(not t.examples for t in known):
        text += ", for these test examples only"
    decided = all(t.shown(of.ranking.level) for t in known)
    p = (max if decided else min)(t.p for t in known if t.p is not None)
    extreme = "" if len(known) == 1 else "largest " if decided else "smallest "
    level = f" at a level of {of.ranking.level:.2g}, {of.looks} looks being planned" if of.looks > 1 else ""
    return f"{text}, {extreme}{p_words(p)}{level}"


_SAID: dict[str, Callable[[Judgement, str], str]] = {
    "best": _best,
    "tied": _tied,
    "undecided": _undecided,
    "below_baseline": _below,
    "no_contest": _alone,
}

# -- what limits it ----------------------------------------------------------------------------------


def _unstable(of: Judgement) -> list[str]:
    found = []
    for c in of.unstable:
        said = f"{shown(c.label)} is unstable: {unstable_words(c)}, so it cannot be best"
        if c.values:
            value, digits = c.sample.mean, fmt.decimals(c.values.values())
            others = "its other run gives" if len(c.values) == 1 else "its other runs average"
            said += f"; {others} {fmt.fixed(value, digits)}"
        found.append(f"{said}.")
    return found


def unstable_words(of: Contender) -> str:
    """ "3 of 8 runs diverged and 1 exceeded a limit"."""
    parts = []
    if of.diverged:
        parts.append(f"{len(of.diverged)} of {fmt.plural(of.outcomes, 'run')} diverged")
    if of.over_limit:
        whole = "" if parts else f" of {fmt.plural(of.outcomes, 'run')}"
        parts.append(f"{len(of.over_limit)}{whole} exceeded a limit")
    return " and ".join(parts)


def _missing(of: Judgement) -> list[str]:
    if not of.missing:
        return []
    parts = [f"{shown(c.label)} lacks {_seeds(c)}" for c in of.missing[:3]]
    more = len(of.missing) - len(parts)
    parts += [f"{fmt.plural(more, 'more model')} some too"] if more else []
    return [f"Undecided until these runs have finished: {'; '.join(parts)}."]


def _seeds(of: Contender) -> str:
    said = f"seed {of.missing[0]}" if len(of.missing) == 1 else f"seeds {numbers(of.missing)}"
    return f"{said} (failed for another reason than the model)" if len(of.broken) == len(of.missing) else said
