"""Comparison reports from the results store: `build` writes self-contained pages, Markdown, tables and figures.

`load` groups runs into comparisons, `statistics` summarises seeds, `figures` draws, `contents` defines the structure,
`sections` and `blocks` fill it with the installed panels (`panel_makers`), `run_pages` does so for single runs, `pages`
writes. Nothing here imports torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.report.pages import build
    from harness.report.panels import FigureChoice, Panel, PanelContext
    from harness.report.tables import Column, Table, TableCell, TableRow

__all__ = ["Column", "FigureChoice", "Panel", "PanelContext", "Table", "TableCell", "TableRow", "build"]

_MODULES = {
    "build": "pages", "FigureChoice": "panels", "Panel": "panels", "PanelContext": "panels", "Column": "tables",
    "Table": "tables", "TableCell": "tables", "TableRow": "tables",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"harness.report.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'harness.report' has no attribute '{name}'")
