"""Numbers below a thousand in words, from English to German and back: a data set for the task `translation`."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from harness_tasks.parallel_text import ParallelText

from harness import Dataset, RawData, RawExample, hookimpl
from harness.data.sources import GeneratedSource, Source

HARNESS_CONTRACT = 2
ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
)
GERMAN = (
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"
)


def said(number: int, language: str) -> str:
    """A number below a thousand in words."""
    english, (hundreds, rest) = language == "en", divmod(number, 100)
    names, (tens, ones) = (ENGLISH if english else GERMAN).split(), divmod(rest, 10)
    below = names[rest] if rest < 20 else names[18 + tens]
    if rest > 20 and ones:
        below = f"{below} {names[ones]}" if english else f"{names[ones].replace('eins', 'ein')} und {below}"
    hundred = f"{names[hundreds].replace('eins', 'ein')} {'hundred' if english else 'hundert'}"
    return below if not hundreds else f"{hundred} {below}" if rest else hundred


@dataclass
class Numerals(ParallelText):
    """Every number stands in one split: `held_out` of them in validation, and as many in test."""

    name: ClassVar[str] = "numerals"
    held_out: int = 100

    def sources(self) -> tuple[Source, ...]:
        """The numbers themselves."""
        return (GeneratedSource(self.name, {"held out": self.held_out}, "Numbers in words.", licence="CC0-1.0"),)

    def read(self) -> RawData:
        """The numbers in random order, dealt to three splits."""
        one, other, held = self.source_language, self.target_language, self.held_out
        order = np.random.default_rng(0).permutation(1000).tolist()
        made = [RawExample(f"number-{n}", said(n, one), said(n, other)) for n in order]
        return RawData(made[2 * held :], made[:held], made[held : 2 * held])

    def tiny(self) -> Dataset:
        """Most are held out, so that few are left to learn."""
        return replace(self, held_out=400)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Numerals]
