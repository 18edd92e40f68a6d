"""What the example data set of `harness new dataset` generates, for each kind of raw example that a task may read."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from types import NoneType

import numpy as np

from harness.contract.dataset import Dataset
from harness.contract.dataset_task import DatasetTask
from harness.errors import ConfigError


@dataclass(frozen=True)
class Sample:
    """Code that makes raw examples.

    Attributes:
        question: what is to be learnt, a sentence.
        body: makes `found`, a list of raw examples for each split, from `draw` and `sizes`.
        sizes, tiny: examples for training and for each other split, usually and in tiny().
    """

    question: str
    body: str
    sizes: tuple[int, int]
    tiny: tuple[int, int]


def _code(text: str) -> str:
    return textwrap.indent(textwrap.dedent(text).strip("\n"), " " * 8)


_PAIRS = Sample(
    "Sentences whose words are to be said backwards, letter by letter.",
    _code("""
        words = ["red", "green", "house", "river", "sings", "sleeps", "slowly", "always", "big", "small", "tree", "old"]
        texts: dict[str, None] = {}  # keeps the order, and every sentence once
        while len(texts) < sum(sizes.values()):
            texts[" ".join(draw.choice(words, size=draw.integers(3, 6)))] = None
        rest = iter(texts)
        found = {}
        for split, size in sizes.items():
            chosen = [next(rest) for _ in range(size)]
            answers = [" ".join(word[::-1] for word in text.split()) for text in chosen]
            found[split] = [RawExample(f"{split}-{i}", chosen[i], answers[i]) for i in range(size)]
    """),
    (2_000, 200),
    (160, 20),
)
_DOCUMENTS = Sample(
    "Sentences of made-up words, of which the next letter is to be told.",
    _code("""
        words = ["".join(draw.choice(list("abcdefgh"), size=draw.integers(2, 7))) for _ in range(40)]
        found = {}
        for split, size in sizes.items():
            texts = [" ".join(draw.choice(words, size=200)) + "\\n" for _ in range(size)]
            found[split] = [RawExample(f"{split}-{i}", None, text) for i, text in enumerate(texts)]
    """),
    (50, 5),
    (3, 1),
)
_FRAMES = Sample(
    "Letters that sound for a few frames each, to be written down.",
    _code("""
        letters = {letter: draw.normal(size=8) for letter in "abcde"}
        found = {}
        for split, size in sizes.items():
            found[split] = []
            for i in range(size):
                text = "".join(draw.choice(list(letters), size=draw.integers(2, 6)))
                sound = np.repeat([letters[letter] for letter in text], 6, axis=0)  # (T, F)
                frames = (sound + 0.1 * draw.normal(size=sound.shape)).astype(np.float32)
                found[split].append(RawExample(f"{split}-{i}", frames, text))
    """),
    (1_000, 100),
    (48, 8),
)
_CLIPS = Sample(
    "Does the picture become brighter or darker?",
    _code("""
        found = {}
        for split, size in sizes.items():
            found[split] = []
            for i in range(size):
                levels = np.linspace(0.2, 0.8, 8)[:: 1 if i % 2 else -1, None, None, None]  # (T, 1, 1, 1)
                clip = (levels + 0.05 * draw.normal(size=(8, 3, 16, 16))).astype(np.float32)  # (T, C, Y, X)
                found[split].append(RawExample(f"{split}-{i}", clip, "brighter" if i % 2 else "darker"))
    """),
    (200, 40),
    (32, 8),
)


def sample_for(task: type[DatasetTask]) -> Sample:
    """The sample whose raw examples are of the kind that the task reads.

    Raises:
        ConfigError: there is none for it.
    """
    base: type[Dataset] = task.dataset_type
    if base.raw_target is str and base.raw_input is str:
        return _PAIRS
    if base.raw_target is str and base.raw_input is NoneType:
        return _DOCUMENTS
    if base.raw_target is str and base.raw_input is np.ndarray:
        axes = task().dataset.tiny().read().train[0].input.ndim
        if axes in (2, 4):
            return _FRAMES if axes == 2 else _CLIPS
    raise ConfigError(
        f"There is no example of a data set for task '{task.name}': write a class that derives from "
        f"{base.__module__}.{base.__qualname__} by hand."
    )
