"""Dropout: as often as asked, without bias, one draw for an element, the same after the same seed."""

import math

import pytest
import torch
from torch import nn

from harness.nn.dropout import Dropout


def dropped(p, x, seed=0):
    torch.manual_seed(seed)
    return Dropout(p)(x)


@pytest.mark.parametrize("p", [0.02, 0.1, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_elements_are_dropped_as_often_as_asked_and_the_mean_stays(p, dtype):
    y = dropped(p, torch.ones(1_000, 1_001, dtype=dtype))
    spread = math.sqrt(p * (1 - p) / y.numel())
    assert (y == 0).double().mean().item() == pytest.approx(p, abs=5 * spread + 2**-16)
    kept = y[y != 0]
    assert kept.unique().numel() == 1
    assert kept[0].item() == pytest.approx(1 / (1 - p), rel=2e-4)
    assert y.double().mean().item() == pytest.approx(1, abs=5 * spread / (1 - p))


def test_neighbours_are_dropped_independently():
    zero = (dropped(0.3, torch.ones(1_000_003)) == 0).double() - 0.3
    for apart in (1, 2, 3, 4, 5, 8):
        found = (zero[:-apart] * zero[apart:]).mean().item() / (0.3 * 0.7)
        assert abs(found) < 5 / math.sqrt(len(zero)), apart


def test_the_gradient_passes_where_the_input_did():
    x = torch.randn(30, 70, requires_grad=True)
    y = dropped(0.4, x)
    y.sum().backward()
    torch.testing.assert_close(x.grad * x, y)
    assert ((x.grad == 0) == (y == 0)).all()


def test_the_same_seed_drops_the_same_and_goes_on_from_a_kept_state():
    x = torch.ones(50, 40)
    assert torch.equal(dropped(0.2, x), dropped(0.2, x))
    assert not torch.equal(dropped(0.2, x), dropped(0.2, x, seed=1))
    state = torch.get_rng_state()
    after = Dropout(0.2)(x)
    torch.set_rng_state(state)
    assert torch.equal(Dropout(0.2)(x), after)


def test_draws_follow_the_order_of_memory():
    x = torch.ones(6, 40, 30)
    assert torch.equal(dropped(0.3, x.transpose(0, 1)), dropped(0.3, x).transpose(0, 1))


@pytest.mark.parametrize(
    "part", [lambda x: x[:, ::3], lambda x: x[:1].expand(20, 30), lambda x: x[:0], lambda x: x[0, 0]]
)
def test_any_part_of_a_tensor_is_taken(part):
    whole = torch.ones(20, 30)
    y = dropped(0.5, part(whole))
    assert y.shape == part(whole).shape
    assert set(y.unique().tolist()) <= {0.0, 2.0}
    assert (whole == 1).all()


def test_bfloat16_stays_bfloat16():
    y = dropped(0.5, torch.ones(64, 64, dtype=torch.bfloat16))
    assert y.dtype == torch.bfloat16
    assert set(y.unique().tolist()) == {0.0, 2.0}


@pytest.mark.parametrize(("p", "wanted"), [(0.0, 1.0), (1.0, 0.0), (1 - 1e-9, 0.0)])
def test_nothing_and_everything_can_be_dropped(p, wanted):
    assert (dropped(p, torch.ones(100)) == wanted).all()


def test_without_training_the_input_comes_back():
    x = torch.ones(4)
    assert Dropout(0.5).eval()(x) is x


def test_elsewhere_and_compiled_it_is_torchs():
    assert Dropout(0.5)(torch.ones(4, device="meta")).shape == (4,)
    x = torch.ones(1_000)
    found = torch.compile(Dropout(0.5), backend="eager")(x)
    assert set(found.unique().tolist()) == {0.0, 2.0}
    assert isinstance(Dropout(0.5), nn.Dropout)
