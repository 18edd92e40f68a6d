"""CLINC150: what a user of a voice assistant wants, 150 intents in ten domains. The user's own copy of data_full.json.

Source: S. Larson et al., "An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction", 2019.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

from harness_tasks.labelled_text import LabelledText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.foreign import reading, shown
from harness.data.sources import FolderSource, Source
from harness.data.text_files import read_text
from harness.errors import DataError
from harness_datasets.text_classification._labelled_texts import Row, cleaned, raw_splits, without_held_out
from harness_datasets.text_classification.colours import Colours

HARNESS_CONTRACT = 2

_FILE, _DOMAINS = "data_full.json", "domains.json"
_SPLITS = ("train", "val", "test")
OUT_OF_SCOPE = "oos"


class OutOfScope(Enum):
    """What becomes of queries that no intent covers."""

    left_out = "left_out"
    a_class = "a_class"


class ClincLevel(Enum):
    """What a class is."""

    intent = "intent"
    domain = "domain"


@dataclass
class Clinc150(LabelledText):
    """Queries with their intents in the published split; the full set, 100 queries an intent for training.

    Fields:
        root: the folder.
        out_of_scope: left_out: queries that no intent covers are in no split (the published in-scope accuracy);
            a_class: they are a class of their own in every split, 100 for training and 1,000 for test.
        level: intent (150 classes), or domain (10 classes of 15 intents; needs domains.json, and queries out of scope
            are left out).
    """

    name: ClassVar[str] = "clinc150"
    defaults: ClassVar = {"min_count": 1}

    root: Path | None = None
    out_of_scope: OutOfScope = OutOfScope.left_out
    level: ClincLevel = ClincLevel.intent

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)
        self.out_of_scope, self.level = OutOfScope(self.out_of_scope), ClincLevel(self.level)
        if self.level is ClincLevel.domain and self.out_of_scope is OutOfScope.a_class:
            raise ValueError("task.out_of_scope=a_class goes with task.level=intent: it is no domain.")

    @property
    def label(self) -> str:
        """The name with what is classified: "clinc150", "clinc150.domains", "clinc150.with_oos"."""
        if self.level is ClincLevel.domain:
            return f"{self.name}.domains"
        return f"{self.name}.with_oos" if self.out_of_scope is OutOfScope.a_class else self.name

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The published split.

        Raises:
            DataError: the folder or a file is missing, or is not as published.
        """
        source = self._folder()
        root = source.fetch()
        content = _parsed(root / _FILE)
        names = _domain_of_each(root / _DOMAINS) if self.level is ClincLevel.domain else {}
        rows = {split: _rows(content, split, root / _FILE, names) for split in _SPLITS}
        outside = {split: _rows(content, f"oos_{split}", root / _FILE, {}) for split in _SPLITS}
        notes: dict[str, str | int | float] = {}
        if self.out_of_scope is OutOfScope.a_class:
            for split in _SPLITS:  # numbered on, so that ids differ
                first = len(rows[split])
                rows[split] += [Row(first + n, text, label) for n, text, label in outside[split]]
            notes["queries out of scope"] = "a class of their own, 'oos', in every split"
        else:
            counts = "/".join(str(len(outside[split])) for split in _SPLITS)
            notes["queries out of scope, left out"] = f"{counts} (train/val/test): accuracy is that of queries in scope"
        kept, dropped = without_held_out(rows)
        used = [root / _FILE, *([root / _DOMAINS] if names else [])]
        return raw_splits(kept, notes=notes | dropped | source.unused(used, "not needed here"))

    def tiny(self) -> Colours:
        """Sentences about colours."""
        return Colours.of_few()

    def _folder(self) -> FolderSource:
        return FolderSource(
            name=self.name,
            root=self.root,
            licence="CC BY 3.0",
            description=f"{_FILE} as published in clinc/oos-eval, and {_DOMAINS} for task.level=domain",
            patterns=(_FILE, _DOMAINS),
        )


def _parsed(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(f"There is no {path.name} in {shown(path.parent)}; it is part of clinc/oos-eval, folder data.")
    text = read_text(path)
    with reading(path, "JSON"):
        content = json.loads(text)
    if not isinstance(content, dict):
        raise DataError(f"{shown(path)} holds a {type(content).__name__}; expected an object of lists by split.")
    return content


def _rows(content: Mapping[str, Any], split: str, path: Path, names: Mapping[str, str]) -> list[Row]:
    """Pairs [query, intent] as rows; `names` gives other names to intents."""
    pairs = content.get(split)
    if not isinstance(pairs, list):
        raise DataError(f"{shown(path)} has no list '{split}'; it has {', '.join(map(repr, list(content)[:8]))}.")
    rows = []
    for number, pair in enumerate(pairs, start=1):
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)):
            raise DataError(f"Item {number} of '{split}' in {shown(path)} is no pair of a query and an intent.")
        if names and pair[1] not in names:
            raise DataError(f"Intent {pair[1]!r} (item {number} of '{split}') is in no domain of {_DOMAINS}.")
        rows.append(Row(number, cleaned(pair[0]), names.get(pair[1], pair[1])))
    return rows


def _domain_of_each(path: Path) -> dict[str, str]:
    """The domain of every intent."""
    return {str(intent): domain for domain, intents in _parsed(path).items() for intent in intents}


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Clinc150]
