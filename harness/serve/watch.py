"""Keeps the report up to date: checks the store every second, and rebuilds when a run has started or ended."""

from __future__ import annotations

import html
import shutil
import threading
import time
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.errors import StoreError, UserError
from harness.report.load import RunSelection, load
from harness.report.pages import build
from harness.serve.progress import as_json, progress, state_of
from harness.store import Store
from harness.store.live import has_runs
from harness.terminal import one_line

LOOK_S, SHORTEST_S = 1.0, 3.0
"""How often the store is checked, and the minimum time between two builds."""

_REST = 2.0  # the next build waits at least this many times the duration of the last, to spare big stores


@dataclass(frozen=True)
class Version:
    """One state of the report: its files by path ("/index.html"), and a number that increases with each build."""

    number: int = 0
    files: dict[str, bytes] = field(default_factory=dict)


class StoreWatch:
    """Builds the report on entry, and again whenever the store has changed.

    Args:
        store: open; only read.
        selection: what to report.

    Attributes:
        version: the newest state, replaced atomically, so any thread may read it.
        problem: why the newest state could not be built; empty if it was.
    """

    def __init__(self, store: Store, selection: RunSelection) -> None:
        self.store, self.selection = store, selection
        self.version, self.problem = Version(), ""
        self._seen = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="report", daemon=True)
        self._live: tuple[float, dict[str, Any]] = (-LOOK_S, {})
        self._live_lock = threading.Lock()
        self._rest_s = SHORTEST_S
        self._folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> StoreWatch:
        """Build, and follow the store in a separate thread."""
        self._folder = TemporaryDirectory(prefix="harness-serve-", ignore_cleanup_errors=True)
        try:
            self.look()
        except BaseException:
            self._folder.cleanup()
            raise
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the thread; a build in progress is abandoned."""
        self._ended.set()
        self._thread.join(timeout=LOOK_S)
        if self._folder is not None:
            self._folder.cleanup()

    def look(self) -> bool:
        """Build if the store has changed since the last build; returns whether it did."""
        state = state_of(self.store, self.selection)
        if state == self._seen:
            return False
        began = time.monotonic()
        self.version = Version(self.version.number + 1, self._build())
        self._seen, self.problem = state, ""
        self._rest_s = max(SHORTEST_S, _REST * (time.monotonic() - began))
        return True

    def live(self) -> dict[str, Any]:
        """Data polled by the page every few seconds; concurrent requests share one read of the store."""
        with self._live_lock:
            taken, found = self._live
            if time.monotonic() - taken >= LOOK_S:
                problem = self.problem
                try:
                    found = as_json(progress(self.store, self.selection))
                except UserError as error:
                    found, problem = {}, one_line(str(error))
                except Exception as error:  # unexpected data in the store
                    found, problem = {}, one_line(f"The runs cannot be counted ({type(error).__name__}: {error}).")
                self._live = time.monotonic(), found | {"problem": problem}
            return {"version": self.version.number, **self._live[1]}

    def _follow(self) -> None:
        wait_s = SHORTEST_S
        while not self._ended.wait(wait_s):
            wait_s = LOOK_S
            try:
                if self.look():
                    wait_s = self._rest_s
            except UserError as error:  # the store is unavailable or damaged: keep the old page and say so
                self.problem = one_line(str(error))
            except Exception as error:  # a bug in the report must not end the server silently
                self.problem = one_line(f"The report cannot be built ({type(error).__name__}: {error}).")

    def _build(self) -> dict[str, bytes]:
        """The files of the current report; a waiting page if there are no runs yet."""
        assert self._folder is not None, "use the watch as a context manager"
        folder = Path(self._folder.name) / str(self.version.number + 1)
        try:
            build(self.store, folder, data=load(self.store, selection=self.selection))
        except StoreError as error:
            if has_runs(self.store):
                raise
            return {"/index.html": with_live_part(_waiting(str(error)))}
        found = {
            "/" + path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        shutil.rmtree(folder)
        return {path: with_live_part(data) if path.endswith(".html") else data for path, data in found.items()}


def with_live_part(page: bytes) -> bytes:
    """The page with the live panel, which a written report does not have."""
    before, end, after = page.rpartition(b"</body>")
    return before + page_part("live.html") + end + after if end else page


def page_part(name: str) -> bytes:
    """A page, or a part of one, that only the server has."""
    return resources.files("harness.serve").joinpath(name).read_bytes()


def _waiting(reason: str) -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><title>No runs yet</title></head>'
        f"<body><main><h1>No runs yet</h1><p>{html.escape(reason)}</p></main></body></html>"
    ).encode()
