"""Several stores in one report: merged into a store of the moment, which is reported and thrown away."""

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


@dataclass(frozen=True)
class Joined:
    """Several stores as one.

    Attributes:
        store: with the runs of all, open.
        phrases: what came from where, one a store.
        store_id: of the first.
    """

    store: Store
    phrases: list[str]
    store_id: str


@contextmanager
def joined(sources: Sequence[str]) -> Iterator[Joined]:
    """The runs of several stores in one, as `harness store import` would join them; none of them is changed.

    A run that several hold in one environment counts once: a finished row before one that is not, and of two finished
    ones that of the store named first. What is running comes as interrupted.

    Args:
        sources: files or URLs, in the order of their say.

    Raises:
        StoreError: one of them cannot be read.
    """
    with TemporaryDirectory(prefix="harness-report-") as folder, Store.open(f"sqlite:///{folder}/joined.db") as made:
        merged = [merge(made, source) for source in sources]
        yield Joined(made, [_phrase(source, m) for source, m in zip(sources, merged, strict=True)], merged[0].store_id)


def _phrase(source: str, merged: Merged) -> str:
    """What a reader may know: the name of the file or database and the store's id; no path, server or user."""
    url = connections.parse_url(source if "://" in source else f"sqlite:///{source}")
    twice = merged.present + sum(reason.startswith("finished in both") for _, reason in merged.refused)
    left_out = merged.present + len(merged.refused) - twice
    name = f"{Path(url.database or '').name or 'store'} ({merged.store_id[:8]})"
    text = f"{name} with {plural(merged.new + merged.replaced, 'run')}"
    if twice:
        text += f", {twice} more that a store named before holds too"
    return text + (f", {plural(left_out, 'row')} left out that are no runs" if left_out else "")
