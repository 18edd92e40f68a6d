"""Values for columns: text that every database accepts, names that fit their width, JSON without NaN.

PostgreSQL refuses the NUL character and counts a VARCHAR's length; no database accepts half of a surrogate pair. Such
text comes from files and outputs of models, so it is replaced here, the same way for every database.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from harness.errors import StoreError
from harness.terminal import readable

_UNSTORABLE = re.compile("[\0\ud800-\udc7f\udd00-\udfff]")

_DIGEST_DIGITS = 16


def storable(text: str) -> str:
    """The text without characters that a database refuses: a byte is written as `\\xNN`, others become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", readable(text))


def fitted(text: str, length: int) -> str:
    """A name of at most this many characters: a longer one is cut, and a digest keeps it apart from others."""
    text = storable(text)
    if len(text) <= length or length <= 2 * _DIGEST_DIGITS:
        return text[:length]
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_DIGITS]
    return f"{text[: length - _DIGEST_DIGITS - 1]}…{digest}"


class SafeText(TypeDecorator[str]):
    """Text of any length."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Convert the value for storage."""
        return storable(value) if isinstance(value, str) else value


class Name(TypeDecorator[str]):
    """Text of a bounded length; values in queries are cut in the same way as stored ones."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Convert the value for storage or a query."""
        return fitted(value, self.length) if isinstance(value, str) else value


def to_json(value: Any) -> str:
    """JSON without NaN or infinity (they become null); numpy numbers become plain ones."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


_decode = json.JSONDecoder().raw_decode


def from_json(text: str | bytes) -> Any:
    """The value of a JSON column.

    Raises:
        StoreError: it is not JSON, so something else has written to the store.
    """
    try:
        if isinstance(text, str):
            value, end = _decode(text)  # twice as fast as `json.loads`, which also checks for surrounding white space
            if end == len(text):
                return value
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(
            f"The results store is damaged: a JSON column holds '{str(text)[:40]}' ({error}). "
            "Move it away and merge what can be read of a copy (harness store import)."
        ) from error


def plain(value: Any) -> Any:
    """The same data made of dict, list, str, int, finite float, bool and None only."""
    if isinstance(value, dict):
        return {storable(str(k)): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if isinstance(value, str):
        return storable(value)
    if value is None or isinstance(value, int | float | bool):
        return None if isinstance(value, float) and not math.isfinite(value) else value
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return plain(value.tolist())
    return storable(str(value))
