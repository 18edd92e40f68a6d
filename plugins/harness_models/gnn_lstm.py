"""Graph convolutions before an LSTM: nodes exchange what they know at each step, then each follows its own time.

Sources: graph convolution: T. Kipf and M. Welling, "Semi-Supervised Classification with Graph Convolutional Networks",
2017, eq. 2; a learnt graph: Z. Wu et al., "Graph WaveNet for Deep Spatial-Temporal Graph Modeling", 2019, eq. 5; in
this order before an LSTM: Y. Seo et al., "Structured Sequence Modeling with Graph Convolutional Recurrent Networks",
2018, section 4, model 1. Axes: B batch, T time, N nodes, F features of a node, H hidden size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from harness import Capabilities, Decoder, Encoder, EncoderOutput, Model, hookimpl
from harness.contract.model import State
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, FrameInput, GraphSeriesInput, ModelInput
from harness.contract.target import Target
from harness.nn.initialisation import linear
from harness.nn.masking import last_valid, zero_padding
from harness.nn.recurrent import RecurrentStack, check_sizes
from harness.nn.recurrent_model import RecurrentPlan
from harness.targets import ForecastTarget

HARNESS_CONTRACT = 2


class GraphSource(Enum):
    """Where the graph comes from."""

    given = "given"
    learnt = "learnt"


@dataclass
class GNNLSTM(Model):
    """Graph convolutions at every step, and an LSTM with the same weights at every node.

    Forecast variables are nodes: each sees its own past, and what is no variable to forecast (calendar, others) beside
    it. Series on a graph keep their nodes. Any other input is one node, on which a graph convolution is a dense layer.
    It decodes with an LSTM without attention.

    Fields:
        hidden_size: of the graph convolutions and the LSTM.
        layers: of the LSTM.
        graph_layers: graph convolutions.
        dropout: on the input of every layer of the LSTM.
        graph: "given" takes the task's edges, and learns the graph where the task has none; "learnt" always learns it.
        node_size: numbers that stand for a node where the graph is learnt.
        readout: numbers of each node in the features.
    """

    name: ClassVar[str] = "gnn_lstm"

    hidden_size: int = 64
    layers: int = 1
    graph_layers: int = 2
    dropout: float = 0.1
    graph: GraphSource = GraphSource.given
    node_size: int = 10
    readout: int = 32

    def __post_init__(self) -> None:
        self.graph = GraphSource(self.graph)
        check_sizes(self.hidden_size, self.layers, self.dropout)
        for name in ("graph_layers", "node_size", "readout"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: must be at least 1")

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Causal; reads series on a graph, and the frames of a forecast. Text's state is carried."""
        text = signature.target_type.needs.streams
        forecast = issubclass(signature.target_type, ForecastTarget)
        return Capabilities(
            causal=True,
            carries_state=text,
            reads=(GraphSeriesInput, FrameInput) if forecast else (GraphSeriesInput,),
            state_size=2 * self.layers * self.hidden_size if text else None,
        )

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over nodes."""
        nodes = _nodes_of(input_spec, target_spec)
        edges = input_spec.edges if isinstance(input_spec, GraphSeriesInput) else ()
        graph: nn.Module
        if nodes.count == 1 or (edges and self.graph is GraphSource.given):
            graph = GivenGraph(nodes.count, edges)
        else:
            graph = LearntGraph(nodes.count, self.node_size)
        sizes = [nodes.own + nodes.shared] + [self.hidden_size] * self.graph_layers
        return GraphEncoder(
            nodes,
            graph,
            [GraphConvolution(before, after) for before, after in pairwise(sizes)],
            RecurrentStack(
                "lstm",
                self.hidden_size,
                self.hidden_size,
                self.layers,
                dropout=self.dropout,
                carry=target_spec.needs.streams,
            ),
            self.readout,
        )

    def build_decoder(self, encoder: Encoder, target_spec: Target, embedding_dim: int) -> Decoder:
        """A decoder as deep and wide as the LSTM, without attention."""
        return RecurrentPlan("lstm", self.hidden_size, self.layers, self.dropout).decoder(encoder, embedding_dim)

    def tiny(self) -> GNNLSTM:
        """The same network with 16 units."""
        return replace(self, hidden_size=16, dropout=0.0, readout=min(16, self.readout))


@dataclass(frozen=True)
class Nodes:
    """How an input is made of nodes.

    Attributes:
        count: N.
        own: features that each node has for itself, side by side in a frame.
        shared: features behind these that all nodes see.
        raw: the input is (B, T, N, F) already.
    """

    count: int
    own: int
    shared: int = 0
    raw: bool = False

    def split(self, x: Tensor) -> Tensor:
        """(B, T, N, F) of x (B, T, ...)."""
        if self.raw:
            return x
        both = self.count * self.own
        own = x[..., :both].unflatten(-1, (self.count, self.own))
        rest = x[..., None, both:].expand(-1, -1, self.count, -1)
        return torch.cat((own, rest), dim=-1) if self.shared else own


def _nodes_of(inputs: ModelInput, target: Target) -> Nodes:
    match inputs:
        case GraphSeriesInput():
            return Nodes(inputs.nodes, inputs.features, raw=True)
        case EmbeddedInput():
            return Nodes(1, inputs.dim)
        case FrameInput() if isinstance(target, ForecastTarget):
            count = 1 if target.separate else target.dim
            shared = inputs.feature_dim - count * target.patch
            # A task may forecast variables that are no part of the input.
            return Nodes(count, target.patch, shared) if shared >= 0 else Nodes(1, inputs.feature_dim)
    raise TypeError(f"gnn_lstm does not read {type(inputs).__name__}")


class GivenGraph(nn.Module):
    """D^(-1/2) (A + I) D^(-1/2), D being the degrees of A + I: Kipf and Welling 2017, eq. 2.

    An edge counts both ways, since the equation is for symmetric A.

    Args:
        nodes: N.
        edges: pairs of node numbers.

    Raises:
        ValueError: an edge names a node that does not exist.
    """

    matrix: Tensor

    def __init__(self, nodes: int, edges: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        adjacency = torch.eye(nodes)
        for one, other in edges:
            if not (0 <= one < nodes and 0 <= other < nodes):
                raise ValueError(f"edge {(one, other)} of the graph: nodes are numbered from 0 to {nodes - 1}")
            adjacency[one, other] = adjacency[other, one] = 1.0
        root = adjacency.sum(1).rsqrt()
        # Follows from the task, so it is neither saved nor counted as a weight.
        self.register_buffer("matrix", root[:, None] * adjacency * root, persistent=False)

    def forward(self) -> Tensor:
        """(N, N)."""
        return self.matrix


class LearntGraph(nn.Module):
    """(I + softmax(relu(E_1 E_2^T))) / 2: Wu et al. 2019, eq. 5, with a node's own share as in `GivenGraph`.

    Rows add up to 1: the adjacency is a transition matrix, and adding I doubles each degree. Entries of E_1 and E_2
    start as standard normal numbers, as in the authors' code.

    Args:
        nodes: N.
        size: of the rows of E_1 and E_2.
    """

    def __init__(self, nodes: int, size: int) -> None:
        super().__init__()
        self.sources = nn.Parameter(torch.randn(nodes, size))
        self.targets = nn.Parameter(torch.randn(nodes, size))

    def forward(self) -> Tensor:
        """(N, N)."""
        adjacency = torch.relu(self.sources @ self.targets.T).softmax(dim=1).to(self.sources.dtype)
        return (torch.eye(len(adjacency), device=adjacency.device, dtype=adjacency.dtype) + adjacency) / 2


class GraphConvolution(nn.Module):
    """relu(A X W + b), with A the normalised graph: Kipf and Welling 2017, eq. 2, and the bias of the authors' code.

    Args:
        before: F of the nodes.
        after: F of the result.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.linear = linear(before, after)

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        """(..., N, after) of x (..., N, before) on a graph (N, N)."""
        if graph.shape[0] > 1:
            x = graph.to(x.dtype) @ x
        return torch.relu(self.linear(x))


