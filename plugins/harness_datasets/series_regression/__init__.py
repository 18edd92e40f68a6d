"""Data sets of the task series_regression."""
