"""Where data comes from: what a task, a data set or a model names in `sources()`."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable


@runtime_checkable
class Source(Protocol):
    """A file, a folder or a generator; `harness.data.sources` has the usual ones."""

    @property
    def name(self) -> str:
        """Of the data set, as users type it."""
        ...

    @property
    def kind(self) -> str:
        """One of "wheel", "installed", "url", "folder", "file" and "generated"."""
        ...

    @property
    def licence(self) -> str:
        """Of the data."""
        ...

    @property
    def description(self) -> str:
        """What it is, in a sentence."""
        ...

    @property
    def origin(self) -> str:
        """Where it comes from, for lists and reports."""
        ...

    @property
    def size_mb(self) -> float | None:
        """Megabytes to download; None where nothing is."""
        ...

    @property
    def synthetic(self) -> bool:
        """Whether it is generated rather than recorded."""
        ...

    def fetch(self) -> Path:
        """Bring the data into reach and return its file or folder; safe twice and in two processes at once.

        Raises:
            DataError: it is missing, corrupt or out of reach.
        """
        ...

    def cached(self) -> bool:
        """Whether `fetch` would need no network."""
        ...

    def verify(self) -> None:
        """Check the data in reach against what was published, reading all of it.

        Raises:
            DataError: it is missing or not what was published.
        """
        ...

    def fingerprint(self) -> str:
        """Identifies the content, for run keys; needs no prepared data."""
        ...
