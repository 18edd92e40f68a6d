"""Runs the cells of a plan on workers, each once, and records them in the store. Imports no torch.

`planning` (words → cells with keys) → `ledger` (what the store knows about them) → `launchers` (start workers) →
`worker` (claims a cell, runs it, records the outcome). `sweep.run_cells` drives these steps for `harness run` and
`harness sweep`.
"""
