"""Lists and feature files in the form of CMU Sphinx: `.fileids`, `.transcription` and `.mfc`."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from harness.contract.text import clean
from harness.data.foreign import reading, shown
from harness.data.text_files import read_lines
from harness.errors import DataError

_TRANSCRIBED = re.compile(r"(?P<text>.*?)\s*\((?P<id>[^()\s]+)\)")
_MARKS = re.compile(r"</?s>|<sil>|\+\+\w+\+\+")
_BYTES = 4


def read_transcripts(path: Path) -> dict[str, str]:
    """What is said in each utterance, lower-case, by its id: lines "TEXT (ID)", with or without <s> and </s>.

    Raises:
        DataError: a line has another form, or an id stands there twice.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        match = _TRANSCRIBED.fullmatch(line.strip())
        where = f"{shown(path)}, line {number}"
        if not match:
            raise DataError(f"{where}: '{line.strip()[:60]}' is not of the form TEXT (ID).")
        if match["id"] in found:
            raise DataError(f"{where}: {match['id']} has a text already. An utterance is listed once.")
        found[match["id"]] = clean(_MARKS.sub(" ", match["text"]).lower())
    if not found:
        raise DataError(f"{shown(path)} holds no transcript.")
    return found


def read_cepstra(path: Path, count: int = 13) -> np.ndarray:
    """float32 (T, F) of a feature file: the number of values as int32, then float32 values, in either byte order.

    Args:
        path: of the file.
        count: F.

    Raises:
        DataError: the file is cut off, or holds no whole frames of finite numbers.
    """
    with reading(path, "a Sphinx feature file"):
        content = path.read_bytes()
    if len(content) < _BYTES:
        raise DataError(f"{shown(path)} is no Sphinx feature file: it has {len(content)} bytes.")
    values = (len(content) - _BYTES) / _BYTES
    orders = [order for order in (">", "<") if np.frombuffer(content[:_BYTES], f"{order}i4")[0] == values]
    if not orders:
        said = int(np.frombuffer(content[:_BYTES], ">i4")[0])
        raise DataError(
            f"{shown(path)} is damaged or cut off: its header announces {said:,} values, and {values:,.10g} follow. "
            "Fetch it again."
        )
    frames = np.frombuffer(content[_BYTES:], f"{orders[0]}f4").astype(np.float32)
    if not len(frames) or len(frames) % count:
        raise DataError(f"{shown(path)} holds {len(frames):,} values, which are no whole frames of {count}.")
    if not np.isfinite(frames).all():
        raise DataError(f"{shown(path)} holds values that are not finite numbers. Fetch it again.")
    return frames.reshape(-1, count)  # (T, F)
