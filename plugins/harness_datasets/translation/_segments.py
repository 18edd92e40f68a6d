"""Test sets of evaluation campaigns: SGML and XML files of segments, aligned by document and number."""

from __future__ import annotations

import html
import re
from pathlib import Path

from harness.contract.text import clean
from harness.data.foreign import shown
from harness.data.text_files import read_text
from harness.errors import DataError
from harness_datasets.translation._parallel_text import Row

_DOCUMENT = re.compile(r"<doc\b[^>]*?\bdocid\s*=\s*[\"']?(?P<doc>[^\"'\s>]+)", re.IGNORECASE)
_SEGMENT = re.compile(
    r"<seg\b[^>]*?\bid\s*=\s*[\"']?(?P<id>[^\"'\s>]+)[\"']?[^>]*>(?P<text>.*?)</seg>", re.IGNORECASE | re.DOTALL
)
_EITHER = re.compile(f"{_DOCUMENT.pattern}|{_SEGMENT.pattern}", re.IGNORECASE | re.DOTALL)


def read_segments(path: Path) -> dict[tuple[str, str], str]:
    """The texts of a file by document and number, in their order.

    The files of campaigns are no well-formed XML (bare ampersands, SGML), so only the tags of documents and segments
    are looked for.

    Raises:
        DataError: it cannot be read, holds no segment, or two of one number in one document.
    """
    text = read_text(path)
    document, found = "", dict[tuple[str, str], str]()
    for match in _EITHER.finditer(text):
        if match["doc"] is not None:
            document = match["doc"]
            continue
        key = (document, match["id"])
        if key in found:
            raise DataError(f"{shown(path)}: document {document} has two segments {match['id']}.")
        found[key] = clean(html.unescape(match["text"]))
    if not found:
        raise DataError(f"{shown(path)} holds no segments (<seg id=...>). Is it cut off, or another file?")
    if (opened := len(re.findall(r"<seg\b", text, re.IGNORECASE))) != len(found):
        raise DataError(f"{shown(path)} is damaged: {opened} segments begin in it, and {len(found)} end.")
    return found


def pair_segments(source: Path, target: Path, first: int = 1) -> list[Row]:
    """Rows of two files whose segments are the same.

    Args:
        source, target: the files.
        first: number of the first row.

    Raises:
        DataError: as for `read_segments`, or a segment stands in one file only.
    """
    left, right = read_segments(source), read_segments(target)
    lone = next((key for key in (*left, *right) if key not in left or key not in right), None)
    if lone is not None:
        where, other = (source, target) if lone in left else (target, source)
        raise DataError(
            f"{shown(where)} has segment {lone[1]} of document {lone[0] or 'without a name'}, and {shown(other.name)} "
            "has not: they are not translations of each other, or one is cut off."
        )
    return [(number, left[key], right[key]) for number, key in enumerate(left, start=first)]
