"""Attributions: of functions whose attributions are known by hand, and their checks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.config import compose, to_settings
from harness.config.identity import run_plan
from harness.config.settings import TrainerSettings
from harness.contract.batch import Example
from harness.contract.model import Capabilities, Encoder, EncoderOutput, Model
from harness.contract.signature import TaskSignature
from harness.contract.specs import FrameInput, InputSpec, TokenInput
from harness.contract.target import Target
from harness.errors import UserError
from harness.explain import attributions as module
from harness.explain.attribution_figure import attribution_figure
from harness.explain.attributions import SHUFFLES, attributions
from harness.explain.explain_example import check_sentences, explain_example
from harness.nn.network import Network
from harness.store import Store
from harness.targets import RegressionTarget, TaggingTarget
from harness.training import execute as executing

STEPS = 9


class Weighing(Encoder):
    """Feature t is the sum of the inputs up to t, each times a weight of its place."""

    def __init__(self, dim: int, weights: Tensor) -> None:
        super().__init__()
        self.feature_dim = self.summary_dim = dim
        self.weights = torch.nn.Parameter(weights)

    def forward(self, x: Tensor, lengths: Tensor, state: Any = None) -> EncoderOutput:
        features = (x * self.weights[: x.shape[1], None]).cumsum(1)
        return EncoderOutput(features, lengths, features[torch.arange(len(x)), lengths - 1])


@dataclass
class Fake(Model):
    """Builds the encoder above."""

    name: ClassVar[str] = "fake"

    raw: bool = False
    same: bool = False

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        return Capabilities(causal=True, reads=(TokenInput,) if self.raw else ())

    def build(self, input_spec: Any, target_spec: Target) -> Encoder:
        places = torch.arange(1.0, STEPS + 1)
        return Weighing(4, torch.zeros(STEPS) if self.same else places * (-1.0) ** places)

    def tiny(self) -> Fake:
        return self


def network(inputs: InputSpec, target: Target, model: Model | None = None) -> Network:
    torch.manual_seed(0)
    signature = TaskSignature("fake", type(inputs), type(target), 1)
    return Network(model or Fake(), signature, inputs, target, TrainerSettings(embedding_dim=4)).eval()


def frames(target: Any) -> Example:
    return Example("one", np.random.default_rng(0).standard_normal((STEPS, 3)).astype(np.float32), target)


def test_integrated_gradients_divide_the_difference_in_proportion_and_occlusion_takes_steps_away() -> None:
    target, example = RegressionTarget(1), frames(np.array([2.0], np.float32))
    net = network(FrameInput(3), target)
    found = attributions(net, example, FrameInput(3), target, of="the loss")
    # By hand: f = -(sum of parts + b - y)^2 depends on the sum alone, so each part has its share of the difference.
    with torch.no_grad():
        embedded = net.embedding(torch.as_tensor(example.input))
        weight, bias = net.head.parameters()
        assert isinstance(net.encoder, Weighing)
        parts = (embedded * net.encoder.weights[:, None] @ weight[0]).double()
    rest = float(bias.detach()) - 2.0
    f = [-((total + rest) ** 2) for total in (float(parts.sum()), 0.0)]
    assert (found.at_input, found.at_baseline) == (pytest.approx(f[0], rel=1e-4), pytest.approx(f[1], rel=1e-4))
    integrated, occlusion = found.methods
    assert integrated.values == pytest.approx((parts / parts.sum() * (f[0] - f[1])).numpy(), rel=1e-3)
    assert integrated.gap == pytest.approx(0.0, abs=1e-3 * abs(f[0] - f[1]))
    without = [-((float(parts.sum() - part) + rest) ** 2) for part in parts]
    assert occlusion.values == pytest.approx([f[0] - each for each in without], rel=1e-2, abs=1e-3)
    assert occlusion.gap is None
    assert (found.points, len(integrated.shuffled)) == (64, SHUFFLES)


def test_attributions_of_a_position_look_no_further_than_it() -> None:
    target, classes = TaggingTarget(3, ("a", "b", "c")), np.arange(STEPS) % 3
    net = network(FrameInput(3), target)
    found = attributions(net, frames(classes), FrameInput(3), target, of="the loss", position=4)
    assert found.of == "the loss at position 4"
    for each in found.methods:
        assert np.all(each.values[5:] == 0)
        assert np.all(each.values[:5] != 0)
    assert attributions(net, frames(classes), FrameInput(3), target, of="the loss").of == "the loss at position 8"
    with pytest.raises(UserError, match="position=9: the example has positions 0 to 8"):
        attributions(net, frames(classes), FrameInput(3), target, of="the loss", position=9)


def test_shuffled_weights_change_attributions_and_leave_the_model_alone() -> None:
    target, example = RegressionTarget(1), frames(np.array([2.0], np.float32))
    net = network(FrameInput(3), target)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    found = attributions(net, example, FrameInput(3), target, of="the loss")
    again = attributions(net, example, FrameInput(3), target, of="the loss")
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    for each, other in zip(found.methods, again.methods, strict=True):
        assert each.shuffled == other.shuffled
        assert each.mean_shuffled < 0.9
        assert not np.array_equal(each.example_of_shuffled, each.values)
    deaf = attributions(network(FrameInput(3), target, Fake(same=True)), example, FrameInput(3), target, of="it")
    assert all(math.isnan(each.mean_shuffled) for each in deaf.methods)
    assert "rank correlation of undefined" in " ".join(check_sentences(deaf))
    words = [f"word{n}" for n in range(STEPS)]
    figure = attribution_figure(found, words)
    assert "word3" in figure.svg
    assert figure.png.startswith(b"\x89PNG")


def test_what_cannot_be_attributed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    target = RegressionTarget(1)
    example = Example("one", np.arange(3, 7), np.array([2.0], np.float32))
    with pytest.raises(UserError, match="'fake' reads symbols themselves"):
        attributions(network(TokenInput(9), target, Fake(raw=True)), example, TokenInput(9), target, of="it")
    net, given = network(FrameInput(3), target), frames(np.array([2.0], np.float32))
    with pytest.raises(UserError, match="an answer of target 'regression' has no positions"):
        attributions(net, given, FrameInput(3), target, of="it", position=1)
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'sequence-harness\[explain\]'"):
        attributions(net, given, FrameInput(3), target, of="it")


def test_a_run_without_captum_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (
        *("task=text_classification", "task.dataset=colours", "model=attention_lstm", "model.hidden_size=8"),
        *("trainer.embedding_dim=8", "trainer.validations=1", "trainer.device=cpu", "trainer.latency_s=0.01"),
        *("trainer.checkpoint_every_s=3600", "budget=steps:4", "task.eval_limit=12"),
    )
    settings, results = to_settings(compose(list(words)), threads=1), tmp_path / "results"
    plan = run_plan(settings)
    with Store.open(f"sqlite:///{results}/store.db") as store:
        executing.execute(settings, plan, store=store, results=results)
    found = explain_example(plan.key, examples=2, attribute=True)
    assert found.attributed is not None
    assert found.attributed.of == "the loss of the model's answer"
    first = found.attributed.methods[0]
    assert first.gap is not None
    assert abs(first.gap) < 0.02 * abs(found.attributed.difference) + 1e-6
    assert len(first.values) == len(found.looked.labels or ())
    assert {"attributions.svg", "attributions.png"} <= set(found.files())
    assert "Completeness gap" in found.page().html()
    assert found.as_json()["attributions"]["methods"][0]["name"] == "integrated gradients"
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    without = explain_example(plan.key, examples=2, attribute=True)
    assert without.attributed is None
    assert "sequence-harness[explain]" in without.missing[-1]
