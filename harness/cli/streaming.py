"""`harness predict RUN - --stream`: an answer for each word of standard input as it comes, with the latency."""

from __future__ import annotations

import statistics
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.inference.trained_model import TrainedModel


def stream(model: TrainedModel) -> int:
    """Print answers until standard input ends; 1 where a word could not be read.

    Raises:
        UserError: this task or model cannot.
    """
    from harness.errors import DataError
    from harness.inference.streaming import Streamed, words_as_they_come
    from harness.terminal import harmless, one_line

    line, problems, before = Streamed(model), 0, ""
    for word in words_as_they_come(sys.stdin.buffer):
        if word is None:
            line.end()
            print(flush=True)
            before = ""
            continue
        try:
            text = line.answer(word)
        except DataError as error:
            problems += 1
            print(one_line(f"Error: '{word}': {error}"), file=sys.stderr)
            continue
        print(before + harmless(text), end="", flush=True)
        before = " "
    if line.seconds:
        _say_latency(line.seconds)
    return int(problems > 0)


def _say_latency(seconds: list[float]) -> None:
    """The time from a word to its answer, on standard error."""
    late = sorted(seconds)[min(len(seconds) - 1, int(0.95 * len(seconds)))]
    print(
        f"{len(seconds):,} steps; from a word to its answer {1e3 * statistics.median(seconds):.2f} ms in the median, "
        f"{1e3 * late:.2f} ms at the 95th percentile, {1e3 * max(seconds):.2f} ms at most.",
        file=sys.stderr,
    )
