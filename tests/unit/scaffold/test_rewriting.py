"""Renaming in source: what is renamed, and that nothing else is touched."""

from __future__ import annotations

import textwrap

import pytest

from harness.errors import PluginError
from harness.scaffold.rewriting import Renaming, rewrite

NEW = Renaming("old.nets.net", "harness_mine.mine", "harness_mine", "Net", "Mine", "mine")


def _rewritten(source: str, module: str = "old.nets.net", *, is_package: bool = False) -> str:
    return rewrite(textwrap.dedent(source), module, is_package=is_package, renaming=NEW)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from old.parts import cell", "from harness_mine.parts import cell"),
        ("from old import parts", "from harness_mine import parts"),
        ("from old.nets.net import helper", "from harness_mine.mine import helper"),
        ("from old.nets import net", "from harness_mine.nets import mine as net"),
        ("from . import other", "from harness_mine.nets import other"),
        ("from .other import x  # why", "from harness_mine.nets.other import x  # why"),
        ("from ..parts import (\n    cell,\n)", "from harness_mine.parts import (\n    cell,\n)"),
        ("from .. import parts", "from harness_mine import parts"),
        ("import old.parts\nold.parts.cell(1)", "import harness_mine.parts\nharness_mine.parts.cell(1)"),
        ("import old.nets.net\nold.nets.net.f()", "import harness_mine.mine\nharness_mine.mine.f()"),
        ("import old.parts as p\np.cell", "import harness_mine.parts as p\np.cell"),
        ("import torch, old.parts", "import torch, harness_mine.parts"),
        ("from older.parts import cell", "from older.parts import cell"),
        ("old = 1\nprint(old.real, 'old.parts')", "old = 1\nprint(old.real, 'old.parts')"),
    ],
)
def test_imports_of_the_plug_ins_own_package_are_renamed(before: str, after: str) -> None:
    assert _rewritten(before) == after


def test_relative_imports_of_a_package_are_counted_from_itself() -> None:
    assert _rewritten("from .other import x", "old.nets", is_package=True) == "from harness_mine.nets.other import x"


def test_the_class_and_its_class_variable_are_renamed_and_nothing_else() -> None:
    before = '''
        """Net: `Net` is the net. Ünïcode."""
        class Net(Base):  # Net
            name: ClassVar[str] = "net"  # ü: "net"
            other = "net"

            def tiny(self) -> Net:
                ä = "Net"; return Net(net=1, ä=ä)

        class NetEncoder: name = "net"
        def hook() -> list[type[Model]]: return [Net]
    '''
    after = '''
        """Net: `Net` is the net. Ünïcode."""
        class Mine(Base):  # Net
            name: ClassVar[str] = "mine"  # ü: "net"
            other = "net"

            def tiny(self) -> Mine:
                ä = "Net"; return Mine(net=1, ä=ä)

        class NetEncoder: name = "net"
        def hook() -> list[type[Model]]: return [Mine]
    '''
    assert _rewritten(before) == textwrap.dedent(after)


def test_the_class_is_renamed_where_it_is_imported_and_only_there() -> None:
    assert _rewritten("from .net import Net\nNet()", "old.nets.x") == "from harness_mine.mine import Mine\nMine()"
    assert _rewritten("from torch import Net\nNet()", "old.nets.x") == "from torch import Net\nNet()"
    aliased = _rewritten("from .net import Net as N\nN(Net)", "old.nets.x")
    assert aliased == "from harness_mine.mine import Mine as N\nN(Net)"


def test_an_import_that_cannot_be_found_in_the_text_is_an_error() -> None:
    with pytest.raises(PluginError, match=r"'from old\.parts import' is spread over several lines"):
        _rewritten("from \\\n    old.parts import cell")
