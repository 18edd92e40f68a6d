"""Names that a new plug-in may bear, and those that it may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import ConfigError, PluginError
from harness.scaffold.names import check_name, class_name


@pytest.mark.parametrize("name", ["mine", "my_net", "net2", "a_2"])
def test_a_lower_case_identifier_will_do(name: str) -> None:
    check_name("model", name)
    check_name("task", name)


@pytest.mark.parametrize(
    "name",
    ["", "Mine", "my-net", "2net", "_net", "net_", "my__net", "my net", "näme", "a/b", "..", "a.b", "net\n", "n" * 61],
)
def test_anything_else_is_refused_with_an_example_of_a_name(name: str) -> None:
    with pytest.raises(ConfigError, match="write a lower-case identifier such as 'gated_mean'"):
        check_name("model", name)


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("lambda", "a keyword of Python"),
        ("null", "a value in configuration files"),
        ("on", "a value in configuration files"),
        ("conf", "the folder of the package's configuration"),
    ],
)
def test_words_with_a_meaning_of_their_own_are_refused(name: str, meaning: str) -> None:
    with pytest.raises(ConfigError, match=meaning):
        check_name("task", name)


@pytest.mark.parametrize("kind", ["model", "task"])
def test_a_plug_in_of_either_kind_takes_the_name(site: Any, kind: str) -> None:
    site.model("small")
    with pytest.raises(ConfigError, match=r"taken by the plug-in 'model\.small' of distribution 'dist-small' 1\.0"):
        check_name(kind, "small")


def test_a_package_takes_the_name() -> None:
    with pytest.raises(ConfigError, match="A package 'harness_models' is installed already"):
        check_name("model", "models")


def test_an_experiment_takes_the_name() -> None:
    with pytest.raises(ConfigError, match=r"There is an experiment 'quickstart' already"):
        check_name("task", "quickstart")


def test_an_experiment_of_another_plug_in_takes_the_name(site: Any) -> None:
    files = {"theirs/conf/__init__.py": "", "theirs/conf/experiment/mine.yaml": "seed: 1\n"}
    site.install("dist-theirs", {"config.theirs": "theirs.conf"}, files)
    with pytest.raises(ConfigError, match=str(Path("theirs", "conf", "experiment", "mine.yaml"))):
        check_name("model", "mine")
    with pytest.raises(ConfigError, match=r"taken by the plug-in 'config\.theirs'"):
        check_name("model", "theirs")


def test_a_broken_configuration_folder_is_named(site: Any) -> None:
    site.install("dist-theirs", {"config.theirs": "nowhere.conf"}, {})
    with pytest.raises(PluginError, match=r"nowhere\.conf"):
        check_name("model", "mine")


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("gated_mean", "class _(Model): ...", "GatedMean"),
        ("net2", "", "Net2"),
        ("encoder", "from harness import Encoder", "EncoderModel"),
        ("none", "", "NoneModel"),
    ],
)
def test_the_class_is_named_after_the_plug_in(name: str, source: str, expected: str) -> None:
    assert class_name("model", name, source) == expected
