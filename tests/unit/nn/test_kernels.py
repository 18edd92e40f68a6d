"""Every fused kernel against the plain formulas, step by step in float64: features, states at the ends, gradients."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from harness.nn import pieces
from harness.nn.cells import KINDS, make_cell, state_dims
from harness.nn.convolutional import ConvLSTM
from harness.nn.layers import backend_of, run_layer
from harness.nn.masking import zero_padding

D, H, CELLS = 3, 4, 6
LENGTHS = torch.tensor([4, 9, 0, 6, 9])


def cell_of(kind, dtype=torch.float64, seed=0):
    """A layer with every parameter drawn anew, so that none is a zero or a one that hides a mistake."""
    torch.manual_seed(seed)
    cell = make_cell(kind, D, H, CELLS).double()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return cell.to(dtype)


def start_of(cell, rows, seed=1):
    g = torch.Generator().manual_seed(seed)
    dtype = next(cell.parameters()).dtype
    return tuple(torch.randn(rows, size, generator=g, dtype=torch.float64).to(dtype) for size in state_dims(cell))


def inputs(rows=5, size=9, dtype=torch.float64, seed=2):
    return torch.randn(rows, size, D, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def lstm_gates(sums, c, peepholes=None):
    i, f, g, o = sums.chunk(4, dim=1)
    if peepholes is not None:
        i, f = i + peepholes[0] * c, f + peepholes[1] * c
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    if peepholes is not None:
        o = o + peepholes[2] * c
    return o.sigmoid(), c


def normal(x):
    return nn.functional.layer_norm(x, x.shape[-1:])


def step(kind, cell, x, state):
    """One step of x (B, D) by the formulas of the papers: the next state, h first."""
    h = state[0]
    if kind in ("rnn", "lstm", "gru"):
        from_input, recurrent, bias, further = cell.parameters()
        if kind == "gru":
            a, b = x @ from_input.T + bias, h @ recurrent.T + further
            r, z = (a + b)[:, : 2 * H].sigmoid().chunk(2, dim=1)
            n = (a[:, 2 * H :] + r * b[:, 2 * H :]).tanh()
            return ((1 - z) * n + z * h,)
        sums = x @ from_input.T + bias + h @ recurrent.T + further
        if kind == "rnn":
            return (sums.tanh(),)
        o, c = lstm_gates(sums, state[1])
        return o * c.tanh(), c
    if kind == "lstm_layernorm":
        a, b = normal(x @ cell.weight_ih.T), normal(h @ cell.weight_hh.T)
        o, c = lstm_gates(a * cell.scale_ih + b * cell.scale_hh + cell.bias, state[1])
        return o * (normal(c) * cell.scale_cell + cell.bias_cell).tanh(), c
    sums = x @ cell.weight_ih.T + h @ cell.weight_hh.T + cell.bias
    o, c = lstm_gates(sums, state[1], cell.peepholes.view(3, -1) if kind == "lstm_peephole" else None)
    m = o * c.tanh()
    return (m @ cell.projection.T if kind == "lstm_projection" else m), c


def reference(kind, cell, x, start, lengths):
    """Features (B, T, R) and the states at the rows' own ends."""
    state, features = start, []
    ends = [list(part.unbind(0)) for part in start]
    for t in range(x.shape[1]):
        state = step(kind, cell, x[:, t], state)
        features.append(state[0])
        for row in (lengths == t + 1).nonzero().flatten().tolist():
            for end, part in zip(ends, state, strict=True):
                end[row] = part[row]
    return torch.stack(features, 1), tuple(torch.stack(end) for end in ends)


def objective(features, ends, seed=3):
    """A number that depends on every output, each with a weight of its own."""
    g = torch.Generator().manual_seed(seed)
    weights = [torch.randn(part.shape, generator=g, dtype=torch.float64) for part in (features, *ends)]
    return sum((part * weight.to(part.dtype)).sum() for part, weight in zip((features, *ends), weights, strict=True))


