"""A toy language pair for tests: every word has one translation, and sentences are said backwards."""

from __future__ import annotations

import random

from harness_tasks._parallel_text import Row

WORDS = {
    "red": "tolu",
    "green": "vami",
    "house": "keso",
    "river": "pona",
    "sings": "ruti",
    "sleeps": "gado",
    "slowly": "fenu",
    "always": "zibe",
    "big": "hoka",
    "small": "jilo",
}


def translate(sentence: str) -> str:
    """The one right translation."""
    return " ".join(WORDS[word] for word in reversed(sentence.split()))


def make_rows(seed: int, train: int = 160, val: int = 20, test: int = 20) -> dict[str, list[Row]]:
    """Distinct sentences of two to four words, the same for the same seed."""
    generator = random.Random(seed)
    sentences: dict[str, None] = {}
    while len(sentences) < train + val + test:
        sentences[" ".join(generator.choices(list(WORDS), k=generator.randint(2, 4)))] = None
    pairs = [(number, text, translate(text)) for number, text in enumerate(sentences, start=1)]
    return {"train": pairs[:train], "val": pairs[train : train + val], "test": pairs[train + val :]}
