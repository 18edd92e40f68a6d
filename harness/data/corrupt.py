"""Files of a data set that cannot be used: refused, or left out for every model alike and named in the notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from harness.data.foreign import shown
from harness.errors import DataError

_NAMED = 10

Notes = dict[str, str | int | float]


class OnCorrupt(Enum):
    """What happens to a file that cannot be used."""

    refuse = "refuse"
    skip = "skip"


@dataclass(frozen=True)
class Unusable:
    """Why a file cannot be used.

    Attributes:
        reason: in a few words ("broke off"), by which files are counted.
        message: a sentence that names the file.
    """

    reason: str
    message: str


def skipped(unusable: Mapping[str, Unusable], on_corrupt: OnCorrupt) -> Notes:
    """Notes on the files left out, counted by reason; empty where there are none.

    Args:
        unusable: why a file cannot be used, by its name.
        on_corrupt: what to do with such files.

    Raises:
        DataError: there are some, and they are to be refused.
    """
    if not unusable:
        return {}
    if on_corrupt is OnCorrupt.refuse:
        first = next(iter(unusable.values())).message
        more = len(unusable) - 1
        others = f" {more} more {'file' if more == 1 else 'files'} cannot be used either." if more else ""
        raise DataError(f"{first}{others} Repair or remove what is broken, or set task.on_corrupt=skip.")
    reasons = Counter(one.reason for one in unusable.values())
    counts = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items(), key=lambda r: (-r[1], r[0])))
    return named("files skipped", unusable) | {"files skipped, reasons": counts}


def named(what: str, names: Iterable[str]) -> Notes:
    """Notes that count files and name the first of them; empty where there are none."""
    listed = sorted(shown(name) for name in names)
    if not listed:
        return {}
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return {what: len(listed), f"{what}, names": ", ".join(listed[:_NAMED]) + more}
