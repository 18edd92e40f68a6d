"""Files of a data set that cannot be used: refused, or left out for every model alike and named in the notes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from harness.errors import DataError

_NAMED = 10


class OnCorrupt(Enum):
    """What happens to a file that cannot be used."""

    refuse = "refuse"
    skip = "skip"


def skipped(unusable: Mapping[str, str], on_corrupt: OnCorrupt) -> dict[str, str | int | float]:
    """Notes on the files left out; empty where there are none.

    Args:
        unusable: why a file cannot be used, by its name.
        on_corrupt: what to do with such files.

    Raises:
        DataError: there are some, and they are to be refused.
    """
    if not unusable:
        return {}
    if on_corrupt is OnCorrupt.refuse:
        first = next(iter(unusable.values()))
        others = f" {len(unusable) - 1} more files cannot be used either." if len(unusable) > 1 else ""
        raise DataError(f"{first}{others} Repair or remove what is broken, or set task.on_corrupt=skip.")
    names = sorted(unusable)
    listed = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    return {"files skipped": len(names), "files skipped, names": listed}
