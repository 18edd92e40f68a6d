"""The files of a run: `results/runs/<key>/` with config, log, predictions, samples, and the trained model.

The model's files are in `harness.training.model_files`. While it trains there are also `last.ckpt`, from which an
interrupted run resumes, `best.ckpt`, and a lock that its process holds.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.data.locks import held
from harness.errors import StoreError
from harness.store.ledger import AlreadyRunning
from harness.store.records import PredictionRow, SampleRow

LOCK, LAST, BEST = "lock", "last.ckpt", "best.ckpt"
"""Files of a run's folder: held by its process, and its checkpoints."""

LOG_TAIL = 40  # lines of the log kept with a failed run
SHOWN = 8  # predictions kept as samples


class RunFolder:
    """The folder of one run, named by its key and never by date, so that a requeued run finds it again.

    Attributes:
        path: the folder.
        best: weights of the best validation.
        last: the state from which an interrupted run resumes; both are deleted once it has finished.
        log: log messages of the run.
    """

    def __init__(self, results: Path, key: str, store_id: str) -> None:
        self.path = results / "runs" / key
        self.best = self.path / BEST
        self.last = self.path / LAST
        self.log = self.path / "log.txt"
        owner = self.path / "store_id"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._refuse_links()
            found = owner.read_text() if owner.exists() else ""
            if found not in ("", store_id):  # empty if a full disk prevented writing it
                raise StoreError(
                    f"Run folder '{self.path}' belongs to another results store. Set HARNESS_RESULTS to a folder "
                    "of this store's own, or remove the run folder."
                )
            if not found:
                self._write(owner.name, store_id)
        except OSError as error:
            raise StoreError(
                f"Cannot write the run folder '{self.path}': {error.strerror}. Set HARNESS_RESULTS to a folder you "
                "may write to."
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder against other processes for the block; the system releases the lock if the process dies.

        Raises:
            AlreadyRunning: a living process uses it, for example one with another number of threads.
        """
        with held(self.path / LOCK) as free:
            if not free:
                raise AlreadyRunning(
                    f"The run folder '{self.path}' is in use by another living process. Wait for it, or stop it."
                )
            yield

    def _refuse_links(self) -> None:
        """Refuse links, which would redirect checkpoints and logs to places that this store does not own."""
        link = next((p for p in (self.path, *self.path.iterdir()) if p.is_symlink()), None)
        if link is not None:
            raise StoreError(
                f"'{link}' is a link to another place, and a run writes only into its own folder. Remove the link; to "
                "keep results elsewhere, set HARNESS_RESULTS."
            )

    def write_config(self, config: dict[str, Any]) -> str:
        """Write the resolved configuration; returns the file's name."""
        return self._write("config.json", json.dumps(config, indent=2, default=str))

    def write_predictions(self, rows: Sequence[PredictionRow]) -> str:
        """Write one JSON object per line; returns the file's name."""
        return self._write("predictions.jsonl", "".join(json.dumps(asdict(r), ensure_ascii=False) + "\n" for r in rows))

    def write_samples(self, rows: Sequence[SampleRow]) -> str:
        """Write a JSON array; returns the file's name."""
        return self._write("samples.json", json.dumps([asdict(r) for r in rows], ensure_ascii=False, indent=2))

    def write_files(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Write files into a folder of their own, if there are any."""
        if files:
            (self.path / folder).mkdir(exist_ok=True)
        for name, content in files.items():
            (self.path / folder / name).write_bytes(content)

    def log_tail(self) -> str:
        """The last lines of the run's log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL:]) if self.log.exists() else ""

    @contextmanager
    def logging(self) -> Iterator[None]:
        """Send log messages and warnings of the block to the run's log file."""
        handler = logging.FileHandler(self.log, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root = logging.getLogger()
        root.addHandler(handler)
        logging.captureWarnings(True)
        try:
            yield
        finally:
            logging.captureWarnings(False)
            root.removeHandler(handler)
            handler.close()

    def _write(self, name: str, text: str) -> str:
        # A name of its own: two sweeps may come to one cell together, before either holds the lock.
        partial = self.path / f"{name}.{secrets.token_hex(4)}.partial"
        try:
            # A byte of a file's name that is no UTF-8 becomes an escape that JSON reads back as it was.
            partial.write_text(text, encoding="utf-8", errors="backslashreplace")
            os.replace(partial, self.path / name)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        return name


def shown(rows: Sequence[PredictionRow]) -> list[SampleRow]:
    """The predictions to show: those with the smallest hash of their id, the same for every model."""
    chosen = sorted(rows, key=lambda r: hashlib.sha256(r.example_id.encode("utf-8", "surrogatepass")).hexdigest())[
        :SHOWN
    ]
    return [SampleRow(r.example_id, r.source, r.reference, r.output) for r in chosen]
