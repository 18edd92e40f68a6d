"""Pieces on their way from files to raw examples, and the JSON layout of published sets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness_tasks.polyphony._piano_roll import steps_of, written

from harness.contract.dataset import RawData, RawExample
from harness.data.foreign import reading, shown
from harness.errors import DataError

Piece = list[list[int]]
"""The keys of each step."""

Notes = dict[str, str | int | float]
NAMES = {"train": ("train",), "val": ("valid", "val", "validation"), "test": ("test",)}


def example(name: str, piece: Piece) -> RawExample:
    """A piece of at least two steps, told step by step."""
    return RawExample(name, piece[:-1], piece[1:], source=written(piece[:-1]))


def raw_pieces(splits: Mapping[str, Sequence[tuple[str, Piece]]], notes: Notes) -> RawData:
    """Named pieces as raw examples, without held-out ones in training or validation.

    A piece that stands in test too, note for note, is left out of training and validation, and one of validation out of
    training; test stays as it is. Pieces of a single step have no next one and are left out. The notes count both.

    Raises:
        DataError: a split is empty.
    """
    made: dict[str, list[RawExample]] = {}
    held: set[str] = set()
    for split in ("test", "val", "train"):
        long = [(name, piece) for name, piece in splits[split] if len(piece) > 1]
        kept = [(name, piece) for name, piece in long if split == "test" or written(piece) not in held]
        if len(long) < len(splits[split]):
            notes[f"{split} pieces of one step, left out"] = len(splits[split]) - len(long)
        if len(kept) < len(long):
            notes[f"{split} pieces left out, which are held out too"] = len(long) - len(kept)
        if not kept:
            raise DataError(f"No piece of at least two steps is left in {split}.")
        held |= {written(piece) for _, piece in kept}
        made[split] = [example(name, piece) for name, piece in kept]
    return RawData(made["train"], made["val"], made["test"], notes=notes)


def read_json(path: Path) -> dict[str, list[tuple[str, Piece]]]:
    """{"train": [piece, ...], "valid": ..., "test": ...}, a piece being a list of steps, a step a list of MIDI numbers.

    Raises:
        DataError: the file cannot be read, is no JSON, lacks a split, or a piece is none; names split, piece and step.
    """
    with reading(path, "a JSON file"):
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise DataError(f"{shown(path)} holds no object of splits; expected train, valid and test.")
    splits: dict[str, list[tuple[str, Piece]]] = {}
    for split, names in NAMES.items():
        name = next((name for name in names if name in found), "")
        if not isinstance(found.get(name), list):
            has = ", ".join(map(str, found)) or "nothing"
            raise DataError(f"{shown(path)} has no list of pieces '{names[0]}'; it has {has}.")
        splits[split] = []
        for number, piece in enumerate(found[name], start=1):
            try:
                splits[split].append((f"{split}-{number:04d}", steps_of(piece)))
            except DataError as error:
                raise DataError(f"{shown(path)}, piece {number} of {name}: {error}") from error
    return splits


def refuse_pickles(root: Path, advice: str) -> None:
    """Refuse a folder whose pieces are pickled, as they were first published.

    Raises:
        DataError: a file ends in .pickle, .pkl or .npz.
    """
    pickled = [p for p in sorted(root.iterdir()) if p.suffix.lower() in (".pickle", ".pkl", ".npz")]
    if pickled and not list(root.glob("*.json")):
        raise DataError(
            f"{shown(pickled[0])} is a pickle, or arrays of pickled objects, and reading one runs code that is in it. "
            f"{advice}"
        )
