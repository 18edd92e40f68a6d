"""Published files in the cache: checked against their SHA-256."""

from __future__ import annotations

from pathlib import Path

from harness.data.content_hash import sha256_of
from harness.data.remembered_hashes import digest_of
from harness.errors import ChecksumError

_ADVICE = "Delete the file to download it again."


def check(path: Path, sha256: str, advice: str = _ADVICE) -> None:
    """Read the file and compare.

    Raises:
        ChecksumError: the digests differ; the message gives both, the file, and what to do.
        DataError: the file cannot be read.
    """
    _compare(path, sha256, sha256_of(path), advice)


def check_cached(path: Path, sha256: str, advice: str = _ADVICE) -> None:
    """As `check`, but a file that cannot have changed since it was last read is not read again.

    Raises:
        ChecksumError, DataError: as `check`.
    """
    _compare(path, sha256, digest_of(path), advice)


def _compare(path: Path, sha256: str, found: str, advice: str) -> None:
    if found != sha256:
        raise ChecksumError(f"{path} is not the published file: expected sha256 {sha256}, found {found}. {advice}")
