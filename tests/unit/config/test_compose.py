"""From words to typed settings: layers, types, and messages that help."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.config import compose, settings_from_plain, to_settings
from harness.errors import ConfigError, PluginError, UnknownNameError

TINY = ("task=counting", "model=small")


@pytest.fixture
def pair(site: Any) -> Any:
    """A task 'counting' and a model 'small', and a folder of YAML that tests may fill."""
    site.task("counting")
    site.task("other")
    site.model("small")
    site.model("large")
    return site


def _configs(site: Any, **files: str) -> None:
    named = {f"extra_conf/{name.replace('__', '/')}.yaml": text for name, text in files.items()}
    site.install("extra", {"config.extra": "extra_conf"}, {"extra_conf/__init__.py": "", **named})


def test_defaults_give_typed_settings(pair: Any) -> None:
    settings = to_settings(compose(TINY))
    assert type(settings.task).name == "counting"
    assert settings.model.hidden_size == 4  # type: ignore[attr-defined]
    assert (settings.seed, settings.budget, settings.target, settings.sweep) == (0, "epochs:3", None, "default")
    assert settings.optimizer.betas == (0.9, 0.98)
    assert settings.tuning == {}


def test_words_reach_every_section(pair: Any) -> None:
    words = ("task.size=7", "model.hidden_size=8", "optimizer.lr=1e-4", "budget=steps:400", "target=score:3", "seed=5")
    settings = to_settings(compose([*TINY, *words, "trainer.threads=2", "task.loader.batch_size=3"]))
    assert settings.task.size == 7  # type: ignore[attr-defined]
    assert settings.task.loader.batch_size == 3
    assert settings.model.hidden_size == 8  # type: ignore[attr-defined]
    assert settings.optimizer.lr == 1e-4
    assert (settings.budget, settings.target, settings.seed) == ("steps:400", "score:3", 5)
    assert settings.trainer.threads == 2


def test_the_resolved_configuration_is_plain_and_gives_the_settings_back(pair: Any) -> None:
    settings = to_settings(compose([*TINY, "task.ratio=0.5", "seed=3"]))
    assert settings.plain["task"]["name"] == "counting"
    assert settings.plain["model"] == {"name": "small", "hidden_size": 4}
    assert settings_from_plain(settings.plain) == settings


def test_a_stored_configuration_with_a_field_that_is_gone_is_refused(pair: Any) -> None:
    plain = to_settings(compose(TINY)).plain
    plain["model"]["height"] = 3
    with pytest.raises(ConfigError, match=r"no option 'model.height' \(in the stored configuration\)"):
        settings_from_plain(plain)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("optimizer.lrr=1", r"no option 'optimizer.lrr'. Did you mean 'optimizer.lr'\?.*optimizer.clip"),
        ("modle=small", r"no option 'modle'. Did you mean 'model'\? Options: .*task"),
        ("model.hiden_size=3", r"no option 'model.hiden_size'. Did you mean 'model.hidden_size'\?"),
        ("lr=3", r"no option 'lr'. Did you mean 'optimizer.lr'\?"),
        ("seed=x", "seed='x' does not fit: it must be a whole number"),
        ("optimizer.lr=fast", "optimizer.lr='fast' does not fit: it must be a number"),
        ("task.ratio=fast", "task.ratio='fast' does not fit: it must be a number or null"),
        ("task.loader.bucket=7x", "task.loader.bucket='7x' does not fit: it must be true or false"),
        ("optimizer.betas=[a,1]", r"optimizer.betas\[0\]='a' does not fit: it must be a number"),
        ("optimizer.betas=3", "optimizer.betas|does not fit"),
        ("trainer.precision=fp16", "trainer.precision='fp16' does not exist; choose one of: fp32, bf16, auto"),
        ("budget=400", "budget '400' is not understood"),
        ("budget=steps:0", "budget 'steps:0' is not understood"),
        ("target=score", "target='score' is not understood: write METRIC:VALUE"),
        ("nonsense", "'nonsense' is not understood: write NAME=VALUE"),
        ("+new=3", "options can only be set"),
        ("~seed", "options can only be set"),
        ("a=[3", r"'a=\[3' is not understood"),
        ("model=small,large", "'model=small,large' gives several values"),
        ("seed=range(3)", r"'seed=range\(3\)' gives several values"),
        ("hydra.run.dir=x", "no option 'hydra"),
        ("optimizer=3", """chooses no optimizer: write optimizer=NAME with one of: adamw.* Write 'optimizer="3"'"""),
        ("optimizer=null", "chooses no optimizer"),
        ("model=[small,large]", "use 'harness sweep' with model=NAME,NAME"),
        ("seed=???", "seed has no value: write seed=VALUE"),
        ("limits.time=???", "limits.time has no value"),
        ("budget=${budget}", "refers to what is not there"),
        ("optimizer.lr=nan", "optimizer.lr=nan must be 0 or more"),
        ("optimizer.lr=-1", "optimizer.lr=-1.0 must be 0 or more"),
        ("optimizer.betas=[0.9,1]", "must be 0 or more and below 1"),
        ("decoding.top_p=0", "decoding.top_p=0.0 must be above 0 and 1 or less"),
        ("seed=99999999999999999999", "seed=99999999999999999999 is too large"),
        ("grid.model=[tiny]", "no option of the command line: an experiment's file says its grid.*model=VALUE,VALUE"),
        ("per_model.small.seed=3", "no option of the command line: an experiment's file says its per_model"),
    ],
)
def test_a_wrong_word_gets_one_message_with_what_would_be_right(pair: Any, word: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        compose([*TINY, word])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("task=countin", r"no task named 'countin'. Did you mean 'counting'\?.*other"),
        ("model=tiny", "no model named 'tiny'.*Available: .*large.*small"),
        ("optimizer=sgd", "no optimizer named 'sgd'. Available: adamw"),
        ("experiment=nope", "no experiment named 'nope'. Available: .*quickstart"),
        ("experiment=[nope]", "no experiment named 'nope'. Available: .*quickstart"),
        ("experiment=claims/party", r"no experiment named 'claims/party'. Did you mean 'claims/parity'\?"),
        ("experiment=parity", r"no experiment named 'parity'. Did you mean 'claims/parity'\?"),
    ],
)
def test_a_mistyped_choice_lists_what_exists(pair: Any, word: str, message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        compose([*TINY, word])


def test_what_a_plugin_refuses_and_an_unknown_target_metric_are_the_users_error(pair: Any) -> None:
    with pytest.raises(ConfigError, match="task 'counting' refuses its options: size=0 must be positive"):
        to_settings(compose([*TINY, "task.size=0"]))
    for word in ("loader.batch_size=-1", "loader.bptt=0", "eval_limit=0"):
        with pytest.raises(ConfigError, match=f"task.{word} must be 1 or more"):
            to_settings(compose([*TINY, f"task.{word}"]))
    with pytest.raises(ConfigError, match="task 'counting' has no metric 'bleu', only score"):
        to_settings(compose([*TINY, "target=bleu:3"]))


def test_a_plugin_with_fields_that_no_configuration_can_hold_is_named(pair: Any) -> None:
    text = """
    from dataclasses import dataclass
    from typing import ClassVar, Literal
    from harness import Capabilities, Model, hookimpl
    @dataclass
    class Odd(Model):
        name: ClassVar[str] = "odd"
        mode: Literal["a", "b"] = "a"
        def capabilities(self, signature): return Capabilities()
        def build(self, input_spec, target_spec): ...
        def tiny(self): return self
    @hookimpl
    def harness_models(): return [Odd]
    """
    pair.install("odd-dist", {"model.odd": "mod_odd"}, {"mod_odd.py": text})
    with pytest.raises(PluginError, match=r"'model.odd' of distribution 'odd-dist'.*Odd cannot be a configuration"):
        compose(["task=counting", "model=odd"])


def test_a_broken_plugin_harms_only_the_commands_that_name_it(pair: Any) -> None:
    pair.install("broken", {"model.broken": "mod_broken"}, {"mod_broken.py": "import no_such_thing"})
    assert compose(TINY).model.hidden_size == 4
    with pytest.raises(PluginError, match=r"model\.broken"):
        compose(["task=counting", "model=broken"])


def test_the_layers_override_one_another_in_order(pair: Any) -> None:
    _configs(
        pair,
        tuned__mine="counting: {small: {optimizer: {lr: 2.0, clip: 2.0, weight_decay: 2.0, warmup: 0.2}}}",
        experiment__one="""
        # @package _global_
        optimizer: {clip: 3.0, weight_decay: 3.0, warmup: 0.3, label_smoothing: 0.3}
        budget: steps:3
        per_task: {counting: {optimizer: {weight_decay: 4.0, warmup: 0.4}, task: {size: 4}, budget: steps:4}}
        per_model: {small: {optimizer: {warmup: 0.5}, model: {hidden_size: 5}}}
        """,
    )
    config = compose([*TINY, "tuned=mine", "experiment=one", "model.hidden_size=6"])
    optimizer = config.optimizer
    assert (optimizer.lr, optimizer.clip, optimizer.weight_decay, optimizer.warmup) == (2.0, 3.0, 4.0, 0.5)
    assert (config.budget, config.task.size, config.model.hidden_size) == ("steps:4", 4, 6)
    assert config.sweep == "one"
    elsewhere = compose(["task=other", "model=large", "tuned=mine", "experiment=one"])
    assert (elsewhere.optimizer.lr, elsewhere.optimizer.warmup, elsewhere.budget) == (2e-3, 0.3, "steps:3")


def test_tuned_values_count_as_tuned_only_while_they_are_in_force(pair: Any) -> None:
    table = "counting: {small: {optimizer: {lr: 0.5}, model: {hidden_size: 16}, trials: 4, hours: 0.1}}"
    _configs(pair, tuned__mine=table)
    tuned = to_settings(compose([*TINY, "tuned=mine"]))
    assert tuned.optimizer.lr == 0.5
    assert tuned.tuning == {"trials": 4.0, "hours": 0.1}
    assert to_settings(compose([*TINY, "tuned=mine", "optimizer.lr=1"])).tuning == {}
    assert to_settings(compose(["task=counting", "model=large", "tuned=mine"])).tuning == {}
    untuned = to_settings(compose([*TINY, "tuned=none"]))
    assert (untuned.optimizer.lr, untuned.tuning) == (2e-3, {})


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("per_task: {countin: {budget: steps:1}}", UnknownNameError, "no task named 'countin'.*'per_task' of the exp"),
        ("per_model: {small: {model: {widht: 1}}}", ConfigError, "model.widht' .in per_model.small of the experiment"),
        ("optimizer: {lr: fast}", ConfigError, "optimizer.lr='fast' does not fit .in conf/experiment/one.yaml"),
        ("budgett: steps:1", ConfigError, "no option 'budgett' .in conf/experiment/one.yaml"),
    ],
)
def test_a_wrong_experiment_says_where(pair: Any, text: str, error: type[Exception], message: str) -> None:
    _configs(pair, experiment__one=f"# @package _global_\n{text}")
    with pytest.raises(error, match=message):
        compose([*TINY, "experiment=one"])


def test_a_tuned_table_with_a_stray_section_is_refused(pair: Any) -> None:
    _configs(pair, tuned__mine="counting: {small: {trainer: {threads: 1}}}")
    with pytest.raises(ConfigError, match="holds 'trainer' for a cell"):
        compose([*TINY, "tuned=mine"])


def test_an_experiment_extends_another(pair: Any) -> None:
    _configs(
        pair,
        experiment__base="# @package _global_\nseed: 4\nbudget: steps:9\n",
        experiment__more="# @package _global_\ndefaults: [base, _self_]\nseed: 5\n",
    )
    config = compose([*TINY, "experiment=more"])
    assert (config.seed, config.budget, config.sweep) == (5, "steps:9", "more")


def test_yaml_extends_a_plugin_under_a_name_of_its_own(pair: Any) -> None:
    _configs(pair, task__five="defaults: [counting]\nsize: 5\n")
    settings = to_settings(compose(["task=five", "model=small"]))
    assert (settings.task.name, settings.task.size) == ("counting", 5)  # type: ignore[attr-defined]


def test_yaml_that_bears_a_plugins_name_is_refused(pair: Any) -> None:
    _configs(pair, task__counting="size: 5\n")
    with pytest.raises(ConfigError, match=r"counting.yaml' has the name of the plug-in 'task.counting'"):
        compose(TINY)


def test_a_name_in_two_folders_is_refused(pair: Any) -> None:
    _configs(pair, optimizer__adamw="lr: 5\n")
    with pytest.raises(ConfigError, match="configuration 'optimizer/adamw' exists twice"):
        compose(TINY)


def test_a_folder_that_does_not_exist_is_named(pair: Any) -> None:
    pair.install("gone", {"config.gone": "gone_conf"}, {})
    with pytest.raises(PluginError, match=r"'config.gone' of distribution 'gone'.*'gone_conf', which does not exist"):
        compose(TINY)


def test_the_configuration_is_found_in_a_checkout_and_in_a_wheel(tmp_path: Path) -> None:
    from harness.config.folders import find_conf_dir

    package = tmp_path / "harness"
    inside, beside = package / "conf", tmp_path / "conf"
    with pytest.raises(ConfigError, match=r"config\.yaml is neither in"):
        find_conf_dir(package)
    for folder in (inside, beside):
        folder.mkdir(parents=True)
        (folder / "config.yaml").touch()
    assert find_conf_dir(package) == inside  # a 'conf' beside an installed package is somebody else's
    (tmp_path / "pyproject.toml").touch()
    assert find_conf_dir(package) == beside
