"""A plug-in that prints, seeds, changes defaults or fails disturbs neither output nor state, and is named."""

from __future__ import annotations

import json
import random
import sys
import threading
from typing import Any

import numpy as np
import pytest
import torch

from harness.cli.main import app
from harness.errors import PluginError
from harness.registry.discovery import list_plugins, load_model
from harness.registry.matrix import matrix

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

@hookimpl
def harness_models(): return [Some]
"""


def _install(site: Any, body: str) -> None:
    site.install("odd-dist", {"model.some": "mod_some"}, {"mod_some.py": HEAD + body})


# Seeds that no other test leaves behind: seeding what is seeded so already would change nothing.
@pytest.mark.parametrize(
    ("body", "state", "what"),
    [
        ("import random\nrandom.seed(7919)", random.getstate, "generator of 'random'"),
        ("import numpy\nnumpy.random.seed(7919)", lambda: str(np.random.get_state()), "numpy's global generator"),
        ("import torch\ntorch.manual_seed(7919)", lambda: torch.get_rng_state().tolist(), "torch's global generator"),
        ("import torch\ntorch.set_num_threads(2)", torch.get_num_threads, "torch's threads"),
        ("import torch\ntorch.set_default_dtype(torch.float64)", torch.get_default_dtype, "torch's default dtype"),
        ("import torch\ntorch.set_grad_enabled(False)", torch.is_grad_enabled, "torch's gradient mode"),
        ("import os\nos.chdir('/')", lambda: __import__("os").getcwd(), "the working directory"),
    ],
    ids=["random", "numpy", "torch seed", "threads", "dtype", "gradients", "folder"],
)
def test_global_state_is_put_back_and_the_plugin_named(
    site: Any, capsys: pytest.CaptureFixture[str], body: str, state: Any, what: str
) -> None:
    before = state()
    _install(site, body)
    assert load_model("some").name == "some"
    assert state() == before
    said = capsys.readouterr().err
    assert "'model.some' of distribution 'odd-dist' 1.0" in said
    assert what in said


def test_a_quiet_plugin_is_not_spoken_of(site: Any, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "")
    load_model("some")
    assert capsys.readouterr() == ("", "")


def test_what_a_plugin_prints_stays_out_of_json(site: Any, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "print('hello\\n' * 200)\n")
    app(["matrix", "--json"], standalone_mode=False)
    printed = capsys.readouterr()
    assert "some" in {pair["model"] for pair in json.loads(printed.out)}
    assert "printed: hello hello" in printed.err
    assert len(printed.err) < 500


def test_threads_that_a_plugin_starts_are_named(site: Any, capsys: pytest.CaptureFixture[str]) -> None:
    _install(
        site,
        "import threading\nstop = threading.Event()\n"
        "threading.Thread(target=stop.wait, name='busy', daemon=True).start()\n",
    )
    load_model("some")
    assert "started threads (busy)" in capsys.readouterr().err
    sys.modules["mod_some"].stop.set()
    for thread in threading.enumerate():
        if thread.name == "busy":
            thread.join()


def test_a_plugin_that_exits_while_imported_is_an_error_of_its_own(site: Any) -> None:
    _install(site, "raise SystemExit(3)")
    with pytest.raises(PluginError, match=r"'model.some'.*cannot be imported: SystemExit: 3"):
        load_model("some")


@pytest.mark.parametrize(
    "body",
    [
        "def fail(self): raise RuntimeError('no luck')\nSome.__init__ = fail",
        "def fail(self, signature): raise RuntimeError('no luck')\nSome.capabilities = fail",
    ],
    ids=["constructor", "capabilities"],
)
def test_a_plugin_that_fails_at_its_defaults_fits_nothing_and_says_why(site: Any, body: str) -> None:
    _install(site, body)
    pairs = [pair for pair in matrix() if pair.model == "some"]
    assert pairs
    assert not any(pair.compatible for pair in pairs)
    assert all("fails with its defaults: RuntimeError: no luck" in (pair.reason or "") for pair in pairs)
    assert any(pair.compatible for pair in matrix(models=["lstm"]))


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ("HARNESS_CONTRACT = 3", "written for contract version 3, and this harness has version 2: upgrade"),
        ("HARNESS_CONTRACT: int = 0", "written for contract version 0.*works with versions 2 to 2"),
        ("HARNESS_CONTRACT = '1'", "is '1'; it must be a whole number"),
        ("HARNESS_CONTRACT = int('1')", "must be a whole number"),
    ],
)
def test_a_plugin_for_another_contract_version_is_named_and_not_imported(site: Any, stated: str, message: str) -> None:
    _install(site, f"{stated}\nimport from_the_future")
    (info,) = [info for info in list_plugins("model") if info.name == "some"]
    with pytest.raises(PluginError, match=message):
        load_model("some")
    assert info.problem
    assert "mod_some" not in sys.modules
    assert {pair.compatible for pair in matrix() if pair.model == "some"} == {False}


def test_a_plugin_for_this_version_loads(site: Any) -> None:
    _install(site, "HARNESS_CONTRACT = 2")
    assert load_model("some").name == "some"
