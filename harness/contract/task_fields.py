"""The options that every task has: how examples become batches, and how many of them are used."""

from __future__ import annotations

from dataclasses import dataclass

from harness.contract.options import option


@dataclass
class Loader:
    """How examples become batches; the same for every model of a comparison."""

    batch_size: int = option(
        32,
        at_least=1,
        help="the most examples a batch holds; where examples are streams, how many run in parallel",
    )
    batch_tokens: int | None = option(
        None,
        at_least=1,
        help="the most padded positions a batch holds (rows x longest input + rows x longest target); None: no limit "
        "but `batch_size`",
    )
    bptt: int = option(128, at_least=1, help="where examples are streams, the steps of truncated back-propagation")
    bucket: bool = option(True, help="group examples of like length (validation and test are always sorted by length)")


@dataclass
class TaskFields:
    """The fields that every task inherits; subclasses add their own."""

    loader: Loader = option(factory=Loader, help="batching")
    train_limit: int | None = option(
        None, at_least=1, condition=True, help="use only so many training examples (None: all)"
    )
    eval_limit: int | None = option(
        None,
        at_least=1,
        condition=True,
        help="use only so many validation and test examples (None: all); the report marks such runs",
    )
