"""Renders the jinja2 templates in `templates/`, and formats the result with ruff if installed."""

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
    """The rendered text of a template."""
    return _templates().get_template(template).render(values)


@cache
def _templates() -> jinja2.Environment:
    # Text files, not HTML: no escaping.
    return jinja2.Environment(
        loader=jinja2.PackageLoader("harness.scaffold", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def tidy(folder: Path) -> None:
    """Sort imports and format the Python files if ruff is installed: names change line lengths and order.

    Without ruff the code is the same but less tidy, so a failure is ignored.
    """
    if find_spec("ruff") is None:
        return
    for words in (("check", "--select", "I", "--fix"), ("format",)):
        command = [sys.executable, "-m", "ruff", *words, "--quiet", "--no-cache", "."]
        subprocess.run(command, cwd=folder, capture_output=True, check=False)
