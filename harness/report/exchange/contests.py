"""Comparisons of a report as claims see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.report import formatting as fmt
from harness.report import overview
from harness.report.comparisons import Comparison
from harness.report.exchange.claims import PairResult
from harness.report.load import ReportData
from harness.report.outline import machine_names
from harness.report.standing import Judgement, sentence
from harness.report.standing.words import gap_words, unstable_words
from harness.report.statistics import FEW_SEEDS, PairTest
from harness.report.wording import p_words


@dataclass(frozen=True)
class Judged:
    """A comparison with its judgement; the protocol is `claims.Contest`.

    Attributes:
        comparison: runs under equal conditions.
        heading: as in the report.
        judgement: of it.
    """

    comparison: Comparison
    heading: str
    judgement: Judgement

    @property
    def task(self) -> str:
        """Name of the task."""
        return self.comparison.task

    @property
    def models(self) -> Sequence[str]:
        """Labels of the models."""
        return [e.label for e in self.comparison.entries]

    @property
    def baselines(self) -> Sequence[str]:
        """Labels of the baselines."""
        return [e.label for e in self.comparison.baselines]

    @property
    def best(self) -> str | None:
        """The model that the report names as best."""
        return self.judgement.best

    @property
    def verdict(self) -> str:
        """The report's sentence about the comparison."""
        return sentence(self.judgement)

    def pair(self, first: str, second: str) -> PairResult:
        """What the tests say of two of them; one that is unstable or without a result has none."""
        judged = self.judgement
        if first == second:
            return PairResult(False, False, "it is the same model")
        for label in (first, second):
            if label not in judged.pairs.order:
                return PairResult(False, False, self._why_unranked(label), unknown=True)
        test = judged.pairs.between(first, second)
        shown = test.shown(judged.ranking.level)
        return PairResult(shown and test.first == first, shown and test.first == second, self._words(first, test))

    def _why_unranked(self, label: str) -> str:
        found = next((c for c in self.judgement.contenders if c.label == label), None)
        if found is not None and found.unstable:
            return f"{label} is unstable: {unstable_words(found)}"
        entries = {e.label: e for e in (*self.comparison.entries, *self.comparison.baselines)}
        return f"{label} has no result: {entries[label].why_missing}"

    def _words(self, first: str, test: PairTest) -> str:
        """ "1.20 ± 0.40 BLEU below, p = 0.010, 3 seeds"."""
        place = "equal" if not test.difference else "above" if test.first == first else "below"
        said = place if place == "equal" else f"{gap_words(self.judgement, test)} {place}"
        seeds = fmt.plural(test.seeds, "seed")
        if test.p is None:
            few = test.seeds < FEW_SEEDS
            return f"undecided: {seeds}, and {FEW_SEEDS} are needed ({said})" if few else f"{test.reason} ({said})"
        words = f"{said}, {p_words(test.p)}, {seeds}"
        return words if test.shown(self.judgement.ranking.level) else f"undecided: {words}"


def contests(data: ReportData, judgements: Sequence[Judgement]) -> list[Judged]:
    """The comparisons of a report, with their headings and judgements."""
    machines = machine_names(data)
    return [
        Judged(comparison, overview.heading(comparison, data, machines), judgement)
        for comparison, judgement in zip(data.comparisons, judgements, strict=True)
    ]
