"""A site of several stores: the same whatever their order, growing, and honest about what was left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import StoreError
from harness.report import build
from harness.report.joined import joined, joined_in_any_order, stores_table
from harness.report.load import load
from harness.store import Store


@pytest.fixture
def stores(tmp_path: Path, made_up: Any) -> list[str]:
    """Two stores that share the run of seed 1, with other results of it."""
    files = []
    for name, seeds in (("first.db", (0, 1)), ("second.db", (1, 2))):
        files.append(str(tmp_path / name))
        with Store.open(f"sqlite:///{files[-1]}") as store:
            for seed in seeds:
                made_up.done(store, made_up.plan("translation", "lstm", seed), value=20.0 + len(files))
    return files


def values(sources: list[str]) -> list[float | None]:
    with joined_in_any_order(sources) as found:
        return [r.primary_value for e in load(found.store).comparisons[0].entries for r in e.finished]


def test_the_order_of_the_stores_changes_nothing(stores: list[str]):
    assert values(stores) == values(stores[::-1]) == values([stores[1], *stores])
    with joined_in_any_order(stores) as one, joined_in_any_order(stores[::-1]) as other:
        assert [s.store_id for s in one.stores] == sorted(s.store_id for s in one.stores)
        assert stores_table(one).csv() == stores_table(other).csv()
        assert [s.runs + s.elsewhere for s in one.stores] == [2, 2]


def test_a_folder_stands_for_the_stores_in_it(stores: list[str]):
    assert values([str(Path(stores[0]).parent)]) == values(stores)


def test_what_cannot_be_read_is_named_with_its_reason_and_without_its_folder(stores: list[str], tmp_path: Path):
    (tmp_path / "notes.db").write_text("no store")
    with joined_in_any_order([*stores, str(tmp_path / "notes.db"), str(tmp_path / "none.db"), "nosql://x"]) as found:
        assert [name for name, _ in found.refused] == ["none.db", "notes.db", "store"]
        table = stores_table(found).csv()
    assert "notes.db,refused" in table
    assert "file is not a database" in table
    assert str(tmp_path) not in table


def test_only_what_cannot_be_read_is_an_error(tmp_path: Path):
    with (
        pytest.raises(StoreError, match=r"None of these.*no results store"),
        joined_in_any_order([str(tmp_path / "none.db")]),
    ):
        pass


def test_a_site_grows_and_loses_the_pages_of_what_left(stores: list[str], tmp_path: Path):
    def written(*sources: str) -> set[str]:
        with joined_in_any_order(sources) as found:
            data = load(found.store, stores=found.phrases)
            data.store_table = stores_table(found)
            build(found.store, tmp_path / "site", data=data, formats=("html",), extra=[(".nojekyll", b"")])
        return {p.relative_to(tmp_path / "site").as_posix() for p in (tmp_path / "site").rglob("*") if p.is_file()}

    small = written(stores[0])
    assert {"index.html", "stores.html", ".nojekyll"} <= small
    assert len([n for n in written(*stores) if n.startswith("runs/")]) == 4
    assert written(stores[0]) == small
    (tmp_path / "site" / "index.html").write_text("mine")
    with joined(stores) as found:
        build(found.store, tmp_path / "site", data=load(found.store), formats=("csv",))
    assert not (tmp_path / "site" / ".nojekyll").exists()
    assert (tmp_path / "site" / "index.html").read_text() == "mine"
