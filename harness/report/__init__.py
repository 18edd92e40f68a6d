"""Comparison reports from the results store: `build` writes self-contained pages, Markdown, tables and figures.

`load` groups runs into comparisons, `statistics` summarises seeds, `figures` draws, `contents` defines the structure,
`sections` and `blocks` fill it, `run_pages` does so for single runs, `pages` writes. Nothing here imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.report.pages import build

__all__ = ["build"]


def __getattr__(name: str) -> Any:
    if name == "build":
        from harness.report.pages import build

        return build
    raise AttributeError(f"module 'harness.report' has no attribute '{name}'")
