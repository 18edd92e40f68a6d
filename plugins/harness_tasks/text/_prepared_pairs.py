"""Prepared parallel text: splits, their vocabulary and their symbol ids, in memory and as a cache folder."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from harness.contract.batch import ListSplit
from harness.contract.raw import RawData
from harness.errors import DataError
from harness_tasks.text._sentences import Sentences, written
from harness_tasks.text._subwords import Subwords

Notes = dict[str, str | int | float]
Row = tuple[str, str, str]


@dataclass
class PreparedPairs:
    """What translation needs of its data.

    Attributes:
        rows: split -> (id, source, target).
        subwords: vocabulary of both languages, fitted on the training split.
        ids: split -> (source ids, target ids) of each row, without end symbols.
        notes: what the report should say of this data.
    """

    rows: dict[str, list[Row]]
    subwords: Subwords
    ids: dict[str, list[tuple[list[int], list[int]]]]
    notes: Notes

    @classmethod
    def make(cls, data: RawData, vocab_size: int, lowercase: bool) -> PreparedPairs:
        """Fit the vocabulary on the training split and encode all splits.

        Pairs with an empty side are left out of training. In validation and test they stay: the number of examples is
        that of the published set, and an empty answer to an empty reference is right, as sacreBLEU has it.

        Raises:
            DataError: no pair of a split has text on both sides.
        """
        kept: dict[str, list[Row]] = {}
        empty: Notes = {}
        for split in ("train", "val", "test"):
            rows = [
                (raw.id, written(raw.input, lowercase), written(raw.target, lowercase)) for raw in getattr(data, split)
            ]
            if rows and not any(source and target for _, source, target in rows):
                raise DataError(f"The {split} split has no pair with text on both sides.")
            empty |= _empty(split, rows)
            kept[split] = [row for row in rows if row[1] and row[2]] if split == "train" else rows
        subwords = Subwords.fit((text for _, source, target in kept["train"] for text in (source, target)), vocab_size)
        ids = {}
        for split, part in kept.items():
            sources = subwords.encode([source for _, source, _ in part])
            ids[split] = list(zip(sources, subwords.encode([target for _, _, target in part]), strict=True))
        trained_on = {row[1:] for row in kept["train"]}
        repeated = sum(row[1:] in trained_on for row in kept["test"])
        more: Notes = {
            **{f"{split} pairs": len(part) for split, part in kept.items()},
            "test pairs also in train": repeated,
            "vocabulary": f"{len(subwords)} byte-level subwords, fitted on train",
            "case": "lower-cased" if lowercase else "as written",
            **empty,
        }
        return cls(kept, subwords, ids, data.notes | more)

    def save(self, folder: Path) -> None:
        """Write everything into an empty folder."""
        (folder / "rows.json").write_text(json.dumps(self.rows, ensure_ascii=False), encoding="utf-8")
        (folder / "subwords.json").write_text(self.subwords.serialised, encoding="utf-8")
        (folder / "notes.json").write_text(json.dumps(self.notes), encoding="utf-8")
        (folder / "ids.json").write_text(json.dumps(self.ids), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> PreparedPairs:
        """Read what `save` wrote."""
        rows, ids, notes = (
            json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("rows", "ids", "notes")
        )
        subwords = Subwords((folder / "subwords.json").read_text(encoding="utf-8"))
        return cls(
            {split: [(row[0], row[1], row[2]) for row in part] for split, part in rows.items()},
            subwords,
            {split: [(pair[0], pair[1]) for pair in part] for split, part in ids.items()},
            notes,
        )

    def split(self, name: str, sentences: Sentences) -> tuple[ListSplit, int]:
        """A split as examples, and how many of its pairs are longer than `sentences.max_length`, end included.

        Longer training pairs are left out. Longer validation and test pairs stay, with their symbols cut and
        their reference text whole, so that every model answers for every one of them.
        """
        examples, long = [], 0
        for (row, source, target), both in zip(self.rows[name], self.ids[name], strict=True):
            if any(len(ids) >= sentences.max_length for ids in both):
                long += 1
                if name == "train":
                    continue
            examples.append(sentences.pair(row, source, target, *both))
        return ListSplit(examples), long


def _empty(split: str, rows: list[Row]) -> Notes:
    """How many pairs lack which side, and what is done with them; nothing where none does."""
    done = "left out" if split == "train" else "kept"
    sides = {(False, True): "source", (True, False): "target", (False, False): "source and target"}
    counts = Counter((bool(source), bool(target)) for _, source, target in rows)
    return {f"{split} pairs with empty {name}, {done}": counts[key] for key, name in sides.items() if counts[key]}
