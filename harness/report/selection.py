"""Selection of a report's runs: by sweep, task, model and time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.errors import ConfigError, StoreError, UnknownNameError
from harness.store.query import RunView

_UNITS = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_AGE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([mhdw])")


@dataclass(frozen=True)
class RunSelection:
    """What was requested; empty means every run.

    Attributes:
        sweep: its name.
        tasks, models: their names; baselines are always included.
        since: Unix seconds; compared with a run's last event (end, start or planning).
        since_words: the same as typed, so that a report for a relative time always says the same.
    """

    sweep: str | None = None
    tasks: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    since: float | None = None
    since_words: str = ""

    def words(self) -> list[str]:
        """The selection, as parts of a sentence; empty for every run."""
        parts = [f"of the sweep {self.sweep}"] if self.sweep is not None else []
        for kind, names in (("task", self.tasks), ("model", self.models)):
            if names:
                parts.append(f"of the {kind}{'s' if len(names) > 1 else ''} {', '.join(names)}")
        return [*parts, *([f"since {self.since_words}"] if self.since is not None else [])]

    def of(self, runs: Sequence[RunView], where: str) -> list[RunView]:
        """The selected runs.

        Args:
            runs: those of the sweep, or all.
            where: the store, for messages.

        Raises:
            UnknownNameError: no run has such a task or model.
            StoreError: there are runs, but none is selected.
        """
        for kind, given, known in (
            ("task", self.tasks, {r.task for r in runs}),
            ("model", self.models, {r.model for r in runs if r.kind != "baseline"}),
        ):
            for name in given:
                if runs and name not in known:
                    raise UnknownNameError(kind, name, known, f"the runs of {where}")
        chosen = [
            r
            for r in runs
            if (not self.tasks or r.task in self.tasks)
            and (not self.models or r.model in self.models or r.kind == "baseline")
            and (self.since is None or r.last_event >= self.since)
        ]
        if runs and not any(r.kind != "baseline" for r in chosen) and (self.models or not chosen):
            newest = datetime.fromtimestamp(max(r.last_event for r in runs), UTC)
            raise StoreError(
                f"None of the {len(runs)} runs in {where} is {' and '.join(self.words())}. The newest is of "
                f"{newest:%Y-%m-%d %H:%M} UTC; harness list runs shows all."
            )
        return chosen


def since(text: str, now: float, option: str = "--since") -> tuple[float, str]:
    """A date or an age as Unix seconds, and its wording in the report.

    Args:
        text: 2026-11-01, 2026-11-01T12:30 (both UTC unless they say otherwise), or an age: 90m, 12h, 7d, 2w.
        now: Unix seconds.
        option: its name, for messages.

    Raises:
        ConfigError: it is neither, or is in the future.
    """
    text = text.strip()
    age = _AGE.fullmatch(text.lower())
    if age is not None:
        return now - float(age[1]) * _UNITS[age[2]], f"{text} before the report"
    try:
        day = datetime.fromisoformat(text)
        day = day.replace(tzinfo=UTC) if day.tzinfo is None else day.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigError(
            f"{option} {text!r} is neither a date nor an age; write a date (2026-11-01, 2026-11-01T12:30) or an age "
            "(90m, 12h, 7d, 2w)."
        ) from None
    if day.timestamp() > now:
        raise ConfigError(f"{option} {text} is in the future.")
    return day.timestamp(), f"{day:%Y-%m-%d}" if (day.hour, day.minute) == (0, 0) else f"{day:%Y-%m-%d %H:%M} UTC"
