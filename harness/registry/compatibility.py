"""Which model fits which task: decided from the task's signature and the model's capabilities, before any data is
loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.contract.signature import TaskSignature
from harness.contract.target import Target

if TYPE_CHECKING:
    from harness.contract.model import Capabilities


@dataclass(frozen=True)
class Compatibility:
    """Whether a model fits a task, and why not."""

    compatible: bool
    reason: str | None = None


def check(signature: TaskSignature, model: str, capabilities: Capabilities) -> Compatibility:
    """Decide whether a model with these capabilities can do a task with this signature.

    The reason names the task, what it needs, and what the model does instead.
    """
    reason = _reason(signature, model, capabilities)
    return Compatibility(reason is None, reason)


def _reason(signature: TaskSignature, model: str, capabilities: Capabilities) -> str | None:
    target, task, factor = signature.target_type, signature.task, capabilities.subsampling_factor
    if not (isinstance(target, type) and issubclass(target, Target)):
        return f"task '{task}' has the target_type {target!r}, which is no subclass of harness.Target"
    needs = target.needs
    if needs.causal and not capabilities.causal:
        why = "predicts the next token" if needs.streams else "may look at the past only"
        return f"task '{task}' {why}, so the model must be causal; '{model}' reads future positions"
    if needs.subsampling == "none" and factor != 1:
        return (
            f"task '{task}' needs an output for every input position; '{model}' shortens time by a factor of {factor}"
        )
    if needs.subsampling == "declared" and factor > signature.max_subsampling:
        return (
            f"task '{task}' allows a subsampling factor of at most {signature.max_subsampling} "
            f"(beyond that some transcripts no longer fit); '{model}' shortens time by {factor}"
        )
    return None


def explain(signature: TaskSignature, reason: str, fitting: list[str]) -> str:
    """The reason as a sentence for the user, with the models that do fit."""
    return f"{reason}. Models that fit: {', '.join(fitting) if fitting else 'none'}."
