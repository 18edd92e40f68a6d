"""What is found out about a user's data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Command:
    """A way to run on the data.

    Attributes:
        dataset: that reads it, "TASK.NAME"; a command is shown only where that is installed.
        options: of the data set, beside its root: ("task.source_language", "de").
        models: that suit a first look.
        of_folder: whether, of a file, the data set is given the folder that it lies in.
    """

    dataset: str
    options: tuple[tuple[str, str], ...] = ()
    models: tuple[str, ...] = ("lstm", "bilstm")
    of_folder: bool = False


@dataclass(frozen=True)
class Inspected:
    """What a file or folder holds.

    Attributes:
        kind: in a few words ("table, separated by commas").
        facts: rows (what, value), for a table of two columns.
        odd: sentences on what the user may want to look at.
        commands: for each data set that could read it.
        hint: what is missing for a command, where there is none.
    """

    kind: str
    facts: tuple[tuple[str, str], ...] = ()
    odd: tuple[str, ...] = ()
    commands: tuple[Command, ...] = field(default=())
    hint: str = ""


def counted(number: int, noun: str) -> str:
    """ "1 row", "2,000 rows"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: list[str] | tuple[str, ...], most: int = 8) -> str:
    """The first names, and how many more there are."""
    more = f", and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
