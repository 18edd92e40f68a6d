"""Folders, generators, addresses and the list of data sets."""

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.data.sources import FolderSource, GeneratedSource, Source, UrlSource
from harness.errors import ChecksumError, DataError, OfflineError


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "cache"))
    monkeypatch.delenv("HARNESS_OFFLINE", raising=False)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "mine"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("one")
    (root / "sub" / "b.txt").write_text("two")
    (root / ".hidden").write_text("no part of it")
    return root


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class TestFolder:
    def test_it_lists_visible_files_in_order(self, folder):
        source = FolderSource("mine", folder, "own")
        assert isinstance(source, Source)
        assert source.fetch() == folder
        assert [p.relative_to(folder).as_posix() for p in source.files()] == ["a.txt", "sub/b.txt"]
        assert source.cached()
        source.verify()

    def test_no_folder_given(self):
        with pytest.raises(DataError, match=r"task\.root=FOLDER.*Expected: two files"):
            FolderSource("mine", None, "own", "two files").fetch()

    def test_a_missing_folder_is_named(self, tmp_path):
        with pytest.raises(DataError, match=r"does not exist: .*nowhere"):
            FolderSource("mine", tmp_path / "nowhere", "own").fetch()

    def test_an_empty_folder_is_named(self, tmp_path):
        (tmp_path / "void").mkdir()
        with pytest.raises(DataError, match=r"is empty: .*void"):
            FolderSource("mine", tmp_path / "void", "own").fetch()

    def test_a_folder_without_the_files_says_which(self, folder):
        with pytest.raises(DataError, match=r"contains no file of \*\.wav"):
            FolderSource("mine", folder, "own", patterns=("*.wav",)).fetch()

    def test_a_file_for_a_folder(self, folder):
        with pytest.raises(DataError, match="is a file, not a folder"):
            FolderSource("mine", folder / "a.txt", "own").fetch()

    def test_the_fingerprint_follows_content_and_names_but_not_place(self, folder, tmp_path):
        first = FolderSource("mine", folder, "own").fingerprint()
        moved = folder.rename(tmp_path / "moved")
        assert FolderSource("mine", moved, "own").fingerprint() == first
        (moved / "a.txt").write_text("1ne")  # same size
        changed = FolderSource("mine", moved, "own").fingerprint()
        assert changed != first
        (moved / "a.txt").rename(moved / "c.txt")
        assert FolderSource("mine", moved, "own").fingerprint() not in (first, changed)


def test_a_recipe_decides_what_is_generated():
    first, same, other = (GeneratedSource("toy", recipe) for recipe in ({"n": 1, "m": 2}, {"m": 2, "n": 1}, {"n": 2}))
    assert first.fingerprint() == same.fingerprint() != other.fingerprint()
    assert first.fetch() == same.fetch() != other.fetch()
    assert isinstance(first, Source)
    assert first.synthetic


class TestUrl:
    @pytest.fixture
    def address(self, tmp_path):
        (tmp_path / "www").mkdir()
        (tmp_path / "www" / "data.txt").write_bytes(b"published")
        handler = partial(Quiet, directory=str(tmp_path / "www"))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield f"http://127.0.0.1:{server.server_address[1]}/data.txt"
            server.shutdown()
            thread.join()

    def test_a_file_is_fetched_once_and_verified(self, address, monkeypatch):
        source = UrlSource("remote", address, digest(b"published"), 0.1, "own")
        assert isinstance(source, Source)
        assert not source.cached()
        assert source.fetch().read_bytes() == b"published"
        monkeypatch.setenv("HARNESS_OFFLINE", "1")
        assert source.fetch().read_bytes() == b"published"
        source.verify()

    def test_other_bytes_are_refused_and_not_kept(self, address):
        source = UrlSource("remote", address, "0" * 64, 0.1, "own")
        with pytest.raises(ChecksumError, match=f"data.txt.*expected sha256 {'0' * 64}, found {digest(b'published')}"):
            source.fetch()
        assert not source.cached()

    def test_an_address_that_does_not_answer(self, address):
        with pytest.raises(OfflineError, match="harness data fetch remote"):
            UrlSource("remote", address + ".gone", "0" * 64, 0.1, "own").fetch()

    def test_offline_asks_nobody(self, monkeypatch):
        monkeypatch.setenv("HARNESS_OFFLINE", "1")
        with pytest.raises(OfflineError, match="HARNESS_OFFLINE is set"):
            UrlSource("remote", "http://127.0.0.1:9/x", "0" * 64, 0.1, "own").fetch()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


class TestOneFileForAFolder:
    def test_it_stands_for_a_folder_that_holds_nothing_else(self, tmp_path):
        (tmp_path / "a.txt").write_text("a")
        (tmp_path / "b.txt").write_text("b")
        source = FolderSource("mine", tmp_path / "a.txt", "own", patterns=("*.txt",), or_file=True)
        assert source.files() == [tmp_path / "a.txt"]
        assert not source.unused(source.files())
        with pytest.raises(DataError, match=r"b\.txt is no file of data set 'mine': it is none of \*\.wav"):
            FolderSource("mine", tmp_path / "b.txt", "own", patterns=("*.wav",), or_file=True).files()
