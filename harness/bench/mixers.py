"""The mixers behind the challengers, against the LSTM or the attention of torch of the same width, on one CPU thread.

Each time covers a forward and a backward pass over one batch, with gradients of all parameters and the input. A mixer
is the part in which challengers differ, without the residual block around it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from harness.bench.comparison import BenchRow, in_turn
from harness.nn.mixers.delta_net import DeltaNet
from harness.nn.mixers.lru import LRU
from harness.nn.mixers.mamba import Mamba
from harness.nn.mixers.mamba2 import Mamba2
from harness.nn.mixers.min_rnn import MinGRU, MinLSTM
from harness.nn.mixers.mixer import Mixer
from harness.nn.mixers.mlstm import MLSTM
from harness.nn.mixers.rwkv7 import RWKV7
from harness.nn.mixers.s4d import S4D
from harness.nn.mixers.slstm import SLSTM

SIZE, HEADS = 128, 4
SHAPES = ((64, 256), (256, 64), (1024, 16), (4096, 4))
"""Steps and rows of a batch; their product is the same."""
AT_ONCE = (512, 32)
"""Steps and rows against attention."""

LOOPS: dict[str, tuple[Callable[[], Mixer], tuple[float, ...]]] = {
    "min_gru": (lambda: MinGRU(SIZE), (0.55, 0.55, 0.70, 0.70)),
    "min_lstm": (lambda: MinLSTM(SIZE), (0.75, 0.75, 0.90, 0.90)),
    "slstm": (lambda: SLSTM(SIZE, HEADS), (2.5, 2.5, 2.5, 2.5)),
}
"""Mixers that step through time, and the largest acceptable ratio to `nn.LSTM` at each of `SHAPES`."""

PARALLEL: dict[str, tuple[Callable[[], Mixer], float | None]] = {
    "mlstm": (lambda: MLSTM(SIZE, HEADS, 4), 2.0),
    "delta_net": (lambda: DeltaNet(SIZE, HEADS, 4, gated=False, negative_eigenvalues=False), 2.0),
    "gated_delta_net": (lambda: DeltaNet(SIZE, HEADS, 4, gated=True, negative_eigenvalues=False), 2.0),
    "rwkv7": (lambda: RWKV7(SIZE, HEADS, 0, 1, negative_eigenvalues=False), None),
    "mamba2": (lambda: Mamba2(SIZE, HEADS, 16, 2, 4), None),
    "mamba": (lambda: Mamba(SIZE, 16, 2, 4, negative_eigenvalues=False), None),
    "lru": (lambda: LRU(SIZE, SIZE), None),
    "s4d": (lambda: S4D(SIZE, 64), None),
}
"""Mixers that compute many steps at once, and the largest acceptable ratio to attention."""


def mixer_rows(rounds: int) -> list[BenchRow]:
    """All comparisons, each with `rounds` alternating measurements; ours / theirs, and smaller is better."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        loops = [
            _against_lstm(name, make(), steps, rows, limit, rounds)
            for name, (make, limits) in LOOPS.items()
            for (steps, rows), limit in zip(SHAPES, limits, strict=True)
        ]
        return [*loops, *(_against_attention(name, make(), limit, rounds) for name, (make, limit) in PARALLEL.items())]
    finally:
        torch.set_num_threads(threads)


def _against_lstm(name: str, mixer: Mixer, steps: int, rows: int, limit: float, rounds: int) -> BenchRow:
    theirs = nn.LSTM(SIZE, SIZE)
    x = torch.randn(steps, rows, SIZE, requires_grad=True)
    return in_turn(
        f"mixer-{name}-vs-lstm-{steps}",
        _step(mixer, x, lambda: mixer(x)[0]),
        _step(theirs, x, lambda: theirs(x)[0]),
        rounds=rounds,
        limit=limit,
        about=f"{name} / nn.LSTM, width {SIZE}, {rows} x {steps} steps, fp32",
    )


def _against_attention(name: str, mixer: Mixer, limit: float | None, rounds: int) -> BenchRow:
    steps, rows = AT_ONCE
    theirs = nn.MultiheadAttention(SIZE, HEADS, batch_first=True)
    ahead = nn.Transformer.generate_square_subsequent_mask(steps)
    x = torch.randn(steps, rows, SIZE, requires_grad=True)
    y = torch.randn(rows, steps, SIZE, requires_grad=True)
    return in_turn(
        f"mixer-{name}-vs-attention",
        _step(mixer, x, lambda: mixer(x)[0]),
        _step(theirs, y, lambda: theirs(y, y, y, attn_mask=ahead, is_causal=True, need_weights=False)[0]),
        rounds=rounds,
        limit=limit,
        about=f"{name} / causal nn.MultiheadAttention of {HEADS} heads, width {SIZE}, {rows} x {steps} steps, fp32",
    )


def _step(module: nn.Module, x: Tensor, run: Callable[[], Tensor]) -> Callable[[], None]:
    """A forward and a backward pass, with the same gradient every time."""
    with torch.no_grad():
        gradient = torch.randn(run().shape)

    def act() -> None:
        module.zero_grad(set_to_none=True)
        x.grad = None
        run().backward(gradient)

    return act
