"""Gradient flow: norms against the lag of networks whose gradients are known, and of finished runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.config import compose, to_settings
from harness.config.identity import run_plan
from harness.config.settings import RunSettings, TrainerSettings
from harness.contract.batch import Example, ListSplit
from harness.contract.model import Capabilities, Encoder, EncoderOutput, Model
from harness.contract.signature import TaskSignature
from harness.contract.specs import FrameInput, InputSpec, TokenInput
from harness.contract.target import Target
from harness.errors import UserError
from harness.explain import gradients
from harness.explain.examples import some_examples
from harness.explain.gradient_figure import gradient_figure, run_labels
from harness.explain.gradients import ExplainedGradients, GradientFlow, explain_gradients, gradient_norms
from harness.nn.network import Network
from harness.store import Store
from harness.store.records import EnvironmentRecord, RunPlan
from harness.targets import ClassTarget, MaskedTaggingTarget, NextTokenTarget, RegressionTarget, TaggingTarget
from harness.training import execute as executing
from harness.training.initial import initial_network
from harness.training.load_data import load_data

STEPS = 14
ADDING = (
    *("task=series_regression", "task.dataset=adding", "task.min_length=8", "task.max_length=8"),
    *("task.test_min_length=8", "task.test_max_length=8", "task.train_examples=64", "task.val_examples=8"),
    *("task.test_examples=12", "task.in_range_examples=4", "task.loader.batch_size=8", "model=rnn"),
    *("model.hidden_size=8", "trainer.embedding_dim=4", "trainer.validations=1", "trainer.device=cpu"),
    *("trainer.latency_s=0.01", "trainer.checkpoint_every_s=3600", "budget=steps:6", "seed=3"),
)


class Leaking(Encoder):
    """h_t = a h_(t-1) + x_t; the gradient of anything at t to x_(t-k) is a^k times that to h_t."""

    def __init__(self, dim: int, a: float) -> None:
        super().__init__()
        self.feature_dim = self.summary_dim = dim
        self._a = a

    def forward(self, x: Tensor, lengths: Tensor, state: Any = None) -> EncoderOutput:
        steps = [x[:, 0]]
        for t in range(1, x.shape[1]):
            steps.append(self._a * steps[-1] + x[:, t])
        features = torch.stack(steps, 1)
        return EncoderOutput(features, lengths, features[torch.arange(len(x)), lengths - 1])


class Deaf(Encoder):
    """Says the same whatever it reads."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.feature_dim = self.summary_dim = dim
        self.said = torch.nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor, lengths: Tensor, state: Any = None) -> EncoderOutput:
        features = self.said.expand(len(x), x.shape[1], -1)
        return EncoderOutput(features, lengths, features[:, 0])


@dataclass
class Fake(Model):
    """Builds one of the encoders above."""

    name: ClassVar[str] = "fake"

    a: float | None = None
    raw: bool = False

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        return Capabilities(causal=True, reads=(TokenInput,) if self.raw else ())

    def build(self, input_spec: Any, target_spec: Target) -> Encoder:
        return Deaf(4) if self.a is None else Leaking(input_spec.dim, self.a)

    def tiny(self) -> Fake:
        return self


def network(model: Model, inputs: InputSpec, target: Target) -> Network:
    torch.manual_seed(0)
    signature = TaskSignature("fake", type(inputs), type(target), 1)
    return Network(model, signature, inputs, target, TrainerSettings(embedding_dim=4)).eval()


def frames(target: Any) -> Example:
    series = np.random.default_rng(0).standard_normal((STEPS, 3)).astype(np.float32)
    return Example("one", series, target)


@pytest.mark.parametrize(("a", "gone"), [(0.5, 10), (0.9, None), (1.0, None), (1.5, None)])
def test_a_linear_recurrence_leaves_a_to_the_power_of_the_lag(a: float, gone: int | None) -> None:
    target = RegressionTarget(1)
    net, example = network(Fake(a), FrameInput(3), target), frames(np.array([2.0], np.float32))
    norms = gradient_norms(net, example, FrameInput(3), target)
    flow = GradientFlow((norms,))
    assert flow.relative()[1] == pytest.approx(a ** np.arange(STEPS), rel=1e-5)
    assert flow.vanishes_at() == gone
    # By hand: the loss is (w h + b - y)^2, so its gradient to h is 2 (w h + b - y) w.
    assert example.input is not None
    embedded = net.embedding(torch.as_tensor(example.input)).detach().double()
    h = (embedded * a ** torch.arange(STEPS - 1, -1, -1).double()[:, None]).sum(0)
    (weight, bias) = (p.detach().double() for p in net.head.parameters())
    wanted = (2 * (weight @ h + bias - 2.0) * weight).norm()
    assert norms[0] == pytest.approx(float(wanted), rel=1e-4)


