"""The evidence behind a judgement: tests between models over seeds and test examples, and between checkpoints.

"Better model" is claimed only from the first, "better checkpoint" only from the second; the methods are in
`harness.report.statistics` and explained in docs/explanation/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from harness.contract.hookspecs import hookimpl
from harness.report import checkpoints
from harness.report import formatting as fmt
from harness.report.load import Entry
from harness.report.panels import Panel, PanelContext, PanelMaker
from harness.report.results import Scale, primary_of
from harness.report.standing import Judgement, sentence
from harness.report.statistics import FEW_SEEDS, LEVEL, ExampleTest, ExampleTests, PairTest, needed_words
from harness.report.statistics.example_tests import DRAW_SEED, FEW_EXAMPLES
from harness.report.statistics.power import POWER
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.report.wording import listed, p_words, shown

MOST_ROWS = 66
"""With more pairs than this (12 models), only those with the best mean are printed."""
_LINKED = 10
"""With more seeds than this, runs are linked only once, in the task's table of runs."""


def panels(context: PanelContext) -> list[Panel]:
    """The tests between all pairs of models; empty if there is nothing to compare."""
    comparison, judgement, name = context.comparison, context.judgement, context.name
    if len(judgement.pairs.order) < 2:
        return []
    scale = primary_of(comparison)
    digits = fmt.decimals(abs(r.primary_value or 0.0) for r in comparison.finished)
    entries = {e.label: e for e in [*comparison.entries, *comparison.baselines]}
    tested = checkpoints.compare(comparison, judgement.examples, judgement.pairs.models)
    panel = Panel(name, "Evidence: better model, better checkpoint?", folded=True, place=40)
    panel.text = [f"Better model? {sentence(judgement)}", _checkpoint_sentence(tested), _method(judgement)]
    panel.tables = [_pair_table(judgement, entries, scale, digits, f"{name}-models")]
    if tested.tests is not None:
        panel.text.append(_example_method(tested, tested.tests))
        panel.tables.append(_example_table(tested, tested.tests, scale, digits, f"{name}-examples"))
    return [panel]


@hookimpl
def harness_panels() -> dict[str, PanelMaker]:
    """The panel of this module."""
    return {"evidence": panels}


# -- between models ----------------------------------------------------------------------------------


