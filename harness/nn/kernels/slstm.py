"""The sLSTM with its stabiliser, Beck et al. 2024 (arXiv 2405.04517), eq. 8-17.

i~, f~, z~, o~ = W x_t + R h_{t-1} + b,   m_t = max(log sigmoid(f~) + m_{t-1}, i~),
i' = exp(i~ - m_t),   f' = exp(log sigmoid(f~) + m_{t-1} - m_t),
c_t = f' c_{t-1} + i' tanh(z~),   n_t = f' n_{t-1} + i',   h_t = sigmoid(o~) c_t / n_t
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.nn.kernels.averaging import BLOCK
from harness.nn.kernels.recurrence import Kernel, Steps, Weights

_softplus = torch.ops.aten.softplus.out


class SLSTMKernel(Kernel):
    """States: h, c, n and m (B, H) each. Gates, head by head: i~, -f~, z~, o~ (B, 4H). Weights: R (heads, 4D, D).

    D is the size of a head, H / heads; rows of R are in the order of a head's gates, those of f~ negated. h does not
    depend on the stabiliser, so gradients take m as given, but for the one that the loop starts from.
    """

    def _heads(self, x: Tensor, *parts: int) -> Tensor:
        return x.unflatten(-1, (self._count, *parts, -1))

    def _setup(self) -> None:
        weight = self.weights[0]
        assert weight is not None
        self._count, self._size = weight.shape[0], weight.shape[2]

    def _split(self, steps: Steps) -> Tensor:
        """Gates of every step, (T, B, heads, 4, D), in the type of the elementwise operations."""
        if self.type == self.exact:
            return self._heads(steps.kept, 4)
        work = steps.section(0, 4 * self._count * self._size)[0]  # the same for every step
        return self._heads(work, 4).expand(self.steps, -1, -1, -1, -1)

    def _apart(self, x: Tensor) -> tuple[Tensor, ...]:
        """x (T, B, heads D) as (heads, B, D) of every step: made at once, since views cost more than products here."""
        return self._heads(x).transpose(1, 2).unbind(0)

    def _begin(self) -> None:
        self._setup()
        gates = self._split(self.gates)
        self._if = gates[:, :, :, :2].unbind(0)
        self._i, self._f, self._z, self._o = (gates[:, :, :, k].unbind(0) for k in range(4))
        kept = torch.empty(self.steps, *self.states[0].shape[1:], dtype=self.exact, device=self.low.device)
        self.extras = (kept,)  # -log sigmoid(f~)
        self._decay = self._heads(kept).unbind(0)
        self._h, self._c, self._n, self._m = (self._heads(state).unbind(0) for state in self.states)
        self._m_for_both = self._heads(self.states[3]).unsqueeze(3).unbind(0)
        self._sums, self._seen = self._apart(self.gates.kept), self._apart(self.low)
        self._matrices = self.recurrent.transpose(1, 2).contiguous()  # (heads, D, 4D)

    def _step(self, t: int) -> None:
        i, f, z, o, decay = self._i[t], self._f[t], self._z[t], self._o[t], self._decay[t]
        c, n, m = self._c[t + 1], self._n[t + 1], self._m[t + 1]
        self._sums[t].baddbmm_(self._seen[t], self._matrices)
        self.gates.load(t)
        _softplus(f, 1.0, 40.0, out=decay)  # of -f~; above the threshold 40 it is the identity
        torch.sub(self._m[t], decay, out=f)
        torch.maximum(f, i, out=m)
        self._if[t].sub_(self._m_for_both[t + 1]).exp_()
        z.tanh_()
        o.sigmoid_()
        torch.mul(self._c[t], f, out=c).addcmul_(i, z)
        torch.addcmul(i, self._n[t], f, out=n)
        torch.div(c, n, out=self._h[t + 1]).mul_(o)
        self.gates.store(t)

    def _begin_backward_pass(self) -> None:
        self._setup()
        self._block = max(1, BLOCK // max(1, self.rows * self._count * self._size))
        self._first = self.steps
        grads = self._split(self.grads)
        self._dif = grads[:, :, :, :2].permute(0, 3, 1, 2, 4).unbind(0)  # (2, B, heads, D)
        self._dz, self._do = grads[:, :, :, 2].unbind(0), grads[:, :, :, 3].unbind(0)
        self._dsums = self._apart(self.grads.kept)
        dh, dc, dn, _ = self.state_grads
        both = torch.stack((dc, dn))  # (2, B, H)
        self.state_grads[1], self.state_grads[2] = both.unbind(0)  # what arrives later is added to these
        self._dh, self._dcn = self._heads(dh), self._heads(both)
        self._dc, self._dn = self._dcn.unbind(0)
        self._dh_apart = self._dh.transpose(0, 1)  # (heads, B, D)
        self._back = self.recurrent

    def _factors(self, end: int) -> None:
        """All that the backward pass multiplies gradients with, for the steps before `end` that fit into a cache."""
        begin = max(0, end - self._block)
        gates = self._heads(self.gates.kept[begin:end].to(self.exact), 4)
        i, f, z, o = gates.unbind(3)  # (K, B, heads, D) each
        h, n = (self._heads(self.states[k][begin + 1 : end + 1]) for k in (0, 2))
        c_before, n_before = (self._heads(state[begin:end]) for state in self.states[1:3])
        self._both_by_h = torch.stack((o / n, -h / n), dim=1).unbind(0)  # (2, B, heads, D) each
        slope = torch.expm1(self._heads(-self.extras[0][begin:end])).mul_(f)  # by -f~: -f' (1 - sigmoid(f~))
        self._gates_by_c = torch.stack((i * z, slope * c_before), dim=1).unbind(0)
        self._gates_by_n = torch.stack((i, slope * n_before), dim=1).unbind(0)
        self._z_by_c = torch.addcmul(i, i, z * z, value=-1.0).unbind(0)
        self._o_by_h = torch.addcmul(h, h, o, value=-1.0).unbind(0)
        self._forget = f.contiguous().unbind(0)
        self._first = begin

    def backward(self, t: int) -> None:
        """See `Kernel.backward`."""
        if t < self._first:
            self._factors(t + 1)
        k, both = t - self._first, self._dif[t]
        torch.mul(self._dh, self._o_by_h[k], out=self._do[t])
        self._dcn.addcmul_(self._dh, self._both_by_h[k])
        torch.mul(self._dc, self._gates_by_c[k], out=both).addcmul_(self._dn, self._gates_by_n[k])
        torch.mul(self._dc, self._z_by_c[k], out=self._dz[t])
        self._dcn.mul_(self._forget[k])
        self.grads.store(t)
        self._dh_apart.copy_(torch.bmm(self._dsums[t], self._back))
        if t == 0:  # exp(m_0) is a factor of c_0 and n_0
            _, dc, dn, dm = self.state_grads
            dm.copy_(dc * self.states[1][0] + dn * self.states[2][0])

    def weight_gradients(self) -> Weights:
        """Of R."""
        return (self.map.gradient(self.grads.kept, self.low[:-1]),)
