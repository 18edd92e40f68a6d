"""What the plug-ins share whose mixer has heads side by side and a short convolution before them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.contract.options import option
from harness.nn.mixers.model import MixerModel


@dataclass
class HeadedMixerModel(MixerModel):
    """A `MixerModel` of several heads; they divide `hidden_size`."""

    heads: int = option(4, help="memories side by side; they divide hidden_size")
    convolution: int = option(4, help="positions that a causal convolution before the mixer sees; 0: none")

    def limits(self) -> Iterator[tuple[str, int, int]]:
        """See `MixerModel.limits`."""
        yield "heads", self.heads, 1
        yield "convolution", self.convolution, 0

    @property
    def size_step(self) -> int:
        """The heads."""
        return self.heads

    @property
    def size_rule(self) -> str:
        """The heads."""
        return f"heads={self.heads}"
