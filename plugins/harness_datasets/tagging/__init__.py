"""Data sets of the task tagging."""
