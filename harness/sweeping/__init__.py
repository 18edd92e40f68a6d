"""Cells of a plan run on workers, each once, with the store as their ledger. Imports no torch.

`planning` (words → cells with keys) → `ledger` (what the store knows of them) → `launchers` (start workers) →
`worker` (claims a cell, runs it, ends it). `sweep.run_cells` goes this way for `harness run` and `harness sweep`.
"""
