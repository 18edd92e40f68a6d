"""Imported once by the process that forks workers, so that every worker starts in milliseconds.

It only imports: a tensor operation here would start threads, and a fork of a process with threads hangs. The
allocator is set before torch is loaded.
"""

from importlib import import_module

from harness.runtime import import_lightning, importing, tune_allocator

tune_allocator()

with importing():
    import_lightning()
    for _module in ("torch", "harness.config", "harness.store", "harness.training.execute"):
        import_module(_module)
