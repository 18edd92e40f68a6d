"""A data file of an installed package: found without an import, checked, and refused where it is another file."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.data.sources import InstalledSource, Source
from harness.errors import ChecksumError, DataError

CONTENT = b"1,2,3\n"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InstalledSource:
    """Of a package that would fail if it were imported."""
    folder = tmp_path / "package_with_data"
    (folder / "tables").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise AssertionError('imported')")
    (folder / "tables" / "numbers.csv").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(str(tmp_path))
    digest = hashlib.sha256(CONTENT).hexdigest()
    return InstalledSource("numbers", "package_with_data", "tables/numbers.csv", digest, "none", "Numbers")


def test_the_file_is_found_checked_and_known_by_its_content(source: InstalledSource) -> None:
    assert isinstance(source, Source)
    assert source.cached()
    assert source.fetch().read_bytes() == CONTENT
    source.verify()
    assert "package_with_data" not in sys.modules
    assert source.fingerprint() == replace(source, name="others").fingerprint()
    assert str(source.fetch().parent) not in source.origin


def test_another_file_of_that_name_is_refused(source: InstalledSource) -> None:
    source.fetch().write_bytes(b"1,2,4\n")
    for check in (source.fetch, source.verify):
        with pytest.raises(ChecksumError, match=r"not the published file.*Install the package package_with_data again"):
            check()


def test_a_missing_package_or_file_is_named(source: InstalledSource) -> None:
    gone = replace(source, package="package_that_is_not_there")
    assert not gone.cached()
    with pytest.raises(DataError, match="'numbers' is a file of the package package_that_is_not_there, which is not"):
        gone.fetch()
    elsewhere = replace(source, member="tables/letters.csv")
    assert not elsewhere.cached()
    with pytest.raises(DataError, match=r"package_with_data, which has no file tables/letters.csv"):
        elsewhere.verify()
