"""A toy of commands with slots, for tests: rooms, things and numbers in six patterns."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from harness_tasks.tagged_text import TaggedText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import GeneratedSource, Source
from harness_datasets.tagging._tagged_rows import Sentence, SlotPiece, raw_data, tagged

HARNESS_CONTRACT = 2

PATTERNS = (
    "turn on the {thing} in the {room}",
    "turn off the {room} {thing}",
    "set the {thing} to {number}",
    "set {room} {thing} to {number} please",
    "is the {thing} on",
    "{number} minutes for the {room}",
)
VALUES = {
    "thing": ("lamp", "fan", "big lamp", "heater", "radio", "floor fan"),
    "room": ("kitchen", "hall", "living room", "guest room", "attic"),
    "number": ("five", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "twenty five", "forty five"),
}


@dataclass
class ToySlots(TaggedText):
    """120 training sentences and 20 for each other split.

    Fields:
        data_seed: of the sentences.
    """

    name: ClassVar[str] = "toy_slots"

    data_seed: int = 0

    @property
    def marks_spans(self) -> bool:
        """Tags are BIO."""
        return True

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        recipe = {"patterns": PATTERNS, "values": VALUES, "seed": self.data_seed}
        return (GeneratedSource("toy_slots", recipe, "Toy commands with slots"),)

    def read(self) -> RawData:
        """Distinct sentences."""
        found = make_sentences(self.data_seed, 160)
        return raw_data({"train": found[:120], "val": found[120:140], "test": found[140:]}, {})

    def tiny(self) -> ToySlots:
        """Itself: it is small."""
        return self


def make_sentences(seed: int, count: int) -> list[Sentence]:
    """Distinct sentences, the same for the same seed."""
    generator = random.Random(seed)
    made: dict[str, Sentence] = {}
    while len(made) < count:
        pieces = []
        for part in generator.choice(PATTERNS).replace("}", "{").split("{"):
            pieces.append(SlotPiece(generator.choice(VALUES[part]), part) if part in VALUES else SlotPiece(part))
        sentence = tagged(pieces)
        made.setdefault(sentence.text, sentence)
    return list(made.values())


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [ToySlots]
