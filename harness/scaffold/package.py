"""`create`: writes a complete plug-in package, or nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.contract.dataset_task import DatasetTask
from harness.contract.version import CONTRACT_VERSION
from harness.errors import ConfigError
from harness.registry.discovery import load_task, registry
from harness.scaffold.copying import Copy, copy_model
from harness.scaffold.names import check_name, class_name, distribution_name, package_name
from harness.scaffold.rendering import render, tidy
from harness.scaffold.samples import sample_for

WORDS = {"dataset": "data set"}
"""What a kind is called in text, where that is another word."""


@dataclass(frozen=True)
class Package:
    """A written package.

    Attributes:
        kind, name: of its plug-in.
        folder: its location, as given.
        module: the path of the plug-in's own module.
        files: all paths, relative to the folder, sorted.
    """

    kind: str
    name: str
    folder: Path
    module: Path
    files: tuple[str, ...]


def create(
    kind: str, name: str, *, start: str | None = None, of: str | None = None, into: Path | None = None
) -> Package:
    """Write a pip package with one plug-in, its tests, an experiment, a README and a workflow.

    Args:
        kind: "task", "model", "target" or "dataset".
        name: of the plug-in.
        start: the installed model to copy; None: a small example of that kind.
        of: the task of a data set.
        into: the folder; None: "harness-NAME" in the working directory. It must not exist, or be empty.

    Raises:
        ConfigError: the name cannot be used, or the folder is not free or cannot be written.
        ConfigError: the task brings its data itself, or there is no example for it.
        UnknownNameError, PluginError, UserError: see `copy_model`; or there is no such task.
    """
    check_name(kind, name if of is None else f"{of}.{name}")
    about = _about(of)
    folder = into if into is not None else Path(distribution_name(name))
    with _written(folder):
        _check_folder(folder)
    files = contents(kind, name, copy_model(start, name) if start is not None else None, about)
    with _written(folder):
        _write(files, folder)
    return Package(kind, name, folder, folder / package_name(name) / f"{name}.py", tuple(sorted(files)))


def _about(task: str | None) -> dict[str, Any]:
    """What the templates say of the task of a data set."""
    if task is None:
        return {}
    cls = load_task(task)
    if not issubclass(cls, DatasetTask):
        open_ones = [name for name in registry().names("task") if registry().dataset_names(name)]
        raise ConfigError(
            f"Task '{task}' brings its data itself, so no data set can be added to it. Tasks that have data sets: "
            f"{', '.join(open_ones)}."
        )
    base = cls.dataset_type
    return {"task": task, "base": base.__name__, "base_module": base.__module__, "sample": sample_for(cls)}


def contents(kind: str, name: str, copy: Copy | None, about: Mapping[str, Any]) -> dict[str, str]:
    """Text of every file by its path in the package's folder.

    Args:
        kind, name: of the plug-in.
        copy: the module's source instead of the example's.
        about: further values for the templates.
    """
    package = package_name(name)
    values: dict[str, Any] = {
        "kind": kind,
        "what": WORDS.get(kind, kind),
        "name": name,
        "entry": f"{kind}.{about['task']}.{name}" if about else f"{kind}.{name}",
        "checked": f"{kind}.{about['task']}.{name}" if about else name,
        "package": package,
        "distribution": distribution_name(name),
        "origin": copy.origin if copy else None,
        "contract": CONTRACT_VERSION,
        "requirements": ["sequence-harness", *(copy.requirements if copy else ())],
        **about,
    }
    if copy is not None:
        values["class_name"] = copy.class_name
        text = copy.text
    else:
        # Rendered once with a placeholder, to see which names the class must not take.
        example = render(f"{kind}/module.py.j2", values | {"class_name": "_"})
        values["class_name"] = class_name(kind, name, example)
        text = render(f"{kind}/module.py.j2", values)
    beside = {f"{package}/{name}_task.py": render("target/task.py.j2", values)} if kind == "target" else {}
    return beside | {
        f"{package}/__init__.py": render("init.py.j2", values),
        f"{package}/{name}.py": text,
        f"{package}/conf/__init__.py": render("conf_init.py.j2", values),
        "pyproject.toml": render("pyproject.toml.j2", values),
        "README.md": render("README.md.j2", values),
        ".gitignore": render("gitignore.j2", values),
        ".github/workflows/ci.yml": render("ci.yml.j2", values),
        f"{package}/conf/experiment/{name}.yaml": render(f"{kind}/experiment.yaml.j2", values),
        f"tests/test_{name}.py": render("test.py.j2", values),
    }


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    """Turn file system errors into one message."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"'{folder}' cannot be written ({error.strerror or error}). Give another folder: --into FOLDER."
        ) from error


def _check_folder(folder: Path) -> None:
    """Refuse a folder that is not empty: nothing is ever overwritten."""
    empty = folder.is_dir() and not any(folder.iterdir())
    if empty and folder.resolve() != Path.cwd():  # the working directory cannot be replaced
        return
    if os.path.lexists(folder):
        what = "already contains files" if folder.is_dir() and not empty else "exists already"
        raise ConfigError(f"'{folder}' {what}; nothing was written. Give a new folder: --into FOLDER.")


def _write(files: dict[str, str], folder: Path) -> None:
    """Write all files to a temporary folder and rename it into place, so that a failure leaves nothing."""
    target = folder.absolute()
    parent = next(p for p in target.parents if p.exists())
    partial = parent / f".{target.name}.{os.getpid()}.partial"
    try:
        for path, text in files.items():
            file = partial / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        tidy(partial)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(partial, target)  # may replace an empty folder, but nothing else
    finally:
        shutil.rmtree(partial, ignore_errors=True)
