"""What a file or folder of the user's holds, and which data sets could read it: `harness data inspect`."""

from harness.data.inspection.finding import Command, Inspected
from harness.data.inspection.inspect import inspect

__all__ = ["Command", "Inspected", "inspect"]
