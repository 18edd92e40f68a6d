"""The loss that is differentiated, or attributed to the steps of an input."""

from __future__ import annotations

import torch
from torch import Tensor

from harness.contract.batch import Batch
from harness.contract.target import Target
from harness.nn.network import Network


def has_positions(target: Target) -> bool:
    """Whether each position of the input has a target of its own."""
    needs = target.needs
    return needs.reads == "features" and needs.subsampling == "none" and target.layout.shape[:1] == (None,)


def loss_in_words(target: Target) -> str:
    """Which loss `loss_rows` takes of a target where no position is given."""
    return "the loss at the last position" if has_positions(target) else "the loss of the answer"


def last_position(target: Target, batch: Batch) -> int:
    """The last position of a batch's first example that counts, of a target that has positions."""
    each = batch.targets[:1].transpose(0, 1)  # (T, 1, ...): every position as an example of its own
    one = torch.ones_like(batch.target_lengths[:1])
    return int(target.loss_counts(each, one.expand(len(each))).nonzero().max())


def loss_rows(
    network: Network, target: Target, features: Tensor, lengths: Tensor, batch: Batch, at: int | None = None
) -> Tensor:
    """The loss of each example (B,): at one position of a target that has positions, else of the whole answer.

    Args:
        network, target: of the run.
        features, lengths: as `Network.read` makes them.
        batch: with the targets.
        at: the position; needed where there are positions.
    """
    head, wanted, target_lengths = network.head, batch.targets, batch.target_lengths
    if at is not None:
        lengths = target_lengths = torch.ones_like(target_lengths)
        features, wanted = features[:, at : at + 1], wanted[:, at : at + 1]
    return target.loss_rows(head(features), lengths, wanted, target_lengths, head=head)
