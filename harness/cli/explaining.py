"""What the subcommands of `harness explain` share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def attended(doing: str) -> Iterator[None]:
    """Say what is being done while the block runs; what is to be said of a plug-in that has changed goes to standard
    error."""
    import sys
    import warnings

    from harness.cli import output
    from harness.terminal import harmless

    with output.waiting(harmless(doing)), warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always", UserWarning)
        yield
    for note in notes:
        print(f"Note: {harmless(str(note.message))}", file=sys.stderr)
