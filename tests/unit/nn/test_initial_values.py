"""Initial values of the mixers, as docs/explanation/initial-values.md states them."""

import math

import pytest
import torch
from harness_models.slstm import SLSTMModel
from torch.nn.functional import softplus

from harness.contract.specs import EmbeddedInput
from harness.nn.mixers.delta_net import DeltaNet
from harness.nn.mixers.lru import LRU
from harness.nn.mixers.mamba import Mamba
from harness.nn.mixers.mamba2 import Mamba2
from harness.nn.mixers.mlstm import MLSTM
from harness.nn.mixers.s4d import S4D
from harness.nn.mixers.short_convolution import ShortConvolution
from harness.nn.mixers.slstm import SLSTM
from harness.targets import ClassTarget


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def assert_uniform(values, low, high):
    """Within the bounds, and with the quartiles of a uniform distribution."""
    values = values.detach().flatten().double()
    assert values.min() >= low - 1e-5 * (high - low)
    assert values.max() <= high + 1e-5 * (high - low)
    shares = torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)
    quartiles = torch.quantile(values, shares)
    torch.testing.assert_close(quartiles, low + (high - low) * shares, atol=0.06 * (high - low), rtol=0.0)


def assert_normal(values, variance):
    values = values.detach().flatten().double()
    assert abs(values.mean().item()) < 5 * math.sqrt(variance / len(values))
    assert values.var().item() == pytest.approx(variance, rel=0.15)
    within = (values.abs() < math.sqrt(variance)).double().mean().item()
    assert within == pytest.approx(0.683, abs=0.05)


def assert_steps(biases):
    """What softplus makes of them is log-uniform in [0.001, 0.1]."""
    assert_uniform(softplus(biases.double()).log(), math.log(0.001), math.log(0.1))


def test_a_short_convolution_starts_like_a_convolution_of_torch():
    layer = ShortConvolution(1000, 4)
    for values in (layer.weight, layer.bias):
        assert_uniform(values, -0.5, 0.5)


def test_mamba():
    mixer = Mamba(size=512, state=16, expand=2, conv=4, negative_eigenvalues=False)
    assert_steps(mixer.step.bias)
    assert_uniform(mixer.step.weight, -(32**-0.5), 32**-0.5)  # rank 512 / 16
    torch.testing.assert_close(mixer.rate.exp(), torch.arange(1.0, 17).unsqueeze(1).expand(16, 1024))
    assert (mixer.skip == 1).all()


def test_mamba2():
    mixer = Mamba2(size=512, heads=1024, state=4, expand=2, conv=4)
    assert_steps(mixer.step_bias)
    assert_uniform(mixer.rate.exp(), 1.0, 16.0)
    assert (mixer.skip == 1).all()


def test_delta_nets():
    mixer = DeltaNet(size=512, heads=512, conv=4, gated=True, negative_eigenvalues=False)
    assert_steps(mixer.decay_bias)
    assert_uniform(mixer.rate.exp(), 0.0, 16.0)
    for layer in (mixer.inputs, mixer.beta, mixer.decay, mixer.gate, mixer.outputs):
        bound = 2**-2.5 * math.sqrt(6 / (layer.in_features + layer.out_features))
        assert_uniform(layer.weight, -bound, bound)
        assert layer.bias is None
    assert mixer.conv.bias is None


def test_forget_biases_of_an_slstm_follow_a_power_of_the_unit_that_grows_with_depth():
    model = SLSTMModel(hidden_size=64, heads=4, layers=3)
    encoder = model.build(EmbeddedInput(8), ClassTarget(2))
    mixers = [part for part in encoder.modules() if isinstance(part, SLSTM)]
    for mixer, exponent in zip(mixers, (0.3, 0.95, 1.6), strict=True):
        biases = mixer.gates.bias.detach()[64:].view(4, 16)
        expected = torch.tensor([5 - 12 * (j / 15) ** exponent for j in range(16)])
        torch.testing.assert_close(biases, expected.expand(4, 16))
        assert (mixer.gates.bias[:64] == 0).all()
        assert (mixer.inputs.bias == 0).all()
        assert (mixer.recurrent == 0).all()
        for layer in (mixer.gates, mixer.inputs):
            assert_normal(layer.weight, 2 / (5 * 64))


def test_mlstm():
    mixer = MLSTM(size=512, heads=256, conv=4)
    torch.testing.assert_close(mixer.gates.bias.detach()[256:], 3 + 3 * torch.arange(256) / 255)
    assert_normal(mixer.gates.bias[:256], 0.01)
    assert (mixer.gates.weight == 0).all()
    for layer in (mixer.keys, mixer.values, mixer.outputs):
        assert_normal(layer.weight, 2 / (5 * 512))
        assert (layer.bias == 0).all()


def test_an_lru_starts_with_decay_spread_evenly_over_the_area_of_a_ring():
    mixer = LRU(size=64, state=1000, r_min=0.4, r_max=0.9)
    squared = torch.exp(-torch.exp(mixer.nu)).square()
    assert_uniform(squared, 0.4**2, 0.9**2)
    assert_uniform(mixer.theta.exp(), 0.0, 2 * math.pi)
    torch.testing.assert_close(mixer.gamma.exp(), torch.sqrt(1 - squared))
    assert_normal(mixer.inputs, 1 / (2 * 64))
    assert_normal(mixer.outputs, 1 / 1000)
    assert_normal(LRU(size=1000, state=1).skip, 1.0)


def test_s4d():
    mixer = S4D(size=1000, state=8)
    assert_uniform(mixer.log_step, math.log(0.001), math.log(0.1))
    torch.testing.assert_close(mixer.decay.exp(), torch.full((1000, 4), 0.5))
    torch.testing.assert_close(mixer.frequency.detach(), (math.pi * torch.arange(4)).expand(1000, 4))
    assert_normal(mixer.outputs, 0.5)  # of the real and of the imaginary part
    assert_normal(mixer.skip, 1.0)
