"""Data sets of the task state_tracking."""
