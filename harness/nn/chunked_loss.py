"""Cross-entropy of a linear layer, forward and backward in one pass over chunks of rows: no matrix of all logits.

With V symbols and N positions the logits, their softmax and its gradient are three matrices (N, V) that a plain
implementation writes to memory and reads back. Here one chunk of rows is multiplied, turned into its own gradient in
place, and multiplied with features and weights before the next one starts. The number of products is the same; the
saving is in memory and memory traffic. The idea is from Hsu et al. 2024, "Liger Kernel:
Efficient Triton Kernels for LLM Training" (fused linear cross-entropy).
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

# Measured on a Zen 4 core with 1 MiB of second-level and 32 MiB of last-level cache, 700 positions, 10,000 symbols.
_CHUNK_BYTES = {"cpu": 32 << 20}  # of a chunk's logits: half as many cost 3 % more time
_CHUNK_BYTES_ELSEWHERE = 512 << 20  # not measured
_FEWEST_ROWS = 256  # a product with fewer rows spends most of its time reading the weights
_FEW_LOGITS = 1 << 20
_PRODUCT_ROWS = 2048  # of the gradient of the weights that are computed at a time
_COLUMNS = 16  # a vector of float32
_BLOCK_ELEMENTS = 256 << 10  # of float32: fits a core's own cache while several operations pass over it


def chunked_cross_entropy(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Tensor,
    *,
    kept: Tensor | None = None,
    scale: float = 1.0,
    label_smoothing: float = 0.0,
    rows: int | None = None,
) -> Tensor:
    """`scale` times the sum over rows of the cross-entropy of `features @ weight.T + bias`.

    Equal to `torch.nn.functional.cross_entropy(..., reduction="sum", label_smoothing=label_smoothing)` on float32
    logits. Under autocast the three products use its type; the softmax and all sums are float32. Gradients are
    computed in the forward pass, so the backward pass can run only once.

    Args:
        features: (N, D).
        weight: (V, D).
        bias: (V,), or None.
        targets: int64 (N,), all below V, including rows that are not kept.
        kept: (N,), 1 for rows that count and 0 for the others; None: all count.
        scale: factor of the sum and its gradients, best 1 / rows for a mean: multiplying afterwards costs another pass
            over the gradient of the weights.
        label_smoothing: as torch's.
        rows: of a chunk; None: the number measured to be fastest.

    Returns:
        A scalar in float32 (float64 for float64 features).
    """
    device = features.device.type
    can = torch.amp.is_autocast_available(device)
    dtype = torch.get_autocast_dtype(device) if can and torch.is_autocast_enabled(device) else weight.dtype
    with torch.autocast(device, enabled=False) if can else nullcontext():
        # With few logits, many small steps cost more than the memory passes they save.
        few = len(features) == 0 or (rows is None and len(features) * len(weight) <= _FEW_LOGITS)
        if few or not torch.is_grad_enabled():
            return _value(features.to(dtype), weight.to(dtype), bias, targets, kept, label_smoothing) * scale
        rows = rows or _rows(len(features), len(weight), dtype.itemsize, device)
        return _Chunked.apply(features, weight, bias, targets, kept, scale, label_smoothing, dtype, rows)


def _rows(count: int, classes: int, itemsize: int, device: str) -> int:
    """Rows of a chunk: as many as fit the cache, but enough for an efficient product; all chunks alike."""
    fitting = _CHUNK_BYTES.get(device, _CHUNK_BYTES_ELSEWHERE) // (itemsize * classes)
    chunks = -(-count // max(_FEWEST_ROWS, fitting))
    return max(1, -(-count // max(1, chunks)))


def _value(
    features: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, kept: Tensor | None, smoothing: float
) -> Tensor:
    """The sum as torch computes it."""
    logits = functional.linear(features, weight, None if bias is None else bias.to(weight.dtype))
    logits = logits.to(_precise(logits.dtype))
    losses = functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)
    return (losses if kept is None else losses * kept).sum()


class _Chunked(torch.autograd.Function):
    """Forward computes the sum and all gradients; backward returns them."""

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        targets: Tensor,
        kept: Tensor | None,
        scale: float,
        smoothing: float,
        dtype: torch.dtype,
        rows: int,
    ) -> Tensor:
        x, w = _padded(features, dtype), _padded(weight, dtype)
        gradients = _Gradients(ctx.needs_input_grad[:3], x, w, weight.shape[1], scale)
        total = x.new_zeros((), dtype=_precise(dtype))
        logits = x.new_empty((min(rows, len(x)), len(w)))
        for start in range(0, len(x), rows):
            chunk = slice(start, min(start + rows, len(x)))
            z = torch.mm(x[chunk], w.t(), out=logits[: chunk.stop - chunk.start])  # (C, V)
            total += _into_gradient(
                z, bias, targets[chunk], None if kept is None else kept[chunk], smoothing, gradients.bias
            )
            gradients.add(z, chunk)
        ctx.gradients = gradients.finished(features, weight)
        return total * scale

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor | None, ...]:
        # Drop our references: autograd copies a gradient that is still referenced elsewhere.
        gradients, ctx.gradients = ctx.gradients, None
        if gradients is None:
            raise RuntimeError("the backward pass of chunked_cross_entropy can run only once")
        if outer.device.type != "cpu" or float(outer) != 1.0:  # elsewhere reading the value would wait for the device
            for gradient in gradients:
                if gradient is not None:
                    gradient.mul_(outer)
        return (*gradients, None, None, None, None, None, None)


def _into_gradient(
    z: Tensor, bias: Tensor | None, targets: Tensor, kept: Tensor | None, smoothing: float, bias_gradient: Tensor | None
) -> Tensor:
    """Turn products (C, V) into the gradient of their summed cross-entropy, in place; returns that sum.

    Processed in blocks of rows, so that each block stays in the cache.
    """
    classes, precise = z.shape[1], _precise(z.dtype)
    block = len(z) if z.device.type != "cpu" else max(1, min(len(z), _BLOCK_ELEMENTS // classes))
    p = z.new_empty((block, classes), dtype=precise)
    converted = None if z.dtype == precise else torch.empty_like(p)
    total = z.new_zeros((), dtype=precise)
    for start in range(0, len(z), block):
        part = z[start : start + block]
        wanted = targets[start : start + block].unsqueeze(1)
        s = part if converted is None else converted[: len(part)].copy_(part)
        if bias is not None:
            s.add_(bias)
        q = torch.softmax(s, dim=1, out=p[: len(part)])
        # log(sum(exp(s))) from the largest logit and its probability, which is at least 1 / V.
        losses = s.amax(1) - q.amax(1).log_() - s.gather(1, wanted).squeeze(1).mul_(1.0 - smoothing)
        if smoothing:
            losses -= smoothing * s.mean(1)
            q.sub_(smoothing / classes)
        q.scatter_add_(1, wanted, q.new_full((1, 1), smoothing - 1.0).expand_as(wanted))
        if kept is not None:
            mask = kept[start : start + block].to(precise)
            losses *= mask
            q.mul_(mask.unsqueeze(1))
        total += losses.sum()
        if bias_gradient is not None:
            bias_gradient += q.sum(0)
        part.copy_(q)
    return total


def _precise(dtype: torch.dtype) -> torch.dtype:
    """The type of softmax and sums."""
    return torch.promote_types(dtype, torch.float32)


class _Gradients:
    """Accumulators for the gradients of features, weights and bias; None for those not required.

    Attributes:
        weight: (V, D). bias: (V,), before scaling.
    """

    def __init__(self, needed: tuple[bool, ...], x: Tensor, w: Tensor, width: int, scale: float) -> None:
        precise = _precise(w.dtype)
        self._x, self._w, self._width, self._scale = x, w, width, scale
        self._begun = False
        self._features = torch.empty_like(x) if needed[0] else None
        self.weight = w.new_empty((len(w), width), dtype=precise) if needed[1] else None
        self.bias = w.new_zeros(len(w), dtype=precise) if needed[2] else None
        self._direct = w.shape[1] == width and w.dtype == precise
        if needed[1] and not self._direct:
            self._product = w.new_empty((_PRODUCT_ROWS if w.device.type == "cpu" else len(w), w.shape[1]))

    def finished(self, features: Tensor, weight: Tensor) -> list[Tensor | None]:
        """Gradients of features, weight and bias in the types of their tensors."""
        return [
            None if self._features is None else self._features[:, : self._width].to(features.dtype),
            None if self.weight is None else self.weight.to(weight.dtype),
            None if self.bias is None else (self.bias * self._scale).to(weight.dtype),
        ]

    def add(self, z: Tensor, chunk: slice) -> None:
        """Add the contribution of a chunk's gradient (C, V) of the logits."""
        x = self._x[chunk]
        if self._features is not None:
            part = self._features[chunk]
            torch.addmm(part, z, self._w, beta=0, alpha=self._scale, out=part)
        g = self.weight
        if g is None:
            return
        if self._direct:
            torch.addmm(g, z.t(), x, beta=float(self._begun), alpha=self._scale, out=g)
        else:
            # A few symbols at a time, so that a product is sliced and converted while it is in the cache.
            for start in range(0, len(g), len(self._product)):
                part = g[start : start + len(self._product)]
                product = self._product[: len(part)]
                torch.addmm(product, z[:, start : start + len(part)].t(), x, beta=0, alpha=self._scale, out=product)
                if self._begun:
                    part += product[:, : g.shape[1]]
                else:
                    part.copy_(product[:, : g.shape[1]])
        self._begun = True


def _padded(matrix: Tensor, dtype: torch.dtype) -> Tensor:
    """The matrix (R, D) in another type, on CPUs with columns of zeros up to a multiple of 16.

    Products whose results have any other number of columns were up to a third slower.
    """
    width = matrix.shape[1]
    wider = -(-width // _COLUMNS) * _COLUMNS
    if wider == width or matrix.device.type != "cpu":
        return matrix.to(dtype)
    padded = matrix.new_empty((len(matrix), wider), dtype=dtype)
    padded[:, width:] = 0
    padded[:, :width] = matrix
    return padded
