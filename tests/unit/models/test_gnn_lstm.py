"""Graph convolutions before an LSTM equal their equations, node by node, gradients included."""

from __future__ import annotations

import math

import pytest
import torch
from harness_models.gnn_lstm import GNNLSTM, GraphConvolution

from harness.contract.specs import EmbeddedInput, FrameInput, GraphSeriesInput
from harness.targets import ForecastTarget, NextTokenTarget

CLOSE = {"atol": 1e-11, "rtol": 1e-9}
EDGES = ((0, 1), (1, 2), (1, 3))
MODEL = GNNLSTM(hidden_size=4, readout=3, node_size=2, dropout=0.0)


def given(nodes, edges):
    """Shares of Kipf and Welling 2017, eq. 2: 1 / sqrt(d_i d_j) between neighbours and at a node itself."""
    near = {i: {i} | {b for a, b in edges if a == i} | {a for a, b in edges if b == i} for i in range(nodes)}
    shares = torch.zeros(nodes, nodes, dtype=torch.float64)
    for i in range(nodes):
        for j in near[i]:
            shares[i, j] = 1 / math.sqrt(len(near[i]) * len(near[j]))
    return shares


def learnt(w):
    """Wu et al. 2019, eq. 5, averaged with the identity."""
    raw = (w["graph.sources"] @ w["graph.targets"].T).clamp(min=0).exp()
    return (torch.eye(len(raw), dtype=raw.dtype) + raw / raw.sum(1, keepdim=True)) / 2


def convolved(weight, bias, shares, x):
    """relu(sum over j of share_ij W x_j + b) at every node i of x (N, F)."""
    return torch.stack(
        [(sum(s * (weight @ y) for s, y in zip(row, x, strict=True)) + bias).clamp(min=0) for row in shares]
    )


def reference(w, shares, x):
    """Features (T, N readout) of x (T, N, F)."""
    size = MODEL.hidden_size
    h = c = torch.zeros(x.shape[1], size, dtype=torch.float64)
    out = []
    for step in x:
        y = step
        for layer in range(2):
            name = f"convolutions.{layer}.linear"
            y = convolved(w[f"{name}.weight"], w[f"{name}.bias"], shares, y)
        name = "stack.forward_layers.0"
        sums = y @ w[f"{name}.weight_ih_l0"].T + w[f"{name}.bias_ih_l0"]
        i, f, g, o = (sums + h @ w[f"{name}.weight_hh_l0"].T + w[f"{name}.bias_hh_l0"]).split(size, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        out.append((h @ w["readout.weight"].T + w["readout.bias"]).flatten())
    return torch.stack(out)


def frames_of_two_variables(x):
    """Variables of two steps each, then three channels that all see: (T, 2, 5)."""
    return torch.stack([torch.cat((x[:, :2], x[:, 4:]), 1), torch.cat((x[:, 2:4], x[:, 4:]), 1)], 1)


@pytest.mark.parametrize(
    ("inputs", "target", "nodes"),
    [
        (GraphSeriesInput(4, 2, EDGES), ForecastTarget(2, 4), lambda x: x),
        (GraphSeriesInput(4, 2), ForecastTarget(2, 4), lambda x: x),
        (FrameInput(7), ForecastTarget(2, 2, patch=2), frames_of_two_variables),
    ],
    ids=["given graph", "learnt graph", "variables as nodes"],
)
def test_outputs_and_gradients_equal_the_equations(inputs, target, nodes):
    torch.manual_seed(5)
    encoder = MODEL.build(inputs, target).double()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    shape = (7,) if isinstance(inputs, FrameInput) else (4, 2)
    x, lengths = torch.randn(2, 6, *shape, dtype=torch.float64), torch.tensor([6, 2])
    w = dict(encoder.named_parameters())
    shares = learnt(w) if "graph.sources" in w else given(4, EDGES)
    if "graph.sources" not in w:
        torch.testing.assert_close(encoder.graph.matrix, shares, atol=1e-7, rtol=0)  # kept in fp32
        encoder.graph.matrix = shares
    out = encoder(x, lengths)
    rows = [reference(w, shares, nodes(x[row, :length])) for row, length in enumerate(lengths.tolist())]
    expected = torch.cat((*rows, torch.stack([row[-1] for row in rows])))
    found = torch.cat((out.features[0], out.features[1, :2], out.summary))
    torch.testing.assert_close(found, expected, **CLOSE)
    draw = torch.randn_like(expected)
    one, two = (torch.autograd.grad((y * draw).sum(), list(w.values())) for y in (found, expected))
    for name, a, b in zip(w, one, two, strict=True):
        torch.testing.assert_close(a, b, msg=lambda said, name=name: f"gradient of {name}: {said}", **CLOSE)
    torch.testing.assert_close(encoder.explain(x, lengths).explain["graph"][1, 0], shares, **CLOSE)


def test_a_graph_convolution_is_eq_2():
    torch.manual_seed(6)
    layer, x = GraphConvolution(3, 2).double(), torch.randn(5, 4, 3, dtype=torch.float64)
    adjacency = torch.zeros(4, 4, dtype=torch.float64)
    for a, b in EDGES:
        adjacency[a, b] = adjacency[b, a] = 1
    full = adjacency + torch.eye(4)
    root = torch.diag(full.sum(1) ** -0.5)
    expected = torch.relu(root @ full @ root @ x @ layer.linear.weight.T + layer.linear.bias)
    torch.testing.assert_close(layer(x, given(4, EDGES)), expected, **CLOSE)


def test_a_learnt_graph_may_be_asked_for_and_an_edge_to_nowhere_is_named():
    inputs, target = GraphSeriesInput(4, 2, EDGES), ForecastTarget(2, 4)
    asked = GNNLSTM(hidden_size=4, graph="learnt").build(inputs, target)
    assert "graph.sources" in dict(asked.named_parameters())
    with pytest.raises(ValueError, match=r"edge \(1, 4\) of the graph: nodes are numbered from 0 to 3"):
        MODEL.build(GraphSeriesInput(4, 2, ((1, 4),)), target)


def test_a_vector_is_one_node_whose_state_is_carried():
    encoder = MODEL.build(EmbeddedInput(5), NextTokenTarget(9)).double()
    x = torch.randn(2, 7, 5, dtype=torch.float64)
    whole = encoder(x, torch.tensor([7, 7]))
    first = encoder(x[:, :3], torch.tensor([3, 3]))
    rest = encoder(x[:, 3:], torch.tensor([4, 4]), first.state)
    torch.testing.assert_close(torch.cat((first.features, rest.features), 1), whole.features, **CLOSE)
    assert [tuple(part.shape) for part in whole.state] == [(2, 1, 1, 4)] * 2
