"""A decoder's loop with attention in it, forward and backward, as one node of autograd's graph.

Bahdanau et al. 2015, appendix A: the context of step u depends on the state before it, and the state on the context, so
only the symbols' contribution to the first layer's gates can be computed for all steps at once. The gradients of all
weights and of the memory are computed together after the loop, and tanh(W q + U m), B x T x A numbers a step, is
recomputed instead of stored. It is computed as 2 sigmoid(2 W q + 2 U m) - 1, since torch's sigmoid is six times as fast
as its tanh on CPU; the results agree to 3e-7 in float32. The -1 shifts all scores of a row equally, so the softmax
cancels it.

Axes: B batch, T memory time, U target time, A attention space, M memory features,
G gates, R features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from harness.nn.kernels.maps import MatrixMap
from harness.nn.kernels.recurrence import Kernel, Weights, new_states, without_autocast


@dataclass(frozen=True)
class Layer:
    """One layer of the loop.

    Attributes:
        kernel: the cell.
        start: its states before the first step, (B, S) each.
        weights: of the state.
        inputs: W (G, R) and b (G,) for the output of the layer below; for the first layer W (G, M) for the context, and
            no b, since `gates` contains it.
        noise: dropout factors of its input at every step, (U, B, R or M); None: no dropout.
    """

    kernel: type[Kernel]
    start: tuple[Tensor, ...]
    weights: Weights
    inputs: tuple[Tensor, Tensor | None]
    noise: Tensor | None

    def flat(self) -> tuple[Tensor | None, ...]:
        """All tensors, in the order of `_Shape.take`."""
        return (*self.start, *self.weights, *self.inputs, self.noise)


@dataclass(frozen=True)
class _Shape:
    kernel: type[Kernel]
    states: int
    weights: int

    def take(self, tensors: Iterator[Any]) -> Layer:
        start = tuple(next(tensors) for _ in range(self.states))
        weights = tuple(next(tensors) for _ in range(self.weights))
        return Layer(self.kernel, start, weights, (next(tensors), next(tensors)), next(tensors))


@dataclass(frozen=True)
class AttentionMemory:
    """The attention memory, all in the type of the states.

    Attributes:
        keys: U m of every position, (B, T, A).
        values: (B, T, M).
        mask: true at real positions, (B, T).
        query: W (A, R), of the last layer's h.
        score: v (A,).
    """

    keys: Tensor
    values: Tensor
    mask: Tensor
    query: Tensor
    score: Tensor


def attentive_loop(
    gates: Tensor, steps: int, memory: AttentionMemory, layers: Sequence[Layer], residual: bool
) -> Tensor:
    """Features (U, B, R) of a decoder that attends to the memory at every step.

    Args:
        gates: the symbols' contribution to the first layer's gates, with its bias, (U B, G). Overwritten, so it must
            not be a view.
        steps: U.
        memory: the attention memory.
        layers: from the first to the last.
        residual: add a layer's input to its output, from the second layer on.
    """
    shapes = [_Shape(layer.kernel, len(layer.start), len(layer.weights)) for layer in layers]
    flat = [tensor for layer in layers for tensor in layer.flat()]
    attended = (memory.keys, memory.values, memory.mask, memory.query, memory.score)
    return _AttentiveLoop.apply(shapes, residual, steps, gates, *attended, *flat)[1]


class _AttentiveLoop(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, shapes: list[_Shape], residual: bool, steps: int, gates: Tensor, *tensors: Any
    ) -> tuple[Tensor, Tensor]:
        memory, others = AttentionMemory(*tensors[:5]), iter(tensors[5:])
        layers = [shape.take(others) for shape in shapes]
        rows, kind = layers[0].start[0].shape[0], gates.dtype
        exact = layers[0].start[0].dtype
        with without_autocast(gates.device):
            all_gates = [gates.view(steps, rows, -1)]
            all_gates += [gates.new_empty(steps, rows, layer.inputs[0].shape[0]) for layer in layers[1:]]
            states = [[new_states(steps, part) for part in layer.start] for layer in layers]
            cells = [
                layer.kernel(own, state, layer.weights)
                for layer, own, state in zip(layers, all_gates, states, strict=True)
            ]
            inputs = [MatrixMap(layer.inputs[0].to(kind), steps, rows) for layer in layers]
            query = MatrixMap(memory.query.to(kind), steps, rows)
            for cell in cells:
                cell.begin()
            queries = memory.keys.new_empty(steps, rows, memory.query.shape[0])  # (U, B, A)
            weights = memory.keys.new_empty(steps, *memory.mask.shape)  # (U, B, T)
            keys, score = 2 * memory.keys, 2 * memory.score
            compared = torch.empty_like(keys)  # (B, T, A)
            features = new_states(steps, states[0][0][0])[1:] if residual and len(layers) > 1 else states[-1][0][1:]
            for u in range(steps):
                query.into(queries[u], cells[-1].low_at[u])
                queries[u].mul_(2)
                _compare(keys, queries[u], compared)
                _weigh(compared @ score, memory.mask, weights[u])
                x = torch.bmm(weights[u].unsqueeze(1), memory.values).squeeze(1)  # (B, M)
                for index, (layer, cell) in enumerate(zip(layers, cells, strict=True)):
                    below = x if layer.noise is None else x * layer.noise[u]
                    if layer.inputs[1] is not None:
                        cell.gates.at[u].copy_(layer.inputs[1].expand_as(cell.gates.at[u]))
                    inputs[index].add_to(cell.gates.at[u], below.to(kind))
                    cell.step(u)
                    y = cell.at[0][u + 1]
                    x = x + y if residual and index else y
                if residual and len(layers) > 1:
                    features[u] = x
        ctx.shapes, ctx.residual, ctx.extras, ctx.exact = shapes, residual, [len(c.extras) for c in cells], exact
        ctx.set_materialize_grads(False)
        ctx.mark_dirty(gates)
        kept = [t for state, cell in zip(states, cells, strict=True) for t in (*state, *cell.extras)]
        ctx.save_for_backward(gates, *all_gates[1:], queries, weights, *kept, *tensors)
        return gates, features

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, _: None, grad_in: Tensor | None) -> tuple[Any, ...]:
        if grad_in is None:
            return (None,) * len(ctx.needs_input_grad)
        with without_autocast(grad_in.device):
            return _Backward(ctx).run(grad_in)


class _Backward:
    """The backward pass through the loop, from the tensors saved in the context."""

    def __init__(self, ctx: Any) -> None:
        tensors = iter(ctx.saved_tensors)
        gates = [next(tensors) for _ in ctx.shapes]
        self.queries, self.weights = next(tensors), next(tensors)
        self.steps, self.rows = self.queries.shape[:2]
        kept = [
            ([next(tensors) for _ in range(shape.states)], tuple(next(tensors) for _ in range(count)))
            for shape, count in zip(ctx.shapes, ctx.extras, strict=True)
        ]
        self.memory = AttentionMemory(*(next(tensors) for _ in range(5)))
        self.layers = [shape.take(tensors) for shape in ctx.shapes]
        self.residual = ctx.residual
        self.cells: list[Kernel] = []
        for layer, own, (states, extras) in zip(self.layers, gates, kept, strict=True):
            cell = layer.kernel(own.view(self.steps, self.rows, -1), states, layer.weights)
            cell.begin_backward(extras, [torch.zeros_like(state[0]) for state in states])
            self.cells.append(cell)
        self.kind = gates[0].dtype
        self.inputs = [MatrixMap(layer.inputs[0].to(self.kind), self.steps, self.rows) for layer in self.layers]
        self.query = MatrixMap(self.memory.query.to(self.kind), self.steps, self.rows)

    def run(self, grad_in: Tensor) -> tuple[Any, ...]:
        """Gradients in the order of `_AttentiveLoop.forward`'s arguments, given the features' gradient (U, B, R)."""
        memory = self.memory
        keys = 2 * memory.keys
        compared, dkeys = torch.empty_like(keys), torch.zeros_like(keys)  # (B, T, A)
        dscore = memory.keys.new_zeros(self.rows, 1, memory.keys.shape[2])
        dqueries = torch.empty_like(self.queries)
        dcontexts = memory.values.new_empty(self.steps, self.rows, memory.values.shape[2])  # (U, B, M)
        values = memory.values.transpose(1, 2)
        tanh_derivative = 4 * memory.score  # 1 - tanh^2 is 4 s (1 - s)
        for u in range(self.steps - 1, -1, -1):
            self._through_layers(u, grad_in[u], dcontexts[u])
            weights = self.weights[u]
            # The same product with the vector on the right takes ten times as long.
            dweights = torch.bmm(dcontexts[u].unsqueeze(1), values).squeeze(1)  # (B, T)
            dweights.sub_((weights * dweights).sum(1, keepdim=True)).mul_(weights)  # now with respect to the scores
            _compare(keys, self.queries[u], compared)
            dscore.baddbmm_(dweights.unsqueeze(1), compared)
            torch.addcmul(compared, compared, compared, value=-1, out=compared)
            dquery = torch.bmm(dweights.unsqueeze(1), compared).squeeze(1).mul_(tanh_derivative)  # (B, A)
            dkeys.addcmul_(dweights.unsqueeze(2), compared)
            dqueries[u] = dquery
            self.query.backward(self.cells[-1].state_grads[0], dquery.to(self.kind), add=True)
        dvalues = torch.bmm(self.weights.permute(1, 2, 0), dcontexts.transpose(0, 1))  # (B, T, M)
        dquery_weight = self.query.gradient(dqueries.to(self.kind), self.cells[-1].low[:-1])
        grads: list[Any] = [None, None, None, self.cells[0].grads.kept.flatten(0, 1)]
        # The gradients of a row's scores sum to 0, so the -1 of every tanh does not contribute to the score's gradient.
        dscore = 2 * dscore.sum((0, 1))
        grads += [dkeys.mul_(tanh_derivative), dvalues, None, dquery_weight.to(memory.query.dtype), dscore]
        for index in range(len(self.layers)):
            grads += self._of_layer(index)
        return tuple(grads)

    def _through_layers(self, u: int, grad_in: Tensor, dcontext: Tensor) -> None:
        """Backward through all layers at step u; the gradient with respect to the context is written to dcontext (B,
        M)."""
        for index in range(len(self.layers) - 1, -1, -1):
            layer, cell = self.layers[index], self.cells[index]
            cell.state_grads[0].add_(grad_in)
            cell.backward(u)
            below = dcontext if index == 0 else torch.empty_like(self.cells[index - 1].state_grads[0])
            self.inputs[index].backward(below, cell.grads.at[u])
            if layer.noise is not None:
                below.mul_(layer.noise[u])
            grad_in = grad_in + below if self.residual and index else below

    def _of_layer(self, index: int) -> list[Any]:
        layer, cell = self.layers[index], self.cells[index]
        if index == 0:
            below = torch.bmm(self.weights.transpose(0, 1), self.memory.values).transpose(0, 1)  # (U, B, M)
        else:
            below = self.cells[index - 1].states[0][1:]
            for lower in range(index - 1 if self.residual else 0):
                below = below + self.cells[lower].states[0][1:]
        if layer.noise is not None:
            below = below * layer.noise
        dinputs = self.inputs[index].gradient(cell.grads.kept, below.to(self.kind))
        dbias = None if layer.inputs[1] is None else cell.grads.kept.sum((0, 1), dtype=layer.inputs[1].dtype)
        dweights = [
            None if weight is None or found is None else found.to(weight.dtype)
            for weight, found in zip(layer.weights, cell.weight_gradients(), strict=True)
        ]
        return [*cell.state_grads, *dweights, dinputs.to(layer.inputs[0].dtype), dbias, None]


def _compare(keys: Tensor, query: Tensor, out: Tensor) -> None:
    """sigmoid(2 q + 2 U m) for the doubled keys (B, T, A) and the doubled query (B, A)."""
    torch.add(keys, query.unsqueeze(1), out=out).sigmoid_()


def _weigh(scores: Tensor, mask: Tensor, out: Tensor) -> None:
    """Attention (B, T) from scores (B, T), as `masked_softmax`."""
    scores.masked_fill_(~mask, torch.finfo(scores.dtype).min)
    torch.softmax(scores, dim=-1, out=out).mul_(mask)
