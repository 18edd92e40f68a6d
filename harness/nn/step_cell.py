"""Recurrent layers of one's own: written as one step in plain torch, or run by another library.

`RecurrentStack` takes a `CellMaker` wherever it takes the name of a kind, and adds layers, directions, dropout and
lengths. Axes: B batch, T time, D input features, H hidden size, G gates.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from harness.nn.backends import STEP_BY_STEP


class SequenceCell(nn.Module, ABC):
    """A recurrent layer that computes a whole sequence itself.

    Attributes:
        backend: what computes it, as runs record it.
        state_dims: sizes of its states, h first.
    """

    backend: ClassVar[str]
    state_dims: tuple[int, ...]

    @abstractmethod
    def run(self, x: Tensor, start: tuple[Tensor, ...], lengths: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run x (B, T, D), T at least 1, from the state `start`, (B, size) each.

        Args:
            x, start: as above.
            lengths: (B,): return the states after each row's true last step, and its start for a row of length 0;
                None: after step T.

        Returns:
            Features (B, T, H), meaningless at padding, and the states.
        """

    def gates(self, x: Tensor, before: Tensor) -> dict[str, Tensor]:
        """Gates (B, T, H) by name, as `Encoder.explain` shows them: of x (B, T, D) and the features before each step
        (B, T, H). Empty unless a subclass computes them."""
        return {}


class StepCell(SequenceCell):
    """A recurrent layer given by the equations of one step; autograd goes back through them.

    The products with the input are computed for all steps at once (`project`), which leaves the loop with the
    products of the state.
    """

    backend = STEP_BY_STEP

    def project(self, x: Tensor) -> Tensor:
        """What the steps need of the input: (T, B, G) of x (T, B, D); x itself unless a subclass says otherwise."""
        return x

    def prepare(self, x: Tensor) -> Any:
        """What all steps of a sequence x (B, T, D) share, computed once: joined weights, dropout masks."""
        return None

    @abstractmethod
    def step(self, projected: Tensor, state: tuple[Tensor, ...], shared: Any) -> tuple[Tensor, ...]:
        """The states after one step, h first, from the projected input (B, G) and the states before it."""

    def run(self, x: Tensor, start: tuple[Tensor, ...], lengths: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """See `SequenceCell.run`."""
        shared, state = self.prepare(x), start
        steps = []
        for projected in self.project(x.transpose(0, 1)).unbind(0):
            state = self.step(projected, state, shared)
            steps.append(state)
        features = torch.stack([h for h, *_ in steps], dim=1)  # (B, T, H)
        if lengths is None:
            return features, state
        rows = torch.arange(lengths.shape[0], device=lengths.device)
        every = [torch.stack([before, *after]) for before, *after in zip(start, *steps, strict=True)]  # (T + 1, B, H)
        return features, tuple(part[lengths, rows] for part in every)


@dataclass(frozen=True)
class CellMaker:
    """A kind of cell that is not among `harness.nn.cells.KINDS`.

    Attributes:
        name: as runs record it, for the decoder.
        make: builds an initialised layer from D and H.
        states: how many states of H numbers it has, h included.
    """

    name: str
    make: Callable[[int, int], SequenceCell]
    states: int = 1
