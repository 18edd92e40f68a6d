"""The layer-normalised LSTM of Ba et al. 2016, eq. 20-22, with one bias instead of the two that are added.

    i, f, g, o = a LN(W x_t) + b + s LN(U h_{t-1}),   c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g),
    h_t = sigmoid(o) tanh(k LN(c_t) + d)

LN takes the mean and the variance over all 4H sums of one position, or over its H cells.
"""

from __future__ import annotations

import torch

from harness.nn.kernels.maps import MatrixMap
from harness.nn.kernels.recurrence import Kernel, Steps, Weights

EPSILON = 1e-5

_sigmoid_back = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input
_norm = torch.ops.aten.native_layer_norm.out
_norm_back = torch.ops.aten.native_layer_norm_backward


class LayerNormLSTMKernel(Kernel):
    """States: h and c (B, H). Gates: i, f, g, o (B, 4H). Weights: U (4H, H), s (4H,), k (H,) and d (H,)."""

    def _setup(self) -> None:
        size = self.states[1].shape[2]
        self._size = size
        ends = [(index * size, (index + 1) * size) for index in range(4)]
        self._i, self._f, self._g, self._o = (self.gates.section(*pair) for pair in ends)
        self._if, self._all = self.gates.section(0, 2 * size), self.gates.section(0, 4 * size)
        _, scale, cell_scale, cell_shift = self.weights
        assert scale is not None
        assert cell_scale is not None
        assert cell_shift is not None
        self._scale, self._cell_scale, self._cell_shift = (
            part.to(self.exact) for part in (scale, cell_scale, cell_shift)
        )
        self._work = torch.empty_like(self.at[1][0])  # (B, H)
        self._wide = self._work.new_empty(self.rows, 4 * size)

    def _begin(self) -> None:
        self._setup()
        kept = self.low.new_empty(self.steps, self.rows, 4 * self._size)  # U h
        moments = self._work.new_empty(4, self.steps, self.rows, 1)
        self.extras = (kept, moments)
        self._sums = Steps(kept, self.exact)
        self._sums_at = self._sums.section(0, 4 * self._size)
        self._moments = [moment.unbind(0) for moment in moments.unbind(0)]

    def _step(self, t: int) -> None:
        (h, c), work, wide, size = self.at, self._work, self._wide, self._size
        mean, rstd, cell_mean, cell_rstd = (moment[t] for moment in self._moments)
        assert isinstance(self.map, MatrixMap)
        self.map.into(self._sums.at[t], self.low_at[t])
        self._sums.load(t)
        self.gates.load(t)
        _norm(self._sums_at[t], [4 * size], self._scale, None, EPSILON, out0=wide, out1=mean, out2=rstd)
        self._all[t].add_(wide)
        self._if[t].sigmoid_()
        self._g[t].tanh_()
        self._o[t].sigmoid_()
        torch.mul(self._f[t], c[t], out=c[t + 1]).addcmul_(self._i[t], self._g[t])
        _norm(c[t + 1], [size], self._cell_scale, self._cell_shift, EPSILON, out0=work, out1=cell_mean, out2=cell_rstd)
        torch.mul(self._o[t], work.tanh_(), out=h[t + 1])
        self.gates.store(t)

    def _begin_backward_pass(self) -> None:
        self._setup()
        size = self._size
        kept, moments = self.extras
        self._sums = Steps(kept, self.exact)
        self._sums_at = self._sums.section(0, 4 * size)
        self._moments = [moment.unbind(0) for moment in moments.unbind(0)]
        ends = [(index * size, (index + 1) * size) for index in range(4)]
        self._di, self._df, self._dg, self._do = (self.grads.section(*pair) for pair in ends)
        self._dif, self._dall = self.grads.section(0, 2 * size), self.grads.section(0, 4 * size)
        self._dsums = torch.empty_like(kept)
        self._dsums_at = self._dsums.unbind(0)
        self._dcells = torch.empty_like(self.states[1][1:])  # by k LN(c) + d, (T, B, H)
        self._dcells_at = self._dcells.unbind(0)

    def backward(self, t: int) -> None:
        """See `Kernel.backward`."""
        self.gates.load(t)
        self._sums.load(t)
        (dh, dc), work, size = self.state_grads, self._work, self._size
        before, after = self.at[1][t], self.at[1][t + 1]
        i, f, g, o = self._i[t], self._f[t], self._g[t], self._o[t]
        di, df, dg, do = self._di[t], self._df[t], self._dg[t], self._do[t]
        mean, rstd, cell_mean, cell_rstd = (moment[t] for moment in self._moments)
        torch.sub(after, cell_mean, out=work).mul_(cell_rstd)
        torch.addcmul(self._cell_shift, work, self._cell_scale, out=work).tanh_()
        torch.mul(dh, work, out=do)
        _sigmoid_back(do, o, grad_input=do)
        dcell = torch.mul(dh, o, out=self._dcells_at[t])
        _tanh_backward(dcell, work, grad_input=dcell)
        only_input = [True, False, False]
        dc.add_(_norm_back(dcell, after, [size], cell_mean, cell_rstd, self._cell_scale, None, only_input)[0])
        torch.mul(dc, g, out=di)
        torch.mul(dc, before, out=df)
        _sigmoid_back(self._dif[t], self._if[t], grad_input=self._dif[t])
        torch.mul(dc, i, out=dg)
        _tanh_backward(dg, g, grad_input=dg)
        dc.mul_(f)
        self.grads.store(t)
        backward = _norm_back(self._dall[t], self._sums_at[t], [4 * size], mean, rstd, self._scale, None, only_input)[0]
        self._dsums_at[t].copy_(backward)
        self.map.backward(dh, self._dsums_at[t])

    def weight_gradients(self) -> Weights:
        """Of U, s, k and d."""
        mean, rstd, cell_mean, cell_rstd = (moment.flatten(0, 1) for moment in self.extras[1].unbind(0))
        sums, grads = (x.flatten(0, 1).to(self.exact) for x in (self.extras[0], self.grads.kept))
        scale = (sums.sub_(mean) if sums.dtype != self.type else sums.sub(mean)).mul_(rstd).mul_(grads).sum(0)
        dcells = self._dcells.flatten(0, 1)
        cells = self.states[1][1:].flatten(0, 1).sub(cell_mean).mul_(cell_rstd)
        recurrent = self.map.gradient(self._dsums, self.low[:-1])
        return recurrent, scale, cells.mul_(dcells).sum(0), dcells.sum(0)
