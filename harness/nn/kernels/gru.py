"""The gated recurrent unit, Cho et al. 2014, with the reset gate after the product, as in cuDNN and torch.

r, z = sigmoid(W x_t + b + U h_{t-1}),   q = U_n h_{t-1} + b_n,   n = tanh(W_n x_t + b + r q),
h_t = (1 - z) n + z h_{t-1}
"""

from __future__ import annotations

import torch

from harness.nn.kernels.maps import MatrixMap
from harness.nn.kernels.recurrence import Kernel, Steps, Weights

_sigmoid_back = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


class GRUKernel(Kernel):
    """States: h (B, H). Gates: r, z, n (B, 3H). Weights: U (3H, H) and b_n (H,)."""

    def _maps(self) -> None:
        size = self.states[0].shape[2]
        self._size = size
        recurrent = self.recurrent
        self._both = MatrixMap(recurrent[: 2 * size], self.steps, self.rows)
        self._new = MatrixMap(recurrent[2 * size :], self.steps, self.rows)
        sections = ((0, size), (size, 2 * size), (2 * size, 3 * size), (0, 2 * size))
        self._r, self._z, self._n, self._rz = (self.gates.section(*ends) for ends in sections)

    def _begin(self) -> None:
        self._maps()
        kept = self.low.new_empty(self.steps, self.rows, self._size)
        self.extras = (kept,)
        self._q = Steps(kept, self.exact)
        self._q_at = self._q.section(0, self._size)
        bias = self.weights[1]
        assert bias is not None
        self._bias = bias.to(self.exact)
        self._low_rz = self.gates.kept.narrow(2, 0, 2 * self._size).unbind(0)

    def _step(self, t: int) -> None:
        h = self.at[0]
        self._both.add_to(self._low_rz[t], self.low_at[t])
        self.gates.load(t)
        self._rz[t].sigmoid_()
        self._new.into(self._q_at[t], self.low_at[t])
        self._q_at[t].add_(self._bias)
        self._q.store(t)
        self._n[t].addcmul_(self._r[t], self._q_at[t]).tanh_()
        torch.lerp(self._n[t], h[t], self._z[t], out=h[t + 1])
        self.gates.store(t)

    def _begin_backward_pass(self) -> None:
        self._maps()
        size = self._size
        self._q = Steps(self.extras[0], self.exact)
        self._q_at = self._q.section(0, size)
        sections = ((0, size), (size, 2 * size), (2 * size, 3 * size), (0, 2 * size))
        self._dr, self._dz, self._dn, self._drz = (self.grads.section(*ends) for ends in sections)
        self._low_drz = self.grads.kept.narrow(2, 0, 2 * size).unbind(0)
        self._dq = Steps(torch.empty_like(self.extras[0]), self.exact)
        self._dq_at = self._dq.section(0, size)
        self._work = torch.empty_like(self.state_grads[0])

    def backward(self, t: int) -> None:
        """See `Kernel.backward`."""
        self.gates.load(t)
        self._q.load(t)
        grad_in, h, work = self.state_grads[0], self.at[0][t], self._work
        r, z, n = self._r[t], self._z[t], self._n[t]
        dr, dz, dn, dq = self._dr[t], self._dz[t], self._dn[t], self._dq_at[t]
        torch.sub(h, n, out=dz).mul_(grad_in)
        torch.mul(grad_in, z, out=work)  # the part of the derivative through z h_{t-1}
        torch.sub(grad_in, work, out=dn)
        _tanh_backward(dn, n, grad_input=dn)
        torch.mul(dn, self._q_at[t], out=dr)
        _sigmoid_back(self._drz[t], self._rz[t], grad_input=self._drz[t])
        torch.mul(dn, r, out=dq)
        self.grads.store(t)
        self._dq.store(t)
        self._both.backward(grad_in, self._low_drz[t])
        self._new.backward(grad_in, self._dq.at[t], add=True)
        grad_in.add_(work)

    def weight_gradients(self) -> Weights:
        """Of U and b_n."""
        before = self.low[:-1]
        both = self._both.gradient(self.grads.kept.narrow(2, 0, 2 * self._size), before)
        new = self._new.gradient(self._dq.kept, before)
        return torch.cat((both, new)), self._dq.kept.sum((0, 1), dtype=self.exact)
