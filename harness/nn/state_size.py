"""How many numbers a network carries from one position to the next, for each row of a batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from harness.contract.model import State
from harness.contract.specs import FrameInput, GraphSeriesInput, InputSpec, TokenInput, VideoInput
from harness.errors import PluginError
from harness.nn.network import Network


def numbers_of(state: State) -> int:
    """Numbers in the state of one row, of every type alike; a complex one counts twice."""
    leaves = [leaf for leaf in tree_leaves(state) if isinstance(leaf, Tensor)]
    return sum(leaf[:1].numel() * (2 if leaf.is_complex() else 1) for leaf in leaves)


@torch.no_grad()
def measured_state_size(network: Network, inputs: InputSpec) -> int | None:
    """Numbers of state that the network returns for one row; None if its model carries no state.

    Runs one position of zeros in eval mode, so nothing is drawn and no statistics change.

    Raises:
        PluginError: the model declares another number.
    """
    capabilities = network.capabilities
    if not capabilities.carries_state:
        return None
    training = network.training
    network.eval()
    found = numbers_of(network.encode(_zeros(inputs), torch.ones(1, dtype=torch.int64)).state)
    network.train(training)
    if capabilities.state_size not in (None, found):
        raise PluginError(
            f"Model '{network.model_name}' declares a state of {capabilities.state_size:,} numbers "
            f"(Capabilities.state_size), but the state it returns holds {found:,} for each row. "
            "See harness/contract/model.py, class Capabilities."
        )
    return found


def _zeros(inputs: InputSpec) -> Tensor:
    """One row of one position."""
    match inputs:
        case TokenInput():
            return torch.zeros(1, 1, dtype=torch.int64)
        case FrameInput():
            return torch.zeros(1, 1, inputs.feature_dim)
        case VideoInput():
            return torch.zeros(1, 1, inputs.channels, inputs.height, inputs.width)
        case GraphSeriesInput():
            return torch.zeros(1, 1, inputs.nodes, inputs.features)
