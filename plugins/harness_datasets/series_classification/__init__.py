"""Data sets of task `series_classification`."""
