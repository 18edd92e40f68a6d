"""What may be removed to free space, and what must stay.

`removal` is one thing to remove with its size, `run_files` finds checkpoints and models in run folders, `run_records`
whole runs, `prepared` prepared data.
"""
