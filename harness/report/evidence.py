"""What the runs of one comparison can show: tests between models over seeds, and over test examples.

"Better model" is claimed only from the seed test, "better checkpoint" only from the example test; the methods are in
`harness.report.statistics` and explained in docs/explanation/statistics.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.report import checkpoints
from harness.report import formatting as fmt
from harness.report.load import Comparison, Entry
from harness.report.panels import Panel
from harness.report.results import Scale, primary_of, seed_tests_of
from harness.report.statistics import ExampleTest, ExampleTests, SeedTest, SeedTests, verdict_on
from harness.report.statistics.example_tests import DRAW_SEED, FEW_EXAMPLES
from harness.report.statistics.power import POWER
from harness.report.statistics.seed_tests import FLIPS, LEVEL, PAIRED, WELCH
from harness.report.statistics.sign_flips import enough_seeds, smallest_p
from harness.report.statistics.summaries import FEW_SEEDS
from harness.report.statistics.verdicts import listed, p_words, seeds_words, shown
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.store import Store

MOST_ROWS = 66
"""With more pairs than this (12 models), only those with the best mean are printed."""
_LINKED = 10
"""With more seeds than this, runs are linked only once, in the task's table of runs."""


def panels(store: Store, comparison: Comparison, name: str) -> list[Panel]:
    """The tests between all pairs of models; empty if there is nothing to compare.

    Args:
        store: open, for test examples.
        comparison: runs under equal conditions.
        name: prefix of the names of panels, tables and figures.
    """
    family = seed_tests_of(comparison)
    if len(family.order) < 2:
        return []
    scale = primary_of(comparison)
    digits = fmt.decimals(abs(r.primary_value or 0.0) for r in comparison.finished)
    entries = {e.label: e for e in comparison.entries}
    tested = checkpoints.compare(store, comparison, family.order)
    panel = Panel(name, "Evidence: better model, better checkpoint?", folded=True)
    panel.text = [f"Better model? {verdict_on(family).sentence}", _checkpoint_sentence(tested), *_seed_method(family)]
    panel.tables = [_seed_table(family, entries, scale, digits, f"{name}-seeds")]
    if tested.tests is not None:
        panel.text.append(_example_method(tested.tests))
        panel.tables.append(_example_table(tested, tested.tests, scale, digits, f"{name}-examples"))
    return [panel]


# -- over seeds --------------------------------------------------------------------------------------


def _seed_method(family: SeedTests) -> list[str]:
    """How the seed tests were made and what they assume, one paragraph each."""
    methods = {t.method for t in family.tests}
    used = []
    if PAIRED in methods:
        used.append("paired t tests on the differences between models trained with the same seed")
    if WELCH in methods:
        used.append("Welch’s t tests where two models share fewer than two seeds")
    if FLIPS in methods:
        used.append("sign-flip tests where differences do not vary, so that t has no meaning")
    if not used:
        return [
            f"No pair of models has {FEW_SEEDS} seeds, the fewest that count as evidence for a comparison of means."
        ]
    text = (
        f"Method over seeds: {'; '.join(used)}; two-sided. Holm’s correction over the "
        f"{fmt.plural(family.tested, 'pair')} tested keeps the chance of any wrong “better” in this comparison at "
        f"{_percent(LEVEL)}, not the chance over several comparisons. Intervals of differences are 95 % t intervals of "
        "one pair alone. Effect sizes are differences in standard deviations (of the paired differences, else of one "
        "model’s values) with Hedges’ correction for few seeds. Seeds needed: for "
        f"{_percent(POWER)} power at p = {family.level:.2g}, if the true effect is the one observed."
    )
    paired = [t.seeds for t in family.tests if t.check is not None]
    check = (
        "A t test assumes that differences over seeds are approximately normal. The sign-flip test does not, but "
        f"its p value cannot be below 2/2ⁿ with n seeds: here {smallest_p(max(paired)):.2g} at best, "
        if paired
        else ""
    )
    if paired and smallest_p(max(paired)) > family.level:
        check += f"so it cannot decide; it would need {enough_seeds(family.level)} seeds."
    elif paired:
        check += "enough to confirm or to doubt."
    return [text, *([check] if check else [])]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _seed_table(family: SeedTests, entries: Mapping[str, Entry], scale: Scale, digits: int, name: str) -> Table:
    tests, caption = list(family.tests), "Better model? Every pair of models over seeds"
    if len(tests) > MOST_ROWS:
        tests = family.of(family.order[0])
        caption = f"Better model? The best mean against every other ({len(family.tests)} pairs were tested)"
    unit = scale.note.removesuffix(scale.arrow).strip() or scale.title
    columns = [
        Column("against", numeric=False),
        Column("verdict", numeric=False),
        Column("difference", unit, has_interval=True),
        Column("p", "alone"),
        Column("p", "Holm"),
        Column("effect size", "Hedges’ g"),
        Column("p", "sign flips"),
    ]
    table = Table(name, caption, "Better mean", columns)
    for test in tests:
        first, second = _model(table, entries[test.first], test), _model(table, entries[test.second], test)
        cells = [
            second,
            _seed_verdict(family, test),
            TableCell(
                fmt.with_interval(test.difference, test.half_width, digits),
                test.difference,
                half_width=test.half_width,
                note=_seeds(test),
            ),
            _p(test.p),
            _p(test.adjusted),
            TableCell("–") if test.effect is None else TableCell(fmt.fixed(test.effect, 2), test.effect),
            _check(test),
        ]
        table.rows.append(TableRow(first, cells))
    return table


