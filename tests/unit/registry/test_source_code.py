"""What is read from a plug-in's source without importing it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from harness.registry import source_code


def test_a_nested_module_is_found_without_importing_its_parents(site: Any) -> None:
    files = {"outer/__init__.py": "raise RuntimeError('imported')", "outer/inner/deep.py": '"""Deep down."""'}
    site.install("outer", {}, files)
    found = source_code.find_source("outer.inner.deep")
    assert found is not None
    assert found.name == "deep.py"
    assert source_code.description("outer.inner.deep") == "Deep down."
    assert source_code.find_source("outer.nothing") is None
    assert "outer" not in sys.modules


@pytest.mark.parametrize("text", ["", "x = (", "def f(): pass"])
def test_no_docstring_or_a_broken_file_gives_an_empty_description(site: Any, text: str) -> None:
    site.install("mute", {}, {"mute.py": text})
    assert source_code.description("mute") == ""


def test_fields_follow_bases_of_the_same_module_and_leave_class_variables_out(site: Any) -> None:
    text = """
    class Base:
        hidden_size: int = 1
    class Other(Base):
        name: ClassVar[str] = "mine"
        depth: int = 2
        label: ClassVar[str] = "x"
    """
    site.install("fields", {}, {"fields_here.py": text})
    assert source_code.config_fields("fields_here", "mine") == ["hidden_size", "depth"]
    assert source_code.config_fields("fields_here", "none") == []


def _digest(folder: Path, text: str) -> str:
    path = folder / "code.py"
    path.write_text(text)
    return source_code.digest([path])


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


def test_module_files_are_those_that_the_module_imports_from_its_own_package(site: Any) -> None:
    files = {
        "pack/__init__.py": "",
        "pack/task.py": "import os, json\nfrom pack import _a\nfrom ._b import thing\n",
        "pack/_a.py": "import pack._c",
        "pack/_b.py": "thing = 1",
        "pack/_c.py": "from pack import task",
        "pack/unrelated.py": "",
    }
    site.install("pack", {}, files)
    names = [path.name for path in source_code.module_files("pack.task")]
    assert names == ["__init__.py", "_a.py", "_b.py", "_c.py", "task.py"]
