"""The recurrent stack against torch's packed sequences, and what padding, batch and cutting must not change."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from harness.errors import PluginError
from harness.nn.cells import KINDS
from harness.nn.recurrent import RecurrentStack, check_sizes

TORCH = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
LENGTHS = torch.tensor([4, 9, 1, 6])


def inputs(batch=4, size=9, dim=5, seed=0):
    return torch.randn(batch, size, dim, generator=torch.Generator().manual_seed(seed))


def packed_reference(stack, kind, layers, bidirectional):
    """torch's own layer with the stack's weights."""
    dim = stack.forward_layers[0].input_size
    reference = TORCH[kind](dim, stack.hidden_size, layers, batch_first=True, bidirectional=bidirectional)
    weights = {}
    for suffix, cells in (("", stack.forward_layers), ("_reverse", stack.backward_layers)):
        for index, cell in enumerate(cells):
            for name, value in cell.state_dict().items():
                weights[name.replace("_l0", f"_l{index}") + suffix] = value
    reference.load_state_dict(weights)
    return reference


@pytest.mark.parametrize("carry", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", TORCH)
def test_equal_to_packed_sequences(kind, bidirectional, carry):
    if carry and bidirectional:
        return
    stack = RecurrentStack(kind, 5, 8, layers=2, bidirectional=bidirectional, carry=carry)
    reference = packed_reference(stack, kind, 2, bidirectional)
    x = inputs()
    out = stack(x, LENGTHS)
    packed = nn.utils.rnn.pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False)
    features, end = reference(packed)
    features, _ = nn.utils.rnn.pad_packed_sequence(features, batch_first=True)
    hidden = end[0] if kind == "lstm" else end
    for row, length in enumerate(LENGTHS.tolist()):
        torch.testing.assert_close(out.features[row, :length], features[row, :length], atol=1e-6, rtol=1e-5)
    summary = torch.cat((hidden[-2], hidden[-1]), dim=-1) if bidirectional else hidden[-1]
    torch.testing.assert_close(out.summary, summary, atol=1e-6, rtol=1e-5)
    if carry:
        ends = end if kind == "lstm" else (end,)
        for got, want in zip(out.state, ends, strict=True):
            torch.testing.assert_close(got, want.transpose(0, 1), atol=1e-6, rtol=1e-5)
    else:
        assert out.state is None


@settings(max_examples=25, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 6), min_size=1, max_size=5),
    extra=st.integers(0, 4),
    kind=st.sampled_from(KINDS),
    bidirectional=st.booleans(),
)
def test_neither_padding_nor_the_other_rows_change_a_row(lengths, extra, kind, bidirectional):
    torch.manual_seed(0)
    stack = RecurrentStack(kind, 3, 4, layers=2, bidirectional=bidirectional, residual=True, carry=not bidirectional)
    size = max([*lengths, 1]) + extra
    x = torch.randn(len(lengths), size, 3)
    whole = stack(x, torch.tensor(lengths))
    for row, length in enumerate(lengths):
        if length == 0:
            assert whole.summary[row].eq(0).all()
            assert whole.features[row].isfinite().all()
            continue
        alone = stack(x[row : row + 1, :length], torch.tensor([length]))
        torch.testing.assert_close(whole.features[row, :length], alone.features[0], atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(whole.summary[row], alone.summary[0], atol=1e-6, rtol=1e-5)
        if whole.state is not None:
            for got, want in zip(whole.state, alone.state, strict=True):
                torch.testing.assert_close(got[row], want[0], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cuts", [(1, 1, 1, 1, 1, 1, 1, 1, 1), (4, 5), (2, 1, 6)])
def test_chunks_with_carried_state_equal_the_whole(kind, cuts):
    stack = RecurrentStack(kind, 5, 8, layers=2, residual=True, carry=True)
    x = inputs()
    whole = stack(x, torch.full((4,), 9))
    state, pieces, begin = None, [], 0
    for cut in cuts:
        out = stack(x[:, begin : begin + cut], torch.full((4,), cut), state)
        state, begin = out.state, begin + cut
        pieces.append(out.features)
    torch.testing.assert_close(torch.cat(pieces, 1), whole.features, atol=1e-6, rtol=1e-5)
    for got, want in zip(state, whole.state, strict=True):
        torch.testing.assert_close(got, want, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_ended_keeps_its_state_and_goes_on_from_it(kind):
    stack = RecurrentStack(kind, 5, 8, layers=2, carry=True)
    x = inputs()
    first = stack(x[:, :6], LENGTHS.clamp(max=6))
    rest = stack(x[:, 6:], (LENGTHS - 6).clamp(min=0), first.state)
    want = stack(x, LENGTHS)
    for got, whole in zip(rest.state, want.state, strict=True):
        torch.testing.assert_close(got, whole, atol=1e-6, rtol=1e-5)


def test_gradients_equal_those_of_packed_sequences():
    stack = RecurrentStack("lstm", 5, 8, layers=2, bidirectional=True)
    reference = packed_reference(stack, "lstm", 2, True)
    x = inputs()
    out = stack(x, LENGTHS)
    mask = (torch.arange(9) < LENGTHS[:, None]).unsqueeze(-1)
    (out.features * mask).square().sum().backward()
    packed = nn.utils.rnn.pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False)
    nn.utils.rnn.pad_packed_sequence(reference(packed)[0], batch_first=True)[0].square().sum().backward()
    for suffix, cells in (("", stack.forward_layers), ("_reverse", stack.backward_layers)):
        for index, cell in enumerate(cells):
            for name, parameter in cell.named_parameters():
                want = getattr(reference, name.replace("_l0", f"_l{index}") + suffix).grad
                torch.testing.assert_close(parameter.grad, want, atol=1e-5, rtol=1e-4)


def test_forget_bias_is_one_and_the_other_biases_zero():
    cell = RecurrentStack("lstm", 5, 8).forward_layers[0]
    total = cell.bias_ih_l0 + cell.bias_hh_l0
    assert total[8:16].eq(1).all()
    assert total[:8].eq(0).all()
    assert total[16:].eq(0).all()


@pytest.mark.parametrize(("kind", "gates"), [("rnn", 1), ("lstm", 4), ("gru", 3)])
def test_recurrent_weights_are_orthogonal_gate_by_gate(kind, gates):
    cell = RecurrentStack(kind, 5, 8).forward_layers[0]
    split = cell.weight_hh_l0.split(8)
    assert len(split) == gates
    for gate in split:
        torch.testing.assert_close(gate @ gate.T, torch.eye(8), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_bf16_autocast_stays_near_fp32_and_has_finite_gradients(kind):
    stack = RecurrentStack(kind, 5, 8, layers=2, carry=True)
    x = inputs()
    exact = stack(x, LENGTHS)
    with torch.autocast("cpu", torch.bfloat16):
        out = stack(x, LENGTHS, tuple(torch.zeros_like(part) for part in exact.state))
    torch.testing.assert_close(out.summary.float(), exact.summary, atol=0.05, rtol=0.05)
    (out.summary.float().sum() + sum(part.float().sum() for part in out.state)).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in stack.parameters())


def test_a_projection_makes_features_of_more_cells():
    stack = RecurrentStack("lstm_projection", 5, 8, layers=2, bidirectional=True)
    assert stack.state_dims == (8, 16)
    assert stack(inputs(), LENGTHS).features.shape == (4, 9, 16)
    narrow = RecurrentStack("lstm_projection", 5, 8, carry=True, cells=3)
    assert [part.shape for part in narrow(inputs(), LENGTHS).state] == [(4, 1, 8), (4, 1, 3)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_the_rows_does_not_matter(kind):
    stack = RecurrentStack(kind, 5, 8, layers=2, carry=True)
    x, order = inputs(), torch.tensor([2, 0, 3, 1])
    want, got = stack(x, LENGTHS), stack(x[order], LENGTHS[order])
    torch.testing.assert_close(got.summary, want.summary[order], atol=1e-6, rtol=1e-5)
    for a, b in zip(got.state, want.state, strict=True):
        torch.testing.assert_close(a, b[order], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_backward_layers_read_from_each_rows_own_end(kind):
    stack = RecurrentStack(kind, 5, 8, bidirectional=True)
    ahead = RecurrentStack(kind, 5, 8)
    ahead.forward_layers.load_state_dict(stack.backward_layers.state_dict())
    x = inputs()
    features = stack(x, LENGTHS).features
    for row, length in enumerate(LENGTHS.tolist()):
        reverse = ahead(x[row : row + 1, :length].flip(1), torch.tensor([length])).features[0].flip(0)
        torch.testing.assert_close(features[row, :length, 8:], reverse, atol=1e-6, rtol=1e-5)


def test_what_runs_a_stack_is_named():
    assert RecurrentStack("lstm", 5, 8).backend == "oneDNN"
    assert RecurrentStack("lstm", 5, 8).double().backend == "fused Python"
    assert RecurrentStack("gru", 5, 8, bidirectional=True).backend == "fused Python"


def test_dropout_acts_in_training_only():
    stack = RecurrentStack("lstm", 5, 8, dropout=0.5)
    x = inputs()
    assert not torch.equal(stack(x, LENGTHS).summary, stack(x, LENGTHS).summary)
    stack.eval()
    assert torch.equal(stack(x, LENGTHS).summary, stack(x, LENGTHS).summary)


def test_wrong_uses_are_named():
    with pytest.raises(PluginError, match="no kind 'lstmm'; it has rnn, lstm, gru, lstm_layernorm"):
        RecurrentStack("lstmm", 5, 8)
    with pytest.raises(PluginError, match="cells=9 is for 'lstm_projection'"):
        RecurrentStack("gru", 5, 8, cells=9)
    with pytest.raises(ValueError, match="cells=0"):
        RecurrentStack("lstm_projection", 5, 8, cells=0)
    with pytest.raises(PluginError, match="reads the future"):
        RecurrentStack("lstm", 5, 8, bidirectional=True, carry=True)
    stack = RecurrentStack("lstm", 5, 8)
    with pytest.raises(PluginError, match="carry=True"):
        stack(inputs(), LENGTHS, (torch.zeros(4, 1, 8), torch.zeros(4, 1, 8)))
    with pytest.raises(ValueError, match="hidden_size=0"):
        check_sizes(0)
    with pytest.raises(ValueError, match=r"dropout=1\.0"):
        check_sizes(1, 1, 1.0)
