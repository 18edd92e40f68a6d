"""Data sets of the task text_classification."""
