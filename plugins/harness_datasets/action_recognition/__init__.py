"""Data sets of the task action_recognition."""
