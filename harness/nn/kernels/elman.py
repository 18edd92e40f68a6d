"""The simple recurrent network: h_t = tanh(W x_t + b + U h_{t-1}), Elman 1990."""

from __future__ import annotations

from typing import ClassVar

import torch

from harness.nn.kernels.recurrence import Kernel, Weights

_tanh_backward = torch.ops.aten.tanh_backward.grad_input


class ElmanKernel(Kernel):
    """States: h (B, H). Gates: one (B, H). Weights: U (H, H)."""

    keeps_gates: ClassVar[bool] = False

    def _begin(self) -> None:
        self._inside = self.gates.section(0, self.states[0].shape[2])

    def _step(self, t: int) -> None:
        self.map.add_to(self.gates.at[t], self.low_at[t])
        self.gates.load(t)
        torch.tanh(self._inside[t], out=self.at[0][t + 1])

    def _begin_backward_pass(self) -> None:
        self._grad_in = self.grads.section(0, self.states[0].shape[2])

    def backward(self, t: int) -> None:
        """See `Kernel.backward`."""
        _tanh_backward(self.state_grads[0], self.at[0][t + 1], grad_input=self._grad_in[t])
        self.grads.store(t)
        self.map.backward(self.state_grads[0], self.grads.at[t])

    def weight_gradients(self) -> Weights:
        """Of U."""
        return (self.map.gradient(self.grads.kept, self.low[:-1]),)
