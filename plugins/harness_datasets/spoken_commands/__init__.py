"""Data sets of the task spoken_commands."""
