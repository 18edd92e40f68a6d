"""Which changes of a file are noticed: all of them, however alike the file looks."""

import hashlib
import json
import os
from types import SimpleNamespace

import pytest

from harness.data import content_hash
from harness.data.cache import build_once, cache_dir
from harness.data.content_hash import RESOLUTION_NS, Stamp, read_anew, sha256_of
from harness.data.remembered_hashes import digest_of
from harness.data.sources import FileSource, FolderSource
from harness.errors import DataError

A_DATE = (1_700_000_000_000_000_000,) * 2


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "cache"))


@pytest.fixture
def later(monkeypatch):
    """A clock that is ahead by so much that every file is old enough to be remembered."""

    def ahead(seconds: float) -> None:
        real = content_hash.time.time_ns
        monkeypatch.setattr(content_hash, "time", SimpleNamespace(time_ns=lambda: real() + int(seconds * 1e9)))

    ahead(60)
    return ahead


@pytest.fixture
def reads(monkeypatch):
    """Names of the files that are really read."""
    names = []
    real = hashlib.file_digest
    monkeypatch.setattr(content_hash.hashlib, "file_digest", lambda s, kind: names.append(s.name) or real(s, kind))
    return names


@pytest.fixture
def file(tmp_path):
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "a.txt"
    path.write_text("first")
    os.utime(path, ns=A_DATE)
    return path


def source(file):
    return FolderSource("mine", file.parent, "own")


def edited_in_place(file):
    with file.open("r+") as stream:
        stream.write("other")
    os.utime(file, ns=A_DATE)


def unpacked_over(file):
    file.unlink()
    file.write_text("other")
    os.utime(file, ns=A_DATE)


def renamed_over(file):
    new = file.with_name(".new")
    new.write_text("other")
    os.utime(new, ns=A_DATE)
    os.replace(new, file)


def link_turned(file):
    for name in ("one", "two"):
        place = file.parent.parent / name
        place.write_text("first" if name == "one" else "other")
        os.utime(place, ns=A_DATE)
    file.unlink()
    file.symlink_to(file.parent.parent / "one")
    yield
    file.unlink()
    file.symlink_to(file.parent.parent / "two")


@pytest.mark.parametrize("change", [edited_in_place, unpacked_over, renamed_over])
def test_a_change_of_equal_size_and_date_is_seen(file, later, change):
    before, alone = source(file).fingerprint(), FileSource("x", file, "task.x").fingerprint()
    change(file)
    assert source(file).fingerprint() != before
    assert FileSource("x", file, "task.x").fingerprint() != alone


def test_a_link_that_leads_elsewhere_is_seen(file, later):
    steps = link_turned(file)
    next(steps)
    before = source(file).fingerprint()
    next(steps, None)
    assert source(file).fingerprint() != before


def test_files_that_cannot_have_changed_are_read_once(file, later, reads):
    first = source(file).fingerprint()
    assert [source(file).fingerprint() for _ in range(3)] == [first] * 3
    assert len(reads) == 1
    os.utime(file, ns=(0, 5))  # another date alone is no other content
    assert source(file).fingerprint() == first
    assert len(reads) == 2


def test_a_young_file_is_read_again(file, reads):
    assert [digest_of(file) for _ in range(3)] == [sha256_of(file)] * 3
    assert len(reads) == 4


@pytest.mark.parametrize(
    ("ctime", "mtime", "settled"),
    [(0, 0, True), (0, 10**10, True), (0, 5 * 10**9 - RESOLUTION_NS, False), (4 * 10**9, 0, False), (10**10, 0, False)],
)
def test_when_times_are_to_be_trusted(ctime, mtime, settled):
    assert Stamp(1, 1, ctime, mtime, 1).settled(5 * 10**9) is settled


