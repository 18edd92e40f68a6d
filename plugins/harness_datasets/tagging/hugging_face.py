"""Sentences with a tag a word of the Hugging Face hub, or of a folder saved by `datasets`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness_tasks.tagged_text import TaggedText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.errors import DataError
from harness_datasets._hub_data import HubData, Splits, class_names, column, is_text
from harness_datasets.tagging._tagged_rows import word
from harness_datasets.tagging.bio_columns import BioColumns
from harness_datasets.tagging.toy_slots import ToySlots

HARNESS_CONTRACT = 2

_WORDS = ("tokens", "words", "sentence")
_TAGS = ("ner_tags", "tags", "labels", "upos", "pos_tags")


@dataclass
class HuggingFaceTags(HubData, TaggedText):
    """Any data set with a column of lists of words and one of lists of tags.

    Fields:
        words_column, tags_column: their names; None: "tokens" and "ner_tags" or the like, or the only ones of their
            kind.
        spans: whether tags mark spans (BIO, IOB or BIOES); False: any tags, scored by accuracy.
    """

    words_column: str | None = None
    tags_column: str | None = None
    spans: bool = True

    @property
    def marks_spans(self) -> bool:
        """As `spans` says."""
        return self.spans

    def read(self) -> RawData:
        """As `dataset=bio_columns` reads the files.

        Raises:
            DataError: the data is out of reach or cannot be read, or a sentence has more or fewer tags than words.
        """
        found = BioColumns(self._written(), self.spans).read()
        found.notes |= self._splits()[1]
        return found

    def write(self, folder: Path, splits: Splits) -> None:
        """A file of words and tags in columns for each split."""
        for split, part in splits.items():
            words = column(part, self.words_column, "task.words_column", _WORDS, _are_words)
            tags = column(part.remove_columns([words]), self.tags_column, "task.tags_column", _TAGS, _are_tags)
            names = class_names(part.features[tags])
            with (folder / f"{'train' if split == 'all' else split}.tsv").open("w", encoding="utf-8") as file:
                for number, row in enumerate(part.select_columns([words, tags])):
                    if len(row[words]) != len(row[tags]):
                        raise DataError(
                            f"Row {number} of split {split} has {len(row[words])} words and {len(row[tags])} tags."
                        )
                    said = [_name(tag, names, f"row {number} of split {split}") for tag in row[tags]]
                    rows = zip(row[words], said, strict=True)
                    file.write("".join(f"{word(str(w))}\t{word(t)}\n" for w, t in rows) + "\n")

    def tiny(self) -> ToySlots:
        """Toy commands."""
        return ToySlots()


def _name(tag: Any, names: list[str] | None, where: str) -> str:
    if names is None:
        return str(tag)
    if tag is None or not 0 <= tag < len(names):  # such as the -100 of positions that a loss leaves out
        raise DataError(f"A tag of {where} is {tag}, and classes are numbered 0 to {len(names) - 1}.")
    return names[tag]


def _are_words(feature: Any) -> bool:
    return is_text(getattr(feature, "feature", None))


def _are_tags(feature: Any) -> bool:
    listed = getattr(feature, "feature", None)
    return bool(class_names(listed)) or is_text(listed)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [HuggingFaceTags]
