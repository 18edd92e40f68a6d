"""Data sets of the task recall."""