def test_a_file_that_changes_while_it_is_read(file, monkeypatch):
    real = hashlib.file_digest

    def slow(stream, kind):
        with file.open("a") as writer:
            writer.write("more")
        return real(stream, kind)

    monkeypatch.setattr(content_hash.hashlib, "file_digest", slow)
    with pytest.raises(DataError, match=r"a\.txt changes while it is read: wait"):
        sha256_of(file)


def test_a_file_replaced_while_it_is_read(file, monkeypatch):
    real, turns = hashlib.file_digest, []

    def slow(stream, kind):
        if not turns:
            turns.append(renamed_over(file))
        return real(stream, kind)

    monkeypatch.setattr(content_hash.hashlib, "file_digest", slow)
    assert sha256_of(file) == hashlib.sha256(b"other").hexdigest()


def test_everything_can_be_read_anew(file, later):
    first = source(file).fingerprint()
    (memory,) = (cache_dir() / "hashes").iterdir()
    wrong = {name: [*row[:5], "0" * 64] for name, row in json.loads(memory.read_text()).items()}
    memory.write_text(json.dumps(wrong))  # as if a disk had changed the file and not its times
    assert source(file).fingerprint() != first
    with read_anew() as found:
        assert source(file).fingerprint() == first
    assert (found.files, found.silently_changed) == (1, [file])
    with read_anew() as found:
        assert source(file).fingerprint() == first
    assert found.silently_changed == []
    assert source(file).fingerprint() == first


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a.txt": 3}', '{"a.txt": [1, 2, 3, 4, 5, 6]}', '{"a.txt": null}'])
def test_a_damaged_memory_is_made_again(file, later, content):
    first = source(file).fingerprint()
    (memory,) = (cache_dir() / "hashes").iterdir()
    memory.write_text(content)
    assert source(file).fingerprint() == first


def test_a_folder_of_any_name(tmp_path, later):
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    path = os.path.join(folder, b"\xff.txt")
    with open(path, "w") as stream:
        stream.write("x")
    where = tmp_path / os.fsdecode(b"caf\xe9")
    assert FolderSource("mine", where, "own").fingerprint() == FolderSource("mine", where, "own").fingerprint()


class TestPrepared:
    def build(self, folder):
        (folder / "sub").mkdir()
        (folder / "rows.json").write_text('["first"]')
        (folder / "sub" / "more").write_text("more")
        self.built += 1

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path):
        self.built, self.where = 0, tmp_path / "prepared"
        build_once(self.where, self.build)
        return self.where

    def truncated(self):
        (self.where / "rows.json").write_text('["fir')

    def flipped(self):
        (self.where / "rows.json").write_text('["fjrst"]')

    def removed(self):
        (self.where / "sub" / "more").unlink()

    def unlisted(self):
        (self.where / ".contents.json").write_text("{")

    @pytest.mark.parametrize("damage", [truncated, flipped, removed, unlisted])
    def test_damage_is_made_good(self, damage):
        damage(self)
        build_once(self.where, self.build)
        assert (self.where / "rows.json").read_text() == '["first"]'
        assert (self.where / "sub" / "more").read_text() == "more"
        assert self.built == 2

    def test_a_touched_file_is_no_damage(self, reads):
        reads.clear()
        os.utime(self.where / "rows.json", ns=A_DATE)
        for _ in range(3):
            build_once(self.where, self.build)
        assert (self.built, len(reads)) == (1, 1)

    def test_what_was_added_is_left_alone(self):
        (self.where / "note").write_text("mine")
        build_once(self.where, self.build)
        assert self.built == 1

    def test_data_that_changes_meanwhile_is_not_kept(self, tmp_path):
        with pytest.raises(DataError, match="changed while it was prepared"):
            build_once(tmp_path / "other", self.build, unchanged=lambda: False)
        assert not (tmp_path / "other").exists()


def test_two_quick_writes_are_told_apart(file):
    """Within one tick of the clock both have the same times, inode and size."""
    seen = set()
    for number in range(50):
        file.write_text(f"{number:05}")
        os.utime(file, ns=A_DATE)
        seen.add(source(file).fingerprint())
    assert len(seen) == 50
