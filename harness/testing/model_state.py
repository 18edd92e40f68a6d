"""The clause of the model contract on the size of the carried state."""

from __future__ import annotations

import torch

from harness.nn.state_size import numbers_of
from harness.testing.clause import clause
from harness.testing.comparison import equal
from harness.testing.model_subject import ModelSubject


def _no_state(subject: ModelSubject) -> str:
    can = subject.capabilities
    return "" if can.carries_state or can.state_size is not None else "declares no carried state"


@clause(
    "Declare in Capabilities.state_size how many numbers EncoderOutput.state holds for each row, all its tensors "
    "together, masks and counters included; None if that depends on sizes the model does not know, or grows.",
    inapplicable=_no_state,
)
@torch.no_grad()
def state_size(subject: ModelSubject) -> None:
    """The state holds as many numbers for each row as is declared, however much has been read."""
    net, can = subject.shared, subject.capabilities
    assert can.carries_state, f"state_size is {can.state_size}, but no state is carried (carries_state=False)"
    if can.state_size is None:
        return
    for steps in (1, 12):
        data = subject.even_batch(3, steps)
        found = numbers_of(net.encode(data.inputs, data.input_lengths).state)
        equal(f"numbers of state for each row, after {data.inputs.shape[1]} positions", found, can.state_size)
