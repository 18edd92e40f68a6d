"""The plan of one run: as a sweep's, but on all cores, and with `precision=auto` decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.store import Store
    from harness.sweeping.planning import PlannedRun


def plan_one(words: Sequence[str], store: Callable[[], Store]) -> PlannedRun:
    """The cell that the words of one run describe, checked before any data is touched.

    `precision=auto` becomes fp32 or bf16 here, which takes a short training where bf16 is possible.

    Args:
        words: `NAME=VALUE` as after `harness run`.
        store: opens the store that the run will be in; called where an earlier choice has to be looked up.

    Raises:
        UserError: a word is wrong, or an experiment is a grid of several runs.
        IncompatibleError: this model cannot do this task.
    """
    from harness.runtime import threads_for_one_run, tune_allocator

    tune_allocator()  # before anything imports torch
    from harness.config import compose, to_settings
    from harness.config.composition import spelled_out
    from harness.config.identity import run_plan
    from harness.config.matching import matched
    from harness.errors import IncompatibleError
    from harness.registry.compatibility import check, explain
    from harness.registry.matrix import fitting_models
    from harness.sweeping.limits import Limits
    from harness.sweeping.planning import PlannedRun, of_a_run
    from harness.sweeping.precision_choice import chosen

    words = spelled_out(words)
    _refuse_grid(words)
    config = compose(words)
    limits = Limits.parse(config.limits.time, config.limits.memory)
    settings = to_settings(config, threads=threads_for_one_run())
    signature = settings.task.signature
    fit = check(signature, settings.model.name, settings.model.capabilities(signature))
    if not fit.compatible:
        raise IncompatibleError(explain(signature, fit.reason or "", fitting_models(signature)))
    settings = matched(settings)
    before: dict[str, float] = {}
    words = of_a_run(words)
    if settings.trainer.precision == "auto":
        settings, before = chosen(settings, store())
        words = [word for word in words if not word.startswith("trainer.precision=")]
        words.append(f"precision={settings.trainer.precision}")  # what repeats the run, whatever else auto may become
    plan = run_plan(settings, overrides=words)
    return PlannedRun(settings, plan, limits=limits, alone=settings.exclusive, launcher=config.launcher, before=before)


def _refuse_grid(words: list[str]) -> None:
    """An experiment with a grid is many runs; one of them must be pointed at."""
    from harness.config.cells import split
    from harness.config.composition import experiment_grid
    from harness.config.schema import short_names
    from harness.errors import ConfigError

    experiment = [word for word in words if word.startswith("experiment=")]
    grid = experiment_grid(experiment) if experiment else {}
    missing = [key for key in grid if short_names().get(key, key) not in {word.partition("=")[0] for word in words}]
    if missing:
        raise ConfigError(
            f"'{experiment[0]}' is a grid of {len(split(experiment))} runs. Run all of them with 'harness sweep "
            f"{experiment[0]}', or choose one: {' '.join(f'{key}=...' for key in missing)}."
        )
