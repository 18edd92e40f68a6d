"""What models cost, and what quality stands against each cost."""

from harness.report.costs.entry import TIMES, Costs, costs_of

__all__ = ["TIMES", "Costs", "costs_of"]
