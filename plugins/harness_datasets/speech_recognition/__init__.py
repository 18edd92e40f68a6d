"""Data sets of the task speech_recognition."""
