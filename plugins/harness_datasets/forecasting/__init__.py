"""Data sets of task `forecasting`."""
