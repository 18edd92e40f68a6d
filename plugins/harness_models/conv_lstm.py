"""Convolutional LSTM: the state is a picture, and what is a matrix product in an LSTM is a convolution.

Source: X. Shi et al., "Convolutional LSTM Network: A Machine Learning Approach for Precipitation Nowcasting", 2015
(arXiv 1506.04214), eq. 3; frames in patches: section 4.1. Axes: B batch, T time, C channels, Y and X height and width
of a frame, y and x those in patches, H channels of the state.
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
from harness.contract.specs import EmbeddedInput, ModelInput, VideoInput
from harness.contract.target import Target
from harness.nn.convolutional import ConvLSTM
from harness.nn.dropout import Dropout
from harness.nn.masking import last_valid, zero_padding
from harness.nn.recurrent import RecurrentEncoder, RecurrentStack, check_sizes
from harness.nn.recurrent_model import RecurrentPlan

HARNESS_CONTRACT = 2


@dataclass
class ConvolutionalLSTM(Model):
    """LSTM layers with convolutions over video. It decodes with an LSTM without attention.

    Other inputs come as vectors, which are pictures of one pixel, and on these it is an LSTM, with peepholes if asked
    for.

    Fields:
        hidden_size: channels of the state.
        layers: how many.
        dropout: on the input of every layer but, on video, the first.
        kernel: height and width of the convolutions, odd.
        patch: video frames are cut into patches of so many pixels a side, and a patch's pixels become channels.
        peepholes: the gates see the cell state, with a weight for every channel and place, zero at first.
    """

    name: ClassVar[str] = "conv_lstm"

    hidden_size: int = 32
    layers: int = 2
    dropout: float = 0.1
    kernel: int = 3
    patch: int = 4
    peepholes: bool = True

    def __post_init__(self) -> None:
        check_sizes(self.hidden_size, self.layers, self.dropout)
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise ValueError(f"kernel={self.kernel}: must be odd and at least 1")
        if self.patch < 1:
            raise ValueError(f"patch={self.patch}: must be at least 1")

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Causal; video as it is. The state is carried where text is read in pieces."""
        text = signature.target_type.needs.streams
        return Capabilities(
            causal=True,
            carries_state=text,
            reads=(VideoInput,),
            state_size=2 * self.layers * self.hidden_size if text else None,
        )

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over raw video or over embedded input."""
        if isinstance(input_spec, VideoInput):
            return ConvLSTMEncoder(
                input_spec,
                self.hidden_size,
                self.layers,
                kernel=self.kernel,
                patch=self.patch,
                peepholes=self.peepholes,
                dropout=self.dropout,
            )
        assert isinstance(input_spec, EmbeddedInput)
        return RecurrentEncoder(
            RecurrentStack(
                "lstm_peephole" if self.peepholes else "lstm",
                input_spec.dim,
                self.hidden_size,
                self.layers,
                dropout=self.dropout,
                carry=target_spec.needs.streams,
            )
        )

    def build_decoder(self, encoder: Encoder, target_spec: Target, embedding_dim: int) -> Decoder:
        """One layer of LSTM as wide as the summary, without attention."""
        return RecurrentPlan("lstm", encoder.summary_dim, 1, self.dropout).decoder(encoder, embedding_dim)

    def tiny(self) -> ConvolutionalLSTM:
        """One layer of 8 channels."""
        return replace(self, hidden_size=8, layers=1, dropout=0.0)


class ConvLSTMEncoder(Encoder):
    """Convolutional LSTM layers over patches; a feature is the mean and the largest value of each channel.

    Args:
        spec: the size of a frame.
        hidden_size: H.
        layers: how many.
        kernel: of the convolutions.
        patch: pixels a side; frames are padded with zeros at the right and below to a whole number of patches.
        peepholes: whether the gates see the cell state.
        dropout: on the input of every layer but the first.
    """

    def __init__(
        self,
        spec: VideoInput,
        hidden_size: int,
        layers: int,
        *,
        kernel: int,
        patch: int,
        peepholes: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.patch = patch
        size = (-(-spec.height // patch), -(-spec.width // patch))
        self.layers = nn.ModuleList(
            ConvLSTM(
                hidden_size if layer else spec.channels * patch**2, hidden_size, kernel, size if peepholes else None
            )
            for layer in range(layers)
        )
        self.dropout = Dropout(dropout)
        self.feature_dim = self.summary_dim = 2 * hidden_size

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, C, Y, X)."""
        height, width = x.shape[-2:]
        x = functional.pad(zero_padding(x, lengths), (0, -width % self.patch, 0, -height % self.patch))
        y = functional.pixel_unshuffle(x, self.patch)  # (B, T, C patch^2, y, x)
        for index, layer in enumerate(self.layers):
            y, _ = layer(self.dropout(y) if index else y, lengths)  # (B, T, H, y, x)
        features = torch.cat((y.mean(dim=(3, 4)), y.amax(dim=(3, 4))), dim=-1)  # (B, T, 2H)
        return EncoderOutput(features, lengths, last_valid(features, lengths))


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [ConvolutionalLSTM]
