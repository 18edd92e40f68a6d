"""The report in a browser on this machine alone, kept up to date while a sweep runs. No torch import.

`progress` reads how far the runs are, `watch` rebuilds the report when the store has changed, `server` answers a
browser on this machine and nobody else.
"""