def real_positions(cell, lengths):
    """A run of the layer with zeros for the features at padding, which mean nothing."""

    def run(x, start):
        features, ends = run_layer(cell, x, start, lengths)
        return features if lengths is None else zero_padding(features, lengths), ends

    return run


def real_reference(kind, cell, lengths):
    """The same by the formulas."""

    def run(x, start):
        everything = torch.full((len(x),), x.shape[1]) if lengths is None else lengths
        features, ends = reference(kind, cell, x, start, everything)
        return zero_padding(features, everything), ends

    return run


def outputs_and_gradients(run, cell, x, start):
    x, start = x.clone().requires_grad_(), tuple(part.clone().requires_grad_() for part in start)
    features, ends = run(x, start)
    wanted = [x, *start, *cell.parameters()]
    return [features, *ends, *torch.autograd.grad(objective(features, ends), wanted)]


@pytest.mark.parametrize("lengths", [None, LENGTHS, torch.zeros(5, dtype=torch.int64)], ids=["full", "mixed", "empty"])
@pytest.mark.parametrize("kind", KINDS)
def test_features_ends_and_gradients_equal_the_formulas(kind, lengths):
    cell = cell_of(kind)
    assert backend_of(cell) == "fused Python"
    x, start = inputs(), start_of(cell, 5)
    got = outputs_and_gradients(real_positions(cell, lengths), cell, x, start)
    want = outputs_and_gradients(real_reference(kind, cell, lengths), cell, x, start)
    for a, b in zip(got, want, strict=True):
        torch.testing.assert_close(a, b, atol=1e-11, rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    lengths=st.lists(st.integers(0, 5), min_size=1, max_size=4),
    extra=st.integers(0, 2),
)
def test_any_lengths_equal_the_formulas(kind, lengths, extra):
    cell, given_lengths = cell_of(kind), torch.tensor(lengths)
    x, start = inputs(len(lengths), max(*lengths, 1) + extra), start_of(cell, len(lengths))
    got = outputs_and_gradients(real_positions(cell, given_lengths), cell, x, start)
    want = outputs_and_gradients(real_reference(kind, cell, given_lengths), cell, x, start)
    for a, b in zip(got, want, strict=True):
        torch.testing.assert_close(a, b, atol=1e-11, rtol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["fused", "fastest"])
@pytest.mark.parametrize("kind", KINDS)
def test_cutting_time_into_pieces_changes_nothing(kind, dtype, monkeypatch):
    """Calls are made to cost nothing, so that time is cut at every length."""
    monkeypatch.setattr(pieces, "_CALL", 0.0)
    monkeypatch.setattr(pieces, "_ROWS", 0)
    lengths = torch.tensor([4, 12, 0, 6, 4])
    assert [piece.end for piece in pieces.plan(lengths.tolist(), 13, 1)] == [4, 6, 12]
    cell = cell_of(kind, dtype)
    x, start = inputs(5, 13, dtype), start_of(cell, 5)
    got = outputs_and_gradients(real_positions(cell, lengths), cell, x, start)
    want = outputs_and_gradients(real_reference(kind, cell, lengths), cell, x, start)
    digits = {"atol": 1e-11, "rtol": 1e-9} if dtype == torch.float64 else {"atol": 3e-5, "rtol": 3e-5}
    for a, b in zip(got, want, strict=True):
        torch.testing.assert_close(a, b, **digits)
    features, _ = run_layer(cell, x, None, lengths, ends=False)
    wanted, _ = real_reference(kind, cell, lengths)(x, tuple(torch.zeros_like(part) for part in start))
    torch.testing.assert_close(zero_padding(features, lengths), wanted, **digits)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru", "lstm_projection"])
