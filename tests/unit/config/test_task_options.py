"""Options of a task and of its data set, side by side: which exist, what stays when another data set is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness_datasets.translation.cipher import Cipher
from harness_datasets.translation.interface_strings import InterfaceStrings
from harness_datasets.translation.multi30k import Multi30k
from harness_tasks.translation import Translation
from omegaconf import OmegaConf

from harness.config import compose, settings_from_plain, to_settings
from harness.config.identity import run_plan
from harness.config.task_options import options_class, to_options, to_task
from harness.errors import ConfigError, PluginError, UnknownNameError
from harness.registry.discovery import load_dataset, load_task, registry

DATASET = '''
"""A data set for tests."""
from dataclasses import dataclass
from typing import ClassVar

from harness import Dataset, RawData, RawExample, hookimpl
from harness.data.sources import GeneratedSource
from {base_module} import {base}


@dataclass
class Mine({base}):
    name: ClassVar[str] = "mine"
    version: ClassVar[str] = "{version}"
    {field}: int = 3

    def sources(self):
        return (GeneratedSource("mine", {{"version": 1}}),)

    def read(self):
        made = [RawExample(f"e{{i}}", "ab" * (i + 1), "ba" * (i + 1)) for i in range(9)]
        return RawData(made[:3], made[3:6], made[6:])

    def tiny(self):
        return self


@hookimpl
def harness_datasets():
    return [Mine]
'''


def _install(
    site: Any, field: str = "size", base: str = "harness_tasks.parallel_text.ParallelText", **more: str
) -> None:
    module, _, name = base.rpartition(".")
    text = DATASET.format(field=field, base=name, base_module=module, version=more.get("version", "1"))
    site.install("dist-mine", {"dataset.translation.mine": "mod_mine"}, {"mod_mine.py": text})


def _task(*words: str) -> Any:
    return to_settings(compose(["task=translation", *words])).task


def test_a_data_set_is_chosen_by_name_with_its_own_options(tmp_path: Path) -> None:
    assert _task().dataset == InterfaceStrings()
    assert _task("task.val_pairs=7").dataset == InterfaceStrings(val_pairs=7)
    # In any order: the data set is chosen first.
    task = _task("task.source_language=de", f"task.root={tmp_path}", "task.dataset=multi30k", "task.target_language=en")
    assert task.dataset == Multi30k("de", "en", tmp_path)
    assert (task.dataset_name, task.vocab_size) == ("multi30k.de-en", 4_000)


def test_an_option_of_another_data_set_does_not_exist_and_those_that_do_are_listed() -> None:
    with pytest.raises(ConfigError, match=r"no option 'task.val_pairs'.*task.root, task.source_language") as caught:
        compose(["task=translation", "task.dataset=multi30k", "task.val_pairs=7"])
    assert "task.max_words" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"task\.data_seed='x' does not fit: it must be a whole number"):
        compose(["task=translation", "task.dataset=cipher", "task.data_seed=x"])


def test_a_data_set_that_does_not_exist_is_named_with_those_of_the_task() -> None:
    message = "data set of task 'translation' named 'multi3k'. Did you mean 'multi30k'.*huggingface, interface_strings"
    with pytest.raises(UnknownNameError, match=message):
        compose(["task=translation", "task.dataset=multi3k"])
    with pytest.raises(UnknownNameError, match="data set of task 'text_generation' named 'cipher'"):
        compose(["task=text_generation", "task.dataset=cipher"])
    for name in ("3", "true"):  # no texts for Hydra, and never the data set that was chosen before
        with pytest.raises(UnknownNameError, match=f"(?i)data set of task 'text_generation' named '{name}'"):
            compose(["task=text_generation", f"task.dataset={name}"])


@pytest.mark.parametrize("word", ["task.val_pairs=0", "task.test_pairs=-1", "task.max_words=0", "task.max_cluster=-3"])
def test_a_size_below_one_is_refused(word: str) -> None:
    with pytest.raises(ConfigError, match="must be at least 1"):
        to_settings(compose(["task=translation", "task.dataset=interface_strings", word]))


@pytest.mark.parametrize("word", ["task.window_ms=nan", "task.hop_ms=inf", "task.hop_ms=0"])
def test_a_length_that_is_no_number_is_refused(word: str) -> None:
    with pytest.raises(ConfigError, match="must be at least 1"):
        to_settings(compose(["task=speech_recognition", "task.dataset=folder", word]))


def test_the_command_line_may_choose_another_data_set_than_an_experiment() -> None:
    config = compose(["experiment=published/multi30k_attention", "task.dataset=cipher"])
    assert config.task.dataset == "cipher"
    assert (config.task.source_language, config.task.loader.batch_tokens) == ("de", 2_000)  # what still exists stays
    assert "root" not in config.task


def test_a_stored_configuration_gives_the_task_back() -> None:
    settings = to_settings(compose(["task=translation", "task.dataset=cipher", "task.data_seed=4", "model=lstm"]))
    assert settings.plain["task"]["dataset"] == "cipher"
    assert settings.plain["task"]["data_seed"] == 4
    assert settings_from_plain(settings.plain).task == settings.task


def test_a_task_and_its_options_are_each_others_inverse() -> None:
    task = Translation(dataset=Cipher(data_seed=3), vocab_size=300)
    options = to_options(task)
    assert isinstance(options, options_class(Translation, "cipher"))
    assert (options.dataset, options.data_seed, options.vocab_size) == ("cipher", 3, 300)
    assert to_task(OmegaConf.to_object(OmegaConf.structured(options))) == task


def test_a_data_set_of_another_package_is_chosen_like_any(site: Any) -> None:
    _install(site)
    task = _task("task.dataset=mine", "task.size=5")
    assert (task.dataset_name, task.dataset.size) == ("mine.en-de", 5)
    assert registry().dataset_names("translation") == [
        *("cipher", "huggingface", "interface_strings", "iwslt", "mine", "multi30k", "parallel", "wmt")
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"field": "vocab_size"}, "has an option 'vocab_size', which task 'translation' has too"),
        (
            {"base": "harness_tasks.text_corpus.TextCorpus"},
            "The entry point and the class variables 'task' and 'name' must match",
        ),
        ({"base": "harness.Dataset"}, r"lacks the class variable\(s\) task"),
    ],
)
def test_a_data_set_that_does_not_fit_its_task_is_told_how(site: Any, options: dict[str, str], message: str) -> None:
    _install(site, **options)
    with pytest.raises(PluginError, match=message):
        _task("task.dataset=mine")


def test_a_task_that_brings_its_data_itself_has_no_data_sets(site: Any) -> None:
    site.task("counting")
    text = DATASET.format(field="size", base="ParallelText", base_module="harness_tasks.translation", version="1")
    files = {"mod_mine.py": text}
    site.install("dist-mine", {"dataset.counting.mine": "mod_mine", "dataset.mine": "mod_mine"}, files)
    assert load_task("counting")().dataset_name == "counting"
    with pytest.raises(PluginError, match="task 'counting' brings its data itself"):
        load_dataset("counting", "mine")
    (wrong,) = [info for info in registry().infos() if info.kind == "unknown"]
    assert wrong.problem == "its entry point must be named dataset.TASK.NAME"


def test_the_key_follows_version_code_and_options_of_the_data_set(site: Any) -> None:
    def plan(*words: str) -> Any:
        return run_plan(to_settings(compose(["task=translation", "task.dataset=mine", "model=lstm", *words])))

    _install(site)
    first = plan()
    assert first.identity["dataset_version"] == "dist-mine 1.0, dataset version 1"
    assert set(first.identity["plugin_digests"]) == {"dataset", "target", "task", "model"}
    other = plan("task.size=4")
    assert other.identity["data_fingerprint"] != first.identity["data_fingerprint"]
    assert other.identity["plugin_digests"] == first.identity["plugin_digests"]
    assert len({first.key, other.key, plan().key}) == 2
