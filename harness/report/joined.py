"""Several stores in one report: merged into a temporary store, which is reported and deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.errors import StoreError
from harness.places import user_path
from harness.report.formatting import plural
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.store import Store
from harness.store import engine as connections
from harness.store.merge import Merged, merge
from harness.store.place import url_of


@dataclass(frozen=True)
class JoinedStore:
    """A store that was read.

    Attributes:
        name: of its file or database; no path, server or user, since reports are passed on.
        store_id: recorded in it.
        runs: that are shown from it.
        elsewhere: runs that an earlier store also has.
        refused: (prefix of the key, reason) of rows that were left out.
    """

    name: str
    store_id: str
    runs: int
    elsewhere: int
    refused: tuple[tuple[str, str], ...]

    @property
    def phrase(self) -> str:
        """A description for readers."""
        text = f"{self.name} ({self.store_id[:8]}) with {plural(self.runs, 'run')}"
        if self.elsewhere:
            text += f", {self.elsewhere} more that a store named earlier also has"
        return text + (f", {plural(len(self.refused), 'row')} left out that are not runs" if self.refused else "")


@dataclass(frozen=True)
class Joined:
    """Several stores as one.

    Attributes:
        store: with the runs of all, open.
        stores: what came from which, in order of precedence.
        store_id: of the first.
        refused: (name, reason) of those that could not be read.
    """

    store: Store
    stores: list[JoinedStore]
    store_id: str
    refused: list[tuple[str, str]] = field(default_factory=list)

    @property
    def phrases(self) -> list[str]:
        """What came from which store, one phrase each."""
        return [s.phrase for s in self.stores]


@contextmanager
def joined(sources: Sequence[str]) -> Iterator[Joined]:
    """The runs of several stores in one, as `harness store import` would merge them; none of them is changed.

    A run in the same environment in several stores counts once: a finished row is preferred, and of two finished ones
    the one in the store named first. Running runs become interrupted.

    Args:
        sources: files or URLs, in order of precedence.

    Raises:
        StoreError: one of them cannot be read.
    """
    with _temporary() as made:
        merged = [merge(made, source) for source in sources]
        stores = [_described(source, m) for source, m in zip(sources, merged, strict=True)]
        yield Joined(made, stores, merged[0].store_id)


@contextmanager
def joined_in_any_order(sources: Sequence[str]) -> Iterator[Joined]:
    """As `joined`, but what comes out does not depend on the order of the arguments, and what cannot be read is named.

    Precedence is that of the stores' ids, then of their names, so that a site is the same however its stores are named.

    Args:
        sources: files, URLs, or folders, which stand for the files *.db in them.

    Raises:
        StoreError: none of them can be read.
    """
    found: list[tuple[str, str, str]] = []
    refused: list[tuple[str, str]] = []
    for source in _expanded(sources):
        try:
            with Store.open(url_of(source), create=False, read_only=True) as store:
                found.append((store.store_id, _name(source), source))
        except StoreError as error:
            refused.append((_name(source), _without_path(str(error), source)))
    with _temporary() as made:
        stores = []
        for _, name, source in sorted(set(found)):
            try:
                stores.append(_described(source, merge(made, source)))
            except StoreError as error:
                refused.append((name, _without_path(str(error), source)))
        if not stores:
            told = "; ".join(reason for _, reason in refused) or "the folders hold no file that ends in .db"
            raise StoreError(f"None of these results stores can be read: {told}")
        yield Joined(made, stores, stores[0].store_id, sorted(refused))


def stores_table(found: Joined) -> Table:
    """The stores that a report was joined from, what came from each, and what was refused."""
    columns = [
        Column("id", numeric=False),
        Column("runs", "shown from it"),
        Column("runs", "also in a store above"),
        Column("left out"),
        Column("why", numeric=False),
    ]
    table = Table("stores", "Results stores that were merged", "Store", columns, prose=True)
    for store in found.stores:
        reasons = "; ".join(f"{key}: {reason}" for key, reason in store.refused)
        numbers = [TableCell(str(n), n) for n in (store.runs, store.elsewhere, len(store.refused))]
        table.rows.append(TableRow(TableCell(store.name), [TableCell(store.store_id), *numbers, TableCell(reasons)]))
    for name, reason in found.refused:
        cells = [TableCell("–", hidden="not known"), *(TableCell("0", 0) for _ in range(2)), TableCell("all")]
        table.rows.append(TableRow(TableCell(name), [*cells, TableCell(reason)], "Refused", "refused"))
    return table


@contextmanager
def _temporary() -> Iterator[Store]:
    with TemporaryDirectory(prefix="harness-report-") as folder, Store.open(url_of(Path(folder, "joined.db"))) as made:
        yield made


def _expanded(sources: Sequence[str]) -> list[str]:
    """Sources with folders replaced by the stores in them, each once."""
    found: list[str] = []
    for source in sources:
        folder = None if "://" in source else user_path(source, "STORE")
        found += map(str, sorted(folder.glob("*.db"))) if folder is not None and folder.is_dir() else [source]
    return list(dict.fromkeys(found))


def _described(source: str, merged: Merged) -> JoinedStore:
    twice = [r for r in merged.refused if r[1].startswith("finished in both")]
    others = tuple(r for r in merged.refused if r not in twice)
    runs = merged.new + merged.replaced
    return JoinedStore(_name(source), merged.store_id, runs, merged.present + len(twice), others)


def _name(source: str) -> str:
    """The name of a store's file or database."""
    try:
        database = connections.parse_url(url_of(source)).database
    except StoreError:
        return "store"
    return Path(database or "").name or "store"


def _without_path(message: str, source: str) -> str:
    """A message about a store without its folder, server or user."""
    try:
        url = connections.parse_url(url_of(source))
    except StoreError:
        return "it is neither a file nor a database URL"
    for place in (connections.shown(url), str(url.database or ""), source):
        message = message.replace(place, _name(source)) if place else message
    return message
