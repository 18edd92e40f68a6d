"""A cell of one's own in a stack: lengths, state, layers, directions and the decoder are those of any other cell."""

from functools import partial

import pytest
import torch
from torch import nn

from harness.contract.model import EncoderOutput
from harness.nn.decoder import RecurrentDecoder
from harness.nn.recurrent import RecurrentStack
from harness.nn.step_cell import CellMaker, StepCell

LENGTHS = torch.tensor([4, 9, 0, 6])


class Elman(StepCell):
    """torch's nn.RNN as one step."""

    def __init__(self, input_dim, hidden_size):
        super().__init__()
        self.state_dims = (hidden_size,)
        self.layer = nn.RNN(input_dim, hidden_size, batch_first=True)

    def project(self, x):
        return nn.functional.linear(x, self.layer.weight_ih_l0, self.layer.bias_ih_l0)

    def prepare(self, x):
        return partial(nn.functional.linear, weight=self.layer.weight_hh_l0, bias=self.layer.bias_hh_l0)

    def step(self, projected, state, shared):
        return ((projected + shared(state[0])).tanh(),)


def stacks(**options):
    """A stack of such cells, and one of torch's layers with the same weights."""
    torch.manual_seed(0)
    ours = RecurrentStack(CellMaker("elman", Elman), 5, 6, layers=2, **options).double()
    theirs = RecurrentStack("rnn", 5, 6, layers=2, **options).double()
    theirs.load_state_dict({name.replace(".layer.", "."): value for name, value in ours.state_dict().items()})
    return ours, theirs


@pytest.mark.parametrize("options", [{"carry": True}, {"bidirectional": True}, {"residual": True}])
def test_equal_to_a_built_in_cell_of_the_same_equation(options):
    ours, theirs = stacks(**options)
    assert ours.backend == "step by step"
    x = torch.randn(4, 9, 5, dtype=torch.float64)
    state = (torch.randn(4, 2, 6, dtype=torch.float64),) if "carry" in options else None
    got, want = ours(x, LENGTHS, state), theirs(x, LENGTHS, state)
    torch.testing.assert_close(got.summary, want.summary)
    for row, length in enumerate(LENGTHS.tolist()):
        torch.testing.assert_close(got.features[row, :length], want.features[row, :length])
    if state is not None:
        torch.testing.assert_close(got.state, want.state)
        torch.testing.assert_close(got.state[0][2], state[0][2])  # a row of length 0 keeps its start


@pytest.mark.parametrize("attention", [None, "luong", "bahdanau"])
def test_a_decoder_of_it_takes_steps_that_equal_the_whole(attention):
    torch.manual_seed(0)
    kind = CellMaker("elman", Elman)
    decoder = RecurrentDecoder(kind, 5, 6, 2, memory_dim=7, summary_dim=7, attention=attention).double()
    assert decoder.name == ("elman" if attention is None else f"elman, {attention} attention")
    assert decoder.backend == "step by step"
    memory = torch.randn(2, 3, 7, dtype=torch.float64)
    lengths = torch.tensor([3, 2])
    state = decoder.start(EncoderOutput(memory, lengths, memory[:, 0]))
    embedded = torch.randn(2, 4, 5, dtype=torch.float64)
    whole = decoder(embedded, state, memory, lengths)
    for u, symbol in enumerate(embedded.unbind(1)):
        features, state, _ = decoder.step(symbol, state, memory, lengths)
        torch.testing.assert_close(features, whole[:, u])
