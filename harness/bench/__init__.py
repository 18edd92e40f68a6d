"""Benchmarks of the harness itself with their references, for `harness bench`."""