def test_of_losses_at_every_position_the_last_that_counts_is_taken() -> None:
    classes = np.arange(STEPS) % 3
    tagging = TaggingTarget(3, ("a", "b", "c"))
    norms = gradient_norms(network(Fake(0.5), FrameInput(3), tagging), frames(classes), FrameInput(3), tagging)
    assert norms / norms[0] == pytest.approx(0.5 ** np.arange(STEPS), rel=1e-5)  # the sum of all losses would differ
    masked, asked = MaskedTaggingTarget(3, ("a", "b", "c")), np.where(np.arange(STEPS) == 6, classes, -1)
    norms = gradient_norms(network(Fake(0.5), FrameInput(3), masked), frames(asked), FrameInput(3), masked)
    assert norms / norms[0] == pytest.approx(0.5 ** np.arange(7), rel=1e-5)


@pytest.mark.parametrize(("model", "said"), [(Fake(), "has no gradient to the input"), (Fake(raw=True), "symbols")])
def test_a_network_without_a_gradient_to_its_input_is_refused(model: Fake, said: str) -> None:
    target, inputs = ClassTarget(3, ("a", "b", "c")), TokenInput(9)
    with pytest.raises(UserError, match=f"{said}.*"):
        gradient_norms(network(model, inputs, target), Example("one", np.arange(3, 7), 1), inputs, target)


def flow(*norms: Sequence[float], most: int | None = None) -> GradientFlow:
    return GradientFlow(tuple(np.array(each, dtype=float) for each in norms), most)


def test_shares_are_medians_over_the_examples_that_reach_a_lag() -> None:
    found = flow([1, 0.5, 0.25, 0.1], [2, 2, 1], [4, 1], [0, 3, 3])
    assert (found.lags, found.without) == (2, 1)  # two of the four examples have a lag of 2, one has a lag of 3
    assert found.relative()[1].tolist() == [1, 0.5, 0.25]
    assert found.absolute()[:, 0].tolist() == [0, 1, 2]
    assert flow([1, 0.5, 0.25], most=1).lags == 1
    assert np.isnan(flow([0, 1], [0, 2]).relative()).all()
    assert flow([0, 1], [0, 2]).vanishes_at() is None
    assert flow([1, float("inf")]).relative()[1].tolist() == [1, float("inf")]


def test_a_gradient_has_vanished_where_it_stays_below() -> None:
    assert flow([1, 1e-4, 0.5, 9e-4, 0.0]).vanishes_at() == 3
    assert flow([1, 1e-4, 0.5, 9e-4, 1e-2]).vanishes_at() is None
    assert flow([1, 0.5, 0.2, 0.1]).vanishes_at(share=0.3) == 2


def test_pieces_of_documents_begin_with_the_symbol_before_them() -> None:
    documents = [Example("long", None, np.arange(3, 13)), Example("short", None, np.arange(20, 23))]
    found = some_examples(ListSplit(documents), NextTokenTarget(30), 9, 4)
    assert [one.id for one in found] == ["long@0", "long@4", "short@0"]
    assert [one.input.tolist() for one in found if one.input is not None] == [
        [1, 3, 4, 5],
        [6, 7, 8, 9],
        [1, 20, 21],
    ]
    assert [one.target.tolist() for one in found] == [[3, 4, 5, 6], [7, 8, 9, 10], [20, 21, 22]]


# -- finished runs ---------------------------------------------------------------------------------------


