"""SNIPS: seven intents of a voice assistant. The user's own copy of 2017-06-custom-intent-engines.

Source: A. Coucke et al., "Snips Voice Platform", 2018 (github.com/sonos/nlu-benchmark).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from harness_tasks.labelled_text import LabelledText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.data.foreign import reading, shown
from harness.data.sources import FolderSource, Source
from harness.errors import DataError
from harness_datasets.text_classification._labelled_texts import (
    Row,
    cleaned,
    held_out,
    raw_splits,
    read_western,
    without_held_out,
)
from harness_datasets.text_classification.colours import Colours

HARNESS_CONTRACT = 2

_SHARE = 0.05
_README = "shubham8111/Joint-NLU, README (BiLSTM baseline and slot-gated model of MiuLab/SlotGated-SLU)"


def _published(value: float, system: str, model: str = "") -> Reference:
    return Reference(
        "accuracy",
        value,
        system,
        _README,
        "snips",
        model=model,
        protocol="13,084/700/700 in lower case; intents trained together with slots",
        test_examples=700,
    )


@dataclass
class SnipsIntents(LabelledText):
    """Which of seven intents a query has. Test are the published validation files, as published comparisons have it.

    Fields:
        root: the folder, with one folder an intent.
    """

    name: ClassVar[str] = "snips"
    references: ClassVar[tuple[Reference, ...]] = (
        _published(96.57, "BiLSTM, intents and slots together", "bilstm"),
        _published(95.57, "slot-gated BiLSTM with attention", "attention_lstm"),
    )

    root: Path | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """All `train_INTENT_full.json` for training and validation, all `validate_INTENT.json` for test.

        Raises:
            DataError: the folder or a file is missing, or is not as published.
        """
        source = self._folder()
        files = source.files()
        learned = _queries([path for path in files if path.name.startswith("train_")])
        test = _queries([path for path in files if path.name.startswith("validate_")])
        for what, rows in (("train_INTENT_full.json", learned), ("validate_INTENT.json", test)):
            if not rows:
                raise DataError(
                    f"The folder {shown(source.root or '')} holds no {what}. Expected: {source.description}."
                )
        train, val = held_out(learned, _SHARE)
        kept, dropped = without_held_out({"train": train, "val": val, "test": test})
        notes: dict[str, str | int | float] = {
            "validation": f"{_SHARE:.0%} of each intent's training queries by the hash of the text; published "
            "comparisons take other 700 of them"
        }
        return raw_splits(kept, notes=notes | dropped | source.unused(files))

    def tiny(self) -> Colours:
        """Sentences about colours."""
        return Colours.of_few()

    def _folder(self) -> FolderSource:
        return FolderSource(
            name=self.name,
            root=self.root,
            licence="CC0 1.0",
            description="folders INTENT with train_INTENT_full.json and validate_INTENT.json (sonos/nlu-benchmark)",
            patterns=("*/train_*_full.json", "*/validate_*.json"),
        )


def _queries(paths: list[Path]) -> list[Row]:
    """The queries of several files, numbered on; the intent is the one key of each."""
    rows: list[Row] = []
    for path in paths:
        text = read_western(path)
        with reading(path, "JSON"):
            content = json.loads(text)
        if not isinstance(content, dict) or len(content) != 1:
            raise DataError(f"{shown(path)} is no object with one intent as its key.")
        ((intent, queries),) = content.items()
        for query in queries:
            rows.append(Row(len(rows) + 1, cleaned(_text(query, path)), intent))
    return rows


def _text(query: Any, path: Path) -> str:
    """The parts of a query joined."""
    with reading(path, "queries of parts with a text"):
        return "".join(part["text"] for part in query["data"])


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [SnipsIntents]
