"""JSON Lines, and JSON arrays of objects, as rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.foreign import shown
from harness.data.text_files import lines
from harness.errors import DataError

_SHAPE = "A table in JSON is an array of objects, [{...}, {...}]; JSON Lines has an object on each line."
_LINE_ENDINGS = (".jsonl", ".ndjson")


def is_json(path: Path, text: str) -> bool:
    """Whether a file is JSON: by its name, or by how it begins."""
    names = [suffix.lower() for suffix in path.suffixes]
    start = text[:1000].lstrip()
    return any(name in (".json", *_LINE_ENDINGS) for name in names) or start.startswith(('{"', "[{", "[\n", "[ {"))


def json_rows(path: Path, text: str) -> tuple[list[np.ndarray], np.ndarray, list[str], str, list[str]]:
    """Cells by column, (N,) line or number of each row, the names, how it is written, and what is odd.

    Numbers keep the form in which they are written; true and false are "true" and "false", null is missing; lists and
    objects within an object are cells of JSON.

    Raises:
        DataError: it is not JSON, or not of objects; the message names the line.
    """
    start = text.lstrip()[:1]
    array = start == "[" or _is_one_object(text)
    found = list(_of_array(path, text) if array else _of_lines(path, text))
    if not found:
        raise DataError(f"{shown(path)} holds no objects. {_SHAPE}")
    names = list(dict.fromkeys(name for _, row in found for name in row))
    if not names:
        raise DataError(f"{shown(path)}: its objects are empty. {_SHAPE}")
    columns = []
    for name in names:
        seen: dict[str, str] = {}
        cells = np.empty(len(found), dtype=object)
        for i, (_, row) in enumerate(found):
            cell = _cell(row.get(name))
            cells[i] = seen.setdefault(cell, cell) if len(seen) < 50_000 else cell
        columns.append(cells)
    partly = [name for name in names if sum(name in row for _, row in found) < len(found)]
    odd = [f"not every object has {', '.join(repr(name) for name in partly[:5])}"] if partly else []
    where = np.array([line for line, _ in found], np.int64)
    return columns, where, names, "JSON, an array of objects" if array else "JSON Lines", odd


def _is_one_object(text: str) -> bool:
    """Whether the text is one object over several lines, and no JSON Lines."""
    first = next((line for line in lines(text[:100_000]) if line.strip()), "")
    try:
        return not isinstance(json.loads(first), dict)
    except ValueError:
        return text.lstrip().startswith("{") and not first.rstrip().endswith("}")


def _of_lines(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines(text), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_int=str, parse_float=str)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{shown(path)}, line {number}: it is not JSON ({_why(error)}). {_SHAPE}") from error
        if not isinstance(row, dict):
            raise DataError(f"{shown(path)}, line {number}: found {line.strip()[:60]}, which is no object. {_SHAPE}")
        yield number, row


def _of_array(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        whole = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise DataError(f"{shown(path)}, line {line}: it is not JSON ({_why(error)}). {_SHAPE}") from error
    if isinstance(whole, dict):
        inner = [value for value in whole.values() if _is_rows(value)]
        if len(inner) != 1:
            raise DataError(f"{shown(path)} is one object with {', '.join(list(whole)[:8]) or 'nothing'}. {_SHAPE}")
        whole = inner[0]
    for number, row in enumerate(whole, start=1):
        if not isinstance(row, dict):
            raise DataError(f"{shown(path)}: element {number} of the array is no object. {_SHAPE}")
        yield number, row


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return json.dumps(value, ensure_ascii=False)


def _why(error: BaseException) -> str:
    return str(getattr(error, "msg", "") or error or type(error).__name__)
