"""Tables of what the report's rule claims in simulated worlds, beside the rule that it replaced.

All of them: python tests/support/simulated_claims.py --worlds 20000 (about 10 minutes on two idle cores). "After" calls
the functions that the report calls, once a world; "before" is the old rule: paired t tests on equal seeds, two-sided,
corrected by Holm over all pairs, a winner being named if the best mean beats every other. The seeds were fixed before
the first run.

Noise of a run, in standard deviations of its model: normal; t with 3 degrees of freedom, scaled to the same standard
deviation; "failing": normal, but 1 run in 20 fails without diverging and then scores what guessing scores. In worlds of
equal models that is one level for all, 10 standard deviations (of the model that spreads most) below their mean. In
"failing unlike" every model falls by 10 standard deviations of its own, and means are moved so that they are equal:
then few seeds without a failure misrepresent a model, which no test of these seeds can see.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import signal, stats

from harness.report.statistics import LEVEL, Ranking, SeedSample, by_block, compare_pairs, example_errors, rank_verified
from harness.report.statistics.jackknife import ExampleErrors

SEED = 20261130
SEEDS = (3, 5, 10)
NOISES = ("normal", "t3", "failing")
UNLIKE = "failing unlike"
FAILING, DEPTH = 0.05, 10.0

Row = dict[str, object]


@dataclass(frozen=True)
class Task:
    """What the table of an earlier quick start over three seeds said of a task.

    Attributes:
        higher: whether higher is better.
        guessing: the score of a run that learned nothing.
        results: mean and half the width of the 95 % interval, a model each.
    """

    higher: bool
    guessing: float
    results: Sequence[tuple[float, float]]

    @property
    def means(self) -> np.ndarray:
        """(K,)."""
        return np.array([mean for mean, _ in self.results])

    @property
    def spreads(self) -> np.ndarray:
        """(K,), the standard deviations over seeds."""
        return np.array([half for _, half in self.results]) * math.sqrt(3) / stats.t.ppf(0.975, 2)


QUICK_START = {
    "translation": Task(
        True, 0.0, [(0.11, 0.12), (1.97, 2.46), (3.89, 0.39), (3.20, 0.72), (6.94, 1.59), (0.11, 0.33)]
    ),
    "text": Task(False, 4.3, [(2.088, 0.002), (1.985, 0.038), (1.863, 0.034), (1.897, 0.026), (2.082, 0.021)]),
    "actions": Task(
        True, 12.5, [(82.75, 1.42), (87.92, 0.72), (87.83, 1.43), (87.00, 1.12), (81.25, 2.71), (96.67, 2.33)]
    ),
}
CLIPS, ACCURACY, ACCURACY_SPREAD = 800, 0.87, 0.0044
"""Test clips of that quick start, and accuracy and its spread over seeds of the three models in the middle."""
SHARED = 0.75
"""The share of clips that are equally hard for both models; chosen so that the old rule errs as often as it did."""

WINDOWS, LOOKBACK = 2857, 96
"""Test windows and their past, as of ETTh1 with a horizon of 24."""
MOST_WINDOW_WORLDS = 2000
"""Worlds of overlapping windows take far longer than others."""

# -- the two rules -------------------------------------------------------------------------------------


def after(values: np.ndarray, *, higher: bool = True, examples: ExampleErrors | None = None, looks: int = 1) -> Ranking:
    """The report's rule on values (K, N) of models m0, m1, ... over seeds."""
    samples = {f"m{i}": SeedSample(tuple(of.tolist())) for i, of in enumerate(values)}
    return rank_verified(compare_pairs(samples, examples, higher_is_better=higher), looks)


