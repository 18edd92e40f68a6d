"""Which model fits which task: decided from the task's signature and the model's capabilities, before any data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.contract.specs import (
    ClassTarget,
    CTCTarget,
    ForecastTarget,
    FrameTarget,
    NextTokenTarget,
    TaskSignature,
    TokenSequenceTarget,
)

if TYPE_CHECKING:
    from harness.contract.model import Capabilities

_KNOWN_TARGETS = (ClassTarget, CTCTarget, ForecastTarget, FrameTarget, NextTokenTarget, TokenSequenceTarget)


@dataclass(frozen=True)
class Compatibility:
    """Whether a model fits a task, and why not."""

    compatible: bool
    reason: str | None = None


def check(signature: TaskSignature, model: str, capabilities: Capabilities) -> Compatibility:
    """Decide whether a model of these capabilities can do a task of this signature.

    The reason names the task, what it needs, and what the model does instead.
    """
    reason = _reason(signature, model, capabilities)
    return Compatibility(reason is None, reason)


def _reason(signature: TaskSignature, model: str, capabilities: Capabilities) -> str | None:
    target, task, factor = signature.target_type, signature.task, capabilities.subsampling_factor
    if target not in _KNOWN_TARGETS:
        return f"task '{task}' has a target of type {target.__name__}, for which the engine has no head"
    if target is NextTokenTarget and not capabilities.causal:
        return f"task '{task}' predicts the next token, so the model must be causal; '{model}' reads future positions"
    if target in (NextTokenTarget, FrameTarget) and factor != 1:
        return (
            f"task '{task}' needs an output for every input position; '{model}' shortens time by a factor of {factor}"
        )
    if target is CTCTarget and factor > signature.max_subsampling:
        return (
            f"task '{task}' allows a subsampling factor of at most {signature.max_subsampling} "
            f"(beyond it some transcripts no longer fit); '{model}' shortens time by {factor}"
        )
    return None


def explain(signature: TaskSignature, reason: str, fitting: list[str]) -> str:
    """The reason as a sentence for the user, with the models that do fit."""
    return f"{reason}. Models that fit: {', '.join(fitting) if fitting else 'none'}."
