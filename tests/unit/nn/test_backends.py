"""What computed a network's recurrences, as a run records it."""

import pytest
import torch
from torch import nn

from harness.nn.backends import Backed, backends_of
from harness.nn.decoder import RecurrentDecoder
from harness.nn.recurrent import RecurrentEncoder, RecurrentStack


class Parts(nn.Module):
    """As much of a Network as is asked for."""

    def __init__(self, encoder, decoder=None):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder


class Own(nn.Module, Backed):
    def __init__(self):
        super().__init__()
        self.inner = RecurrentStack("gru", 3, 4)

    @property
    def backend(self):
        return "Triton"


def decoder(attention=None):
    return RecurrentDecoder("lstm", 3, 4, 1, memory_dim=4, summary_dim=4, attention=attention)


@pytest.mark.parametrize(
    ("network", "want"),
    [
        (Parts(RecurrentEncoder(RecurrentStack("lstm", 3, 4))), "oneDNN"),
        (Parts(RecurrentEncoder(RecurrentStack("gru", 3, 4)), decoder()), "fused Python, oneDNN"),
        (Parts(RecurrentEncoder(RecurrentStack("lstm", 3, 4)), decoder()), "oneDNN"),
        (Parts(RecurrentEncoder(RecurrentStack("lstm", 3, 4)), decoder("bahdanau")), "oneDNN, fused Python"),
        (Parts(nn.LSTM(3, 4)), "the model's own"),
        (Parts(nn.LSTM(3, 4), decoder()), "the model's own, oneDNN"),
        (Parts(nn.Sequential(Own(), nn.Linear(4, 4))), "Triton"),
    ],
    ids=["lstm", "gru-lstm", "lstm-lstm", "lstm-attention", "own", "own-lstm", "named"],
)
def test_names_of_encoder_and_decoder(network, want):
    assert backends_of(network.encoder, network.decoder) == want


def test_without_onednn_the_lstm_runs_in_the_fused_loop():
    stack = RecurrentStack("lstm", 3, 4, carry=True)
    x, lengths = torch.randn(2, 9, 3), torch.tensor([9, 4])
    want = stack(x, lengths)
    torch.backends.mkldnn.enabled = False
    try:
        assert stack.backend == "fused Python"
        got = stack(x, lengths)
    finally:
        torch.backends.mkldnn.enabled = True
    torch.testing.assert_close(got.summary, want.summary, atol=1e-6, rtol=1e-5)
    for a, b in zip(got.state, want.state, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)
