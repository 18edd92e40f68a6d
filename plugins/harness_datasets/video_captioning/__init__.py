"""Data sets of the task video_captioning."""
