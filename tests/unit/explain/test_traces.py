"""What models show of themselves: read by names and shapes, whoever wrote the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.config.settings import TrainerSettings
from harness.contract.model import Capabilities, Encoder, EncoderOutput, Model
from harness.contract.signature import TaskSignature
from harness.contract.specs import FrameInput, InputSpec, TokenInput
from harness.contract.target import Target
from harness.explain.saturation import saturation
from harness.explain.trace_figure import attention_figures, saturation_figure, trace_figures, weight_figures
from harness.explain.traces import AttentionMap, aligned, shown_of
from harness.nn.network import Network
from harness.targets import ClassTarget, TokenSequenceTarget

STEPS = 6


class Outside(Encoder):
    """An encoder of nobody we know, which explains whatever it is told to."""

    def __init__(self, dim: int, shows: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.feature_dim = self.summary_dim = dim
        self.weight = torch.nn.Parameter(torch.ones(dim))
        self._shows = shows

    def forward(self, x: Tensor, lengths: Tensor, state: Any = None) -> EncoderOutput:
        features = x * self.weight
        return EncoderOutput(features, lengths, features[:, -1])

    def explain(self, x: Tensor, lengths: Tensor, state: Any = None) -> EncoderOutput:
        shown = {name: value[None, : x.shape[1]] for name, value in self._shows.items()}
        return self(x, lengths, state)._replace(explain=shown)


@dataclass
class Fake(Model):
    """Builds the encoder above, with what it shows."""

    name: ClassVar[str] = "outsider"
    shows: ClassVar[dict[str, Tensor]] = {}

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        return Capabilities()

    def build(self, input_spec: Any, target_spec: Target) -> Encoder:
        return Outside(input_spec.dim, self.shows)

    def tiny(self) -> Fake:
        return self


def network(shows: dict[str, Tensor], inputs: InputSpec, target: Target) -> Network:
    torch.manual_seed(0)
    model = type("Shows", (Fake,), {"shows": shows})()
    return Network(model, TaskSignature("fake", type(inputs), type(target), 1), inputs, target,
                   TrainerSettings(embedding_dim=4)).eval()  # fmt: skip


def frames(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((STEPS, 3)).astype(np.float32)


CLASSES = ClassTarget(3, ("a", "b", "c"))


def test_what_an_outside_model_shows_is_told_by_name_and_shape() -> None:
    shows = {
        "door.gate": torch.rand(STEPS, 5),
        "memory": torch.randn(STEPS, 2),
        "attention": torch.rand(STEPS, STEPS),
        "heads.attention": torch.rand(STEPS, 2, STEPS),
        "importance": torch.rand(STEPS),
        "matrix": torch.rand(STEPS, 2, 3),
    }
    shown = shown_of(network(shows, FrameInput(3), CLASSES), frames(), FrameInput(3))
    assert [(t.name, t.kind, t.values.shape) for t in shown.traces] == [
        ("door.gate", "gate", (STEPS, 5)),
        ("memory", "state", (STEPS, 2)),
        ("features", "state", (STEPS, 4)),
    ]
    assert [(m.name, m.over, m.values.shape) for m in shown.maps] == [
        ("attention", "positions", (1, STEPS, STEPS)),
        ("heads.attention", "positions", (2, STEPS, STEPS)),
    ]
    torch.testing.assert_close(torch.from_numpy(shown.maps[1].values[1]), shows["heads.attention"][:, 1])
    assert list(shown.weights) == ["importance"]
    assert any("'matrix' has the shape (6, 2, 3)" in sentence for sentence in shown.missing)
    assert any("no cell states" in sentence for sentence in shown.missing)
    words = [f"word{n}" for n in range(STEPS)]
    figures = [*trace_figures(shown, words), *attention_figures(shown, words, None), *weight_figures(shown, words)]
    assert len({figure.name for figure in figures}) == len(figures) == 5
    assert all("word3" in figure.svg for figure in figures)
    assert all(figure.png.startswith(b"\x89PNG") for figure in figures)


def test_a_model_that_shows_nothing_is_said_to() -> None:
    shown = shown_of(network({}, FrameInput(3), CLASSES), frames(), FrameInput(3))
    assert [trace.name for trace in shown.traces] == ["features"]
    assert "Model 'outsider' explains nothing" in shown.missing[0]


def test_the_columns_of_a_window_are_moved_to_their_positions() -> None:
    window = np.arange(1.0, 13.0, dtype=np.float32).reshape(1, 4, 3)  # 4 positions, the latest 3 of each
    found = aligned(AttentionMap("attention", window, "window"))[0]
    assert found.tolist() == [[3, 0, 0, 0], [5, 6, 0, 0], [7, 8, 9, 0], [0, 10, 11, 12]]
    whole = AttentionMap("attention", np.ones((1, 4, 4), np.float32))
    assert aligned(whole) is whole.values


def test_a_window_as_long_as_the_input_is_still_told_apart() -> None:
    rows = torch.arange(STEPS)
    newest_last = (rows[None, :] >= STEPS - 1 - rows[:, None]).float()
    causal = (rows[None, :] <= rows[:, None]).float()
    shows = {"a.attention": newest_last, "b.attention": causal}
    shown = shown_of(network(shows, FrameInput(3), CLASSES), frames(), FrameInput(3))
    assert [found.over for found in shown.maps] == ["window", "positions"]
    assert np.array_equal(aligned(shown.maps[0]), aligned(shown.maps[1]))


def test_saturation_is_the_share_of_steps_of_each_unit() -> None:
    gate = torch.tensor([[0.0, 0.5], [0.04, 0.96], [1.0, 0.97], [0.3, 0.2], [0.01, 0.5], [0.5, 0.99]])
    net = network({"gate": gate, "big_gate": 3 * gate, "memory": gate}, FrameInput(3), CLASSES)
    (found,) = saturation(net, [frames(), frames(1)[:2]], FrameInput(3))
    assert (found.name, found.steps) == ("gate", 8)
    assert found.closed.tolist() == [5 / 8, 0]
    assert found.opened.tolist() == [1 / 8, 4 / 8]
    assert found.mean == pytest.approx((gate.mean(1).sum() + gate[:2].mean(1).sum()) / 8)
    assert "31 % closed, 31 % open" in saturation_figure([found]).alt


def test_a_decoder_without_attention_is_said_to_have_none() -> None:
    target = TokenSequenceTarget(12, 0, 1, 2)
    net = network({}, TokenInput(12), target)
    shown = shown_of(net, np.array([4, 5, 6]), TokenInput(12), [7, 8])
    assert shown.maps == ()
    assert any("shows no attention, so there is no alignment" in sentence for sentence in shown.missing)
