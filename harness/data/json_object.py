"""A JSON file that holds one object."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.data.foreign import shown
from harness.errors import DataError


def read_object(path: Path) -> dict[str, Any]:
    """The object in a file.

    Raises:
        DataError: the file cannot be read, or holds something else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{shown(path)} cannot be read: {error}.") from error
    if not isinstance(found, dict):
        raise DataError(f"{shown(path)} cannot be read: it holds no JSON object.")
    return found