class GraphEncoder(Encoder):
    """Graph convolutions at every step, the LSTM over each node's steps, a readout of each node side by side.

    Args:
        nodes: of the input.
        graph: returns the normalised graph (N, N).
        convolutions: graph convolutions.
        stack: the LSTM.
        readout: numbers of each node in the features.
    """

    def __init__(
        self,
        nodes: Nodes,
        graph: nn.Module,
        convolutions: Sequence[GraphConvolution],
        stack: RecurrentStack,
        readout: int,
    ) -> None:
        super().__init__()
        self.nodes, self.graph = nodes, graph
        self.convolutions = nn.ModuleList(convolutions)
        self.stack = stack
        self.readout = linear(stack.output_dim, readout)
        self.feature_dim = self.summary_dim = nodes.count * readout

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, ...); the state is the LSTM's of every node, (B, N, layers, H) each."""
        count, graph = self.nodes.count, self.graph()
        y = self.nodes.split(zero_padding(x, lengths))  # (B, T, N, F)
        for convolution in self.convolutions:
            y = convolution(y, graph)
        series = y.transpose(1, 2).flatten(0, 1)  # (B N, T, H)
        carried = None if state is None else tuple(part.flatten(0, 1) for part in state)
        out = self.stack(series, lengths.repeat_interleave(count), carried)
        read = self.readout(out.features).unflatten(0, (-1, count))  # (B, N, T, readout)
        features = read.transpose(1, 2).flatten(2)  # (B, T, N readout)
        after = None if out.state is None else tuple(part.unflatten(0, (-1, count)) for part in out.state)
        return EncoderOutput(features, lengths, last_valid(features, lengths), after)

    def explain(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """As `forward`, with the graph, the same (N, N) at every position: how much row n takes from each node."""
        out = self(x, lengths, state)
        return out._replace(explain={"graph": self.graph().expand(*out.features.shape[:2], -1, -1)})


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [GNNLSTM]
