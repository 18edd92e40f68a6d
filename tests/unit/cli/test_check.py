"""`harness check`: what it prints, as a table and as JSON, and its exit codes."""

from __future__ import annotations

import json
from typing import Any

import pytest

SOUND = '''
"""A bag of features."""
from dataclasses import dataclass
from typing import ClassVar
import torch
from torch import nn
from harness import Capabilities, Encoder, EncoderOutput, Model, hookimpl
from harness.nn.masking import last_valid

HARNESS_CONTRACT = 2


@dataclass
class Bag(Model):
    name: ClassVar[str] = "bag"
    hidden_size: int = 16

    def capabilities(self, signature):
        return Capabilities(causal=True)

    def build(self, input_spec, target_spec):
        print("building")
        return BagEncoder(input_spec.dim, self.hidden_size)

    def tiny(self):
        return self


class BagEncoder(Encoder):
    def __init__(self, dim, hidden_size):
        super().__init__()
        self.linear = nn.Linear(dim, hidden_size)
        self.feature_dim = self.summary_dim = hidden_size

    def forward(self, x, lengths, state=None):
        features = self.linear(x.cumsum(1) / torch.arange(1, x.shape[1] + 1).unsqueeze(1))
        return EncoderOutput(features, lengths, last_valid(features, lengths))


@hookimpl
def harness_models():
    return [Bag]
'''
KEYS = ["plugin", "clause", "case", "held", "message", "example", "advice"]


def _install(site: Any, text: str, entry: str = "model.bag") -> None:
    site.install("dist-bag", {entry: "mod_bag"}, {"mod_bag.py": text})


def test_a_sound_model_exits_with_0_and_says_what_does_not_apply(harness: Any, site: Any) -> None:
    _install(site, SOUND)
    code, out, err = harness("check", "bag")
    assert code == 0, out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "clause result cases" in lines
    assert "padding_invariance held 11" in lines
    assert "carried_state not applicable declares no carried state" in lines
    assert "building" in err
    assert "building" not in out


def test_a_failure_is_shown_with_the_smallest_example_and_what_to_change(harness: Any, site: Any) -> None:
    _install(site, SOUND.replace("last_valid(features, lengths))", "features[:, -1])"))
    code, out, _ = harness("check", "model.bag")
    assert code == 1
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "padding_invariance failed 11 of 11" in lines
    assert "padding_invariance failed. It promises: More padding, full of noise, changes no feature" in out
    assert "TokenInput-ClassTarget: padding changes the summary: by up to" in out
    assert 'smallest example: cases.batch(cases.named("TokenInput-ClassTarget"), (1,)): inputs [[' in out
    assert "What to change: Mask padded positions by `lengths`" in out


def test_json_is_one_object_for_each_clause_and_case(harness: Any, site: Any) -> None:
    _install(site, SOUND.replace("HARNESS_CONTRACT = 2", ""))
    code, out, _ = harness("check", "bag", "--json")
    found = json.loads(out)
    assert code == 1
    assert all(list(entry) == KEYS and entry["plugin"] == "model.bag" for entry in found)
    failed = [entry for entry in found if entry["held"] is False]
    assert [entry["clause"] for entry in failed] == ["contract_version"]
    assert failed[0]["message"] == "module 'mod_bag' does not state HARNESS_CONTRACT; expected 2"
    assert {entry["clause"] for entry in found if entry["held"] is None} >= {"context", "carried_state"}
    assert len([entry for entry in found if entry["clause"] == "shapes"]) == 11


def test_whatever_a_plugin_raises_is_a_failure_of_it(harness: Any, site: Any) -> None:
    _install(
        site, SOUND.replace("def tiny(self):\n        return self", 'def tiny(self):\n        raise KeyError("x")')
    )
    code, out, _ = harness("check", "bag")
    assert code == 1
    assert "model.bag: KeyError: 'x'" in out


def test_a_task_is_checked_too(harness: Any) -> None:
    code, out, _ = harness("check", "task.text_generation")
    assert code == 0, out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "scoring held 1" in lines
    assert "near_duplicates not applicable its data sets keep it: harness check dataset.TASK.NAME" in lines
    assert "ctc_feasibility not applicable targets of this kind are always feasible" in lines


def test_a_data_set_is_checked_with_its_options_and_on_its_files(harness: Any, tmp_path: Any) -> None:
    for n, split in enumerate(("train", "val", "test")):
        (tmp_path / f"{split}.txt").write_text(f"some {split} text\n" * (9 + n))
    words = ("check", "dataset.text_generation.text", f"task.root={tmp_path}", "--real")
    code, out, _ = harness(*words)
    assert code == 0, out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "verified held 1" in lines
    assert "preparation_killed not applicable the user's files are prepared once" in lines
    (tmp_path / "test.txt").write_text((tmp_path / "train.txt").read_text())
    code, out, _ = harness(*words)
    assert code == 1
    assert "copies failed" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("lstm", "--real"), "--real is for data sets, and model.lstm is none"),
        (("task.translation", "task.root=x"), "options such as 'task.root=x' are for data sets"),
        (("dataset.translation.cipher", "task.rot=x"), "There is no option 'task.rot'"),
        (("dataset.translation.multi30k", "--real"), "Data set 'multi30k' is read from a folder: give it as task.root"),
    ],
)
def test_options_and_real_files_are_for_data_sets(harness: Any, words: tuple[str, ...], message: str) -> None:
    code, _, err = harness("check", *words)
    assert code == 2
    assert message in err


def test_a_name_of_two_kinds_needs_its_prefix(harness: Any, site: Any) -> None:
    site.task("twin")
    site.model("twin", distribution="dist-other")
    code, _, err = harness("check", "twin")
    assert code == 2
    assert "Several plug-ins are named 'twin': say which, task.twin or model.twin." in err


def test_unknown_names_and_plugins_that_do_not_load_exit_with_2(harness: Any, site: Any) -> None:
    code, _, err = harness("check", "model.lstn")
    assert code == 2
    assert "There is no task, model, target or data set named 'model.lstn'. Did you mean 'model.lstm'?" in err
    _install(site, "import nothing_of_that_name", "model.broken")
    code, _, err = harness("check", "broken")
    assert code == 2
    assert "plug-in 'model.broken' of distribution 'dist-bag' 1.0 cannot be imported" in err
