"""The example test: do two trained models differ on test examples like these? Pairs of checkpoints, one seed each.

Corpus scores are not means of per-example scores, so both methods work on sums of per-example statistics:

- Approximate randomisation: if two checkpoints are equally good, swapping their outputs for any example changes
  nothing. Examples are swapped with probability 1/2 many times; p is (1 + number of times the scores differ at least as
  much as observed) / (1 + draws). Noreen 1989; Riezler & Maxwell 2005, "On Some Pitfalls in Automatic Evaluation and
  Significance Testing for MT".
- The interval is the paired bootstrap's: examples are resampled with replacement, the same for both; 2.5 % and
  97.5 % of the differences. Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation"; for word
  error rates Bisani & Ney 2004, "Bootstrap Estimates for Confidence Intervals in ASR Performance Evaluation".

All pairs of a comparison share their draws, so both are matrix products: (draws, N) by (N, S) for every checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from harness.report.statistics.correction import holm
from harness.report.statistics.summaries import CONFIDENCE

LEVEL = 1 - CONFIDENCE
DRAW_SEED = 0
FEW_EXAMPLES = 20
"""With fewer examples there is no interval, since bootstrap intervals would cover too little."""
MOST_EXAMPLES = 20_000
"""More are not tested: reading and resampling would take longer than the rest of the report."""

_MOST_DRAWS, _FEWEST_DRAWS, _RESAMPLES = 4999, 999, 1999
_WORK = 10_000_000
_CHUNK = 250_000


@dataclass(frozen=True)
class ExampleTest:
    """Two checkpoints over the same examples.

    Attributes:
        first, second: labels, the better score first.
        difference: score of the first minus score of the second.
        low, high: the paired bootstrap's 95 % interval of the difference; None with fewer than 20 examples.
        p, adjusted: two-sided, and corrected by Holm over all pairs.
        differing: how many examples have different statistics; the others cannot distinguish the two.
        decidable: whether this many examples and draws could have reached the corrected level.
    """

    first: str
    second: str
    difference: float
    low: float | None
    high: float | None
    p: float
    adjusted: float
    differing: int
    decidable: bool = True

    @property
    def decided(self) -> bool:
        """Whether the first checkpoint is better."""
        return self.adjusted <= LEVEL and self.difference != 0


@dataclass(frozen=True)
class ExampleTests:
    """All pairs of checkpoints of a comparison.

    Attributes:
        scores: corpus score by label, best first.
        tests: every pair, in that order.
        examples: how many.
        draws, resamples: how often examples were swapped, and resampled for the intervals (0: no intervals).
    """

    scores: Mapping[str, float]
    tests: tuple[ExampleTest, ...]
    examples: int
    draws: int
    resamples: int


def compare_examples(
    tables: Mapping[str, np.ndarray], score: Callable[[np.ndarray], np.ndarray], *, higher_is_better: bool
) -> ExampleTests:
    """Test every pair.

    Args:
        tables: by label, statistics (N, S) of the same examples in the same order.
        score: sums (..., S) -> corpus scores (...).
        higher_is_better: which scores are better.
    """
    totals = {label: table.sum(0) for label, table in tables.items()}
    scores = {label: float(score(total)) for label, total in totals.items()}
    order = sorted(scores, key=lambda label: -scores[label] if higher_is_better else scores[label])
    pairs = list(combinations(order, 2))
    examples = len(next(iter(tables.values())))
    # Enough draws for the strictest level, within the time a report can take.
    draws = min(max(_WORK // max(examples, 1), _FEWEST_DRAWS), _MOST_DRAWS)
    draws = max(draws, int(np.ceil(2 * len(pairs) / LEVEL)))
    dice = np.random.default_rng(DRAW_SEED)
    moved = _sums(tables, _swaps(dice, draws, examples))
    resamples = min(draws, _RESAMPLES) if examples >= FEW_EXAMPLES else 0
    again = _sums(tables, _resamples(dice, resamples, examples)) if resamples else {}
    resampled = {label: score(sums) for label, sums in again.items()}
    found = []
    for a, b in pairs:
        change = moved[a] - moved[b]
        shuffled = np.abs(score(totals[a] - change) - score(totals[b] + change))
        difference = scores[a] - scores[b]
        extreme = int((shuffled >= abs(difference) * (1 - 1e-9) - 1e-12).sum())
        p = (1 + extreme) / (1 + draws)
        differing = int((tables[a] != tables[b]).any(1).sum())
        low, high = _percentiles(resampled[a] - resampled[b]) if resampled else (None, None)
        smallest = max(2.0 ** (1 - differing), 1 / (1 + draws))
        found.append(ExampleTest(a, b, difference, low, high, p, p, differing, smallest <= LEVEL / len(pairs)))
    adjusted = holm([t.p for t in found])
    tests = tuple(replace(t, adjusted=value) for t, value in zip(found, adjusted, strict=True))
    return ExampleTests({label: scores[label] for label in order}, tests, examples, draws, resamples)


def _percentiles(differences: np.ndarray) -> tuple[float | None, float | None]:
    """NaN (an empty resample of references) is left out; None if nothing remains."""
    known = differences[np.isfinite(differences)]
    if not len(known):
        return None, None
    low, high = np.quantile(known, [LEVEL / 2, 1 - LEVEL / 2])
    return float(low), float(high)


def _sums(tables: Mapping[str, np.ndarray], weights: Iterator[np.ndarray]) -> dict[str, np.ndarray]:
    """Weighted sums of statistics, (draws, S) by label; weights arrive in parts (some draws, N)."""
    side_by_side = np.hstack(list(tables.values()))
    sums = np.vstack([part @ side_by_side for part in weights])
    return dict(zip(tables, np.hsplit(sums, len(tables)), strict=True))


def _swaps(dice: np.random.Generator, draws: int, examples: int) -> Iterator[np.ndarray]:
    """1 if an example is swapped, else 0."""
    for number in _parts(draws, examples):
        yield dice.integers(0, 2, size=(number, examples), dtype=np.int8).astype(float)


def _resamples(dice: np.random.Generator, draws: int, examples: int) -> Iterator[np.ndarray]:
    """How often each example is drawn, with replacement, N draws in all."""
    for number in _parts(draws, examples):
        drawn = dice.integers(0, examples, size=(number, examples)) + np.arange(number)[:, None] * examples
        yield np.bincount(drawn.ravel(), minlength=number * examples).reshape(number, examples).astype(float)


def _parts(draws: int, examples: int) -> Iterator[int]:
    """Draws in parts, to limit memory."""
    size = max(1, _CHUNK // max(examples, 1))
    for start in range(0, draws, size):
        yield min(size, draws - start)
