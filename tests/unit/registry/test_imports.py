"""Which files a module runs with, and the digest of their syntax trees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.registry import imports


def _digest(folder: Path, text: str) -> str:
    path = folder / "code.py"
    path.write_text(text)
    return imports.digest({"code": path})


@pytest.mark.parametrize(
    "same",
    [
        "# a comment\ndef f(x):\n    return x + 1\n",
        'def f(x):\n    """What it does."""\n    return x + 1\n',
        '"""A module."""\n\n\ndef f( x ):\n    return (x+1)\n',
    ],
)
def test_comments_docstrings_and_formatting_change_no_digest(tmp_path: Path, same: str) -> None:
    assert _digest(tmp_path, same) == _digest(tmp_path, "def f(x):\n    return x + 1\n")


@pytest.mark.parametrize("other", ["def f(x):\n    return x + 2\n", "def g(x):\n    return x + 1\n", "x = 'text'\n"])
def test_code_changes_the_digest(tmp_path: Path, other: str) -> None:
    assert _digest(tmp_path, other) != _digest(tmp_path, "def f(x):\n    return x + 1\n")


def test_imports_in_functions_are_followed_and_those_for_types_are_not(site: Any) -> None:
    files = {
        "pack/__init__.py": "",
        "pack/start.py": """
            from typing import TYPE_CHECKING
            import json
            from . import _beside
            if TYPE_CHECKING:
                from pack import _typed
            def later():
                from pack.inner._deep import thing
        """,
        "pack/_beside.py": "import pack.start",
        "pack/_typed.py": "",
        "pack/inner/__init__.py": "",
        "pack/inner/_deep.py": "thing = 1",
        "pack/_unrelated.py": "",
    }
    site.install("pack", {}, files)
    found = imports.reached(["pack.start"], {"pack"})
    assert set(found) == {"pack", "pack.start", "pack._beside", "pack.inner", "pack.inner._deep"}
    assert "pack.inner._deep" not in imports.reached(["pack.start"], {"pack"}, ["pack.inner"])


def test_the_same_text_in_another_module_is_another_digest(tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text("x = 1\n")
    assert imports.digest({"a": file}) != imports.digest({"b": file})
    broken = tmp_path / "broken.py"
    broken.write_text("x = (")
    assert len(imports.digest({"a": broken})) == 64
