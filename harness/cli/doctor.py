"""`harness doctor`: information for bug reports, and what works offline."""

from __future__ import annotations

import os
import sys


def command() -> None:
    """Show versions, instruction sets, threads, folders, plug-in problems and what is cached for offline use."""
    from harness.runtime import tune_allocator, usable_cores

    allocator = tune_allocator()
    import harness
    from harness.cli import output
    from harness.cli.datasets import all_datasets
    from harness.config.folders import conf_dir
    from harness.data.cache import offline
    from harness.measure.environment import measure_environment
    from harness.registry.discovery import list_plugins
    from harness.store.engine import results_folder

    environment = measure_environment("cpu", usable_cores())
    rows = [("harness", harness.__version__), ("executable", sys.executable)]
    rows += [(name, _text(value)) for name, value in environment.fingerprint.items()]
    rows += [(f"{name} (now)", _text(value)) for name, value in environment.observed.items()]
    rows += [
        ("allocator settings", _text(allocator) or "the C library's own"),
        ("configuration", str(conf_dir())),
        ("results folder", f"{results_folder().absolute()} ({_access(results_folder())})"),
        ("results store", _store()),
        ("data cache", _cache()),
        ("network", "forbidden by HARNESS_OFFLINE" if offline() else "allowed"),
    ]
    output.table(("", ""), rows, title="Environment")
    found, problems = all_datasets()
    cached = [(entry["name"], entry["task"], "yes" if entry["cached"] else "no") for entry in found]
    output.table(("data set", "task", "cached"), cached, title="Data", empty="no data sets")
    for kind in ("task", "model", "panel", "config", "unknown"):
        problems += [f"{info.label}: {info.problem}" for info in list_plugins(kind) if info.problem]
    for problem in dict.fromkeys(problems):
        print(f"Problem: {problem}")
    print(f"Environment hash: {environment.hash}")


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return "unknown" if value is None else str(value)


def _access(folder: object) -> str:
    path = os.fspath(str(folder))
    while path and not os.path.exists(path):
        path = os.path.dirname(path)
    return "writable" if os.access(path or ".", os.W_OK) else "NOT writable"


def _cache() -> str:
    """The cache folder, or what is wrong with it."""
    from harness.data.cache import cache_dir
    from harness.errors import UserError

    try:
        return f"{cache_dir()} ({_access(cache_dir())})"
    except UserError as error:
        return str(error)


def _store() -> str:
    """The store's URL without a password, or what is wrong with it."""
    from harness.errors import UserError
    from harness.store.engine import parse_url, shown, store_url

    try:
        return shown(parse_url(store_url()))
    except UserError as error:
        return str(error)
