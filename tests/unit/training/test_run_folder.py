"""A run's folder belongs to one store, whatever the disk does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.training.run_folder import RunFolder


def test_a_folder_of_another_store_is_refused(tmp_path: Path) -> None:
    RunFolder(tmp_path, "key", "one")
    RunFolder(tmp_path, "key", "one")
    with pytest.raises(StoreError, match="belongs to another results store"):
        RunFolder(tmp_path, "key", "two")


def test_a_disk_that_is_full_once_does_not_lose_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RunFolder(tmp_path, "key", "one")

    def full(self: Path, *words: object, **options: object) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    RunFolder(tmp_path, "key", "one")  # nothing has to be written
    with pytest.raises(StoreError, match="No space left on device"):
        RunFolder(tmp_path, "new", "one")
    monkeypatch.undo()
    RunFolder(tmp_path, "new", "one")
    with pytest.raises(StoreError, match="belongs to another"):
        RunFolder(tmp_path, "new", "two")


def test_a_folder_whose_owner_was_cut_off_is_taken(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, "key", "one")
    (folder.path / "store_id").write_text("")
    RunFolder(tmp_path, "key", "one")
    assert (folder.path / "store_id").read_text() == "one"


def test_two_processes_may_create_a_folder_at_the_same_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace

    def overtaken(source: Path, target: Path) -> None:
        monkeypatch.undo()
        RunFolder(tmp_path, "key", "one")  # the other process, between this one's writing and renaming
        replace(source, target)

    monkeypatch.setattr(os, "replace", overtaken)
    folder = RunFolder(tmp_path, "key", "one")
    assert [file.name for file in folder.path.iterdir()] == ["store_id"]
    assert (folder.path / "store_id").read_text() == "one"
