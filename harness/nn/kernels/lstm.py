"""The LSTM with features the libraries lack: peepholes, a projection under bfloat16, convolutions.

    i, f = sigmoid(W x_t + b + U h_{t-1} + p c_{t-1}),   g = tanh(W x_t + b + U h_{t-1}),   c_t = f c_{t-1} + i g,
    o = sigmoid(W x_t + b + U h_{t-1} + p c_t),   m = o tanh(c_t),   h_t = m, or P m

Hochreiter and Schmidhuber 1997; peepholes p: Gers and Schmidhuber 2000; projection P: Sak et al. 2014, eq. 1-6; U as a
convolution: Shi et al. 2015, eq. 3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.nn.kernels.maps import MatrixMap
from harness.nn.kernels.recurrence import Kernel, Steps, Weights

_sigmoid_back = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


class LSTMKernel(Kernel):
    """States: h (B, R, ...) and c (B, H, ...). Gates: i, f, g, o (B, 4H, ...).

    Weights: U (4H, R), or (4H, R, k, k) where the states have height and width; p (3, H, ...) of i, f and o, or None;
    P (R, H), or None and R = H.
    """

    def _sections(self, steps: Steps) -> tuple:
        size = self.states[1].shape[2]
        ends = [(index * size, (index + 1) * size) for index in range(4)]
        return *(steps.section(*pair) for pair in ends), steps.section(0, 2 * size)

    def _setup(self) -> None:
        self._i, self._f, self._g, self._o, self._if = self._sections(self.gates)
        _, peepholes, projection = self.weights
        self._p = None if peepholes is None else peepholes.to(self.exact).unbind(0)
        self._projection = None
        if projection is not None:
            self._projection = MatrixMap(projection.to(self.type), self.steps, self.rows)
        self._work = torch.empty_like(self.at[1][0])  # (B, H, ...)
        self._low_work = self._work if self.type == self.exact else torch.empty_like(self._work, dtype=self.type)

    def _begin(self) -> None:
        self._setup()

    def _step(self, t: int) -> None:
        (h, c), work = self.at, self._work
        self.map.add_to(self.gates.at[t], self.low_at[t])
        self.gates.load(t)
        i, f, g, o = self._i[t], self._f[t], self._g[t], self._o[t]
        if self._p is not None:
            i.addcmul_(c[t], self._p[0])
            f.addcmul_(c[t], self._p[1])
        self._if[t].sigmoid_()
        g.tanh_()
        torch.mul(f, c[t], out=c[t + 1]).addcmul_(i, g)
        if self._p is not None:
            o.addcmul_(c[t + 1], self._p[2])
        o.sigmoid_()
        self.gates.store(t)
        torch.tanh(c[t + 1], out=work)
        if self._projection is None:
            torch.mul(o, work, out=h[t + 1])
        else:
            work.mul_(o)
            self._projection.into(h[t + 1], self._rounded(work))

    def _begin_backward_pass(self) -> None:
        self._setup()
        self._di, self._df, self._dg, self._do, self._dif = self._sections(self.grads)
        self._dm = torch.empty_like(self._work)
        self._dp: Tensor | None = None
        if self._p is not None:
            self._dp = self._work.new_zeros(3, *self._work.shape)
        self._dh: Tensor | None = None
        if self._projection is not None:
            self._dh = torch.empty_like(self.low[1:])  # (T, B, R)

    def backward(self, t: int) -> None:
        """See `Kernel.backward`."""
        self.gates.load(t)
        (dh, dc), dm, work = self.state_grads, self._dm, self._work
        before, after = self.at[1][t], self.at[1][t + 1]
        i, f, g, o = self._i[t], self._f[t], self._g[t], self._o[t]
        di, df, dg, do = self._di[t], self._df[t], self._dg[t], self._do[t]
        if self._projection is not None:
            assert self._dh is not None
            self._dh[t] = dh
            self._projection.backward(dm, self._dh[t])
        else:
            dm = dh
        torch.tanh(after, out=work)
        torch.mul(dm, work, out=do)
        _sigmoid_back(do, o, grad_input=do)
        torch.mul(dm, o, out=self._dm)
        dc.add_(_tanh_backward(self._dm, work, grad_input=work))
        if self._p is not None:
            dc.addcmul_(do, self._p[2])
        torch.mul(dc, g, out=di)
        torch.mul(dc, before, out=df)
        _sigmoid_back(self._dif[t], self._if[t], grad_input=self._dif[t])
        torch.mul(dc, i, out=dg)
        _tanh_backward(dg, g, grad_input=dg)
        dc.mul_(f)
        if self._p is not None:
            assert self._dp is not None
            dc.addcmul_(di, self._p[0]).addcmul_(df, self._p[1])
            self._dp[0].addcmul_(di, before)
            self._dp[1].addcmul_(df, before)
            self._dp[2].addcmul_(do, after)
        self.grads.store(t)
        self.map.backward(dh, self.grads.at[t])

    def weight_gradients(self) -> Weights:
        """Of U, p and P."""
        recurrent = self.map.gradient(self.grads.kept, self.low[:-1])
        peepholes = None if self._dp is None else self._dp.sum(1)
        projection = None
        if self._projection is not None:
            assert self._dh is not None
            cells = self.gates.kept.narrow(2, 3 * self._work.shape[1], self._work.shape[1])  # o (T, B, H)
            projection = self._projection.gradient(self._dh, cells * self.states[1][1:].tanh().to(self.type))
        return recurrent, peepholes, projection

    def _rounded(self, x: Tensor) -> Tensor:
        return x if self._low_work is self._work else self._low_work.copy_(x)
