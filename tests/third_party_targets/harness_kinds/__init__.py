"""Two kinds of answers for sequence-harness, and a small task for each."""