def _method(of: Judgement) -> str:
    """How the models were compared and what that assumes."""
    if not any(t.p is not None for t in of.pairs.tests):
        return f"No pair of models has {FEW_SEEDS} seeds, the fewest that count as evidence for a comparison of means."
    looks = (
        f"The results were planned to be looked at {of.looks} times while seeds were added, so each look has "
        f"{_percent(of.ranking.level)}."
        if of.looks > 1
        else "Adding seeds now and looking again would be a second look, which needs a share of the level: plan looks "
        "beforehand (harness sweep --until-decided)."
    )
    examples = (
        f"and the variance of the difference over {of.examples.counted} (jackknife of the corpus score, the same "
        f"{'blocks' if of.examples.blocks else 'examples'} left out for both"
        f"{', since neighbouring examples are dependent' if of.examples.blocks else ''})"
        if any(t.examples for t in of.pairs.tests)
        else "; test examples are not in it, so claims hold for these test examples only"
        + (f" ({'; '.join(of.examples.left_out[:2])})" if of.examples.left_out else "")
    )
    return (
        "Method: two-sided Welch tests, fixed in advance. The squared standard error of a difference is each model’s "
        f"variance over seeds by its number of seeds {examples}, each part with its own degrees of freedom (Banerjee "
        "1960). A model is called "
        f"best if it beats every other model and every baseline, each at {_percent(LEVEL)} (rank verification: Gutmann "
        "and Maymin 1987; Hung and Fithian 2019), which keeps the chance of a wrong “best” in this comparison at "
        f"{_percent(LEVEL)}. The table’s verdicts on pairs are corrected by Holm over the "
        f"{fmt.plural(of.pairs.tested, 'pair')} of models. No correction is made over several comparisons. Seeds "
        f"needed: for {_percent(POWER)} power, if the true difference is at one end of its interval or the other."
        f" {looks} Few seeds say little about the shape of their distribution: a rare failing run shows only in many."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _pair_table(of: Judgement, entries: Mapping[str, Entry], scale: Scale, digits: int, name: str) -> Table:
    tests, caption = list(of.pairs.tests), "Better model? Every pair, over seeds and test examples"
    if len(tests) > MOST_ROWS:
        tests = of.pairs.of(of.pairs.models[0])
        caption = f"Better model? The best mean against every other ({len(of.pairs.tests)} pairs were tested)"
    unit = scale.note.removesuffix(scale.arrow).strip() or scale.title
    columns = [
        Column("against", numeric=False),
        Column("verdict", numeric=False),
        Column("difference", unit, has_interval=True),
        Column("p", "alone"),
        Column("p", "Holm"),
        Column("due to test examples", "of the squared error"),
    ]
    table = Table(name, caption, "Better mean", columns)
    for test in tests:
        cells = [
            _model(table, entries[test.second]),
            _verdict(of, test),
            TableCell(
                fmt.with_interval(test.difference, test.half_width, digits),
                test.difference,
                half_width=test.half_width,
                note=fmt.plural(test.seeds, "seed"),
            ),
            _p(test.p),
            _p(test.adjusted),
            TableCell("–", hidden="unknown")
            if math.isnan(test.example_share)
            else TableCell(f"{100 * test.example_share:.0f} %", test.example_share),
        ]
        table.rows.append(TableRow(_model(table, entries[test.first]), cells))
    return table


def _model(table: Table, entry: Entry) -> TableCell:
    """A model with links to the runs that were compared."""
    if len(entry.finished) > _LINKED:
        note = "Its runs are linked in the table of the runs behind these results."
        return TableCell(entry.label, footnote=table.footnote(note))
    return TableCell(entry.label, links=tuple(r.key for r in entry.finished))


def _p(value: float | None) -> TableCell:
    return TableCell("–") if value is None else TableCell(p_words(value).removeprefix("p ").removeprefix("= "), value)


def _verdict(of: Judgement, test: PairTest) -> TableCell:
    """A pair of models by Holm's p, a model and a baseline by its own."""
    if test.p is None:
        return TableCell("not tested", note=test.reason)
    p = test.p if test.adjusted is None else test.adjusted
    if p <= of.ranking.level and test.difference != 0:
        return TableCell(f"{shown(test.first)} better")
    if test.difference == 0:
        return TableCell("cannot be told apart", note="the same mean")
    samples = of.pairs.samples
    needed = needed_words(test, samples[test.first], samples[test.second], of.ranking.level)
    return TableCell("cannot be told apart", note=f"{needed} needed" if needed else "")


# -- over test examples ------------------------------------------------------------------------------


def _checkpoint_sentence(found: checkpoints.Checkpoints) -> str:
    """What can be said about checkpoints, or why nothing can."""
    left_out = "; ".join(found.left_out)
    if found.tests is None:
        return f"Better checkpoint? Not tested: {left_out}."
    best = next(iter(found.tests.scores))
    of_best = [t for t in found.tests.tests if best in (t.first, t.second)]
    unclear = [t for t in of_best if not t.decided]
    rivals = listed([t.second if t.first == best else t.first for t in unclear]) if unclear else ""
    if not unclear:
        said = f"is better than the {fmt.plural(len(of_best), 'other')}"
    elif any(t.decidable for t in unclear):
        said = f"scores best, but {rivals} cannot be told from it"
    else:
        said = f"scores best, but {found.counted} are too few to tell it from {rivals}"
    sentence = f"Better checkpoint? Of the checkpoints of seed {found.seed}, {shown(best)}’s {said}."
    return sentence + (f" Left out: {left_out}." if left_out else "")


def _example_method(found: checkpoints.Checkpoints, tests: ExampleTests) -> str:
    interval = (
        f"intervals are the paired bootstrap’s ({tests.resamples} resamples)"
        if tests.resamples
        else f"fewer than {FEW_EXAMPLES} {found.unit}s are too few for intervals"
    )
    return (
        "Method over examples: it says whether these trained weights differ on other test examples like the "
        f"{found.counted} here, and nothing about another training, so it can never show that a model is better. "
        f"Approximate randomisation, {found.unit}s swapped between two checkpoints {tests.draws} times (seed "
        f"{DRAW_SEED}), with the corpus score recomputed each time; {interval}; Holm’s correction over "
        f"{fmt.plural(len(tests.tests), 'pair')}. The seed is the lowest that most models have finished."
    )


def _example_table(found: checkpoints.Checkpoints, tests: ExampleTests, scale: Scale, digits: int, name: str) -> Table:
    unit = scale.note.removesuffix(scale.arrow).strip() or scale.title
    columns = [
        Column("against", numeric=False),
        Column("verdict", numeric=False),
        Column("difference", f"{unit}, 95 % interval", has_interval=True),
        Column("p", "alone"),
        Column("p", "Holm"),
    ]
    caption = f"Better checkpoint? Every pair of trained models of seed {found.seed} over the same test examples"
    table = Table(name, caption, "Better score", columns)
    for test in tests.tests:
        text, half = fmt.fixed(test.difference, digits), None
        if test.low is not None and test.high is not None:
            text += f" ({fmt.fixed(test.low, digits)} to {fmt.fixed(test.high, digits)})"
            half = (test.high - test.low) / 2
        cells = [
            TableCell(test.second, links=(found.keys[test.second],)),
            _example_verdict(test, found.unit),
            TableCell(text, test.difference, half_width=half),
            _p(test.p),
            _p(test.adjusted),
        ]
        table.rows.append(TableRow(TableCell(test.first, links=(found.keys[test.first],)), cells))
    return table


def _example_verdict(test: ExampleTest, unit: str) -> TableCell:
    if test.decided:
        return TableCell(f"{shown(test.first)}’s checkpoint better")
    if not test.decidable:
        return TableCell("cannot be decided", note=f"only {fmt.plural(test.differing, unit)} differ")
    return TableCell("cannot be told apart")
