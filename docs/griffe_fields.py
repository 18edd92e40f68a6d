"""Lets the reference show docstring sections as this project writes them.

Plug-ins list their options under "Fields:", and contracts their class variables under "Class variables:"; both are
read as Google's "Attributes:". A list of names ("val_pairs, test_pairs: how many") becomes one entry for each name.
"""

from __future__ import annotations

import re
from typing import Any

from griffe import Class, Extension, Function

_OWN = re.compile(r"^(\s*)(?:Fields|Class variables|Attributes)\b[^:\n]*:\s*$")
_ARGUMENTS = re.compile(r"^(\s*)Args:\s*$")
_ENTRY = re.compile(r"^(\s+)(\w+(?:, \w+)+): (.*)$")


class FieldsExtension(Extension):
    """Rewrites docstrings before they are parsed."""

    def on_class(self, *, cls: Class, **kwargs: Any) -> None:
        """Called for each class once its members are known."""
        if cls.docstring is not None:
            cls.docstring.value = as_attributes(cls.docstring.value)

    def on_function(self, *, func: Function, **kwargs: Any) -> None:
        """Called for each function."""
        if func.docstring is not None:
            func.docstring.value = as_attributes(func.docstring.value)


def as_attributes(text: str) -> str:
    """The docstring with one "Attributes:" section in the place of the project's own, one name an entry."""
    lines: list[str] = []
    inside = attributes = False
    for line in text.splitlines():
        if _OWN.match(line):
            if attributes:
                while lines and not lines[-1].strip():  # sections that follow one another become one
                    lines.pop()
            else:
                lines.append("Attributes:")
            inside = attributes = True
            continue
        inside = bool(_ARGUMENTS.match(line)) or (inside and (not line.strip() or line.startswith(" ")))
        entry = _ENTRY.match(line) if inside else None
        if entry is None:
            lines.append(line)
        else:
            indent, names, meaning = entry.groups()
            lines += [f"{indent}{name}: {meaning}" for name in names.split(", ")]
    return "\n".join(lines)
