"""Merges another store into this one: runs of both machines in one place, with separate environments.

A row of the ledger is a run in an environment (`runs.key`, `runs.environment`). New rows are added. If both stores have
a row, a finished one replaces an unfinished one, and of two finished ones ours is kept. The merge is one transaction,
and repeating it adds nothing.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Row

from harness.errors import StoreError
from harness.store import engine as connections
from harness.store import ledger, transactions
from harness.store import schema as t
from harness.store.opening import Identity, check_file, identify
from harness.store.place import url_of
from harness.store.states import FINISHED, INTERRUPTED, NO_ENVIRONMENT, RUNNING, STATES
from harness.store.writer import Store

_IS_KEY = re.compile("[0-9a-f]{64}")
_CHUNK = 5_000


@dataclass
class Merged:
    """The result of a merge or of a dry run.

    Attributes:
        source: URL without a password; store_id: the id of that store.
        new: runs added; replaced: finished runs that replaced an unfinished row of ours.
        present: runs that this store already had.
        refused: (prefix of the key, reason) of runs that were not merged.
        metrics, environments, cells, checks: rows of the curves, environments, cells of sweeps and checks of plug-ins
            that were added.
    """

    source: str
    store_id: str = ""
    new: int = 0
    replaced: int = 0
    present: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    metrics: int = 0
    environments: int = 0
    cells: int = 0
    checks: int = 0


class _OnlyLooked(Exception):
    """Raised to roll back the transaction of a dry run."""


def merge(store: Store, source: str, *, dry_run: bool = False) -> Merged:
    """Merge everything in another store into this one.

    Runs that are running in the other store become interrupted. Run folders are not moved; paths of artifacts are
    relative to them.

    Args:
        store: open for writing (for a dry run, to read).
        source: the file or the URL of the other store, which is only read.
        dry_run: change nothing.

    Raises:
        StoreError: the source is not a results store, is this one, is of another version, or changed while it was read.
    """
    url = connections.parse_url(url_of(source))
    found: list[Merged] = []

    def work(connection: Connection, _unsure: bool) -> Merged:
        with _opened(url) as (theirs, identity):
            if identity.store_id == store.store_id and store.is_at(url):
                raise StoreError(f"{connections.shown(url)} is this results store itself: name the other one.")
            merged = _Merge(connection, theirs, Merged(connections.shown(url), identity.store_id)).all()
        if dry_run:
            found.append(merged)
            raise _OnlyLooked
        return merged

    try:
        return store.write(work)
    except _OnlyLooked:
        return found[-1]


@contextmanager
def _opened(url: URL) -> Iterator[tuple[Connection, Identity]]:
    """A read transaction of the other store, and its identity."""
    shown, file = connections.shown(url), connections.sqlite_file(url)
    before = None
    if file is not None:
        check_file(file, create=False)
        if not _log_of(file).exists():  # with a log, SQLite itself isolates readers from writers
            before = _state_of(file)
    engine = connections.connect(url, read_only=True)
    try:
        with transactions.open_reading(engine, shown) as connection:
            identity = identify(connection, shown, missing_is_fine=False)
            assert identity is not None
            yield connection, identity
        if file is not None and before is not None and _state_of(file) != before:
            raise StoreError(f"The results store {shown} changed while it was read, so nothing was merged. Try again.")
    finally:
        engine.dispose()


def _state_of(file: Path) -> tuple[int, ...]:
    found = os.stat(file)
    return found.st_dev, found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size, _log_of(file).exists()


def _log_of(file: Path) -> Path:
    return file.with_name(file.name + "-wal")


class _Merge:
    """One merge inside its transaction."""

    def __init__(self, ours: Connection, theirs: Connection, merged: Merged) -> None:
        self.ours, self.theirs, self.merged = ours, theirs, merged
        inspector = sa.inspect(theirs)
        names = set(inspector.get_table_names())
        self.columns: dict[str, list[sa.Column[Any]]] = {}
        for table in t.metadata.sorted_tables:
            there = {c["name"] for c in inspector.get_columns(table.name)} if table.name in names else set()
            lacking = [c.name for c in table.columns if c.name not in there]
            if lacking:
                raise StoreError(
                    f"The results store {merged.source} is damaged: its table '{table.name}' has no {lacking[0]}."
                )
            self.columns[table.name] = list(table.columns)

    def all(self) -> Merged:
        """Merge every table, in the order of foreign keys."""
        self._environments()
        numbers = self._runs()
        for table in t.LEFT_BY_A_RUN:
            self._left(table, numbers)
        self._cells()
        self._checks()
        return self.merged

    def _read(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.CursorResult[Any]:
        query = sa.select(*self.columns[table.name]).where(*conditions).order_by(*table.primary_key)
        return self.theirs.execution_options(yield_per=_CHUNK).execute(query)

    def _environments(self) -> None:
        known = set(self.ours.execute(sa.select(t.environments.c.hash)).scalars())
        new = [dict(row._mapping) for row in self._read(t.environments) if row.hash not in known]
        self.merged.environments = len(new)
        if new:
            self.ours.execute(sa.insert(t.environments), new)

    def _runs(self) -> dict[int, int]:
        """Merge the runs; returns our number by their number for runs whose other rows must be copied."""
        ours: dict[str, list[Row[Any]]] = {}
        for row in self.ours.execute(sa.select(t.runs).order_by(t.runs.c.id).with_for_update()):
            ours.setdefault(row.key, []).append(row)
        numbers: dict[int, int] = {}
        for row in self._read(t.runs):
            problem = _problem(row)
            if problem:
                self.merged.refused.append((str(row.key)[:12], problem))
                continue
            held = ours.get(row.key, [])
            here = next((r for r in held if r.environment == row.environment), None)
            if here is None and row.environment != NO_ENVIRONMENT:  # our plan of it that has not been started
                here = next((r for r in held if r.environment == NO_ENVIRONMENT), None)
            if here is None and row.environment == NO_ENVIRONMENT and held:
                self.merged.present += 1  # only planned there, while we have a row
            elif here is None:
                numbers[row.id] = self._enter(row)
                self.merged.new += 1
            elif self._ours_stays(here, row):
                self.merged.present += 1
            else:
                self._enter(row, in_place_of=here.id)
                numbers[row.id] = here.id
                self.merged.replaced += 1
        return numbers

    def _ours_stays(self, ours: Row[Any], theirs: Row[Any]) -> bool:
        if theirs.status != FINISHED:
            return True
        if ours.status == FINISHED:
            if (ours.ended_at, ours.primary_value) != (theirs.ended_at, theirs.primary_value):
                self.merged.refused.append((theirs.key[:12], "finished in both stores; the run here is kept"))
                self.merged.present -= 1  # counted as refused instead
            return True
        if ledger.effective_status(ours) == RUNNING:
            self.merged.refused.append((theirs.key[:12], "it is running here at the moment; import it again later"))
            self.merged.present -= 1
            return True
        return False

    def _enter(self, row: Row[Any], in_place_of: int | None = None) -> int:
        values = {name: sa.null() if value is None else value for name, value in row._mapping.items() if name != "id"}
        values |= {"owner_pid": None, "owner_started": None, "owner_place": None}
        if row.status == RUNNING:
            values |= {"status": INTERRUPTED, "ended_at": row.heartbeat}
        if row.artifacts:
            values["artifacts"] = {name: path for name, path in row.artifacts.items() if _is_inside(path)}
        if in_place_of is None:
            key = self.ours.execute(sa.insert(t.runs).values(**values)).inserted_primary_key
            assert key is not None
            return int(key[0])
        ledger.update(self.ours, in_place_of, **values)
        ledger.clear(self.ours, in_place_of)
        self.ours.execute(sa.delete(t.metrics).where(t.metrics.c.run_id == in_place_of))
        return in_place_of

    def _left(self, table: sa.Table, numbers: dict[int, int]) -> None:
        chosen = list(numbers)
        for first in range(0, len(chosen), 500):
            rows = self._read(table, table.c.run_id.in_(chosen[first : first + 500]))
            for part in rows.partitions(_CHUNK):
                self.ours.execute(sa.insert(table), [{**row._mapping, "run_id": numbers[row.run_id]} for row in part])
                self.merged.metrics += len(part) if table is t.metrics else 0

    def _cells(self) -> None:
        c = t.sweep_cells.c
        known = set(self.ours.execute(sa.select(t.runs.c.key)).scalars())
        cells = self.ours.execute(sa.select(c.sweep, c.key, c.looks))
        ours = {(row.sweep, row.key): t.looks_planned(row.looks) for row in cells}
        lasts = self.ours.execute(sa.select(c.sweep, sa.func.max(c.position).label("position")).group_by(c.sweep))
        last: dict[str, int] = {row.sweep: row.position for row in lasts}
        new = []
        for row in sorted(self._read(t.sweep_cells), key=lambda r: (r.sweep, r.position)):
            looks = t.looks_planned(row.looks)
            if (row.sweep, row.key) not in ours and row.key in known:
                last[row.sweep] = last.get(row.sweep, -1) + 1
                new.append({**row._mapping, "position": last[row.sweep], "looks": looks})
            elif looks > ours.get((row.sweep, row.key), looks):
                here = (c.sweep == row.sweep) & (c.key == row.key)
                self.ours.execute(sa.update(t.sweep_cells).where(here).values(looks=looks))
        self.merged.cells = len(new)
        if new:
            self.ours.execute(sa.insert(t.sweep_cells), new)

    def _checks(self) -> None:
        """Checks that are not here, or are newer than ours of the same source."""
        ours = {_key_of(row): row.checked_at for row in self.ours.execute(sa.select(t.checks))}
        new = [dict(row._mapping) for row in self._read(t.checks) if row.checked_at > ours.get(_key_of(row), -math.inf)]
        self.merged.checks = len(new)
        if new:
            ledger.upsert(self.ours, t.checks, new)


def _key_of(row: Row[Any]) -> tuple[str, ...]:
    return tuple(str(row._mapping[column.name]) for column in t.checks.primary_key)


def _problem(row: Row[Any]) -> str:
    """Why a row of the other store is not a valid run; empty if it is."""
    if _IS_KEY.fullmatch(str(row.key)) is None:
        return "its key is not 64 hexadecimal digits"
    if row.status not in STATES:
        return f"its state is '{row.status}'"
    return ""


def _is_inside(path: Any) -> bool:
    """Whether an artifact's path stays inside its run folder."""
    parts = PurePosixPath(path).parts if isinstance(path, str) else ("..",)
    return ".." not in parts and not path.startswith("/")


def describe(merged: Merged, *, dry_run: bool) -> Sequence[str]:
    """Lines that describe what was merged, or would be."""
    came, were = ("would be added", "are") if dry_run else ("were added", "were")
    lines = [
        f"From {merged.source}: {merged.new + merged.replaced} runs {came} ({merged.replaced} in place of runs that "
        f"are not finished here), {merged.present} {were} here already, {len(merged.refused)} {were} refused.",
        f"{merged.metrics} metric rows, {merged.environments} environments, {merged.cells} cells of sweeps and "
        f"{merged.checks} checks of plug-ins {came} with them.",
        *(f"refused: {key}: {reason}" for key, reason in merged.refused),
    ]
    if merged.new + merged.replaced and not dry_run:
        lines.append("Run folders are not moved: paths of checkpoints are relative to the folder of each run there.")
    return lines