def _model(table: Table, entry: Entry, test: SeedTest) -> TableCell:
    """A model with links to the runs that were compared."""
    if len(entry.finished) > _LINKED:
        note = "Its runs are linked in the table of the runs behind these results."
        return TableCell(entry.label, footnote=table.footnote(note))
    return TableCell(entry.label, links=tuple(r.key for r in entry.finished))


def _seeds(test: SeedTest) -> str:
    if test.seeds == 0:
        return "no shared seed" if test.paired else ""
    return f"{fmt.plural(test.seeds, 'seed')}{', paired' if test.paired else ' or more, not paired'}"


def _p(value: float | None) -> TableCell:
    return TableCell("–") if value is None else TableCell(p_words(value).removeprefix("p ").removeprefix("= "), value)


def _check(test: SeedTest) -> TableCell:
    if test.check is None:
        return TableCell("–", hidden="not paired")
    least = test.check <= smallest_p(test.seeds)
    return TableCell(_p(test.check).text, test.check, note="the least possible" if least else "")


def _seed_verdict(family: SeedTests, test: SeedTest) -> TableCell:
    if test.decided:
        doubted = test.check is not None and smallest_p(test.seeds) <= family.level < test.check
        return TableCell(f"{shown(test.first)} better", note="sign flips do not confirm it" if doubted else "")
    if family.undecidable(test):
        if test.reason not in ("", "too few seeds"):
            return TableCell("not tested", note=test.reason)
        words = f"cannot be decided with {fmt.plural(test.seeds, 'seed')}"
        needed = f"at least {test.needed}" if test.seeds < 2 else seeds_words(test.needed)
        return TableCell(
            words, note="the same value" if test.needed is None and not test.difference else f"{needed} needed"
        )
    if test.difference == 0:
        return TableCell("cannot be told apart", note="the same mean")
    return TableCell("cannot be told apart", note=f"{seeds_words(test.needed)} seeds needed")


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
        said = f"scores best, but {found.tests.examples} test examples are too few to tell it from {rivals}"
    sentence = f"Better checkpoint? Of the checkpoints of seed {found.seed}, {shown(best)}’s {said}."
    return sentence + (f" Left out: {left_out}." if left_out else "")


def _example_method(tests: ExampleTests) -> str:
    interval = (
        f"intervals are the paired bootstrap’s ({tests.resamples} resamples)"
        if tests.resamples
        else f"fewer than {FEW_EXAMPLES} examples are too few for intervals"
    )
    return (
        "Method over examples: it says whether these trained weights differ on other test examples like the "
        f"{tests.examples} here, and nothing about another training, so it can never show that a model is better. "
        f"Approximate randomisation, examples swapped between two checkpoints {tests.draws} times (seed {DRAW_SEED}), "
        f"with the corpus score recomputed each time; {interval}; Holm’s correction over "
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
            _example_verdict(test),
            TableCell(text, test.difference, half_width=half),
            _p(test.p),
            _p(test.adjusted),
        ]
        table.rows.append(TableRow(TableCell(test.first, links=(found.keys[test.first],)), cells))
    return table


def _example_verdict(test: ExampleTest) -> TableCell:
    if test.decided:
        return TableCell(f"{shown(test.first)}’s checkpoint better")
    if not test.decidable:
        return TableCell("cannot be decided", note=f"only {fmt.plural(test.differing, 'example')} differ")
    return TableCell("cannot be told apart")
