"""Sampling from a language model: temperature, top-k, nucleus.

Sources: Fan et al. 2018, "Hierarchical Neural Story Generation" (top-k); Holtzman et al. 2020, "The Curious
Case of Neural Text Degeneration" (nucleus).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from harness.contract.model import State
from harness.errors import ConfigError


def filter_logits(logits: Tensor, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> Tensor:
    """Scaled logits (B, V) in which excluded symbols are -inf; at least one symbol per row remains.

    Args:
        logits: (B, V); or log-probabilities.
        temperature: divides the logits; 0 leaves only the most likely symbol.
        top_k: keep the k most likely symbols; 0: all.
        top_p: then keep the smallest set of most likely symbols whose mass is at least p; 1: all.

    Raises:
        ConfigError: a value is out of its range.
    """
    _check(temperature, top_k, top_p)
    if temperature == 0:
        best = logits.argmax(dim=-1, keepdim=True)
        return torch.full_like(logits, -torch.inf).scatter(-1, best, 0.0)
    # Shifted to a maximum of zero first: a small temperature must not overflow.
    logits = (logits - logits.max(dim=-1, keepdim=True).values) / temperature
    if 0 < top_k < logits.shape[-1]:
        kept = logits.topk(top_k, dim=-1)
        logits = torch.full_like(logits, -torch.inf).scatter(-1, kept.indices, kept.values)
    if top_p < 1:
        ordered, index = logits.sort(dim=-1, descending=True, stable=True)
        mass = ordered.softmax(dim=-1)
        before = mass.cumsum(dim=-1) - mass  # mass of all more likely symbols
        before[..., 0] = 0.0  # the first is always kept, whatever the rounding
        ordered = ordered.masked_fill(before >= top_p, -torch.inf)
        logits = torch.empty_like(logits).scatter(-1, index, ordered)
    return logits


@torch.no_grad()
def sample(
    step: Callable[[Tensor, State], tuple[Tensor, State]],
    prompts: Tensor,
    length: int,
    generator: torch.Generator,
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    forbid: Sequence[int] = (),
    state: State = None,
) -> list[list[int]]:
    """Continue each prompt by `length` symbols.

    Random numbers are drawn at the start on the CPU, one block per row, so a row's text depends neither on the rows
    after it nor on the device.

    Args:
        step: the model: (tokens (N, T), state) -> (logits or log-probabilities (N, V) after the last token,
            state). It reads the whole prompt first, then one symbol at a time.
        prompts: int64 (N, P), P >= 1 (begin-of-sequence at least).
        length: symbols to draw for each.
        generator: CPU generator; the same seed gives the same texts.
        temperature, top_k, top_p: see `filter_logits`.
        forbid: ids that are never drawn.
        state: the model's state before the prompts; None: the initial state.

    Returns:
        The symbols drawn for each prompt, without the prompt.

    Raises:
        ConfigError: a sampling value is out of its range.
        ValueError: prompts without a symbol, or every symbol forbidden.
    """
    _check(temperature, top_k, top_p)
    if prompts.ndim != 2 or prompts.shape[1] == 0:
        raise ValueError(
            f"prompts must be (N, P) with at least one symbol (begin-of-sequence); given {tuple(prompts.shape)}"
        )
    noise = torch.rand(len(prompts), length, generator=generator, dtype=torch.float64)
    drawn = torch.empty(len(prompts), length, dtype=torch.long)
    tokens = prompts
    for position in range(length):
        logits, state = step(tokens, state)
        logits = _without(logits.double().cpu(), forbid)
        symbols = _draw(filter_logits(logits, temperature, top_k, top_p), noise[:, position])
        drawn[:, position] = symbols
        tokens = symbols[:, None].to(prompts.device)  # (N, 1)
    return drawn.tolist()


def _draw(logits: Tensor, noise: Tensor) -> Tensor:
    """One symbol per row (N,): the inverse distribution function at `noise` (N,), uniform in [0, 1)."""
    probabilities = logits.softmax(dim=-1)  # (N, V)
    reached = probabilities.cumsum(dim=-1)
    symbol = (reached <= noise[:, None] * reached[:, -1:]).sum(dim=-1)  # the first whose sum exceeds the noise
    last = logits.shape[-1] - 1 - probabilities.flip(-1).gt(0).to(torch.int8).argmax(dim=-1)
    return torch.minimum(symbol, last)  # rounding may push the noise past every sum


def _without(logits: Tensor, forbid: Sequence[int]) -> Tensor:
    """Logits (N, V) with the forbidden symbols excluded."""
    if not forbid:
        return logits
    if len(set(forbid)) >= logits.shape[-1]:
        raise ValueError(f"all {logits.shape[-1]} symbols are forbidden; nothing is left to draw")
    return logits.index_fill(-1, torch.tensor(list(forbid)), -torch.inf)


def _check(temperature: float, top_k: int, top_p: float) -> None:
    problems = []
    if not temperature >= 0:
        problems.append(f"temperature must be 0 (the most likely symbol) or more; given {temperature}")
    if top_k < 0:
        problems.append(f"top_k must be 0 (off) or more; given {top_k}")
    if not 0 < top_p <= 1:
        problems.append(f"top_p must be above 0 and at most 1 (off); given {top_p}")
    if problems:
        raise ConfigError("Sampling: " + "; ".join(problems) + ". See DecodingSettings.")
