"""The clock of a run: wall time split into phases, each with its own start and stop.

Phases: setup, data_preparation, warmup (the first step), data_wait, forward, backward, optimizer, validation,
evaluation (the test split, once, at the end), checkpoint, logging, other. Time between phases is `unattributed`,
measured and never hidden in `other`.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

TRAINING = ("warmup", "data_wait", "forward", "backward", "optimizer", "other")
"""The phases that make up training time."""

UNATTRIBUTED = "unattributed"


class PhaseClock:
    """Splits wall time into phases; phases nest, and the inner one pauses the outer.

    All times are seconds of the monotonic clock `time.perf_counter`.
    """

    def __init__(self) -> None:
        self._totals: defaultdict[str, float] = defaultdict(float)
        self._stack: list[str] = []
        self._began = self._mark = time.perf_counter()

    def start(self, phase: str) -> None:
        """Begin a phase; the one now running pauses."""
        self._charge()
        self._stack.append(phase)

    def stop(self, phase: str) -> None:
        """End the innermost phase, which must be `phase`.

        Raises:
            RuntimeError: another phase is innermost.
        """
        if not self._stack or self._stack[-1] != phase:
            raise RuntimeError(f"phase '{phase}' is not the innermost of {self._stack}")
        self._charge()
        self._stack.pop()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A phase around a block."""
        self.start(name)
        try:
            yield
        finally:
            self.stop(name)

    def totals(self) -> dict[str, float]:
        """Seconds of every phase so far, `unattributed` included; they add up to `total`."""
        self._charge()
        return dict(self._totals)

    def total(self) -> float:
        """Seconds since the clock was made."""
        return time.perf_counter() - self._began

    def training(self) -> float:
        """Seconds of training so far: neither validation nor checkpoints nor logging."""
        self._charge()
        return sum(self._totals[name] for name in TRAINING)

    def _charge(self) -> None:
        now = time.perf_counter()
        self._totals[self._stack[-1] if self._stack else UNATTRIBUTED] += now - self._mark
        self._mark = now
