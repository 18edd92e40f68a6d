"""Limits on the time and memory of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.errors import ConfigError

_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_BYTES = {"MB": 1e6, "GB": 1e9, "TB": 1e12, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")


@dataclass(frozen=True)
class Limits:
    """Limits of one run; None: no limit.

    Attributes:
        time_s: seconds since its process started, excluding time spent waiting for exclusive runs.
        memory_bytes: proportional set size of its process and its children.
    """

    time_s: float | None = None
    memory_bytes: float | None = None

    @classmethod
    def parse(cls, time: str | None, memory: str | None) -> Limits:
        """Parse `limits.time` ("90s", "30m", "2h") and `limits.memory` ("800MB", "4GiB").

        Raises:
            ConfigError: a limit is not written like this.
        """
        return cls(
            None if time is None else _amount("limits.time", time, _SECONDS, "30m"),
            None if memory is None else _amount("limits.memory", memory, _BYTES, "4GiB"),
        )


NO_LIMITS = Limits()


def _amount(name: str, text: str, units: dict[str, float], example: str) -> float:
    found = _AMOUNT.fullmatch(str(text).strip())
    if found is None or found[2] not in units or float(found[1]) == 0:
        raise ConfigError(
            f"{name}={text} is not understood: write a number above 0 and one of {', '.join(units)}, "
            f"as in {name}={example}."
        )
    return float(found[1]) * units[found[2]]


def duration(seconds: float) -> str:
    """Format seconds: "42 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def size(amount: float) -> str:
    """Format bytes: "820 MiB", "4.2 GiB"."""
    return f"{amount / 2**30:.3g} GiB" if amount >= 2**30 else f"{amount / 2**20:.3g} MiB"
