"""Where the workers of the local launcher work."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WorkerContext:
    """Where workers work: sent with every job, since workers are forked from an older process.

    Attributes:
        folder: working folder.
        environ: environment variables.
        store_url: of the results store; None: the default one.
        results: folder of run folders and reports.
    """

    folder: Path
    environ: dict[str, str]
    store_url: str | None
    results: Path

    @classmethod
    def here(cls, store_url: str | None, results: Path) -> WorkerContext:
        """Workers that work where this process does."""
        return cls(Path.cwd(), dict(os.environ), store_url, results.absolute())
