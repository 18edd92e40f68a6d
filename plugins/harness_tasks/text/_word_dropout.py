"""Word dropout: training symbols are replaced by the unknown one at random (Iyyer et al. 2015, section 3.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.contract.batch import Example
from harness_tasks.text._text_symbols import UNK

if TYPE_CHECKING:
    import torch


def word_dropout(share: float) -> Callable[[Example, torch.Generator], Example] | None:
    """Replace each symbol by `UNK` with this probability; None for 0.

    A dropped word is unknown rather than gone, so that the unknown symbol of test texts has been trained.
    """
    if share <= 0:
        return None

    def drop(example: Example, generator: torch.Generator) -> Example:
        import torch

        assert example.input is not None
        dropped = torch.rand(len(example.input), generator=generator) < share  # (T,)
        return replace(example, input=np.where(dropped.numpy(), UNK, example.input))

    return drop
