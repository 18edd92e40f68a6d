"""Plug-ins are found by metadata, loaded one by one, and refused with a message that says what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from built_in import MODELS

from harness.errors import PluginError, UnknownNameError
from harness.registry.discovery import list_plugins, load_model, load_task, registry


def _problem(kind: str, name: str) -> str | None:
    return next(info.problem for info in list_plugins(kind) if info.name == name)


def test_built_in_plugins_are_found_through_their_entry_points_like_any_other() -> None:
    assert {info.name for info in list_plugins("model")} >= set(MODELS)
    lstm = next(info for info in list_plugins("model") if info.name == "lstm")
    assert lstm.distribution == "sequence-harness"
    assert lstm.description


def test_listing_and_help_import_neither_torch_nor_lightning_nor_hydra(tmp_path: Path) -> None:
    code = (
        "import sys; from harness.cli.main import app\n"
        "from typer.main import get_command; from harness.cli.completion import hydra_words\n"
        "for words in (['--help'], ['list', 'tasks'], ['list', 'models', '--json'], ['run', '--help']):\n"
        "    app(words, standalone_mode=False)\n"
        "with get_command(app).commands['run'].make_context('run', [], resilient_parsing=True) as context:\n"
        "    assert hydra_words(context, 'task=')\n"
        "heavy = {'torch', 'pytorch_lightning', 'hydra', 'omegaconf', 'sqlalchemy', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "translation" in done.stdout


def test_a_third_party_plugin_is_listed_without_being_imported(site: Any) -> None:
    site.model("counting")
    info = next(info for info in list_plugins("model") if info.name == "counting")
    assert (info.distribution, info.version) == ("dist-counting", "1.0")
    assert info.description == "A model for tests. It builds nothing."
    assert info.problem is None
    assert "mod_counting" not in sys.modules


def test_loading_imports_one_plugin_and_no_other(site: Any) -> None:
    site.model("one")
    site.model("two")
    assert load_model("one").name == "one"
    assert "mod_one" in sys.modules
    assert "mod_two" not in sys.modules
    assert load_model("one") is load_model("one")


def test_a_task_is_loaded_as_its_class(site: Any) -> None:
    site.task("counting")
    assert load_task("counting")().size == 3


def test_an_unknown_name_lists_what_exists_and_the_nearest(site: Any) -> None:
    with pytest.raises(UnknownNameError, match=r"no model named 'lsmt'.*Did you mean 'lstm'.*bilstm.*installed"):
        load_model("lsmt")


def test_a_plugin_that_does_not_import_is_named_and_harms_no_other(site: Any) -> None:
    site.install("broken-one", {"model.broken": "mod_broken"}, {"mod_broken.py": '"""Broken."""\nimport no_such_thing'})
    site.model("sound")
    assert {"broken", "sound"} <= {info.name for info in list_plugins("model")}
    assert load_model("sound").name == "sound"
    with pytest.raises(PluginError, match=r"'model.broken' of distribution 'broken-one' 1.0.*no_such_thing"):
        load_model("broken")


def test_a_module_that_is_not_there_is_a_known_problem(site: Any) -> None:
    site.install("gone", {"model.gone": "mod_gone.inner", "config.gone": "mod_gone.conf"}, {})
    assert _problem("model", "gone") == "the module 'mod_gone.inner' does not exist"
    assert _problem("config", "gone") == "the folder of 'mod_gone.conf' does not exist"


def test_two_plugins_of_one_name_are_an_error_that_names_both_distributions(site: Any) -> None:
    site.model("twin", distribution="first-dist")
    site.install("second-dist", {"model.twin": "mod_other"}, {"mod_other.py": ""}, version="2.5")
    pattern = r"'model.twin'.*'first-dist' 1.0 \(mod_twin\).*'second-dist' 2.5 \(mod_other\)"
    with pytest.raises(PluginError, match=pattern):
        load_model("twin")
    assert "Two plug-ins" in (_problem("model", "twin") or "")
    assert load_model("lstm").name == "lstm"


def test_an_entry_point_of_no_known_kind_is_reported(site: Any) -> None:
    site.install("odd", {"metric.x": "mod_x", "plain": "mod_x"}, {"mod_x.py": ""})
    problems = {info.name: info.problem for info in list_plugins("unknown")}
    assert set(problems) == {"metric.x", "plain"}
    assert "KIND.NAME" in (problems["plain"] or "")


HEAD = """
from dataclasses import dataclass
from typing import ClassVar
from harness import Capabilities, Model, hookimpl

@dataclass
class Some(Model):
    name: ClassVar[str] = "some"
    def capabilities(self, signature): return Capabilities()
    def build(self, input_spec, target_spec): ...
    def tiny(self): return self
"""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "@hookimpl\ndef harness_model(): return [Some]",
            r"'harness_model', which is not a hook. Did you mean 'harness_models'",
        ),
        ("def harness_models(): return [Some]", "without the decorator @harness.hookimpl"),
        ("@hookimpl\ndef harness_models(registry): return [Some]", "wrong arguments"),
        ("", r"has no hook harness_models\(\)"),
        ("@hookimpl\ndef harness_models(): return Some", "must return a list"),
        ("@hookimpl\ndef harness_models(): return [Some()]", "subclasses of harness.Model"),
        ("@hookimpl\ndef harness_models(): return [int]", "subclasses of harness.Model"),
        (
            "@hookimpl\ndef harness_models(): return []",
            "should provide a model named 'some', but harness_models.. provides nothing",
        ),
        ("@hookimpl\ndef harness_models(): raise RuntimeError('late')", "failed: RuntimeError: late"),
        ("Some.name = 'other'\n@hookimpl\ndef harness_models(): return [Some]", "no entry point 'model.other'"),
        (
            "Some.name = 'lstm'\n@hookimpl\ndef harness_models(): return [Some]",
            "should provide a model.*'some'.*'lstm'",
        ),
        (
            "class Bare(Model):\n    name = 'some'\n@hookimpl\ndef harness_models(): return [Bare]",
            "does not implement build, capabilities, tiny",
        ),
        (
            "class Sub(Some):\n    hidden_size: int = 3\n@hookimpl\ndef harness_models(): return [Sub]",
            "lacks the decorator @dataclass",
        ),
        (
            "@dataclass\nclass Sub(Some):\n    hidden_size: int\n@hookimpl\ndef harness_models(): return [Sub]",
            "without a default: hidden_size",
        ),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_told_how(site: Any, body: str, message: str) -> None:
    site.install("bad-dist", {"model.some": "mod_some"}, {"mod_some.py": HEAD + body})
    with pytest.raises(PluginError, match=message) as caught:
        load_model("some")
    assert "'model.some' of distribution 'bad-dist' 1.0" in str(caught.value)


def test_names_are_sorted_and_unique(site: Any) -> None:
    site.model("aaa")
    names = registry().names("model")
    assert names == sorted(set(names))
    assert names[0] == "aaa"
