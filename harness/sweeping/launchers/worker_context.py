"""The working environment of the local launcher's workers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WorkerContext:
    """The environment of workers. Sent with every job, since the process they fork from may hold an older one.

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
        """The environment of this process."""
        return cls(Path.cwd(), dict(os.environ), store_url, results.absolute())
