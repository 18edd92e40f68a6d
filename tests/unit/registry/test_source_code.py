"""What is read from a plug-in's source without importing it."""

from __future__ import annotations

import sys
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
