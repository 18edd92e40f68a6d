"""Pooling of video frames."""

import pytest
import torch
from torch.nn import functional

from harness.nn.embedding import pool


@pytest.mark.parametrize("shape", [(64, 64), (48, 80), (50, 64), (16, 32), (112, 200), (16, 16)])
def test_pooling_is_torchs(shape):
    frames = torch.rand(3, 2, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = pool(frames, (16, 16))
    assert found.shape == (3, 2, 16, 16)
    torch.testing.assert_close(found, functional.adaptive_avg_pool2d(frames, (16, 16)), rtol=0, atol=1e-15)


def test_pooled_frames_are_not_pooled_again():
    frames = torch.rand(3, 2, 16, 16)
    assert pool(frames, (16, 16)) is frames


def test_of_the_tasks_frames_nothing_changes_at_all():
    frames = torch.rand(16, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(pool(frames, (16, 16)), functional.adaptive_avg_pool2d(frames, (16, 16)))
