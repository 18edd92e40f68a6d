"""Who of nine men says a vowel, from twelve coefficients a frame; in a wheel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness_datasets.series_classification._aeon import AeonSeries

HARNESS_CONTRACT = 2


@dataclass
class JapaneseVowels(AeonSeries):
    """270 utterances of nine speakers for training and 370 for test, of 7 to 29 frames (Kudo et al. 1999).

    The classes are the speakers, who are therefore in every split. Validation is a tenth of each speaker's training
    utterances.
    """

    name: ClassVar[str] = "japanese_vowels"
    member: ClassVar[str] = "JapaneseVowels"
    described: ClassVar[str] = "640 utterances of two vowels by nine men, 12 LPC cepstral coefficients a frame."


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [JapaneseVowels]
