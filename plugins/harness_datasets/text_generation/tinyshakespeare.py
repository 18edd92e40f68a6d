"""tinyshakespeare (Karpathy 2015): a million characters of Shakespeare's plays, the user's copy of input.txt."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import ClassVar

from harness_tasks.text_corpus import TextCorpus

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.data.text_files import read_text
from harness.errors import DataError
from harness_datasets.text_generation._text_corpora import corpus
from harness_datasets.text_generation.counting import Counting

HARNESS_CONTRACT = 2

_CHARACTERS = 1_115_394


def _figure(nats: float, system: str, source: str, split: str, protocol: str, model: str = "") -> Reference:
    return Reference(
        "bits_per_character",
        round(nats / log(2), 4),
        system,
        source,
        "tinyshakespeare.character",
        model=model,
        protocol=protocol,
        split=split,
    )


@dataclass
class TinyShakespeare(TextCorpus):
    """65 characters; the first 90 % are for training, the next 5 % validation, the last 5 % test, as char-rnn has it.

    Fields:
        root: input.txt, or the folder it lies in.
    """

    name: ClassVar[str] = "tinyshakespeare"
    references: ClassVar[tuple[Reference, ...]] = (
        _figure(
            1.6292,
            "LSTM 3 × 800",
            "github.com/jcjohnson/torch-rnn, pull request 20 (1.6292 nats)",
            "validation, a part that is not said",
            "1,000 iterations of 50 × 50 characters",
            "stacked_lstm",
        ),
        _figure(
            1.4697,
            "GPT, 6 layers, 384 wide",
            "github.com/karpathy/nanoGPT, README (1.4697 nats)",
            "validation, the last tenth",
            "best of the validations; context 256; 5,000 iterations",
        ),
    )

    root: Path | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """Consecutive 90, 5 and 5 %.

        Raises:
            DataError: the file is missing, or is another text.
        """
        source = self._folder()
        path = source.files()[0]
        text = read_text(path)
        if len(text) != _CHARACTERS:
            raise DataError(
                f"{shown(path)} has {len(text):,} characters; tinyshakespeare has {_CHARACTERS:,}. Fetch it again, or "
                "read it as your own text: task.dataset=text."
            )
        first, second = len(text) * 90 // 100, len(text) * 95 // 100
        data = corpus([text[:first], text[first:second], text[second:]], shown(path))
        data.prompts = ("ROMEO:\n", "First Citizen:\n", "To be, or ", "KING RICHARD III:\n")
        data.notes |= {"split": "consecutive 90, 5 and 5 %"}
        return data

    def tiny(self) -> Counting:
        """aⁿbⁿ."""
        return Counting(generated_characters=2_000)

    def _folder(self) -> FolderSource:
        return FolderSource(
            name=self.name,
            root=self.root,
            licence="public domain",
            description="input.txt, as github.com/karpathy/char-rnn publishes it in data/tinyshakespeare",
            patterns=("input.txt", "tinyshakespeare.txt"),
            or_file=True,
        )


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [TinyShakespeare]
