"""A bidirectional LSTM that declares itself causal: it trains, and predicts what it has read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Capabilities, Encoder, Model, hookimpl
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, ModelInput
from harness.contract.target import Target
from harness.nn.recurrent import RecurrentEncoder, RecurrentStack

HARNESS_CONTRACT = 2


@dataclass
class Foresight(Model):
    """Both directions, whatever it says.

    Fields:
        hidden_size: units of both directions together.
    """

    name: ClassVar[str] = "foresight"

    hidden_size: int = 16

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Not true."""
        return Capabilities(causal=True, size_step=2)

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over embedded input."""
        assert isinstance(input_spec, EmbeddedInput)
        return RecurrentEncoder(RecurrentStack("lstm", input_spec.dim, self.hidden_size // 2, bidirectional=True))

    def tiny(self) -> Foresight:
        """The same, small."""
        return Foresight(16)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The one model."""
    return [Foresight]
