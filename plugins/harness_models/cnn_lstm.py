"""CNN-LSTM: convolutions find local patterns, an LSTM follows them through time.

    VideoInput                   a 2-D network on every frame: J. Donahue et al., "Long-term Recurrent Convolutional
                                 Networks for Visual Recognition and Description", 2015
    frames, embedded tokens      1-D convolutions over time, shortened where the task says so: T. Sainath et al.,
                                 "Convolutional, Long Short-Term Memory, Fully Connected Deep Neural Networks", 2015
    a text's stream              the same convolutions reading the past only: A. van den Oord et al., "WaveNet", 2016

There is no batch normalisation: its statistics would mix padding and other rows into a result.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import ClassVar

import torch
from torch import Tensor, nn

from harness import Capabilities, Decoder, Encoder, EncoderOutput, Model, hookimpl
from harness.contract.model import State
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, ModelInput, VideoInput
from harness.contract.target import Target
from harness.nn.initialisation import initialise_convolution, linear
from harness.nn.masking import length_mask, zero_padding
from harness.nn.recurrent import RecurrentStack, check_sizes
from harness.nn.recurrent_model import RecurrentPlan

HARNESS_CONTRACT = 2

SUBSAMPLING = {1: (1, 1), 2: (2, 1), 4: (2, 2)}
"""Factor -> strides of the two convolutions over time."""


class FramePooling(Enum):
    """How the features of a video frame become one vector."""

    flatten = "flatten"
    mean_max = "mean_max"


@dataclass
class CNNLSTM(Model):
    """Convolutions before an LSTM. It decodes with a one-way LSTM without attention.

    Fields:
        hidden_size: units of the LSTM and channels of the convolutions over time.
        layers: layers of the LSTM.
        dropout: on the input of every layer of the LSTM.
        kernel: positions that a convolution over time sees; odd.
        subsampling: time is shortened by this factor (1, 2 or 4); None: 2 for CTC where the task allows it, else 1.
        channels: of the convolutions over a video frame; each halves height and width.
        pooling: what the LSTM gets of a frame's features, "flatten" (all, places stay apart) or "mean_max" (mean and
            largest of each channel, wherever they are: fewer weights, for few or varied videos).
    """

    name: ClassVar[str] = "cnn_lstm"

    hidden_size: int = 256
    layers: int = 1
    dropout: float = 0.1
    kernel: int = 3
    subsampling: int | None = None
    channels: list[int] = field(default_factory=lambda: [16, 32, 64, 64])
    pooling: FramePooling = FramePooling.flatten

    def __post_init__(self) -> None:
        self.pooling = FramePooling(self.pooling)
        check_sizes(self.hidden_size, self.layers, self.dropout)
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise ValueError(f"kernel={self.kernel}: must be odd and at least 1")
        if self.subsampling is not None and self.subsampling not in SUBSAMPLING:
            raise ValueError(f"subsampling={self.subsampling}: must be 1, 2 or 4, or null for the task's choice")
        if not self.channels or min(self.channels) < 1:
            raise ValueError(f"channels={self.channels}: must name at least one layer, each of 1 channel or more")

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Causal where the target is, since the convolutions then read the past only; video as it is."""
        video, causal = signature.input_type is VideoInput, signature.target_type.needs.causal
        declared = signature.target_type.needs.subsampling == "declared"
        factor = 1 if video else self._factor(declared, signature.max_subsampling)
        return Capabilities(
            causal=video or causal,
            carries_state=causal and not video,
            reads=(VideoInput,),
            subsampling_factor=factor,
        )

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over raw video or over embedded input."""
        if isinstance(input_spec, VideoInput):
            stack = RecurrentStack("lstm", self.hidden_size, self.hidden_size, self.layers, dropout=self.dropout)
            return VideoEncoder(input_spec, self.channels, stack, self.pooling)
        assert isinstance(input_spec, EmbeddedInput)
        causal = target_spec.needs.causal
        stack = RecurrentStack(
            "lstm", self.hidden_size, self.hidden_size, self.layers, dropout=self.dropout, carry=causal
        )
        declared = target_spec.needs.subsampling == "declared"
        strides = SUBSAMPLING[self._factor(declared, target_spec.max_subsampling)]
        return SequenceEncoder(input_spec.dim, self.kernel, strides, stack, causal=causal)

    def build_decoder(self, encoder: Encoder, target_spec: Target, embedding_dim: int) -> Decoder:
        """A decoder as deep and wide as the LSTM, without attention."""
        return RecurrentPlan("lstm", self.hidden_size, self.layers, self.dropout).decoder(encoder, embedding_dim)

    def tiny(self) -> CNNLSTM:
        """The same network with 16 units and two small convolutions a frame."""
        return replace(self, hidden_size=16, dropout=0.0, kernel=3, channels=[8, 16])

    def _factor(self, ctc: bool, allowed: int) -> int:
        if self.subsampling is not None:
            return self.subsampling
        return min(2, allowed) if ctc else 1


class VideoEncoder(Encoder):
    """A small 2-D network on every real frame, flattened so that places stay apart or pooled, then the LSTM.

    GELU (Hendrycks and Gimpel 2016) instead of ReLU, and a linear layer before the LSTM (Sainath et al. 2015, section
    2.1): most of a frame is still, and with units that can die the loss stayed at that of guessing for the first
    hundreds of steps, at the higher learning rates for good.

    Args:
        spec: the size of a frame.
        channels: of each convolution; the kernel is 5 in the first and 3 after it, the stride 2.
        stack: the LSTM; its input is as wide as its features.
        pooling: of a frame's features.
    """

    def __init__(
        self,
        spec: VideoInput,
        channels: list[int],
        stack: RecurrentStack,
        pooling: FramePooling = FramePooling.flatten,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before, height, width = spec.channels, spec.height, spec.width
        for index, after in enumerate(channels):
            kernel = 3 if index else 5
            layers += [nn.Conv2d(before, after, kernel, stride=2, padding=kernel // 2), nn.GELU()]
            before, height, width = after, (height + 1) // 2, (width + 1) // 2
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                initialise_convolution(layer)
        self.frames = nn.Sequential(*layers).to(memory_format=torch.channels_last)
        self.pooled = pooling is FramePooling.mean_max
        self.flat = linear(2 * before if self.pooled else before * height * width, stack.output_dim)
        self.stack = stack
        self.feature_dim = self.summary_dim = stack.output_dim

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, C, Y, X)."""
        out = self.stack(self._embedded(x, lengths), lengths, state)
        return EncoderOutput(out.features, lengths, out.summary, out.state)

    def explain(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """As `forward`, with the LSTM's gates."""
        gates: dict[str, Tensor] = {}
        out = self.stack(self._embedded(x, lengths), lengths, state, gates)
        return EncoderOutput(out.features, lengths, out.summary, out.state, explain=gates)

    def _embedded(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Frames as vectors (B, T, H), zero at padding."""
        if x.device.type != "cpu":  # how many frames are real, an accelerator's host would have to wait for
            return zero_padding(self._embed(x.flatten(0, 1)).unflatten(0, x.shape[:2]), lengths)
        # The convolutions are nearly all of the cost, so padding is left out of them.
        real = length_mask(lengths, x.shape[1])  # (B, T)
        seen = self._embed(x[real])  # (frames, H)
        embedded = seen.new_zeros(*x.shape[:2], seen.shape[-1])
        embedded[real] = seen  # (B, T, H)
        return embedded

    def _embed(self, frames: Tensor) -> Tensor:
        """Frames (N, C, Y, X) to (N, H)."""
        pictures = frames.contiguous(memory_format=torch.channels_last)
        found = self.frames(pictures)  # (N, channels, y, x)
        if self.pooled:
            return self.flat(torch.cat((found.mean(dim=(2, 3)), found.amax(dim=(2, 3))), dim=1))
        return self.flat(found.flatten(1))


class SequenceEncoder(Encoder):
    """Convolutions over time, each masked again by true length, then the LSTM.

    Args:
        input_dim: D.
        kernel: positions that a convolution sees.
        strides: one for each convolution.
        stack: the LSTM; its input is as wide as its features.
        causal: read the past only, and carry the last kernel - 1 inputs of every convolution in the state.
    """

    def __init__(
        self, input_dim: int, kernel: int, strides: tuple[int, ...], stack: RecurrentStack, causal: bool
    ) -> None:
        super().__init__()
        hidden_size = stack.output_dim
        dims = [input_dim] + [hidden_size] * (len(strides) - 1)
        self.convolutions = nn.ModuleList(
            TimeConvolution(dim, hidden_size, kernel, stride, causal) for dim, stride in zip(dims, strides, strict=True)
        )
        self.stack = stack
        self.causal = causal
        self.feature_dim = self.summary_dim = hidden_size

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, D); the state is the convolutions' left contexts and the LSTM's."""
        return self._encode(x, lengths, state)

    def explain(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """As `forward`, with the LSTM's gates (B, T', H)."""
        gates: dict[str, Tensor] = {}
        return self._encode(x, lengths, state, gates)._replace(explain=gates)

    def _encode(
        self, x: Tensor, lengths: Tensor, state: State, gates: dict[str, Tensor] | None = None
    ) -> EncoderOutput:
        contexts, recurrent = state if state is not None else ((None,) * len(self.convolutions), None)
        kept: list[Tensor] = []
        x = zero_padding(x, lengths)
        for convolution, context in zip(self.convolutions, contexts, strict=True):
            x, lengths, context_after = convolution(x, lengths, context)
            kept.append(context_after)
        out = self.stack(x, lengths, recurrent, gates)
        return EncoderOutput(out.features, lengths, out.summary, (tuple(kept), out.state) if self.causal else None)


class TimeConvolution(nn.Module):
    """relu(norm(convolution)) over time with T' = ceil(T / stride); the norm is over channels, at one position.

    Args:
        input_dim: channels before.
        hidden_size: channels after.
        kernel: positions seen.
        stride: by how much time is shortened.
        causal: see the last `kernel` positions instead of those around.
    """

    def __init__(self, input_dim: int, hidden_size: int, kernel: int, stride: int, causal: bool) -> None:
        super().__init__()
        self.past, self.stride, self.causal = kernel - 1, stride, causal
        self.convolution = nn.Conv1d(input_dim, hidden_size, kernel, stride, padding=0 if causal else kernel // 2)
        initialise_convolution(self.convolution)
        self.norm = nn.LayerNorm(hidden_size)

    def forward(self, x: Tensor, lengths: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """From x (B, T, D), zero at padding, to (B, T', H), zero at padding; the new lengths; the next left context."""
        after = x[:, :0]
        if self.causal:
            if context is None:
                context = x.new_zeros(x.shape[0], self.past, x.shape[2])
            x = torch.cat((context.to(x.dtype), x), dim=1)  # (B, past + T, D)
            last = lengths.unsqueeze(1) + torch.arange(self.past, device=x.device)  # (B, past)
            after = x.gather(1, last.unsqueeze(-1).expand(-1, -1, x.shape[2]))
        y = self.convolution(x.transpose(1, 2)).transpose(1, 2)  # (B, T', H)
        lengths = (lengths + self.stride - 1) // self.stride
        return zero_padding(torch.relu(self.norm(y)), lengths), lengths, after


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [CNNLSTM]
