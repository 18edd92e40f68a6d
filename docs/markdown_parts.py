"""Tables, docstrings and fields as Markdown, for docs/generate.py."""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any

from harness.config.messages import type_name
from harness.contract.options import meaning


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A table, or nothing where it has no rows."""
    body = [[_escaped(str(cell)) for cell in row] for row in rows]
    if not body:
        return []
    lines = [columns, ["---"] * len(columns), *body]
    return ["", *("| " + " | ".join(line) + " |" for line in lines)]


def _escaped(cell: str) -> str:
    """A cell's text; inside code a bar is no border, a bracket no tag and an underscore no stress."""
    parts = cell.split("`")
    parts[::2] = [part.replace("|", "\\|").replace("<", "&lt;").replace("__", r"\_\_") for part in parts[::2]]
    return "`".join(parts)


def code(text: object) -> str:
    """As code."""
    return f"`{text}`"


def joined(text: str) -> str:
    """One line."""
    return " ".join(text.split())


def phrase(text: str) -> str:
    """One line for a table: as it is written, without a full stop at its end."""
    line = joined(text)
    return line if line.endswith("...") else line.removesuffix(".")


def sentence(text: str) -> str:
    """One line that begins with a capital and ends in a full stop."""
    line = joined(text)
    return line[:1].upper() + line[1:] + ("" if line.endswith((".", ":", "?")) or not line else ".")


# -- docstrings and fields ---------------------------------------------------------------------------


def paragraphs(item: object) -> list[str]:
    """The docstring's paragraphs, indentation removed."""
    return (inspect.getdoc(item) or "").split("\n\n")


def meanings(cls: type) -> dict[str, str]:
    """What the docstrings of a class and its bases say of each field, under "Fields:" or "Attributes:"."""
    found: dict[str, str] = {}
    for owner in reversed(cls.__mro__):
        section = re.search(
            r"^(?:Fields|Attributes)\b[^\n]*:\n(.*?)(?=^\S|\Z)", inspect.cleandoc(owner.__doc__ or ""), re.M | re.S
        )
        entries = re.split(r"^ {4}(?=\w[\w, ]*: )", section.group(1) if section else "", flags=re.M)
        for entry in entries[1:]:
            names, _, meaning = entry.partition(": ")
            found.update(dict.fromkeys(names.split(", "), phrase(meaning)))
    return found


def field_rows(cls: type, prefix: str, values: Any = None) -> Iterator[tuple[str, str, str, str]]:
    """(option, value, default, meaning) of every field, those of a nested dataclass by dotted name.

    Args:
        cls: the dataclass.
        prefix: what stands before an option's name.
        values: an instance whose values are the defaults; None: those that the fields declare.
    """
    said, hints = meanings(cls), typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        default: Any = _default(field) if values is None else getattr(values, field.name)
        name = f"{prefix}.{field.name}"
        if dataclasses.is_dataclass(default):
            yield from field_rows(type(default), name, default)
        else:
            made = meaning(field)
            kind = f"one of {', '.join(made.choices)}" if made.choices else type_name(hints[field.name])
            kind = re.sub(r"\bPath\b", "a path", kind)
            yield code(name), kind, shown(default), phrase(made.help) or said.get(field.name, "")


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def shown(value: object) -> str:
    """A default as the command line takes it."""
    if value is None:
        return code("null")
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, list | tuple):
        return code("[" + ",".join(map(str, value)) + "]")
    return code(value.name if isinstance(value, Enum) else value)
