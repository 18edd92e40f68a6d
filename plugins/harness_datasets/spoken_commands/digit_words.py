"""The ten digits as words, and which of them are commands by default."""

from __future__ import annotations

from harness_datasets.speech_recognition._digit_strings import WORDS

COMMANDS = WORDS[:6]
"""zero to five; six to nine are unknown words."""
