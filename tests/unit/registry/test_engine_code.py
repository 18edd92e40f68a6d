"""The digests of the engine and of plug-ins: every file that a run executes counts, files that only measure do not."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from harness.registry import engine_code, imports, source_code
from harness.registry.engine_code import MEASURES_ONLY, engine_files, plugin_files

PLUGINS = ("harness_tasks.translation", "harness_models.cnn_lstm")

DECIDING = sorted({*engine_files(), *(name for plugin in PLUGINS for name in plugin_files(plugin))})
LEFT_OUT = sorted(
    name
    for name in imports.reached(engine_code.ENTRIES, {"harness"})
    if any(name == out.removesuffix(".__init__") or name.startswith(f"{out}.") for out in MEASURES_ONLY)
)


def _digests(find: Callable[[str], Path | None]) -> list[str]:
    found = [imports.digest(engine_files(find))]
    return [*found, *(imports.digest(plugin_files(plugin, find)) for plugin in PLUGINS)]


find_source = cache(source_code.find_source)
BEFORE = _digests(find_source)


def _edited(module: str, folder: Path, change: str) -> list[str]:
    """The digests where a module's file is another one, with a change at its end."""
    original = find_source(module)
    assert original is not None
    copy = folder / original.name
    copy.write_bytes(original.read_bytes() + change.encode())
    return _digests(lambda name: copy if name == module else find_source(name))


@pytest.mark.parametrize("module", DECIDING)
def test_a_statement_in_a_file_that_takes_part_in_a_run_changes_a_digest(module: str, tmp_path: Path) -> None:
    assert _edited(module, tmp_path, "\n# why\n") == BEFORE
    assert _edited(module, tmp_path, "\nMORE = 1\n") != BEFORE


@pytest.mark.parametrize("module", LEFT_OUT)
def test_a_statement_in_a_file_that_only_measures_changes_none(module: str, tmp_path: Path) -> None:
    assert _edited(module, tmp_path, "\nMORE = 1\n") == BEFORE


def test_what_pads_batches_what_plugins_use_and_what_measures_are_told_apart() -> None:
    assert {"harness.contract.gathering", "harness.nn.heads", "harness.training.collate"} <= set(engine_files())
    assert {"harness.metrics.translation", "harness_tasks.text._subwords"} <= set(
        plugin_files("harness_tasks.translation")
    )
    assert {"harness.measure.clock", "harness.store.records", "harness.training.loggers"} <= set(LEFT_OUT)
    assert not {"harness.cli", "harness.report", "harness.sweeping"} & {name[:14] for name in DECIDING}


def test_every_name_that_is_left_out_exists_and_has_its_reason() -> None:
    for name, reason in MEASURES_ONLY.items():
        assert source_code.find_source(name.removesuffix(".__init__")) is not None, name
        assert reason
