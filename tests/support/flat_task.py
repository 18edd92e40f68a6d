"""A task from options as the command line has them: its own and its data set's side by side."""

from __future__ import annotations

from typing import Any

from harness.config.task_options import options_class, to_task


def flat_task(cls: type, dataset: str | None = None, **options: Any) -> Any:
    """The task over a data set, with options of both."""
    return to_task(options_class(cls, dataset)(**options))
