"""The plug-ins' own tests: their contracts, as shipped with the harness, and the CRF against every sequence."""

from __future__ import annotations

import itertools

import pytest
import torch
from harness_kinds.crf import CRFTarget
from harness_kinds.name_tagging import NameTagging
from harness_kinds.ordinal import OrdinalTarget
from harness_kinds.star_rating import StarRating

from harness.config.settings import DecodingSettings, TrainerSettings
from harness.contract.target_context import HeadContext
from harness.testing import TargetContract, TaskContract


class TestCRF(TargetContract):
    target = CRFTarget


class TestOrdinal(TargetContract):
    target = OrdinalTarget


class TestNameTagging(TaskContract):
    task = NameTagging()


class TestStarRating(TaskContract):
    task = StarRating()


def test_the_crf_sums_over_all_sequences_and_finds_the_best() -> None:
    target = CRFTarget(("a", "b", "c"))
    head = target.head(HeadContext(4, 4, torch.nn.Identity(), TrainerSettings()))
    draw = torch.Generator().manual_seed(0)
    head.transitions.data = torch.randn(3, 3, generator=draw)
    scores, tags = torch.randn(1, 4, 3, generator=draw), torch.tensor([[2, 0, 1, 1]])

    def score(path: tuple[int, ...]) -> float:
        moves = sum(float(head.transitions.data[a, b]) for a, b in itertools.pairwise(path))
        return sum(float(scores[0, t, tag]) for t, tag in enumerate(path)) + moves

    every = {path: score(path) for path in itertools.product(range(3), repeat=4)}
    lengths = torch.tensor([4])
    loss = float(target.loss_rows(scores, lengths, tags, lengths, head=head).detach())
    assert loss == pytest.approx(float(torch.tensor([*every.values()]).logsumexp(0)) - every[2, 0, 1, 1], abs=1e-4)
    (answer,) = target.answers(scores, lengths, DecodingSettings(), head=head)
    assert tuple(answer.output) == max(every, key=lambda path: every[path])


def test_probabilities_of_grades_add_up_to_one() -> None:
    target = OrdinalTarget(5)
    outputs = torch.tensor([[2.0, 0.5, -0.1, -3.0]]).expand(5, -1)
    ones = torch.ones(5, dtype=torch.int64)
    losses = target.loss_rows(outputs, ones, torch.arange(5), ones)
    assert float(losses.neg().exp().sum()) == pytest.approx(1.0, abs=1e-5)
