"""Our recurrent kernels against torch's LSTM of the same size, and against what they replace, on one CPU thread.

Each time covers a forward and a backward pass over one batch, with gradients of all parameters and the input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness.bench.comparison import BenchRow, in_turn
from harness.contract.model import EncoderOutput
from harness.nn.cells import KINDS, Kind
from harness.nn.convolutional import ConvLSTM
from harness.nn.decoder import RecurrentDecoder
from harness.nn.recurrent import RecurrentStack

LIMIT = 2.0
"""The largest acceptable ratio of a kernel's time to that of `nn.LSTM`."""

Pass = Callable[[], Tensor]


@dataclass(frozen=True)
class KernelSize:
    """The size of a comparison: `name` in the row's name, units, rows of a batch, steps."""

    name: str
    hidden_size: int
    batch: int
    steps: int


SMALL = KernelSize("", 256, 64, 64)
MEDIUM = KernelSize("-650", 650, 20, 35)
SENTENCES = KernelSize("", 256, 32, 200)
PICTURES = KernelSize("", 32, 8, 16)
MEMORY = 32
"""The number of positions a decoder attends to."""


def kernel_rows(rounds: int) -> list[BenchRow]:
    """All comparisons, each with `rounds` alternating measurements.

    Rows named `kernel-...` are ours / theirs, and smaller is better; `bilstm-varlen-vs-packed` is theirs / ours.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows = [
            _against_lstm(kind, size, low, rounds)
            for low in (False, True)
            for size in (SMALL, MEDIUM)
            for kind in KINDS
            if kind != "lstm"
        ]
        return [*rows, _attention(rounds), _attention_by_steps(rounds), _convolutional(rounds), _packed(rounds)]
    finally:
        torch.set_num_threads(threads)


def _against_lstm(kind: Kind, size: KernelSize, low: bool, rounds: int) -> BenchRow:
    x = torch.randn(size.batch, size.steps, size.hidden_size, requires_grad=True)
    lengths = torch.full((size.batch,), size.steps)
    # A projection halves the features of the same number of cells.
    projected = kind == "lstm_projection"
    hidden_size = size.hidden_size // 2 if projected else size.hidden_size
    stack = RecurrentStack(kind, size.hidden_size, hidden_size, cells=size.hidden_size if projected else None)
    theirs = nn.LSTM(size.hidden_size, size.hidden_size, batch_first=True)
    name = f"kernel-{kind}-vs-lstm{size.name}{'-bf16' if low else ''}"
    return in_turn(
        name,
        _step(stack, lambda: stack(x, lengths).features, low),
        _step(theirs, lambda: theirs(x)[0], low),
        rounds=rounds,
        limit=None if low else LIMIT,
        about=f"{kind} / nn.LSTM, {size.hidden_size} units{f' ({hidden_size} features)' if projected else ''}, "
        f"{size.batch} x {size.steps} steps, {'bf16' if low else 'fp32'}",
    )


def _attending(size: KernelSize) -> tuple[RecurrentDecoder, Tensor, EncoderOutput]:
    """A decoder with additive attention, a batch of embedded targets, and the memory."""
    decoder = RecurrentDecoder(
        "lstm", size.hidden_size, size.hidden_size, 1, size.hidden_size, size.hidden_size, attention="bahdanau"
    )
    symbols = torch.randn(size.batch, size.steps, size.hidden_size, requires_grad=True)
    features = torch.randn(size.batch, MEMORY, size.hidden_size, requires_grad=True)
    encoded = EncoderOutput(features, torch.full((size.batch,), MEMORY), features[:, -1].detach())
    return decoder, symbols, encoded


def _at_once(decoder: RecurrentDecoder, symbols: Tensor, encoded: EncoderOutput) -> Tensor:
    return decoder(symbols, decoder.start(encoded), encoded.features, encoded.lengths)


def _attention(rounds: int) -> BenchRow:
    decoder, symbols, encoded = _attending(SMALL)
    theirs = nn.LSTM(SMALL.hidden_size, SMALL.hidden_size, batch_first=True)
    x = torch.randn(SMALL.batch, SMALL.steps, SMALL.hidden_size, requires_grad=True)
    return in_turn(
        "kernel-attention-vs-lstm",
        _step(decoder, lambda: _at_once(decoder, symbols, encoded)),
        _step(theirs, lambda: theirs(x)[0]),
        rounds=rounds,
        about=f"LSTM decoder with additive attention over {MEMORY} positions / nn.LSTM without, "
        f"{SMALL.hidden_size} units, "
        f"{SMALL.batch} x {SMALL.steps} steps, fp32; attention and the context's product are extra work",
    )


def _attention_by_steps(rounds: int) -> BenchRow:
    decoder, symbols, encoded = _attending(SMALL)

    def by_steps() -> Tensor:
        state = decoder.start(encoded)
        found = []
        for symbol in symbols.unbind(1):
            step, state, _ = decoder.step(symbol, state, encoded.features, encoded.lengths)
            found.append(step)
        return torch.stack(found, dim=1)

    return in_turn(
        "kernel-attention-vs-steps",
        _step(decoder, lambda: _at_once(decoder, symbols, encoded)),
        _step(decoder, by_steps),
        rounds=rounds,
        limit=1.0,
        about="LSTM decoder with additive attention, one node of the graph / a graph of every step",
    )


def _convolutional(rounds: int) -> BenchRow:
    batch, steps, channels, side = PICTURES.batch, PICTURES.steps, PICTURES.hidden_size, 16
    layer = ConvLSTM(channels, channels)
    x = torch.randn(batch, steps, channels, side, side, requires_grad=True)
    lengths = torch.full((batch,), steps)

    def by_steps() -> Tensor:
        h = c = x.new_zeros(batch, channels, side, side)
        weight = torch.cat((layer.weight_ih, layer.weight_hh), dim=1)
        found = []
        for frame in x.unbind(1):
            sums = nn.functional.conv2d(torch.cat((frame, h), dim=1), weight, layer.bias, padding=layer.padding)
            i, f, g, o = sums.chunk(4, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            found.append(h)
        return torch.stack(found, dim=1)

    return in_turn(
        "kernel-convlstm-vs-steps",
        _step(layer, lambda: layer(x, lengths)[0]),
        _step(layer, by_steps),
        rounds=rounds,
        about=f"ConvLSTM, {channels} channels, 3 x 3, {batch} x {steps} images of {side} x {side}: one node of the "
        "graph / a graph of every step; the convolutions dominate both",
    )


def _packed(rounds: int) -> BenchRow:
    batch, hidden_size, longest = SENTENCES.batch, SENTENCES.hidden_size, SENTENCES.steps
    draw = torch.Generator().manual_seed(0)
    lengths = torch.exp(torch.randn(batch, generator=draw) * 0.5 + 4.0).round().long().clamp(5, longest)  # median 55
    lengths[0] = longest
    x = torch.randn(batch, longest, hidden_size, requires_grad=True)
    ours = RecurrentStack("lstm", hidden_size, hidden_size, bidirectional=True)
    theirs = nn.LSTM(hidden_size, hidden_size, batch_first=True, bidirectional=True)

    def packed() -> Tensor:
        sequences = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(theirs(sequences)[0], batch_first=True)[0]

    return in_turn(
        "bilstm-varlen-vs-packed",
        _step(theirs, packed),
        _step(ours, lambda: ours(x, lengths).features),
        rounds=rounds,
        limit=3.0,
        better="larger",
        about=f"packed nn.LSTM / ours, both directions, {hidden_size} units, {batch} rows of {int(lengths.min())} to "
        f"{longest} steps, {int(lengths.sum())} in all",
    )


def _step(module: nn.Module, run: Pass, low: bool = False) -> Callable[[], None]:
    """A forward and a backward pass, with the same gradient every time."""
    with torch.no_grad():
        gradient = torch.randn(run().shape)

    def act() -> None:
        module.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            found = run()
        found.backward(gradient.to(found.dtype))

    return act
