"""Penn Treebank as Mikolov prepared it: 10,000 words, rare ones already replaced by <unk>. The user's own copy."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from harness_tasks.text_corpus import TextCorpus

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.data.foreign import reading, shown
from harness.data.sources import FolderSource, Source
from harness.data.text_files import decode, lines, read_text
from harness.errors import DataError
from harness_datasets.text_generation._text_corpora import corpus
from harness_datasets.text_generation.counting import Counting

HARNESS_CONTRACT = 2

_BAI = "Bai, Kolter, Koltun 2018, 'An Empirical Evaluation of Generic Convolutional and Recurrent Networks', Table 1"
_TAKASE = "takase.github.io/lm_performance"
_TENSORFLOW = "github.com/tensorflow/models, tutorials/rnn/ptb/ptb_word_lm.py"
_EXAMPLES = "github.com/pytorch/examples, README of word_language_model while it was trained on this text"
_WORDS, _CHARACTERS = "penn_treebank.word", "penn_treebank.character"
_PROTOCOLS = {
    _WORDS: ("perplexity", "10,000 words, ends of lines counted; published split; one model, no ensemble, no cache"),
    _CHARACTERS: (
        "bits_per_character",
        "characters; published split; one model, no ensemble; a blank more in each line than here (446 K test "
        "characters, not 442 K), which is easily predicted",
    ),
}


def _figure(dataset: str, value: float, system: str, source: str, model: str = "") -> Reference:
    metric, protocol = _PROTOCOLS[dataset]
    return Reference(metric, value, system, source, dataset, model=model, protocol=protocol)


@dataclass
class PennTreebank(TextCorpus):
    """Newspaper text, by words unless `task.symbols` says otherwise.

    Each line loses its outer blanks, so that a line is its words, single blanks between them, and its end. By
    characters (`task.symbols=character`) the same text has 50 of them: blanks and ends of lines count, and `<unk>` is
    five. That is 5,017,482, 393,042 and 442,423 characters.

    Fields:
        root: a folder with ptb.zip or ptb.{train,valid,test}.txt.
    """

    name: ClassVar[str] = "penn_treebank"
    defaults: ClassVar = {"symbols": "word"}
    references: ClassVar[tuple[Reference, ...]] = (
        _figure(_WORDS, 115.91, "LSTM, small (2 × 200), 13 epochs", _TENSORFLOW, "stacked_lstm"),
        _figure(_WORDS, 110.44, "LSTM, tied, 6 epochs, the script's defaults", _EXAMPLES, "stacked_lstm"),
        _figure(_WORDS, 82.7, "LSTM, medium (2 × 650), Zaremba et al. 2014", _TAKASE, "stacked_lstm"),
        _figure(_WORDS, 78.4, "LSTM, large (2 × 1500), Zaremba et al. 2014", _TAKASE, "stacked_lstm"),
        _figure(_WORDS, 57.3, "AWD-LSTM, Merity et al. 2018", _TAKASE, "stacked_lstm"),
        _figure(_WORDS, 78.93, "LSTM, 13 M parameters", _BAI, "lstm"),
        _figure(_WORDS, 92.48, "GRU, 13 M parameters", _BAI),
        _figure(_WORDS, 114.50, "RNN, 13 M parameters", _BAI, "rnn"),
        _figure(_CHARACTERS, 1.36, "LSTM, 3 M parameters", _BAI, "lstm"),
        _figure(_CHARACTERS, 1.37, "GRU, 3 M parameters", _BAI),
        _figure(_CHARACTERS, 1.48, "RNN, 3 M parameters", _BAI, "rnn"),
    )

    root: Path | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The published split.

        Raises:
            DataError: the folder is missing or empty, a file is missing, or the zip cannot be read.
        """
        source = self._folder()
        files = source.files()
        used, texts = [], []
        for split in ("train", "valid", "test"):
            name = f"ptb.{split}.txt"
            plain = [path for path in files if path.name == name]
            archives = [path for path in files if path.suffix.lower() == ".zip"]
            if not plain and not archives:
                raise DataError(f"The folder {source.root} has no {name}. Expected: {source.description}.")
            used += plain[:1] or archives[:1]
            text = read_text(plain[0]) if plain else _from_zip(archives[0], name)
            texts.append("".join(f"{line.strip()}\n" for line in lines(text)))
        data = corpus(texts, str(source.root))
        data.notes |= source.unused(used, "beside those that are read")
        data.prompts = ("the company said ", "mr. <unk> said ", "the stock market ", "in new york ")
        return data

    def tiny(self) -> Counting:
        """aⁿbⁿ."""
        return Counting(generated_characters=2_000)

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="penn_treebank",
            root=self.root,
            licence="LDC (not redistributable); the user's own copy",
            description="ptb.zip, or ptb.train.txt, ptb.valid.txt and ptb.test.txt (Mikolov's preparation)",
            patterns=("ptb*.zip", "ptb.*.txt", "*/ptb.*.txt"),
        )


def _from_zip(path: Path, name: str) -> str:
    with reading(path, "a zip archive"), zipfile.ZipFile(path) as archive:
        members = [m for m in archive.namelist() if PurePosixPath(m).name == name]
        if not members:
            raise DataError(f"{shown(path)} holds no {name}. Expected ptb.train.txt, ptb.valid.txt and ptb.test.txt.")
        return decode(archive.read(members[0]), f"{name} in {shown(path)}")


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [PennTreebank]
