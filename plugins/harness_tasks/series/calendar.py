"""What the calendar says of a time, as features that a forecast knows ahead."""

from __future__ import annotations

import numpy as np

from harness_tasks.series.series import DAY

_CYCLES = {"day": 1_440, "week": 7, "year": 12}
"""How many positions each cycle has: minutes of a day, days of a week, months of a year."""


def cycles_for(step_s: int) -> tuple[str, ...]:
    """The cycles of which a series of such steps sees more than one position."""
    if 0 < step_s < DAY:
        return ("day", "week", "year")
    return ("week", "year") if step_s == DAY else ("year",)


def calendar(times: np.ndarray, cycles: tuple[str, ...]) -> np.ndarray:
    """Sine and cosine of the position in each cycle, float32 (N, 2 * cycles), of times datetime64[s] (N,).

    From a table of positions, so that a time has the same features wherever it stands in an array.
    """
    days = times.astype("datetime64[D]")
    found = []
    for cycle in cycles:
        if cycle == "day":
            position = (times - days).astype(np.int64) // 60
        elif cycle == "week":
            position = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
        else:
            position = times.astype("datetime64[M]").astype(np.int64) % 12
        angles = 2 * np.pi * np.arange(_CYCLES[cycle]) / _CYCLES[cycle]
        table = np.stack([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)  # (positions, 2)
        found.append(table[position])
    return np.concatenate(found, axis=1) if found else np.zeros((len(times), 0), dtype=np.float32)
