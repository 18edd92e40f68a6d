"""What the subcommands of `harness explain` share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


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


def deliver(
    content: Any, say: Callable[[], None], files: Callable[[], Mapping[str, bytes]], *, json: bool, out: str | None
) -> None:
    """Print an explanation as JSON or in words, and write its files where a folder was named.

    Args:
        content: plain data.
        say: prints it in words.
        files: makes the files, content by name.
        json: print the plain data.
        out: the folder; None: write nothing.

    Raises:
        UserError: the folder cannot be written.
    """
    from harness.cli import output
    from harness.explain.page import write
    from harness.places import user_path

    place = user_path(out, "--out") if out is not None else None
    if json:
        output.as_json(content)
    else:
        say()
    if place is not None:
        written = write(place, files())
        if not json:
            output.say(f"Written to {place}: {', '.join(written)}")
