"""A page and its files: what an explanation writes into a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.report.figures.drawing import Figure
from harness.report.tables import Table
from harness.report.templating import templates

PAGE = "index.html"


@dataclass
class ExplainedPart:
    """A part of a page.

    Attributes:
        title: its heading.
        text: sentences, a paragraph each.
        figures, tables: below them.
    """

    title: str
    text: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


@dataclass
class Page:
    """A page about one run.

    Attributes:
        title: its heading.
        key: of the run.
        facts: pairs of term and text.
        sections: in order; those without content are left out.
    """

    title: str
    key: str
    facts: list[tuple[str, str]]
    sections: list[ExplainedPart]

    def html(self) -> str:
        """The page, which loads nothing from anywhere."""
        filled = [part for part in self.sections if part.text or part.figures or part.tables]
        shown = Page(self.title, self.key, self.facts, filled)
        return templates().get_template("explained.html.j2").render(page=shown, links={}, root="", store_id="")

    def files(self) -> dict[str, bytes]:
        """The page and its figures, content by name."""
        found = {PAGE: self.html().encode()}
        for figure in (figure for part in self.sections for figure in part.figures):
            found |= {f"{figure.name}.svg": figure.svg.encode(), f"{figure.name}.png": figure.png}
        return found


def as_bytes(numbers: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """Plain data as JSON."""
    return (json.dumps(numbers, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write(place: Path, files: Mapping[str, bytes]) -> list[str]:
    """Write files into a folder, made where it is missing; their names.

    Raises:
        UserError: it cannot be made or written to.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (place / name).write_bytes(content)
    except OSError as error:
        raise UserError(f"Cannot write into '{place}': {error.strerror}. Choose another folder with --out.") from error
    return list(files)
