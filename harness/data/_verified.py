"""Published files in the cache: checked against their SHA-256 once, then recognised cheaply."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from harness.errors import ChecksumError, DataError


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def check(path: Path, sha256: str, advice: str) -> None:
    """Hash the file and compare.

    Raises:
        ChecksumError: the digests differ; the message gives both, the file, and what to do.
    """
    found = sha256_of(path)
    if found != sha256:
        raise ChecksumError(f"{path} is not the published file: expected sha256 {sha256}, found {found}. {advice}")


def check_cached(path: Path, sha256: str) -> None:
    """As `check`, but a file whose size and modification time have not changed since the last check passes.

    Raises:
        ChecksumError: the content is not the published one.
    """
    stamp = path.with_name(f"{path.name}.verified")
    now = _state(path, sha256)
    with contextlib.suppress(OSError, ValueError):
        if json.loads(stamp.read_text()) == now:
            return
    check(path, sha256, "Delete the file to download it again.")
    # A read-only cache still works; the next reader just hashes again.
    with contextlib.suppress(OSError):
        temporary = stamp.with_name(f".{stamp.name}.{os.getpid()}")
        temporary.write_text(json.dumps(now))
        os.replace(temporary, stamp)


def _state(path: Path, sha256: str) -> dict[str, str | int]:
    status = path.stat()
    return {"sha256": sha256, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
