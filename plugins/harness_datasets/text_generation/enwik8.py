"""enwik8: the first hundred million bytes of a dump of the English Wikipedia, with its mark-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness_datasets.text_generation._hundred_million import HundredMillion

HARNESS_CONTRACT = 2

_SHA_RNN = "github.com/Smerity/sha-rnn, README"
_PROTOCOL = "bytes; 90, 5 and 5 million, as published; one model"


def _figure(value: float, system: str) -> Reference:
    return Reference("bits_per_character", value, system, _SHA_RNN, "enwik8.character", protocol=_PROTOCOL)


_REFERENCES = (
    _figure(1.23, "AWD-LSTM, 3 layers, 44 M parameters"),
    _figure(1.07, "SHA-LSTM, 4 layers, 63 M parameters"),
)


@dataclass
class Enwik8(HundredMillion):
    """205 different bytes; bits per character are bits per byte.

    Fields:
        root: the file, its zip, or a folder with one of them.
    """

    name: ClassVar[str] = "enwik8"
    tried: ClassVar[bool] = False
    references: ClassVar[tuple[Reference, ...]] = _REFERENCES


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Enwik8]
