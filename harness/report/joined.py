"""Several stores in one report: merged into a temporary store, which is reported and deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.report.formatting import plural
from harness.store import Store
from harness.store import engine as connections
from harness.store.merge import Merged, merge
from harness.store.place import url_of


@dataclass(frozen=True)
class Joined:
    """Several stores as one.

    Attributes:
        store: with the runs of all, open.
        phrases: what came from which store, one phrase each.
        store_id: of the first.
    """

    store: Store
    phrases: list[str]
    store_id: str


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
    with TemporaryDirectory(prefix="harness-report-") as folder, Store.open(url_of(Path(folder, "joined.db"))) as made:
        merged = [merge(made, source) for source in sources]
        yield Joined(made, [_phrase(source, m) for source, m in zip(sources, merged, strict=True)], merged[0].store_id)


def _phrase(source: str, merged: Merged) -> str:
    """A description for readers: the name of the file or database and the store's id; no path, server or user."""
    url = connections.parse_url(url_of(source))
    twice = merged.present + sum(reason.startswith("finished in both") for _, reason in merged.refused)
    left_out = merged.present + len(merged.refused) - twice
    name = f"{Path(url.database or '').name or 'store'} ({merged.store_id[:8]})"
    text = f"{name} with {plural(merged.new + merged.replaced, 'run')}"
    if twice:
        text += f", {twice} more that a store named earlier also has"
    return text + (f", {plural(left_out, 'row')} left out that are not runs" if left_out else "")
