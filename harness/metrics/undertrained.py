"""When a model counts as undertrained: one threshold for metrics, the report and claims. Imports nothing."""

TRAINED = 95.0
"""The accuracy at training lengths below which a model counts as undertrained, in per cent."""
