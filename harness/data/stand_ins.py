"""What lies where data should be (a pointer, an error page, an archive, zeros), and what to do about it."""

from __future__ import annotations

import os

_HEAD = 64
_LARGEST_LFS = 1024  # as its specification says
_FETCH_AGAIN = "Fetch the file again."
_UNPACK = "Unpack it."

_LFS = "It is a Git LFS pointer, not the file itself. Fetch that with `git lfs pull`."
_ANNEX = "It is a git-annex pointer, not the file itself. Fetch that with `git annex get`."

_STARTS: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"version https://git-lfs",), _LFS),
    ((b"/annex/objects/",), _ANNEX),
    ((b"<!doctype", b"<html", b"<?xml", b"<head"), f"It is a web page or a server's message. {_FETCH_AGAIN}"),
    ((b'{"', b"{\n", b"{\r\n", b'[{"'), "It is JSON, as a server's message is. Fetch the file again."),
    ((b"pk\x03\x04", b"pk\x05\x06"), f"It is a ZIP archive. {_UNPACK}"),
    ((b"\x1f\x8b",), f"It is a gzip file. {_UNPACK}"),
    ((b"\xfd7zxz\0", b"7z\xbc\xaf\x27\x1c", b"rar!", b"bzh", b"\x28\xb5\x2f\xfd"), f"It is an archive. {_UNPACK}"),
    ((b"\0\x05\x16\x07",), "It is what macOS stores beside a file (AppleDouble). Delete it."),
    ((b"%pdf-",), "It is a PDF."),
)
"""By the first bytes, letters in lower case."""


def what_it_is(head: bytes) -> str:
    """A sentence or two on what the first bytes of a file show; empty where that is not known."""
    start = head[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    found = next((text for starts, text in _STARTS if start.startswith(starts)), "")
    if not found and len(head) >= _HEAD and not head.strip(b"\0"):
        return f"It begins with zeros, as a download that did not finish or a full disk leaves behind. {_FETCH_AGAIN}"
    return found


def pointer(content: bytes) -> str:
    """As `what_it_is`, of a whole file that may be text: only of what is nothing but a pointer."""
    if content.startswith(b"version https://git-lfs") and b"\noid " in content and len(content) < _LARGEST_LFS:
        return _LFS
    return _ANNEX if content.startswith(b"/annex/objects/") and content.count(b"\n") <= 1 else ""


def what_lies_at(path: str | os.PathLike[str]) -> str:
    """As `what_it_is`, of a file; empty where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return what_it_is(file.read(_HEAD))
    except (OSError, ValueError):
        return ""
