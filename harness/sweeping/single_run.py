"""One run from the words that describe it, for the command line and for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.config.settings import RunSettings
    from harness.store.records import RunPlan


def prepared(words: Sequence[str], store_url: str | None = None) -> tuple[RunSettings, RunPlan]:
    """The settings of a run and its plan, checked before any data is touched.

    `precision=auto` becomes fp32 or bf16 here, which takes a short training where bf16 is possible.

    Args:
        words: `NAME=VALUE` as after `harness run`.
        store_url: of the store that the run will be in; None: the default one.

    Raises:
        UserError: a word is wrong, or an experiment is a grid of several runs.
        IncompatibleError: this model cannot do this task.
    """
    from harness.runtime import threads_for_one_run, tune_allocator

    tune_allocator()  # before anything imports torch
    from harness.config import compose, to_settings
    from harness.config.composition import spelled_out
    from harness.config.identity import device_type, run_plan
    from harness.config.matching import matched
    from harness.errors import IncompatibleError
    from harness.registry.compatibility import check, explain
    from harness.registry.matrix import fitting_models
    from harness.sweeping.precision_choice import chosen

    words = spelled_out(words)
    _refuse_grid(words)
    _refuse_limits(words)
    settings = to_settings(compose(words))
    signature = settings.task.signature
    fit = check(signature, settings.model.name, settings.model.capabilities(signature))
    if not fit.compatible:
        raise IncompatibleError(explain(signature, fit.reason or "", fitting_models(signature)))
    settings = matched(settings)
    settings.trainer.threads = settings.trainer.threads or threads_for_one_run()
    settings.trainer.device = device_type(settings.trainer.device)
    if settings.trainer.precision == "auto":
        settings = chosen(settings, store_url)
        words = [word for word in words if not word.startswith("trainer.precision=")]
        words.append(f"precision={settings.trainer.precision}")  # what repeats the run, whatever else auto may become
    return settings, run_plan(settings, overrides=words)


def _refuse_limits(words: list[str]) -> None:
    """Limits are watched by the process that started a worker, which a single run does not have."""
    from harness.errors import ConfigError

    given = [word for word in words if word.lstrip("+").startswith("limits.")]
    if given:
        raise ConfigError(
            f"'{given[0]}' is watched by a sweep only. Run this cell as one: harness sweep {' '.join(words)}"
        )


def _refuse_grid(words: list[str]) -> None:
    """An experiment with a grid is many runs; one of them must be pointed at."""
    from harness.config.cells import split
    from harness.config.composition import experiment_grid
    from harness.config.schema import SHORT
    from harness.errors import ConfigError

    experiment = [word for word in words if word.startswith("experiment=")]
    grid = experiment_grid(experiment) if experiment else {}
    missing = [key for key in grid if SHORT.get(key, key) not in {word.partition("=")[0] for word in words}]
    if missing:
        raise ConfigError(
            f"'{experiment[0]}' is a grid of {len(split(experiment))} runs. Run all of them with 'harness sweep "
            f"{experiment[0]}', or choose one: {' '.join(f'{key}=...' for key in missing)}."
        )
