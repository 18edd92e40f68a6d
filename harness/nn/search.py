"""Greedy and beam search, over a whole batch, for any decoder.

The caller gives its decoder as a `Step`: `step(tokens (N,), state, rows (N,)) -> (log_probs (N, V), state)`.
`rows` tells which example each of the N hypotheses belongs to (to look up the encoder's memory). Examples
that are finished leave the batch; as long as none does, `rows` is the same tensor object, so that a
caller can cache what it looked up. `state` is a pytree of tensors, batch first; it is reordered here.

Every score is log p(symbols, eos): a hypothesis of `max_length` symbols is forcibly ended with eos.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from harness.contract.model import State

Step = Callable[[Tensor, State, Tensor], tuple[Tensor, State]]
"""(tokens (N,), state, rows (N,)) -> (log-probabilities (N, V), state)."""

_GROUP = 64  # candidates grouped together, if there are many
_MANY = 1 << 18  # over all examples; below this, grouping costs more than it saves


class Hypothesis(NamedTuple):
    """One output: symbol ids without bos and eos, and its score (log-probability over length penalty)."""

    ids: list[int]
    score: float


def reorder(state: State, index: Tensor) -> State:
    """The rows `index` (M,) of every tensor of a pytree; other leaves pass through."""
    return tree_map(lambda leaf: leaf.index_select(0, index) if isinstance(leaf, Tensor) else leaf, state)


def length_penalty_factor(length: int, alpha: float) -> float:
    """((5 + length) / 6) ** alpha: Wu et al. 2016, "Google's Neural Machine Translation System", eq. 14.

    `length` counts eos.
    """
    return float(((5.0 + length) / 6.0) ** alpha)


@torch.no_grad()
def greedy(
    step: Step,
    start_state: State,
    batch_size: int,
    bos: int,
    eos: int,
    max_length: int,
    device: torch.device | str,
    forbid: Sequence[int] = (),
) -> list[Hypothesis]:
    """The most likely symbol at every step.

    Args:
        step: the decoder, see the module's docstring.
        start_state: state before the first symbol, batch first (B, ...).
        batch_size: B.
        bos, eos: ids of begin and end of sequence.
        max_length: the most symbols of an output, eos not counted.
        device: where tokens and rows are made.
        forbid: ids that must not be emitted (padding, bos).

    Returns:
        One hypothesis per example; its score is its log-probability, eos included.
    """
    if batch_size == 0:
        return []
    forbidden = torch.tensor(list(forbid), dtype=torch.long, device=device)
    rows = torch.arange(batch_size, device=device)  # (N,): examples not finished yet
    tokens, state = torch.full_like(rows, bos), start_state
    output = torch.full((batch_size, max_length), eos, device=device)  # (B, U)
    scores = torch.zeros(batch_size, device=device)
    for position in range(max_length + 1):
        log_probs, state = step(tokens, state, rows)
        log_probs = log_probs.index_fill(1, forbidden, -torch.inf)
        if position == max_length:
            scores[rows] += log_probs[:, eos].to(scores.dtype)
            break
        best, tokens = log_probs.max(dim=-1)
        scores[rows] += best.to(scores.dtype)
        output[rows, position] = tokens
        unfinished = tokens != eos
        if not bool(unfinished.all()):
            kept = unfinished.nonzero().squeeze(1)
            if kept.numel() == 0:
                break
            rows, tokens, state = rows[kept], tokens[kept], reorder(state, kept)
    ids = [row[: row.index(eos)] if eos in row else row for row in output.tolist()]
    return [Hypothesis(i, s) for i, s in zip(ids, scores.tolist(), strict=True)]


@torch.no_grad()
def beam(
    step: Step,
    start_state: State,
    batch_size: int,
    bos: int,
    eos: int,
    max_length: int,
    device: torch.device | str,
    beam_size: int = 4,
    length_penalty: float = 0.6,
    forbid: Sequence[int] = (),
) -> list[Hypothesis]:
    """The best-scored hypothesis found with `beam_size` live prefixes per example.

    A prefix ends when eos is among its example's `beam_size` best candidates; the beam is then refilled, so
    finished hypotheses do not take up live slots. An example stops when no live prefix can still beat its best
    finished hypothesis: log-probabilities only fall, so the bound is the prefix's log-probability over the
    most favourable penalty. Stopping therefore never changes the result. With `beam_size=1` and
    `length_penalty=0` this is greedy search.

    Args:
        step, start_state, batch_size, bos, eos, max_length, device, forbid: as for `greedy`.
        beam_size: live prefixes per example.
        length_penalty: alpha of `length_penalty_factor`; 0: plain log-probability.

    Raises:
        ValueError: `beam_size` below 1.
    """
    if beam_size < 1:
        raise ValueError(f"beam_size must be at least 1; given {beam_size}")
    found = _Finished(batch_size, device)
    forbidden = torch.tensor(list(forbid), dtype=torch.long, device=device)
    width = beam_size
    live = torch.arange(batch_size, device=device)  # (E,): examples still searched
    rows = live.repeat_interleave(width)  # (E * width,)
    tokens, state = torch.full_like(rows, bos), reorder(start_state, rows)
    prefixes = torch.empty(batch_size, width, 0, dtype=torch.long, device=device)
    scores = torch.full((batch_size, width), -torch.inf, device=device)
    scores[:, :1] = 0.0  # all prefixes are empty at first: let only one of them live
    last = max_length + 1
    for length in range(1, last + 1):  # of the hypotheses that end here, eos included
        if live.numel() == 0:
            break
        log_probs, state = step(tokens, state, rows)
        totals = scores[:, :, None] + log_probs.view(live.numel(), width, -1)  # (E, width, V)
        totals.index_fill_(2, forbidden, -torch.inf)
        penalty = length_penalty_factor(length, length_penalty)
        if length == last:
            closed, parent = totals[:, :, eos].max(dim=1)
            found.offer(live, prefixes[torch.arange(len(live), device=device), parent], closed / penalty)
            break

        vocabulary = totals.shape[-1]
        # Of 2 x width candidates at most `width` are eos (one per prefix), so `width` remain to live on.
        top, index = best_of(totals.flatten(1), 2 * width)  # (E, 2 width), best first
        parent, symbol = index.div(vocabulary, rounding_mode="floor"), index.remainder(vocabulary)
        ended = symbol == eos

        ending = ended[:, :width] & (top[:, :width] > -torch.inf)
        has_ending, first = ending.max(dim=1)  # the first is the best, since equal lengths have equal penalties
        which = has_ending.nonzero().squeeze(1)
        if which.numel():
            rank = first[which]
            found.offer(live[which], prefixes[which, parent[which, rank]], top[which, rank] / penalty)

        order = ended.to(torch.int8).argsort(dim=1, stable=True)[:, :width]  # the surviving ones, best first
        scores, parent, symbol = (x.gather(1, order) for x in (top, parent, symbol))  # (E, width)

        factor = max(length_penalty_factor(length + 1, length_penalty), length_penalty_factor(last, length_penalty))
        hopeless = found.scores[live] >= scores.max(dim=1).values / factor
        kept = (~hopeless).nonzero().squeeze(1)
        source = (torch.arange(len(live), device=device)[:, None] * width + parent)[kept].flatten()
        prefixes = prefixes.flatten(0, 1)[source].unflatten(0, (-1, width)) if kept.numel() else prefixes[:0]
        scores, symbol = scores[kept], symbol[kept]
        prefixes = torch.cat([prefixes, symbol[:, :, None]], dim=2)  # (E, width, length)
        tokens, state = symbol.flatten(), reorder(state, source)
        if kept.numel() < live.numel():
            live = live[kept]
            rows = live.repeat_interleave(width)
    return found.hypotheses()


class _Finished:
    """The best finished hypothesis of each example so far."""

    def __init__(self, batch_size: int, device: torch.device | str) -> None:
        self.scores = torch.full((batch_size,), -torch.inf, device=device)
        self._ids: list[list[int]] = [[] for _ in range(batch_size)]

    def offer(self, examples: Tensor, prefixes: Tensor, scores: Tensor) -> None:
        """Keep the prefixes (M, length) of `examples` (M,) whose scores (M,) are the best so far."""
        better = (scores > self.scores[examples]).nonzero().squeeze(1)
        self.scores[examples[better]] = scores[better].to(self.scores.dtype)
        for example, ids in zip(examples[better].tolist(), prefixes[better].tolist(), strict=True):
            self._ids[example] = ids

    def hypotheses(self) -> list[Hypothesis]:
        return [Hypothesis(i, s) for i, s in zip(self._ids, self.scores.tolist(), strict=True)]


def best_of(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` largest of every row of values (E, M), largest first, and where they are: (E, count) each.

    Selecting costs far more per value than comparing, so with many values only the groups with the largest maxima are
    searched: nothing outside them can be larger.
    """
    groups = values.shape[1] // _GROUP
    if values.numel() < _MANY or groups <= count:
        top = values.topk(count)
        return top.values, top.indices
    whole = groups * _GROUP
    grouped = values[:, :whole].unflatten(1, (groups, _GROUP))
    chosen = grouped.amax(2).topk(count).indices  # (E, count)
    places = chosen.unsqueeze(2) * _GROUP + torch.arange(_GROUP, device=values.device)  # (E, count, _GROUP)
    rest = torch.arange(whole, values.shape[1], device=values.device)  # the remainder that does not fill a group
    places = torch.cat((places.flatten(1), rest.expand(len(values), -1)), dim=1)
    top = values.gather(1, places).topk(count)
    return top.values, places.gather(1, top.indices)
