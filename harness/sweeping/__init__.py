"""Sweeps: cells of a grid run in a pool of worker processes, each once, with a ledger. Imports no torch."""

from harness.sweeping.sweep import SweepResult, run_sweep

__all__ = ["SweepResult", "run_sweep"]
