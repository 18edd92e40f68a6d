"""`match`: the width at which a model has N parameters, or a refusal that names the nearest sizes."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness.config import compose, expand, matching, settings_from_plain, to_settings
from harness.config.identity import run_key
from harness.config.matching import fit, matched, verify, weight_counts
from harness.config.settings import RunSettings, TrainerSettings
from harness.config.size_search import Match, MatchError
from harness.contract.signature import TaskSignature
from harness.contract.specs import TokenInput
from harness.contract.task import TaskData
from harness.errors import ConfigError, PluginError
from harness.registry.compatibility import check
from harness.targets import ClassTarget

MODELS = ("rnn", "lstm", "bilstm", "stacked_lstm", "attention_lstm", "cnn_lstm")
TASKS = {
    "translation": ("task.dataset=cipher", "task.vocab_size=400"),
    "text_generation": ("task.dataset=counting", "task.generated_characters=2000"),
    "speech_recognition": ("task.dataset=tones", "task.train_strings=8", "task.val_strings=2", "task.test_strings=2"),
    "action_recognition": (
        *("task.dataset=moving_squares", "task.size=16", "task.frames=4"),
        *("task.train_clips=4", "task.val_clips=2", "task.test_clips=2"),
    ),
}
SIZES = ("params:90000", "params:700000", "total:400000", "total:2000000")
SIGNATURE = TaskSignature("t", TokenInput, ClassTarget)


def _settings(task: str, model: str, *words: str) -> RunSettings:
    return to_settings(compose([f"task={task}", *TASKS[task], f"model={model}", "tuned=none", *words]))


def _fitting() -> list[Any]:
    pairs = []
    for task in TASKS:
        for model in MODELS:
            settings = _settings(task, model)
            signature = settings.task.signature
            if check(signature, model, settings.model.capabilities(signature)).compatible:
                pairs.append(pytest.param(task, model, id=f"{task}-{model}"))
    return pairs


@cache
def _data(task: str) -> TaskData:
    made = _settings(task, "lstm").task
    made.prepare_data()
    return made.setup()


def _true_counts(settings: RunSettings) -> tuple[int, int]:
    """(total, encoder) of the network that the run would build, weights and all."""
    from harness.nn.network import Network

    data = _data(settings.task.name)
    network = Network(settings.model, settings.task.signature, data.input_spec, data.target_spec, settings.trainer)
    whole, own, _ = network.weight_counts()
    return whole.total, own.total


def _names_two_sizes(settings: RunSettings, wanted: Match, message: str) -> None:
    named = re.findall(r"(\w+)=(\d+) with ([\d,]+)", message)
    assert len(named) == 2, message
    counts = []
    for name, hidden_size, count in named:
        other = replace(settings, model=matching.resized(settings.model, name, int(hidden_size)))
        counts.append(wanted.counted(*_true_counts(other)))
        assert counts[-1] == int(count.replace(",", "")), message
        assert not wanted.near(counts[-1]), message
    assert counts[0] < wanted.amount < counts[1], message


def _is_right(settings: RunSettings, match: str) -> None:
    """Within 2 % of N, counted on the real network; or a refusal that names two sizes, both of them outside."""
    try:
        solved = matched(settings)
    except MatchError as error:
        _names_two_sizes(settings, Match.parse(match), str(error))
        return
    verify(match, solved.model, _true_counts(solved))
    field = solved.model.capabilities(solved.task.signature).size_field
    assert solved.plain["model"][field] == getattr(solved.model, field)
    assert solved.plain["asked"]["match"] == match


@pytest.mark.parametrize("match", SIZES)
@pytest.mark.parametrize(("task", "model"), _fitting())
def test_every_built_in_pair_is_within_two_percent_or_names_the_nearest_sizes(
    task: str, model: str, match: str
) -> None:
    _is_right(_settings(task, model, f"match={match}"), match)


@pytest.mark.parametrize("match", ["params:400000", "params:401234", "total:900000"])
@pytest.mark.parametrize("task", list(TASKS))
def test_a_model_from_outside_is_matched_in_steps_of_its_own(
    task: str, match: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).resolve().parents[2] / "third_party_plugin")
    (cls,) = importlib.import_module("harness_toy.transformer").harness_models()
    settings = _settings(task, "lstm", f"match={match}")
    _is_right(replace(settings, model=cls()), match)


def test_models_of_one_budget_are_within_two_percent_of_it_and_so_of_each_other() -> None:
    counts = [_true_counts(matched(_settings("speech_recognition", m, "match=params:400000")))[1] for m in MODELS]
    assert all(abs(count - 400_000) <= 8_000 for count in counts), counts


@pytest.mark.parametrize(
    "look", [lambda w: w.norm().item(), lambda w: abs(w.detach().numpy()).max(), lambda w: len(w.nonzero())]
)
def test_a_model_that_looks_at_values_when_built_is_counted_too(look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from harness_models.rnn import RNN

    build = RNN.build

    def scaled(self: RNN, *specs: Any) -> Any:
        encoder = build(self, *specs)
        weight = next(p for p in encoder.parameters() if p.ndim == 2)
        weight.data /= float(look(weight.data))  # there is no value on the meta device
        return encoder

    expected = matched(_settings("translation", "rnn", "match=params:90000")).model.hidden_size
    monkeypatch.setattr(RNN, "build", scaled)
    state = torch.get_rng_state()
    assert matched(_settings("translation", "rnn", "match=params:90000")).model.hidden_size == expected
    assert torch.equal(torch.get_rng_state(), state)


def test_a_multiple_of_eight_is_preferred() -> None:
    assert matched(_settings("translation", "lstm", "match=params:500000")).model.hidden_size % 8 == 0


def test_params_of_embedded_input_need_no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness_tasks.translation import Translation

    def never(self: object) -> None:
        raise AssertionError("data was touched")

    for name in ("prepare_data", "setup"):
        monkeypatch.setattr(Translation, name, never)
    settings = to_settings(compose(["task=translation", "model=attention_lstm", "match=params:500000"]))
    assert fit(settings)[1].compatible
    with pytest.raises(AssertionError, match="data was touched"):
        fit(to_settings(compose(["task=translation", "model=attention_lstm", "match=total:5000000"])))


def test_data_is_loaded_once_for_all_models_of_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness_tasks.text_generation import TextGeneration

    calls = []
    setup = TextGeneration.setup
    monkeypatch.setattr(TextGeneration, "setup", lambda self: calls.append(1) or setup(self))
    monkeypatch.setattr(matching, "_known", {})
    for model in ("rnn", "lstm", "stacked_lstm"):
        assert fit(_settings("text_generation", model, "match=total:900000"))[1].compatible
    assert len(calls) == 1


# -- what goes into the run ----------------------------------------------------------------------------


def test_the_width_decides_the_key_not_how_it_was_found() -> None:
    by_match = matched(_settings("speech_recognition", "lstm", "match=params:400000"))
    by_hand = _settings("speech_recognition", "lstm", f"model.hidden_size={by_match.model.hidden_size}")
    assert (by_match.asked.match, by_hand.asked.match) == ("params:400000", None)
    assert run_key(by_match) == run_key(by_hand)
    assert run_key(matched(_settings("speech_recognition", "lstm", "match=params:500000"))) != run_key(by_hand)


def test_a_worker_gets_the_solved_width_from_the_stored_configuration() -> None:
    solved = matched(_settings("speech_recognition", "rnn", "match=params:400000"))
    again = settings_from_plain(solved.plain)
    assert again.model == solved.model
    assert again.asked.match == "params:400000"


def test_without_match_nothing_changes() -> None:
    settings = _settings("speech_recognition", "lstm")
    assert matched(settings) is settings
    assert fit(settings)[0] is settings
    verify(None, settings.model, (1, 1))


def test_a_pair_that_makes_no_sense_is_not_sized() -> None:
    settings, found = fit(_settings("text_generation", "bilstm", "match=params:400000"))
    assert not found.compatible
    assert "must be causal" in (found.reason or "")
    assert settings.model.hidden_size == 256


def test_a_size_out_of_reach_is_a_pair_that_does_not_fit() -> None:
    _, found = fit(_settings("text_generation", "attention_lstm", "match=params:100000"))
    assert not found.compatible
    assert found.reason == (
        "match=params:100000: no hidden_size of model 'attention_lstm' on task 'text_generation' gives 100,000 "
        "parameters in encoder and decoder, to within 2 %. The nearest are hidden_size=68 with 97,988 (-2.01 %) and "
        "hidden_size=72 with 105,480 (+5.48 %); hidden_size is a multiple of 4 (the model's "
        "Capabilities.size_step; 1 allows every width)"
    )


def test_two_sizes_out_of_reach_are_two_cells_of_a_sweep() -> None:
    refused = [fit(_settings("text_generation", "attention_lstm", f"match=params:{n}")) for n in (94_000, 100_000)]
    assert not any(found.compatible for _, found in refused)
    keys = {run_key(settings, compatible=False) for settings, _ in refused}
    plain = _settings("text_generation", "attention_lstm")
    assert len(keys | {run_key(plain), run_key(plain, compatible=False)}) == 4


def test_a_network_of_another_size_is_refused_when_it_is_built() -> None:
    model = _settings("speech_recognition", "lstm").model
    verify("params:1000", model, (5_000, 1_020))
    with pytest.raises(MatchError, match=r"'lstm' has 1,021 parameters in encoder and decoder.*2 % of 1,000"):
        verify("params:1000", model, (5_000, 1_021))
    with pytest.raises(MatchError, match="5,000 parameters, embedding and head included"):
        verify("total:1000", model, (5_000, 1_000))


# -- the option ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["params", "params:", "params:-3", "params:0", "params:1.5", "hidden_size:3", "params:inf"]
)
def test_what_is_no_match_is_refused_when_it_is_composed(text: str) -> None:
    with pytest.raises(ConfigError, match=r"match='?.*is not understood"):
        compose([f"match={text}"])


def test_a_sweep_and_an_experiment_may_set_it(site: Any) -> None:
    words = [f"task=speech_recognition {' '.join(TASKS['speech_recognition'])} tuned=none", "model=rnn,lstm"]
    cells = expand([*words[0].split(), words[1], "match=params:90000,params:700000"])
    widths = [matched(cell.settings).model.hidden_size for cell in cells]
    assert len(set(widths)) == 4
    head = "# @package _global_\n"
    text = f"{head}match: params:90000\ngrid:\n  model: [rnn, lstm]\n"
    files = {"mine/__init__.py": "", "mine/conf/__init__.py": "", "mine/conf/experiment/equal.yaml": text}
    site.install("mine", {"config.mine": "mine.conf"}, files)
    cells = expand(["experiment=equal", *words[0].split()])
    assert [matched(cell.settings).model.hidden_size for cell in cells] == [widths[0], widths[2]]


@pytest.mark.parametrize(("model", "hidden_size"), [("rnn", 512), ("lstm", 256), ("stacked_lstm", 128)])
def test_a_size_of_the_state_is_what_the_network_then_carries(model: str, hidden_size: int) -> None:
    from harness.nn.network import Network
    from harness.nn.state_size import measured_state_size

    solved = matched(_settings("text_generation", model, "match=state:512"))
    assert solved.model.hidden_size == hidden_size
    assert solved.plain["asked"]["match"] == "state:512"
    data = _data("text_generation")
    network = Network(solved.model, solved.task.signature, data.input_spec, data.target_spec, solved.trainer)
    assert measured_state_size(network, data.input_spec) == 512


def test_a_state_of_another_size_than_declared_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.nn.network import Network
    from harness.nn.state_size import measured_state_size

    settings, data = _settings("text_generation", "lstm"), _data("text_generation")
    network = Network(settings.model, settings.task.signature, data.input_spec, data.target_spec, settings.trainer)
    network.capabilities = replace(network.capabilities, state_size=511)
    with pytest.raises(PluginError, match=r"'lstm' declares a state of 511 numbers .* holds 512 for each row"):
        measured_state_size(network, data.input_spec)
    verify("state:500", settings.model, (1, 1), 510)
    with pytest.raises(MatchError, match="'lstm' has 512 numbers of state, which is not within 2 % of 500"):
        verify("state:500", settings.model, (1, 1), 512)


@pytest.mark.parametrize(
    ("task", "model", "match", "message"),
    [
        ("translation", "lstm", "state:512", "model 'lstm' carries no state on task 'translation'"),
        (
            "text_generation",
            "cnn_lstm",
            "state:512",
            "does not declare the size of its state .Capabilities.state_size.",
        ),
        ("text_generation", "attention_lstm", "state:400", "hidden_size=4 with 323 .* and hidden_size=8 with 583"),
    ],
)
def test_a_state_that_cannot_be_had_is_a_pair_that_does_not_fit(
    task: str, model: str, match: str, message: str
) -> None:
    _, found = fit(_settings(task, model, f"match={match}"))
    assert not found.compatible
    assert re.search(message, found.reason or "")


def test_counting_on_the_meta_device_is_counting_the_network() -> None:
    settings = _settings("speech_recognition", "cnn_lstm")
    data = _data("speech_recognition")
    made = weight_counts(settings.model, settings, data.input_spec, data.target_spec)
    assert made == _true_counts(settings)
    assert settings.trainer == replace(TrainerSettings(), device=settings.trainer.device)
