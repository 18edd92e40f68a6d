"""A task and a model from outside the harness."""
