"""Where the results store lies, known without SQLAlchemy, so that commands which read no results stay quick."""

from __future__ import annotations

import os
import re
from pathlib import Path

from harness.places import user_path, variable_path

_SQLITE_FILE = re.compile("sqlite:///(.*)", re.DOTALL)
_MEMORY = ":memory:"


def results_folder() -> Path:
    """Where run folders and reports go: HARNESS_RESULTS, or results/ under the working folder.

    Raises:
        ConfigError: HARNESS_RESULTS begins with `~`, and there is no home folder.
    """
    return variable_path("HARNESS_RESULTS") or Path("results")


def store_url() -> str:
    """Where the store is: HARNESS_STORE, or store.db in the results folder.

    Raises:
        ConfigError: as `results_folder`, for either variable.
    """
    url = os.environ.get("HARNESS_STORE", "")
    if not url.strip():
        return sqlite_url(results_folder() / "store.db")
    file = sqlite_path(url)
    return url if file is None else sqlite_url(user_path(file, "HARNESS_STORE"))


def sqlite_url(file: Path | str) -> str:
    """The URL of a SQLite file; `sqlite_path` is its inverse."""
    return f"sqlite:///./{file}" if str(file) == _MEMORY else f"sqlite:///{file}"


def sqlite_path(url: str) -> str | None:
    """The file of a SQLite URL: all of what follows `sqlite:///`, whatever characters it holds.

    None for a database in memory and for other databases.
    """
    found = _SQLITE_FILE.fullmatch(url)
    return found[1] if found is not None and found[1] not in ("", _MEMORY) else None


def url_of(store: Path | str) -> str:
    """The URL of a store that is given as a URL or as a file."""
    return str(store) if isinstance(store, str) and "://" in store else sqlite_url(user_path(store, "The store"))


def is_missing() -> bool:
    """Whether the store is a SQLite file that does not exist yet."""
    file = sqlite_path(store_url())
    return file is not None and not os.path.exists(file)