def run(results: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[RunSettings, str, dict[str, Tensor]]:
    """Train; the run's settings, its key, and the weights that training was given."""
    settings, begun = to_settings(compose([*ADDING, *words]), threads=1), dict[str, Tensor]()
    train = executing.train

    def watched(settings: Any, session: Any, module: Any, callback: Any) -> None:
        begun.update({name: tensor.clone() for name, tensor in module.network.state_dict().items()})
        train(settings, session, module, callback)

    monkeypatch.setattr(executing, "train", watched)
    plan = run_plan(settings)
    with Store.open(f"sqlite:///{results}/store.db") as store:
        executing.execute(settings, plan, store=store, results=results)
    return settings, plan.key, begun


def test_the_weights_at_the_start_are_those_that_training_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, key, begun = run(tmp_path / "results", monkeypatch)
    again = initial_network(settings, load_data(settings.task)).state_dict()
    assert again.keys() == begun.keys()
    assert all(torch.equal(again[name], begun[name]) for name in again)
    random = torch.get_rng_state()
    found = explain_gradients(key)
    assert torch.equal(torch.get_rng_state(), random)
    assert (found.key, found.model, found.seed, found.examples) == (key, "rnn", 3, 16)
    assert (found.start.lags, found.trained.lags) == (7, 7)
    assert found.start.absolute().tolist() != found.trained.absolute().tolist()
    moved = (tmp_path / "results" / "runs" / key).rename(tmp_path / "moved")
    assert explain_gradients(moved).as_json() == found.as_json()


def test_the_command_prints_and_writes(harness: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, one, _ = run(tmp_path / "results", monkeypatch)
    _, two, _ = run(tmp_path / "results", monkeypatch, "model=lstm")
    words = ("explain", "gradients", one[:10], two[:10], "--examples", "5", "--out")
    code, out, err = harness(*words, str(tmp_path / "a"))
    assert (code, err) == (0, "")
    assert out.count("start") == 2
    assert "rnn: the loss of the answer, 5 test examples of series_regression (adding)" in out
    assert harness(*words, str(tmp_path / "b"), "--json")[0] == 0
    for name in ("gradients.svg", "gradients.png", "gradients.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    rnn, lstm = json.loads((tmp_path / "a" / "gradients.json").read_text())
    assert (rnn["key"], lstm["model"], rnn["examples"]) == (one, "lstm", 5)
    assert len(lstm["trained"]["relative"]["median"]) == 8
    assert rnn["start"]["relative"]["median"][0] == 1
    assert (tmp_path / "a" / "gradients.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(harness("explain", "gradients", one, "--json", "--lags", "3")[1])[0]["start"]["lags"] == 3
    for more, said in (
        (("--examples", "0"), "examples=0"),
        (("--lags", "0"), "lags=0"),
        (("--split", "all"), "no split 'all': choose train, val, test"),
        (("--out", "/dev/null/x"), "Choose another folder with --out"),
        (("--out", ""), "--out is empty"),
    ):
        code, _, err = harness("explain", "gradients", one, *more)
        assert (code, said in " ".join(err.split())) == (2, True), err


def test_runs_that_are_no_model_are_refused(harness: Any, tmp_path: Path) -> None:
    code, _, err = harness("explain", "gradients", "abc")
    assert (code, "Traceback" in err) == (2, False)
    with Store.open() as store:
        store.start(
            RunPlan("c" * 64, "s", "adding", "data", "rnn", 0, {"seed": 0}), EnvironmentRecord("h", {}), owner_pid=1
        )
    code, _, err = harness("explain", "gradients", "ccc")
    assert code == 2
    assert "only a finished run is a model" in " ".join(err.split())


def test_data_that_cannot_be_looked_at_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, key, _ = run(tmp_path / "results", monkeypatch)

    def cut(*given: Any) -> list[Example]:
        return [replace(one, input=one.input[:1]) for one in some_examples(*given) if one.input is not None]

    with monkeypatch.context() as patch:
        patch.setattr(gradients, "some_examples", cut)
        with pytest.raises(UserError, match="examples of task 'series_regression' have one step"):
            explain_gradients(key)

    def widened(task: Any) -> Any:
        return replace(load_data(task), input_spec=FrameInput(5))

    monkeypatch.setattr("harness.explain.examples.load_data", widened)
    with pytest.raises(UserError, match=r"\(adding\) has changed since run .*feature_dim=2.*feature_dim=5"):
        explain_gradients(key)


def test_the_figure_names_runs_and_survives_what_cannot_be_drawn() -> None:
    fading, exploding = flow([1, 1e-2, 1e-5, 0.0]), flow([1, 1e3, 1e20, float("inf")])

    def explained(key: str, seed: int, start: GradientFlow, trained: GradientFlow) -> ExplainedGradients:
        return ExplainedGradients(key * 64, "recall", "copy_memory", "rnn", seed, "the loss", 1, "test", start, trained)

    found = [explained("a", 0, fading, exploding), explained("b", 1, flow([0, 0]), fading)]
    assert run_labels(found) == ["rnn, seed 0", "rnn, seed 1"]
    assert run_labels(found[:1]) == ["rnn"]
    figure = gradient_figure(found)
    assert "rnn, seed 0: at the start 2, trained not within 3; rnn, seed 1: at the start not within 1" in figure.alt
    assert "rnn, seed 1" in figure.svg
    assert json.loads(json.dumps(found[0].as_json(), allow_nan=False))["trained"]["relative"]["median"][3] is None
