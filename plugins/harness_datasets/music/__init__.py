"""Data sets of the task music."""
