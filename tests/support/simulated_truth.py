"""Made-up worlds of which the truth is known: models whose values over seeds, or over test examples, are drawn.

A world is one task in a results store, so that a store of a hundred tasks is a hundred worlds, each judged by itself.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa
from made_up_results import HERE
from sqlalchemy.engine import Connection

from harness.store import Store
from harness.store import schema as t
from harness.store.records import RunPlan, RunSummary

Values = dict[str, dict[int, float]]
Statistics = dict[str, float]


@dataclass
class World:
    """What happened: the primary metric by model and seed, and statistics of test examples by model.

    `examples` are those of the first seed, `later_examples` those of others by seed.
    """

    values: Values
    examples: dict[str, list[Statistics]] = field(default_factory=dict)
    later_examples: dict[str, dict[int, list[Statistics]]] = field(default_factory=dict)


def write(store: Store, worlds: Sequence[World], metric: str, *, higher_is_better: bool) -> None:
    """Enter worlds as finished runs of tasks world-0000, world-0001, ...

    The first run is entered as a run would enter itself; all others are copies of its row with other values.
    """
    template = _template(store, metric, higher_is_better)

    def work(connection: Connection, _: bool) -> None:
        row = dict(connection.execute(sa.select(t.runs).where(t.runs.c.id == template)).one()._mapping)
        runs: list[dict[str, Any]] = []
        finals: list[dict[str, Any]] = []
        outputs: list[dict[str, Any]] = []
        for number, world in enumerate(worlds):
            for model, by_seed in world.values.items():
                for seed, value in by_seed.items():
                    run_id = template + 1 + len(runs)
                    task = f"world-{number:04d}"
                    key = hashlib.sha256(f"{task} {model} {seed}".encode()).hexdigest()
                    changes = {"id": run_id, "key": key, "task": task, "model": model, "seed": seed}
                    runs.append(row | changes | {"primary_value": value})
                    finals.append({"run_id": run_id, "name": f"test/{metric}", "value": value})
                    later = world.later_examples.get(model, {})
                    rows = world.examples.get(model, []) if seed == min(by_seed) else later.get(seed, [])
                    outputs += _outputs(run_id, metric, rows)
        connection.execute(sa.insert(t.runs), runs)
        connection.execute(sa.insert(t.final_metrics), finals)
        if outputs:
            connection.execute(sa.insert(t.predictions), outputs)
        connection.execute(sa.delete(t.runs).where(t.runs.c.id == template))

    store.write(work)


def _template(store: Store, metric: str, higher_is_better: bool) -> int:
    declared = {"unit": "", "higher_is_better": higher_is_better}
    plan = RunPlan(
        key="0" * 64,
        sweep="simulated",
        task="template",
        dataset="simulated",
        model="template",
        seed=0,
        config={"budget": "steps:10"},
        synthetic=True,
        primary={"name": metric, **declared},
        units={metric: declared},
    )
    run_id = store.start(plan, HERE, owner_pid=os.getpid())
    store.finish(run_id, RunSummary({f"test/{metric}": 0.0}, 0.0, 1000, 500, {}, 1.0, 1.0), [], [])
    return run_id


def _outputs(run_id: int, metric: str, rows: Sequence[Statistics]) -> list[dict[str, Any]]:
    columns = {"run_id": run_id, "source": "", "reference": "", "output": ""}
    return [columns | {"position": i, "example_id": f"{i}", "statistics": {metric: r}} for i, r in enumerate(rows)]


# -- over seeds ----------------------------------------------------------------------------------------

Draw = Callable[[np.random.Generator, int], np.ndarray]


def normal(dice: np.random.Generator, number: int) -> np.ndarray:
    """Noise of variance 1."""
    return dice.normal(size=number)


def seeds_world(
    dice: np.random.Generator,
    means: Sequence[float],
    seeds: int,
    *,
    common: float = 0.0,
    spreads: Sequence[float] | None = None,
    draw: Draw = normal,
) -> World:
    """Models with these true means: value = mean + what the seed does to all + noise of variance 1/2.

    So the difference between two models has variance 1, and a difference of means is in its standard deviations.

    Args:
        dice: the only source of chance.
        means: of the models m0, m1, ...
        seeds: of each.
        common: variance of what a seed does to every model.
        spreads: of each model's noise, by which it is multiplied.
        draw: the noise.
    """
    of_seed = np.sqrt(common) * dice.normal(size=seeds)
    values: Values = {}
    for number, mean in enumerate(means):
        noise = np.sqrt(0.5) * draw(dice, seeds) * (1.0 if spreads is None else spreads[number])
        values[f"m{number}"] = {i: float(v) for i, v in enumerate(10 + mean + of_seed + noise)}
    return World(values)


# -- over test examples --------------------------------------------------------------------------------


def errors_world(dice: np.random.Generator, rates: Sequence[float], examples: int) -> World:
    """Recognisers with these true word error rates: utterances of 3 to 15 words, some harder than others for all."""
    lengths = dice.integers(3, 16, examples)
    hardness = dice.gamma(2.0, 0.5, examples)  # mean 1
    world = World({})
    for number, rate in enumerate(rates):
        edits = dice.binomial(lengths, np.minimum(rate * hardness, 1.0))
        rows: list[Statistics] = [
            {"edits": int(e), "reference_length": int(n)} for e, n in zip(edits, lengths, strict=True)
        ]
        world.examples[f"m{number}"] = rows
        world.values[f"m{number}"] = {0: float(100 * edits.sum() / lengths.sum())}
    return world


def one_split_world(dice: np.random.Generator, seeds: int, examples: int) -> World:
    """Two classifiers that are right about 87 % of new examples, on a test split that favours one of them by chance.

    Each is right about an example with a probability that stays over its seeds.
    """
    world = World({})
    for name in ("m0", "m1"):
        right = dice.random((seeds, examples)) < dice.beta(0.87, 0.13, examples)
        rows = [[{"correct": float(v)} for v in of] for of in right]
        world.values[name] = {seed: float(100 * of.mean()) for seed, of in enumerate(right)}
        world.examples[name] = rows[0]
        world.later_examples[name] = dict(enumerate(rows[1:], 1))
    return world


def forecasts_world(dice: np.random.Generator, worse: float, examples: int) -> World:
    """Two forecasters whose absolute errors differ by `worse` standard deviations of the difference."""
    base = dice.exponential(2.0, examples)
    difference = dice.normal(worse, 1.0, examples)
    world = World({})
    for name, errors in (("m0", base + 10), ("m1", base + 10 + difference)):
        world.examples[name] = [{"absolute_error": float(e), "count": 1} for e in errors]
        world.values[name] = {0: float(np.mean(errors))}
    return world
