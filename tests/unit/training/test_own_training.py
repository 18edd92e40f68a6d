"""What a model asks of training: groups of parameters, a hook after each step, auxiliary losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from harness.config.settings import OptimizerSettings
from harness.contract.model import Capabilities, Encoder, EncoderOutput, Model
from harness.contract.signature import TaskSignature
from harness.contract.training import AuxiliaryLoss, ParameterGroup
from harness.errors import PluginError
from harness.measure.clock import PhaseClock
from harness.nn.auxiliary import checked_auxiliary
from harness.nn.masking import last_valid
from harness.testing import cases
from harness.training.lightning_module import TrainingModule
from harness.training.optimizer import recorded_groups, set_learning_rate

CASE = cases.named("FrameInput-ClassTarget")


@dataclass
class Wishful(Model):
    """A linear layer, with everything that can be asked for."""

    name: ClassVar[str] = "wishful"

    weight: float = 0.0
    grouped: bool = False
    forgets: bool = False
    hooked: bool = False

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """One auxiliary loss, if it has a weight."""
        return Capabilities(causal=True, auxiliary=(AuxiliaryLoss("size", self.weight),) if self.weight else ())

    def build(self, input_spec: Any, target_spec: Any) -> Encoder:
        """The layer."""
        return Hooked(input_spec.dim, self.weight) if self.hooked else Plain(input_spec.dim, self.weight)

    def parameter_groups(self, encoder: Encoder, decoder: Any) -> Any:
        """The bias, slowly; and the weights, undecayed."""
        if not self.grouped:
            return ()
        groups = (
            ParameterGroup("bias", [encoder.linear.bias], lr_factor=0.0),
            ParameterGroup("weights", [encoder.linear.weight], lr_factor=0.5, decay_factor=0.0),
        )
        return groups[:1] if self.forgets else groups

    def tiny(self) -> Model:
        """Itself."""
        return self


class Plain(Encoder):
    """tanh(W x)."""

    def __init__(self, dim: int, weight: float) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, 8)
        self.weight = weight
        self.feature_dim = self.summary_dim = 8

    def forward(self, x: Tensor, lengths: Tensor, state: Any = None) -> EncoderOutput:
        """Encode x (B, T, D)."""
        features = torch.tanh(self.linear(x))
        size = (self.linear.weight.square().sum(), torch.tensor(2))
        losses = {"size": size} if self.weight and self.training else None
        return EncoderOutput(features, lengths, last_valid(features, lengths), auxiliary=losses)


class Hooked(Plain):
    """Clamped after each step."""

    calls: ClassVar[list[bool]] = []

    def after_step(self) -> None:
        """Clamp, and note whether there are gradients."""
        self.calls.append(torch.is_grad_enabled())
        self.linear.weight.clamp_(-0.1, 0.1)


def made(model: Model) -> TrainingModule:
    network = cases.network(model, CASE).train()
    module = TrainingModule(network, CASE.target, OptimizerSettings(lr=0.1, weight_decay=0.2, clip=0), PhaseClock())
    module.configure_optimizers()
    return module


def trained(model: Model, steps: int = 3) -> TrainingModule:
    module = made(model)
    for _ in range(steps):
        module.train_step(cases.batch(CASE))
    return module


def test_groups_have_their_own_learning_rate_and_decay_and_the_engine_keeps_its() -> None:
    module = made(Wishful(grouped=True))
    set_learning_rate(module.optimizer, 0.04)
    linear = module.network.encoder.linear
    settings = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in module.optimizer.param_groups
        for parameter in group["params"]
    }
    assert len(settings) == len(list(module.network.parameters()))
    assert settings[id(linear.bias)] == (0.0, 0.0)
    assert settings[id(linear.weight)] == (0.02, 0.0)
    assert {settings[id(p)] for p in module.network.head.parameters()} == {(0.04, 0.2), (0.04, 0.0)}
    assert recorded_groups(module.network)["weights"] == {"parameters": 128, "lr_factor": 0.5, "decay_factor": 0.0}


def test_a_group_whose_learning_rate_is_zero_stays_as_it_was() -> None:
    before, after = made(Wishful(grouped=True)), made(Wishful(grouped=True))
    set_learning_rate(after.optimizer, 0.1)
    after.train_step(cases.batch(CASE))
    one, two = (dict(m.network.encoder.named_parameters()) for m in (before, after))
    assert torch.equal(one["linear.bias"], two["linear.bias"])
    assert not torch.equal(one["linear.weight"], two["linear.weight"])


def test_a_parameter_that_was_forgotten_is_named_before_training() -> None:
    with pytest.raises(PluginError, match=r"'wishful', parameter_groups: 'encoder.linear.weight' is in no group"):
        made(Wishful(grouped=True, forgets=True))


@pytest.mark.parametrize("wrong", [{"lr_factor": -1.0}, {"decay_factor": float("nan")}, {"name": "Two words"}])
def test_groups_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong)) if "name" not in wrong else "Two words"):
        ParameterGroup(**{"name": "some", "parameters": (), **wrong})


def test_the_hook_comes_after_every_step_without_gradients() -> None:
    Hooked.calls.clear()
    module = trained(Wishful(hooked=True), 3)
    assert Hooked.calls == [False] * 3
    assert float(module.network.encoder.linear.weight.detach().abs().max()) <= 0.1 + 1e-6


def test_a_model_without_a_hook_costs_nothing_after_a_step() -> None:
    assert made(Wishful())._after_steps == []


def test_the_auxiliary_loss_is_trained_on_and_reported_apart() -> None:
    plain, penalised = (made(Wishful(weight=w)) for w in (0.0, 0.5))
    squares = float(plain.network.encoder.linear.weight.detach().square().sum())
    losses = [float(module.train_step(cases.batch(CASE)).detach()) for module in (plain, penalised)]
    assert losses[1] == pytest.approx(losses[0] + 0.5 * squares / 2)
    assert plain.take_totals() == penalised.take_totals()
    assert plain.take_auxiliary() == {}
    assert penalised.take_auxiliary() == {"size": pytest.approx(squares / 2)}
    assert penalised.take_auxiliary() == {}
    weights = [module.network.encoder.linear.weight.detach() for module in (plain, penalised)]
    assert not torch.equal(*weights)


def test_what_an_interrupted_process_had_summed_up_is_kept() -> None:
    one, other = trained(Wishful(weight=0.5)), made(Wishful(weight=0.5))
    other.load_run_state(one.run_state())
    assert other.take_auxiliary() == one.take_auxiliary()


ONE = torch.tensor(1.0)
WRONG = (
    (None, "holds nothing, while"),
    ({"other": (ONE, ONE)}, r"holds \['other'\]"),
    ({"size": ONE}, "found a tensor of shape"),
    ({"size": (torch.zeros(3), ONE)}, r"found \(a tensor of shape \(3,\), a tensor of shape \(\)\)"),
    ({"size": (ONE, 3)}, r"found \(a tensor of shape \(\), int\)"),
)


@pytest.mark.parametrize(("returned", "message"), WRONG)
def test_losses_other_than_declared_are_refused(returned: Any, message: str) -> None:
    encoded = EncoderOutput(torch.zeros(1, 1, 1), torch.ones(1), torch.zeros(1, 1), auxiliary=returned)
    with pytest.raises(PluginError, match=message):
        checked_auxiliary(encoded, (AuxiliaryLoss("size"),))