def test_equal_to_torch(kind):
    cell = cell_of(kind)
    if kind == "lstm_projection":
        torch_cell = nn.LSTM(D, CELLS, batch_first=True, proj_size=H).double()
        zeros = torch.zeros_like(cell.bias)
        for own, value in zip(
            torch_cell.parameters(), (cell.weight_ih, cell.weight_hh, cell.bias, zeros, cell.projection), strict=True
        ):
            own.data.copy_(value)
    else:
        torch_cell = cell
    x, start = inputs(), start_of(cell, 5)
    hidden = tuple(part.unsqueeze(0) for part in start)
    want, ends = torch_cell(x, hidden if len(hidden) == 2 else hidden[0])
    got, got_ends = run_layer(cell, x, start)
    torch.testing.assert_close(got, want, atol=1e-11, rtol=1e-9)
    for a, b in zip(got_ends, ends if isinstance(ends, tuple) else (ends,), strict=True):
        torch.testing.assert_close(a, b[0], atol=1e-11, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_pass_gradcheck(kind):
    cell = cell_of(kind)
    x, start = inputs(3, 3).requires_grad_(), tuple(part.requires_grad_() for part in start_of(cell, 3))
    lengths = torch.tensor([3, 0, 2])

    def run(x, *rest):
        features, ends = run_layer(cell, x, rest[: len(start)], lengths)
        return features, *ends

    assert torch.autograd.gradcheck(run, (x, *start, *cell.parameters()))


@pytest.mark.parametrize("kind", KINDS)
def test_float32_on_long_input_equals_float64(kind):
    """Twelve steps are enough for prepacked weights; the LSTM runs in oneDNN, with its cells held through padding."""
    cell, exact = cell_of(kind, torch.float32), cell_of(kind)
    lengths = torch.tensor([12, 5, 0])
    x, start = inputs(3, 12, torch.float32), start_of(cell, 3)
    got = outputs_and_gradients(real_positions(cell, lengths), cell, x, start)
    begin = tuple(part.double() for part in start)
    want = outputs_and_gradients(real_positions(exact, lengths), exact, x.double(), begin)
    for a, b in zip(got, want, strict=True):
        torch.testing.assert_close(a.double(), b, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_bf16_products_stay_near_float32(kind):
    cell = cell_of(kind, torch.float32)
    lengths, x, start = torch.tensor([12, 5, 0]), inputs(3, 12, torch.float32), start_of(cell, 3)

    def low(x, start):
        with torch.autocast("cpu", torch.bfloat16):
            features, ends = real_positions(cell, lengths)(x, start)
        return features.float(), tuple(end.float() for end in ends)

    got = outputs_and_gradients(low, cell, x, start)
    want = outputs_and_gradients(real_positions(cell, lengths), cell, x, start)
    for index, (a, b) in enumerate(zip(got, want, strict=True)):
        assert a.dtype == b.dtype
        assert (a - b).norm() <= 0.03 * b.norm() + 1e-3, index


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "lstm"])
def test_the_state_is_carried_in_float32_under_autocast(kind):
    cell = cell_of(kind, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        features, ends = run_layer(cell, inputs(2, 3, torch.float32), start_of(cell, 2))
    assert {part.dtype for part in (features, *ends)} == {torch.float32}


@pytest.mark.parametrize("kind", KINDS)
def test_what_lies_in_the_padding_changes_nothing(kind):
    cell = cell_of(kind, torch.float32)
    x, start = inputs(dtype=torch.float32), start_of(cell, 5)
    padded = torch.arange(9).unsqueeze(0) >= LENGTHS.unsqueeze(1)
    noisy = torch.where(padded.unsqueeze(-1), 1e6 * torch.randn_like(x), x)
    features, ends = run_layer(cell, x, start, LENGTHS)
    other, other_ends = run_layer(cell, noisy, start, LENGTHS)
    assert torch.equal(features[~padded], other[~padded])
    for a, b in zip(ends, other_ends, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_of_length_zero_keeps_its_start_to_the_last_digit(kind):
    cell = cell_of(kind, torch.float32)
    start = start_of(cell, 5)
    _, ends = run_layer(cell, inputs(dtype=torch.float32), start, LENGTHS)
    for end, begin in zip(ends, start, strict=True):
        assert torch.equal(end[2], begin[2])


@pytest.mark.parametrize("kind", KINDS)
def test_no_steps_and_no_rows(kind):
    cell = cell_of(kind)
    start = start_of(cell, 2)
    features, ends = run_layer(cell, inputs(2, 0), start, torch.zeros(2, dtype=torch.int64))
    assert features.shape == (2, 0, H)
    assert all(torch.equal(end, begin) for end, begin in zip(ends, start, strict=True))
    features, ends = run_layer(cell, inputs(0, 3), start_of(cell, 0), torch.zeros(0, dtype=torch.int64))
    assert features.shape == (0, 3, H)


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_without_data(kind):
    with torch.device("meta"):
        cell = make_cell(kind, D, H, CELLS)
        features, ends = run_layer(cell, torch.empty(5, 9, D), None, torch.empty(5, dtype=torch.int64))
    assert features.shape == (5, 9, H)
    assert [end.shape for end in ends] == [(5, size) for size in state_dims(cell)]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_kept_and_nothing_else_computed_without_gradients(kind):
    cell = cell_of(kind)
    want, _ = run_layer(cell, inputs(), None)
    with torch.inference_mode():
        got, _ = run_layer(cell, inputs(), None)
    assert torch.equal(got, want)
    assert not got.requires_grad


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_can_be_taken_twice_from_one_pass(kind):
    cell = cell_of(kind)
    x = inputs().requires_grad_()
    features, ends = run_layer(cell, x, start_of(cell, 5), LENGTHS)
    target = objective(features, ends)
    first = torch.autograd.grad(target, [x, *cell.parameters()], retain_graph=True)
    second = torch.autograd.grad(target, [x, *cell.parameters()])
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a, b)


def conv_reference(layer, x, lengths, state):
    features, (h, c) = [], state
    ends = [list(part.unbind(0)) for part in state]
    for t in range(x.shape[1]):
        sums = nn.functional.conv2d(x[:, t], layer.weight_ih, layer.bias, padding=layer.padding)
        sums = sums + nn.functional.conv2d(h, layer.weight_hh, padding=layer.padding)
        o, c = lstm_gates(sums, c, layer.peepholes)
        h = o * c.tanh()
        features.append(h)
        for row in (lengths == t + 1).nonzero().flatten().tolist():
            ends[0][row], ends[1][row] = h[row], c[row]
    return torch.stack(features, 1), tuple(torch.stack(end) for end in ends)


@pytest.mark.parametrize("size", [None, (4, 5)], ids=["plain", "peepholes"])
def test_convolutional_lstm_equals_the_formulas(size):
    torch.manual_seed(0)
    layer = ConvLSTM(2, 3, size=size).double()
    assert layer.backend == "fused Python"
    if layer.peepholes is not None:
        layer.peepholes.data.normal_()
    x, lengths = torch.randn(3, 5, 2, 4, 5).double(), torch.tensor([5, 0, 2])
    start = tuple(torch.randn(3, 3, 4, 5).double() for _ in range(2))
    got = outputs_and_gradients(lambda x, s: layer(x, lengths, s), layer, x, start)
    want = outputs_and_gradients(lambda x, s: conv_reference(layer, x, lengths, s), layer, x, start)
    for a, b in zip(got, want, strict=True):
        torch.testing.assert_close(a, b, atol=1e-11, rtol=1e-9)
    zeros = tuple(torch.zeros_like(part) for part in start)
    torch.testing.assert_close(layer(x, lengths)[0], conv_reference(layer, x, lengths, zeros)[0])


def test_convolutional_lstm_under_autocast_and_its_wrong_sizes():
    layer, x, lengths = ConvLSTM(2, 3), torch.randn(2, 4, 2, 6, 6), torch.tensor([4, 3])
    want, _ = layer(x, lengths)
    with torch.autocast("cpu", torch.bfloat16):
        got, _ = layer(x, lengths)
    torch.testing.assert_close(got, want, atol=0.03, rtol=0.03)
    got.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())
    with pytest.raises(ValueError, match="kernel=2: must be odd"):
        ConvLSTM(2, 3, kernel=2)
    with pytest.raises(ValueError, match="hidden_size=0"):
        ConvLSTM(2, 0)
