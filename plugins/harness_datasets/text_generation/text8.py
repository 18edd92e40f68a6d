"""text8: a hundred million letters and blanks, the text of the English Wikipedia without all else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness_datasets.text_generation._hundred_million import HundredMillion

HARNESS_CONTRACT = 2

_BAI = "Bai, Kolter, Koltun 2018, 'An Empirical Evaluation of Generic Convolutional and Recurrent Networks', Table 1"
_PROTOCOL = "characters; 90, 5 and 5 million, as published; 5 M parameters"


def _figure(value: float, system: str, model: str = "") -> Reference:
    return Reference("bits_per_character", value, system, _BAI, "text8.character", model=model, protocol=_PROTOCOL)


_REFERENCES = (_figure(1.50, "LSTM", "lstm"), _figure(1.53, "GRU"), _figure(1.69, "RNN", "rnn"))


@dataclass
class Text8(HundredMillion):
    """27 different characters: a to z in lower case, and blanks.

    Fields:
        root: the file, its zip, or a folder with one of them.
    """

    name: ClassVar[str] = "text8"
    tried: ClassVar[bool] = False
    references: ClassVar[tuple[Reference, ...]] = _REFERENCES


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Text8]
