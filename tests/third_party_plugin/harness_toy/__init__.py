"""Tasks and models from outside the harness."""
