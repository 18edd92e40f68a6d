"""What a message tells the user to type gives exactly the value that was meant."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from harness.config import compose, expand, to_settings
from harness.config.quoting import advice, as_typed_in_shell
from harness.errors import ConfigError

NAMES = [
    "data (1)", "epoch=3-step=5", "a,b", "no#1", "Müller", "数据", "it's", "a[1]", "x{y}", "a&b;c", 'say "hi"',
    "a~b", "a!b", "~/data", "b\\", "a\\b", "\\'", '\\"', '\\\\"', "'", '"', "${x}", "\\${x}", "\\\\${x}",
    "a${x", "$(x)", "`x`", " a ", "a\nb", "-x", "null", "true", "1e5", "", " ", "?", "???", "*", "\t", "\udce4",
    "a\\ b", "😀", "a:b", "%41", "{a:1", "choice(", "=", "==",
]  # fmt: skip


def passed_on(word: str) -> str:
    """The word that a shell passes to the command."""
    if not word.startswith("$'"):
        (given,) = shlex.split(word)
        return given
    script = b"printf %s " + os.fsencode(word)
    return os.fsdecode(subprocess.run(["bash", "-c", script], check=True, capture_output=True).stdout)


def understood(word: str) -> Any:
    """The value of a word as a shell, Hydra and OmegaConf pass it on."""
    (override,) = OverridesParser.create().parse_overrides([passed_on(word)])
    assert not override.is_sweep_override()
    return OmegaConf.create({"value": override.value()}).value


@given(st.one_of(st.text(max_size=12), st.text(alphabet="ab\\'\"${}() ,=:#", max_size=10)))
@example("\\")
def test_a_quoted_text_is_understood_as_it_is(text: str) -> None:
    if text not in ("???", "") and "\0" not in text:
        assert understood(as_typed_in_shell("task.root", text)) == text


@pytest.mark.parametrize("name", [name for name in NAMES if name != "???"])
def test_names_people_use(name: str) -> None:
    assert understood(as_typed_in_shell("task.root", name)) == name


BASE = ["task=text_generation", "task.dataset=text", "model=lstm"]
SUGGESTED = re.compile(r"Write (.*)", re.DOTALL)


@pytest.mark.parametrize("name", [name for name in NAMES if name.strip()])
def test_a_path_arrives_or_the_message_says_how(name: str) -> None:
    """In a run and as one cell of a sweep, as typed, or as the message advises."""
    for read in (_root, _roots):
        try:
            found = read(f"task.root={name}")
        except ConfigError as error:
            found = read(passed_on(SUGGESTED.findall(str(error))[0]))
        else:
            if name == "null":
                assert found is None
                continue
            if name == "a,b" and read is _roots:
                assert found == [Path("a"), Path("b")]
                continue
            if name in ("a\\ b", "\\${x}", "\\\\${x}"):  # Hydra's and OmegaConf's own escapes
                continue
        assert found == (Path(name) if read is _root else [Path(name)])


def _root(word: str) -> Any:
    return to_settings(compose([*BASE, word]), threads=1).task.dataset.root  # type: ignore[attr-defined]


def _roots(word: str) -> Any:
    found = [cell.settings.task.dataset.root for cell in expand([*BASE, word])]  # type: ignore[attr-defined]
    return found if found != [None] else None


def test_the_words_of_a_message() -> None:
    with pytest.raises(ConfigError) as error:
        compose([*BASE, "task.root=/data/data (1)"])
    assert """Write 'task.root="/data/data (1)"'""" in str(error.value)
    with pytest.raises(ConfigError) as error:
        compose([*BASE, "task.root=/it's"])
    assert """Write 'task.root="/it'"'"'s"'""" in str(error.value)


@pytest.mark.parametrize("word", ["no value", "a b=(", "=(", "[x]=("])
def test_nothing_is_advised_that_would_not_help(word: str) -> None:
    assert advice(word) == ""
