"""Which code decides a run's result: the engine's digest, and those of plug-ins.

Both follow import statements. The engine's begins at what trains and evaluates; a plug-in's at its own module, through
its own package and through whatever it uses of the harness, such as layers, sources and metrics that no other run
needs. What only measures, records or reports is left out, so that a change there makes no finished run stale.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from harness.registry import imports
from harness.registry.imports import Find
from harness.registry.source_code import find_source

ENTRIES = ("harness.training.execute",)
"""What trains and evaluates; everything else is reached from here."""

MEASURES_ONLY = {
    "harness.__init__": "hands names on to plug-ins and notebooks",
    "harness.errors": "messages to the user",
    "harness.terminal": "what a terminal shows",
    "harness.runtime": "how quickly torch starts and computes; a run's environment records it",
    "harness.measure": "what a run costs",
    "harness.store": "where results are kept",
    "harness.contract.options": "what options mean to people, lists and reports",
    "harness.contract.hypotheses": "how answers are written for other tools",
    "harness.contract.task_fields": "options, whose values are in the key",
    "harness.config.run_options": "options, whose values are in the key",
    "harness.config.settings": "the run as an object, whose values are in the key",
    "harness.config.plain": "how the object is written",
    "harness.registry": "finds plug-ins; their own code has digests of its own",
    "harness.testing": "judges plug-ins and takes no part in runs",
    "harness.config.loggers": "whether other loggers can work here",
    "harness.config.matching": "solves a size, which is itself in the key",
    "harness.data.progress": "what a terminal shows",
    "harness.training.probe": "refuses a run, or leaves it as it was",
    "harness.training.loggers": "other places for the same rows",
    "harness.training.metric_writer": "sends rows to the store",
    "harness.training.run_folder": "files that a run leaves",
    "harness.training.model_files": "files that a run leaves",
}
"""Modules, and packages with everything in them, that change no result, and why."""


def engine_files(find: Find = find_source) -> dict[str, Path]:
    """The engine's files that decide results, by dotted name.

    Args:
        find: where a module's file lies.
    """
    return imports.reached(ENTRIES, {"harness"}, MEASURES_ONLY, find)


def plugin_files(module: str, find: Find = find_source) -> dict[str, Path]:
    """The files of a plug-in that decide results, of its own package and of the harness, by dotted name."""
    return imports.reached([module], {module.partition(".")[0], "harness"}, MEASURES_ONLY, find)


@lru_cache(maxsize=1)
def engine_digest() -> str:
    """Digest of the engine's files; read once per process."""
    return imports.digest(engine_files())


@lru_cache(maxsize=256)
def plugin_digest(module: str) -> str:
    """Digest of a plug-in's files; read once per process."""
    return imports.digest(plugin_files(module))