def before(values: np.ndarray, *, higher: bool = True) -> np.ndarray:
    """The old rule on values (W, K, N): the number of the winner in each world, -1 for none."""
    _, models, seeds = values.shape
    means = values.mean(-1)
    leader = (means if higher else -means).argmax(-1)
    pairs = list(combinations(range(models), 2))
    differences = np.stack([values[:, a] - values[:, b] for a, b in pairs], 1)  # (W, P, N)
    error = differences.std(-1, ddof=1) / math.sqrt(seeds)
    varied = error > 0
    p = 2 * stats.t.sf(np.abs(differences.mean(-1)) / np.where(varied, error, 1.0), seeds - 1)
    p = np.where(varied, p, 1.0)
    order = p.argsort(-1)
    sizes = np.arange(len(pairs), 0, -1)
    kept = np.logical_and.accumulate(np.take_along_axis(p, order, -1) * sizes <= LEVEL, axis=-1)
    rejected = np.empty_like(kept)
    np.put_along_axis(rejected, order, kept, -1)
    of_leader = np.array([[m in pair for pair in pairs] for m in range(models)])[leader]
    return np.where((rejected | ~of_leader).all(-1), leader, -1)


# -- noise -----------------------------------------------------------------------------------------------


def noise(dice: np.random.Generator, kind: str, shape: tuple[int, ...], spreads: np.ndarray) -> np.ndarray:
    """Of models (K,) with equal means, (W, K, N)."""
    if kind == "t3":
        return spreads[:, None] * dice.standard_t(3, shape) / math.sqrt(3)
    drawn = spreads[:, None] * dice.normal(size=shape)
    if not kind.startswith("failing"):
        return drawn
    depth = DEPTH * (spreads[:, None] if kind == UNLIKE else spreads.max())
    return np.where(dice.random(shape) < FAILING, -depth, drawn) + FAILING * depth


def quick_start(dice: np.random.Generator, task: Task, kind: str, worlds: int, seeds: int) -> np.ndarray:
    """Values (W, K, N) as that quick start's would be."""
    shape = (worlds, len(task.results), seeds)
    values = task.means[:, None] + noise(dice, "normal" if kind == "failing" else kind, shape, task.spreads)
    return np.where(dice.random(shape) < FAILING, task.guessing, values) if kind == "failing" else values


# -- tables ----------------------------------------------------------------------------------------------


def winners(cell: tuple[int, str, str, int, int]) -> Row:
    """One line of table 1: how often a winner is named, and a wrong one."""
    number, name, kind, seeds, worlds = cell
    task = QUICK_START[name]
    values = quick_start(np.random.default_rng((SEED, 1, number)), task, kind, worlds, seeds)
    truly = int((task.means if task.higher else -task.means).argmax())
    old = before(values, higher=task.higher)
    new = [after(world, higher=task.higher).best for world in values]
    named = sum(best is not None for best in new)
    wrong = sum(best not in (None, f"m{truly}") for best in new)
    return {
        "task": name,
        "noise": kind,
        "seeds": seeds,
        "named before": float((old >= 0).mean()),
        "wrong before": float(((old >= 0) & (old != truly)).mean()),
        "named after": named / worlds,
        "wrong after": wrong / worlds,
    }


PATTERNS: dict[str, Callable[[int], np.ndarray]] = {
    "equal": np.ones,
    "one 20-fold": lambda models: np.array([20.0, *np.ones(models - 1)]),
    "all but one 20-fold": lambda models: np.array([1.0, *np.full(models - 1, 20.0)]),
    "1 to 20 evenly": lambda models: np.geomspace(1.0, 20.0, models),
}
PATTERNS_OF = {2: ("equal", "one 20-fold"), 3: tuple(PATTERNS), 6: ("equal", "1 to 20 evenly")}
"""By the number of models; the other patterns err less often there."""
AHEAD = (0.0, 0.5)
"""How far the first model is ahead of the others, in its own standard deviations: tied, and a near tie."""


