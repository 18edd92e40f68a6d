"""Temporal convolutional network: dilated convolutions of the past, in residual blocks.

Source: S. Bai, J. Z. Kolter and V. Koltun, "An Empirical Evaluation of Generic Convolutional and Recurrent Networks for
Sequence Modeling", 2018 (arXiv 1803.01271), section 3 and figure 1; weight normalisation: T. Salimans and D. Kingma,
"Weight Normalization", 2016, eq. 2; spatial dropout: J. Tompson et al., "Efficient Object Localization Using
Convolutional Networks", 2015, section 3.2. Axes: B batch, T time, D input features, H channels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness import Capabilities, Decoder, Encoder, EncoderOutput, Model, hookimpl
from harness.contract.model import State
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, ModelInput
from harness.contract.target import Target
from harness.nn.initialisation import linear
from harness.nn.masking import last_valid, zero_padding
from harness.nn.recurrent import check_sizes
from harness.nn.recurrent_model import RecurrentPlan

HARNESS_CONTRACT = 2


@dataclass
class TCN(Model):
    """Dilated causal convolutions: the dilation doubles from block to block. It decodes with an LSTM without attention.

    No feature depends on more than 2 (kernel - 1) (2^layers - 1) past positions.

    Fields:
        hidden_size: channels.
        layers: residual blocks, of two convolutions each.
        kernel: positions that a convolution sees.
        dropout: of whole channels, after each convolution.
    """

    name: ClassVar[str] = "tcn"

    hidden_size: int = 128
    layers: int = 6
    kernel: int = 3
    dropout: float = 0.1

    def __post_init__(self) -> None:
        check_sizes(self.hidden_size, self.layers, self.dropout)
        if self.kernel < 2:
            raise ValueError(f"kernel={self.kernel}: must be at least 2, since a kernel of 1 sees no past")

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Causal; where text is read in pieces, each convolution's last inputs are carried."""
        streams = signature.target_type.needs.streams
        context = 2 * (self.kernel - 1) * (2**self.layers - 1)
        return Capabilities(
            causal=True,
            carries_state=streams,
            context=context,
            state_size=context * self.hidden_size if streams else None,
        )

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over embedded input."""
        assert isinstance(input_spec, EmbeddedInput)
        return TemporalConvolutions(
            input_spec.dim, self.hidden_size, self.layers, self.kernel, self.dropout, carry=target_spec.needs.streams
        )

    def build_decoder(self, encoder: Encoder, target_spec: Target, embedding_dim: int) -> Decoder:
        """One layer of LSTM as wide as the convolutions, without attention."""
        return RecurrentPlan("lstm", self.hidden_size, 1, self.dropout).decoder(encoder, embedding_dim)

    def tiny(self) -> TCN:
        """The same network with 16 channels and at most two blocks."""
        return replace(self, hidden_size=16, layers=min(2, self.layers), dropout=0.0)


class TemporalConvolutions(Encoder):
    """Residual blocks of dilations 1, 2, 4, ... over projected input; the summary is the last real feature.

    The paper's 1 x 1 convolution, which fits the input's width to the first block's, stands before both its branches
    here. All convolutions are then H wide, whatever the width of the engine's embedding, and so is the state.

    Args:
        input_dim: D.
        hidden_size: H.
        blocks: how many.
        kernel: positions that a convolution sees.
        dropout: of whole channels.
        carry: accept and return the state.
    """

    def __init__(
        self, input_dim: int, hidden_size: int, blocks: int, kernel: int, dropout: float, *, carry: bool
    ) -> None:
        super().__init__()
        self.project = linear(input_dim, hidden_size)
        self.blocks = nn.ModuleList(TemporalBlock(hidden_size, kernel, 2**block, dropout) for block in range(blocks))
        self.carry = carry
        self.feature_dim = self.summary_dim = hidden_size

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, D); the state is the last inputs (B, H, (kernel - 1) dilation) of every convolution."""
        y = self.project(zero_padding(x, lengths)).transpose(1, 2)  # (B, H, T)
        kept: list[Tensor] = []
        for index, block in enumerate(self.blocks):
            past = None if state is None else (state[2 * index], state[2 * index + 1])
            y, after = block(y, lengths if self.carry else None, past)
            kept += after
        features = y.transpose(1, 2)  # (B, T, H)
        return EncoderOutput(features, lengths, last_valid(features, lengths), tuple(kept) if self.carry else None)


class TemporalBlock(nn.Module):
    """relu(x + F(x)), F being twice: convolution, ReLU, spatial dropout (section 3.4 and figure 1b).

    Args:
        hidden_size: H.
        kernel: positions that a convolution sees.
        dilation: how far apart these are.
        dropout: of whole channels.
    """

    def __init__(self, hidden_size: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.first = DilatedConvolution(hidden_size, kernel, dilation)
        self.second = DilatedConvolution(hidden_size, kernel, dilation)
        self.dropout = nn.Dropout1d(dropout)

    def forward(
        self, x: Tensor, lengths: Tensor | None, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, list[Tensor]]:
        """(B, H, T) of x (B, H, T), and the last inputs of both convolutions where lengths (B,) are given."""
        before = (None, None) if past is None else past
        y, first = self.first(x, lengths, before[0])
        y, second = self.second(self.dropout(torch.relu(y)), lengths, before[1])
        y = torch.relu(x + self.dropout(torch.relu(y)))
        return y, [] if first is None or second is None else [first, second]


class DilatedConvolution(nn.Module):
    """y_t = b + sum over i of W_i x_(t - dilation i), each channel's weights being g v / |v|.

    Directions v and bias start as in torch's convolutions, and g at |v|, which is what the authors' code comes to: the
    normal weights that it sets are computed anew from g and v before they are used.

    Args:
        hidden_size: H, channels before and after.
        kernel: positions that it sees.
        dilation: how far apart these are.
    """

    def __init__(self, hidden_size: int, kernel: int, dilation: int) -> None:
        super().__init__()
        drawn = nn.Conv1d(hidden_size, hidden_size, kernel)
        assert drawn.bias is not None
        self.direction = nn.Parameter(drawn.weight.detach().clone())
        self.scale = nn.Parameter(torch.linalg.vector_norm(self.direction.detach(), dim=(1, 2)))
        self.bias = nn.Parameter(drawn.bias.detach().clone())
        self.dilation, self.past = dilation, (kernel - 1) * dilation

    def forward(self, x: Tensor, lengths: Tensor | None, past: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """(B, H, T) of x (B, H, T) after the inputs `past` (B, H, P); the last P inputs at the true ends, if given."""
        before = x.new_zeros(*x.shape[:2], self.past) if past is None else past.to(x.dtype)
        joined = torch.cat((before, x), dim=2)  # (B, H, P + T)
        norm = torch.linalg.vector_norm(self.direction, dim=(1, 2))
        weight = self.direction * (self.scale / norm)[:, None, None]
        y = functional.conv1d(joined, weight, self.bias, dilation=self.dilation)
        if lengths is None:
            return y, None
        last = lengths[:, None] + torch.arange(self.past, device=x.device)  # (B, P)
        return y, joined.gather(2, last[:, None].expand(-1, x.shape[1], -1))


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [TCN]
