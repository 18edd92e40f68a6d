"""Pairs of sentences that are encoded once, into the cache, and read from there through memory maps.

    subwords.json, notes.json    the vocabulary, and what the report should say
    SPLIT.source, SPLIT.target   symbols of each pair, with the end symbol
    SPLIT.text                   id, source and target of each pair, UTF-8

The last three are each a `harness.data.ragged_file.RaggedFile`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from harness.contract.batch import Example, ListSplit
from harness.contract.gathering import Gathered, Ragged
from harness.data.ragged_file import RaggedFile, RaggedWriter
from harness_tasks.text._prepared_pairs import SPLITS, Notes, Pairs
from harness_tasks.text._sentences import Sentences
from harness_tasks.text._subwords import EOS, Subwords

_TEXT = np.dtype(np.uint8)


def store(pairs: Pairs, vocab_size: int, folder: Path) -> None:
    """Fit the vocabulary, and write it and all splits into an empty folder.

    Raises:
        DataError: as for `Pairs.fit`.
    """
    subwords, notes = pairs.fit(vocab_size)
    (folder / "subwords.json").write_text(subwords.serialised, encoding="utf-8")
    (folder / "notes.json").write_text(json.dumps(notes), encoding="utf-8")
    for split in SPLITS:
        with ExitStack() as opened:
            text = opened.enter_context(RaggedWriter(folder, f"{split}.text", _TEXT))
            source, target = (
                opened.enter_context(RaggedWriter(folder, f"{split}.{side}", symbol_type(len(subwords))))
                for side in ("source", "target")
            )
            for row, given, wanted in pairs.encoded(split, subwords):
                for part in row:
                    text.add(part.encode())
                source.add([*given, EOS])
                target.add([*wanted, EOS])


def load_vocabulary(folder: Path) -> tuple[Subwords, Notes]:
    """The vocabulary and the notes that `store` wrote."""
    notes: Notes = json.loads((folder / "notes.json").read_text(encoding="utf-8"))
    return Subwords((folder / "subwords.json").read_text(encoding="utf-8")), notes


def in_memory(pairs: Pairs, split: str, sentences: Sentences) -> tuple[ListSplit, int]:
    """The examples of `StoredPairs` and its `long`, without a file: for a few pairs that are made up anew."""
    examples, long = [], 0
    for row, given, wanted in pairs.encoded(split, sentences.subwords):
        too_long = max(len(given), len(wanted)) >= sentences.max_length
        long += too_long
        if split != "train" or not too_long:
            examples.append(sentences.pair(*row, given, wanted))
    return ListSplit(examples), long


class StoredPairs:
    """A split (a `harness.contract.batch.Split`) of pairs on disk.

    Training pairs longer than `sentences.max_length`, end included, are left out. Longer validation and test pairs
    stay, with their symbols cut and their reference text whole, so that every model answers for every one of them.

    Args:
        folder: as `store` filled it.
        split: its name.
        sentences: with the vocabulary that is stored there.

    Attributes:
        long: how many pairs are longer.
        input_lengths, target_lengths: int64 (N,).

    Raises:
        DataError: the files do not belong together.
    """

    def __init__(self, folder: Path, split: str, sentences: Sentences) -> None:
        kind = symbol_type(len(sentences.subwords))
        self._sentences = sentences
        self._text = RaggedFile(folder, f"{split}.text", _TEXT)
        self._source, self._target = (RaggedFile(folder, f"{split}.{side}", kind) for side in ("source", "target"))
        most = sentences.max_length
        long = (self._source.lengths > most) | (self._target.lengths > most)
        self.long = int(long.sum())
        self._places = np.flatnonzero(~long) if split == "train" else np.arange(len(long))
        self.input_lengths, self.target_lengths = (
            np.minimum(file.lengths[self._places], most) for file in (self._source, self._target)
        )

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Example]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index: int) -> Example:
        place = int(self._places[index])
        source, target = self._written(place, 1), self._written(place, 2)
        given, wanted = self._source[place], self._target[place]
        return self._sentences.pair(self._written(place, 0), source, target, given[:-1], wanted[:-1])

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered:
        """Symbols side by side; the texts stay on disk."""
        places = self._places[positions].tolist()
        sides: list[np.ndarray] = []
        for file, pad in ((self._source, input_pad), (self._target, target_pad)):
            together = Ragged.of([self._cut(file[place]) for place in places])
            sides += together.padded(np.arange(len(places)), pad)
        return Gathered(tuple(self._written(place, 0) for place in places), *sides)

    def _cut(self, symbols: np.ndarray) -> np.ndarray:
        if len(symbols) > self._sentences.max_length:
            return self._sentences.closed(symbols[:-1])
        return symbols.astype(np.int64)

    def _written(self, place: int, part: int) -> str:
        """The id (0), source (1) or target (2) of a pair."""
        return self._text[3 * place + part].tobytes().decode()


def symbol_type(vocab_size: int) -> np.dtype:
    """The smallest type that holds every symbol, the same on every machine."""
    return np.min_scalar_type(vocab_size - 1).newbyteorder("<")