def ties(cell: tuple[int, int, str, str, float, int, int]) -> Row:
    """One world of table 2: a wrong "best" among equal models, and a truly best one that may not be best."""
    number, models, pattern, kind, ahead, seeds, worlds = cell
    spreads = PATTERNS[pattern](models)
    drawn = noise(np.random.default_rng((SEED, 2, number)), kind, (worlds, models, seeds), spreads)
    drawn[:, 0] += ahead * spreads[0]
    new = [after(world) for world in drawn]
    # Of equal models each is truly best; the one that is missing most often counts.
    truly = range(models if ahead == 0 else 1)
    missing = max(sum(f"m{i}" not in found.may_be_best for found in new) for i in truly)
    wrong_old = before(drawn) >= (0 if ahead == 0 else 1)
    wrong = sum(found.best is not None and (ahead == 0 or found.best != "m0") for found in new)
    return {
        "models": models,
        "spreads": pattern,
        "noise": kind,
        "ahead": ahead,
        "seeds": seeds,
        "wrong before": float(wrong_old.mean()),
        "wrong after": wrong / worlds,
        "truly best missing": missing / worlds,
    }


def one_split(cell: tuple[int, int, int]) -> Row:
    """One line of table 3: two models that are equally good on new clips, judged on one drawn test split.

    A model is right about a clip with a probability that stays over its seeds, drawn from a beta distribution whose
    narrowness gives that quick start's spread over seeds.
    """
    number, seeds, worlds = cell
    dice = np.random.default_rng((SEED, 3, number))
    seed_share = ACCURACY_SPREAD**2 / (ACCURACY * (1 - ACCURACY) / CLIPS)
    narrowness = seed_share / (1 - seed_share)
    old, new, new_seeds = 0, 0, 0
    for _ in range(worlds):
        hardness = dice.beta(ACCURACY * narrowness, (1 - ACCURACY) * narrowness, (2, CLIPS))
        hardness[1] = np.where(dice.random(CLIPS) < SHARED, hardness[0], hardness[1])
        right = dice.random((2, seeds, CLIPS)) < hardness[:, None]
        values = 100 * right.mean(-1)
        old += before(values[None])[0] >= 0
        tables = {f"m{m}": [np.stack([of, np.ones(CLIPS)], 1) for of in right[m].astype(float)] for m in range(2)}
        errors = example_errors(tables, lambda sums: 100.0 * sums[..., 0] / sums[..., 1])
        new += after(values, examples=errors).best is not None
        new_seeds += after(values).best is not None
    return {
        "seeds": seeds,
        "called better before": old / worlds,
        "after, test examples left out": new_seeds / worlds,
        "called better after": new / worlds,
    }


def looking(cell: tuple[int, str, int]) -> Row:
    """One line of table 4: two equal models, looked at again and again while seeds are added."""
    number, kind, worlds = cell
    values = noise(np.random.default_rng((SEED, 4, number)), kind, (worlds, 2, 30), np.ones(2))

    def ever(looks: Sequence[int], level_of: int) -> float:
        return sum(any(after(w[:, :n], looks=level_of).best for n in looks) for w in values) / worlds

    def ever_before(most: int) -> float:
        return float(np.any([before(values[..., :n]) >= 0 for n in range(3, most + 1)], axis=0).mean())

    return {
        "noise": kind,
        "before, every n from 3 to 10": ever_before(10),
        "before, every n from 3 to 30": ever_before(30),
        "at 3, 5, 10, level not split": ever(SEEDS, 1),
        "at 3, 5, 10 as planned": ever(SEEDS, 3),
    }


