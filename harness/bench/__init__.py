"""What the harness itself costs: benchmarks with their references, for `harness bench`."""
