"""Data sets of the task translation."""