def overlapping(cell: tuple[int, int, float, int]) -> Row:
    """One line of table 5: two forecasters that are equally good on new series, judged on overlapping test windows.

    The series is autoregressive, so windows share the innovations of their steps. A forecaster knows the process and
    errs by a bias of its own, which also lasts: its autocorrelation at one step is `lasting`.
    """
    number, horizon, lasting, worlds = cell
    dice = np.random.default_rng((SEED, 5, number))
    ahead = np.arange(1, horizon + 1)
    starts = np.arange(WINDOWS)
    blocks = [str(start // (LOOKBACK + horizon)) for start in starts]
    alone = together = 0
    worlds = min(worlds, MOST_WINDOW_WORLDS)
    for _ in range(worlds):
        series = _autoregressive(dice, 0.9, WINDOWS + horizon)
        unforeseen = series[starts[:, None] + ahead] - 0.9**ahead * series[starts, None]  # (N, horizon)
        tables = {}
        for label in ("m0", "m1"):
            bias = 0.3 * unforeseen.std() * _autoregressive(dice, lasting, WINDOWS)
            tables[label] = np.stack([((unforeseen + bias[:, None]) ** 2).sum(1), np.full(WINDOWS, horizon)], 1)
        scores = np.array([table[:, 0].sum() / table[:, 1].sum() for table in tables.values()])
        values = scores[:, None] + 1e-4 * dice.normal(size=(2, 3))  # seeds hardly matter, so that test windows decide

        def called(of: dict[str, np.ndarray], values: np.ndarray = values) -> bool:
            errors = example_errors({label: [table] for label, table in of.items()}, lambda s: s[..., 0] / s[..., 1])
            return after(values, higher=False, examples=errors).best is not None

        alone += called(tables)
        together += called({label: by_block(table, blocks) for label, table in tables.items()})
    return {
        "horizon": horizon,
        "bias lasts": lasting,
        "blocks": len(set(blocks)),
        "called better, windows taken as independent": alone / worlds,
        "called better, in blocks": together / worlds,
    }


def _autoregressive(dice: np.random.Generator, memory: float, steps: int) -> np.ndarray:
    """A stationary series of variance 1 whose neighbours correlate by `memory`."""
    drawn = dice.normal(size=steps) * math.sqrt(1 - memory**2)
    drawn[0] = dice.normal()
    found: np.ndarray = signal.lfilter([1.0], [1.0, -memory], drawn)
    return found


def cases() -> dict[str, tuple[Callable[..., Row], list[tuple[object, ...]]]]:
    """By the title of a table: what computes a line of it, and the cases."""
    tied = [
        (models, pattern, kind, ahead, seeds)
        for models, patterns in PATTERNS_OF.items()
        for pattern in patterns
        for kind in (*NOISES, UNLIKE)
        for ahead in (AHEAD if kind == "normal" else AHEAD[:1])
        for seeds in SEEDS
    ]
    return {
        "A winner is named": (winners, [(t, k, n) for t in QUICK_START for k in NOISES for n in SEEDS]),
        "Two models equal on new clips, one test split": (one_split, [(n,) for n in SEEDS]),
        "Two equal models, looked at repeatedly": (looking, [(k,) for k in NOISES]),
        "Two equal forecasters, overlapping test windows": (
            overlapping,
            [(h, lasting) for h in (24, 96) for lasting in (0.0, 0.9, 0.98)],
        ),
        "Ties": (ties, list(tied)),
    }


def tables(worlds: int, processes: int = 1) -> Iterator[tuple[str, list[Row]]]:
    """All five as they are done, with their titles."""
    with ProcessPoolExecutor(processes) as pool:
        for title, (line, each) in cases().items():
            yield title, list(pool.map(line, [(i, *case, worlds) for i, case in enumerate(each)]))


def worst(rows: Sequence[Row]) -> Iterator[Row]:
    """The largest rates over all worlds of a tie, by noise, seeds, and whether spreads are equal."""
    for kind in (*NOISES, UNLIKE):
        for same in (True, False):
            for seeds in SEEDS:
                of = [r for r in rows if r["noise"] == kind and r["seeds"] == seeds]
                of = [r for r in of if not same or r["spreads"] == "equal"]
                yield {
                    "noise": kind,
                    "spreads": "equal" if same else "up to 20-fold",
                    "seeds": seeds,
                    **{
                        what: max(float(str(r[what])) for r in of)
                        for what in ("wrong before", "wrong after", "truly best missing")
                    },
                }


def printed(title: str, rows: Sequence[Row]) -> str:
    """A table in Markdown."""
    names = list(rows[0])
    lines = [f"\n{title}\n", "| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in rows:
        cells = [f"{v:.3f}" if isinstance(v, float) and n != "ahead" else str(v) for n, v in row.items()]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What the report claims in simulated worlds.")
    parser.add_argument("--worlds", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    for heading, lines in tables(asked.worlds, asked.processes):
        if heading == "Ties":
            print(printed("Ties: the largest rates", list(worst(lines))))
        print(printed(heading, lines), flush=True)
