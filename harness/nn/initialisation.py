"""Initial weights: orthogonal recurrences, Xavier inputs, and an LSTM that remembers until it learns to forget."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def initialise_recurrent(module: nn.RNNBase) -> None:
    """Initialise every weight of an `nn.RNN`, `nn.GRU` or `nn.LSTM` in place.

    Recurrent weights: orthogonal, gate by gate (Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks"). Input weights: Xavier uniform, gate by gate (Glorot and Bengio 2010).
    Biases: zero, but 1 for an LSTM's forget gate (Jozefowicz et al. 2015, "An Empirical Exploration of Recurrent
    Network Architectures", section 2.2); torch adds two biases, so only the first of them holds the 1.
    """
    size = module.hidden_size
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if name.startswith("weight_hh"):
                for gate in weight.split(size):  # (H, H) each
                    nn.init.orthogonal_(gate)
            elif name.startswith("weight_ih"):
                for gate in weight.split(size):  # (H, D) each
                    nn.init.xavier_uniform_(gate)
            else:
                weight.zero_()
                if isinstance(module, nn.LSTM) and name.startswith("bias_ih"):
                    weight[size : 2 * size] = 1.0  # torch orders the gates input, forget, cell, output


def initialise_gates(from_input: Tensor, recurrent: Tensor, bias: Tensor) -> None:
    """Initialise the weights of an LSTM with one bias in place, as `initialise_recurrent` does.

    If the state is a projection, the gates' recurrent matrices are not square and get orthonormal rows or columns.

    Args:
        from_input: (4H, D), gates in the order input, forget, cell, output.
        recurrent: (4H, R).
        bias: (4H,).
    """
    size = bias.shape[0] // 4
    with torch.no_grad():
        for gate in recurrent.split(size):
            nn.init.orthogonal_(gate)
        for gate in from_input.split(size):
            nn.init.xavier_uniform_(gate)
        bias.zero_()
        bias[size : 2 * size] = 1.0


def linear(in_features: int, out_features: int, bias: bool = True) -> nn.Linear:
    """A linear layer with Xavier uniform weights and zero bias (Glorot and Bengio 2010)."""
    layer = nn.Linear(in_features, out_features, bias=bias)
    nn.init.xavier_uniform_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def initialise_convolution(module: nn.Conv1d | nn.Conv2d) -> None:
    """Initialise a convolution so that variance is preserved through a ReLU, with zero bias (He et al. 2015, eq.
    10)."""
    nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    if module.bias is not None:
        nn.init.zeros_(module.bias)
