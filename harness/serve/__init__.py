"""The report in a browser on this machine, kept up to date while a sweep runs. Does not import torch, but for `demo`.

`progress` reads the progress of runs, `watch` rebuilds the report when the store has changed, `server` serves it to
browsers on this machine only, `demo` lets its models answer questions.
"""
