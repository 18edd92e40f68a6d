"""From templates to text: jinja2 over the files in `templates/`, and the finish by ruff where it is installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jinja2


def render(template: str, values: Mapping[str, Any]) -> str:
    """The text of a template, with the values in it."""
    return _templates().get_template(template).render(values)


@cache
def _templates() -> jinja2.Environment:
    # Text files, no HTML: nothing is to be escaped.
    return jinja2.Environment(
        loader=jinja2.PackageLoader("harness.scaffold", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def tidy(folder: Path) -> None:
    """Sort imports and format the Python files where ruff is installed: names change lengths and order.

    Without ruff the code is the same and merely less neat, so a failure is no error.
    """
    if find_spec("ruff") is None:
        return
    for words in (("check", "--select", "I", "--fix"), ("format",)):
        command = [sys.executable, "-m", "ruff", *words, "--quiet", "--no-cache", "."]
        subprocess.run(command, cwd=folder, capture_output=True, check=False)
