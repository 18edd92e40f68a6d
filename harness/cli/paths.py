"""Options and arguments of the command line that name a file or a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.places import user_path


def path_named(name: str) -> Callable[[str | Path], Path]:
    """A parser for Typer: the path as `harness.places` understands it, under this name in messages."""

    def parse(given: str | Path) -> Path:
        return user_path(given, name)

    return parse
