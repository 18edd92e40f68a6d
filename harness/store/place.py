"""Where the results store lies, known without SQLAlchemy, so that commands which read no results stay quick."""

from __future__ import annotations

import os
from pathlib import Path

_SQLITE = "sqlite:///"


def results_folder() -> Path:
    """Where run folders and reports go: HARNESS_RESULTS, or results/ under the working folder."""
    return Path(os.environ.get("HARNESS_RESULTS") or "results")


def store_url() -> str:
    """Where the store is: HARNESS_STORE, or store.db in the results folder."""
    return os.environ.get("HARNESS_STORE") or f"{_SQLITE}{results_folder() / 'store.db'}"


def is_missing() -> bool:
    """Whether the store is a SQLite file that does not exist yet."""
    url = store_url()
    return url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists()
