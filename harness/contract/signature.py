"""What is known of a task before its data."""

from __future__ import annotations

from dataclasses import dataclass

from harness.contract.specs import InputSpec
from harness.contract.target import Target


@dataclass(frozen=True)
class TaskSignature:
    """All that is known of a task before its data: enough to say which models fit.

    Attributes:
        task: the task's name, for messages.
        input_type: one of the input specification types.
        target_type: the class of its target.
        max_subsampling: the largest factor by which time may be shortened, where the target's needs leave it to the
            task to declare one; 1 elsewhere.
    """

    task: str
    input_type: type[InputSpec]
    target_type: type[Target]
    max_subsampling: int = 1
