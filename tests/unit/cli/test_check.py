"""`harness check`: what it prints, as a table and as JSON, and its exit codes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.cli import checking
from harness.cli.checking import Checked
from harness.registry.engine_code import plugin_digest

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
    assert "padding_invariance held 13" in lines
    assert "carried_state not applicable declares no carried state" in lines
    assert "building" in err
    assert "building" not in out


def test_a_failure_is_shown_with_the_smallest_example_and_what_to_change(harness: Any, site: Any) -> None:
    _install(site, SOUND.replace("last_valid(features, lengths))", "features[:, -1])"))
    code, out, _ = harness("check", "model.bag")
    assert code == 1
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "padding_invariance failed 13 of 13" in lines
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
    assert len([entry for entry in found if entry["clause"] == "shapes"]) == 13


def test_whatever_a_plugin_raises_is_a_failure_of_it(harness: Any, site: Any) -> None:
    _install(
        site, SOUND.replace("def tiny(self):\n        return self", 'def tiny(self):\n        raise KeyError("x")')
    )
    code, out, _ = harness("check", "bag")
    assert code == 1
    assert "model.bag: KeyError: 'x'" in out


def test_a_task_whose_data_cannot_be_loaded_is_a_failure_of_it(harness: Any, site: Any) -> None:
    site.task("counting")
    code, out, err = harness("check", "task.counting")
    assert code == 1
    assert "NotImplementedError" in out
    assert "Traceback" not in err


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
    words = ("check", "dataset.text_generation.text", f"task.root={tmp_path}", "--data")
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
        (("lstm", "--data"), "On which data is model.lstm to be checked? Name the task: harness check lstm task=NAME"),
        (("lstm", "task=translation"), "With --data, task=NAME chooses the data"),
        (("lstm", "optimizer.lr=1"), "'optimizer.lr=1' is no option of model.lstm: give model.OPTION=VALUE"),
        (("lstm", "model.layer=2"), "There is no option 'model.layer'"),
        (("lstm", "model.layers=two"), "model.layers='two' does not fit: it must be a whole number"),
        (("bilstm", "task=text_generation", "--data"), "must be causal"),
        (("task.translation", "--data"), "harness check dataset.TASK.NAME --data"),
        (("task.translation", "task.vocab_size=x"), "task.vocab_size"),
        (("target.ctc", "target.x=1"), "A target has no options"),
        (("dataset.translation.cipher", "task.rot=x"), "There is no option 'task.rot'"),
        (("dataset.translation.multi30k", "--data"), "Data set 'multi30k' is read from a folder: give it as task.root"),
        (("lstm", "model.hidden_size=64"), "tiny() of model 'lstm' is the same with model.hidden_size=64 as without"),
        (("lstm", "--all"), "--all checks every plug-in"),
        ((), "Name a plug-in"),
    ],
)
def test_a_wrong_word_is_one_sentence(harness: Any, words: tuple[str, ...], message: str) -> None:
    code, _, err = harness("check", *words)
    assert code == 2
    assert message in err


def test_a_model_is_checked_with_options_and_on_the_data_of_a_task(harness: Any, site: Any) -> None:
    text = SOUND
    for old, new in (
        ("hidden_size: int = 16", "hidden_size: int = 16\n    last: bool = False"),
        ("self.hidden_size)", "self.hidden_size, self.last)"),
        ("dim, hidden_size):", "dim, hidden_size, last=False):"),
        ("super().__init__()", "super().__init__()\n        self.last = last"),
        ("last_valid(features, lengths))", "features[:, -1] if self.last else last_valid(features, lengths))"),
    ):
        assert old in text
        text = text.replace(old, new)
    _install(site, text)
    code, out, _ = harness("check", "bag", "model.last=true")
    assert code == 1
    assert "model.bag model.last=true" in out
    assert "padding_invariance failed" in out
    code, out, _ = harness(
        "check", "bag", "task=text_generation", "task.dataset=counting", "task.generated_characters=2000", "--data"
    )
    assert code == 0, out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "padding_invariance held 1" in lines
    assert "overfitting not applicable it needs examples that are made for it" in lines
    assert (
        _contract(harness, "bag")
        == "failed: padding_invariance, batch_invariance, training_mode (with model.last=true)"
    )


def _contract(harness: Any, name: str) -> str:
    code, out, _ = harness("list", "models", "--json")
    assert code == 0
    return next(entry["contract"] for entry in json.loads(out) if entry["name"] == name)


def test_the_result_is_on_record_by_the_digest_of_the_source(harness: Any, site: Any) -> None:
    _install(site, SOUND)
    assert _contract(harness, "bag") == "never run"
    harness("check", "bag")
    assert _contract(harness, "bag") == "passed"
    source = site.folder / "mod_bag.py"
    source.write_text(SOUND.replace("hidden_size: int = 16", "hidden_size: int = 24"))
    plugin_digest.cache_clear()
    assert _contract(harness, "bag") == "passed by an older source"
    source.write_text(SOUND + "\n# a comment changes nothing\n")
    plugin_digest.cache_clear()
    assert _contract(harness, "bag") == "passed"


def test_all_plug_ins_are_checked_and_what_cannot_be_used_stops_nothing(
    harness: Any, site: Any, monkeypatch: Any
) -> None:
    _install(site, SOUND)
    site.install("dist-broken", {"model.broken": "mod_broken"}, {"mod_broken.py": "import nothing_of_that_name"})
    monkeypatch.setattr(checking, "everything", lambda: [Checked("model", "broken"), Checked("model", "bag")])
    code, out, err = harness("check", "--all")
    assert code == 1
    assert out.splitlines() == ["model.bag: passed", "1 of 2 plug-ins passed"]
    assert "model.broken: The plug-in 'model.broken'" in err
    assert _contract(harness, "bag") == "passed"
    assert _contract(harness, "broken") == "never run"


def test_everything_is_every_plug_in_with_a_contract() -> None:
    names = {one.label for one in checking.everything()}
    assert {"model.lstm", "task.translation", "target.ctc", "dataset.translation.multi30k"} <= names


def test_without_a_store_it_checks_and_says_that_nothing_is_on_record(
    harness: Any, site: Any, tmp_path: Any, monkeypatch: Any
) -> None:
    _install(site, SOUND)
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("HARNESS_STORE", f"sqlite:///{tmp_path}/taken/store.db")
    code, out, err = harness("check", "bag")
    assert code == 0
    assert "0 failed" in out
    assert "This result was not recorded: The results folder" in err


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
