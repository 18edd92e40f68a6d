"""SNIPS: spoken-style commands of seven intents with their slots, the user's own copy in its published layout."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from harness_tasks.tagged_text import TaggedText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.data.foreign import reading, shown
from harness.data.sources import FolderSource, Source
from harness.errors import DataError
from harness_datasets.tagging._tagged_rows import Sentence, SlotPiece, completed, raw_data, tagged
from harness_datasets.tagging.toy_slots import ToySlots

HARNESS_CONTRACT = 2

INTENTS = (
    *("AddToPlaylist", "BookRestaurant", "GetWeather", "PlayMusic"),
    *("RateBook", "SearchCreativeWork", "SearchScreeningEvent"),
)
_EXPECTED = "INTENT/train_INTENT_full.json and INTENT/validate_INTENT.json for each of seven intents"


def _published(value: float, system: str, model: str = "") -> Reference:
    return Reference(
        "span_f1",
        value,
        system,
        "github.com/shubham8111/Joint-NLU README",
        "snips",
        model=model,
        protocol="13,084 / 700 / 700 of MiuLab/SlotGated-SLU, lower case; slots and intents learned together",
        test_examples=700,
    )


@dataclass
class Snips(TaggedText):
    """Commands with 39 kinds of slots in BIO (Coucke et al. 2018); validation files are the test split.

    A tenth of training is held out for validation, by the hash of the sentence. One file is in Latin-1, the others in
    UTF-8. Sentences that are also held out are left out of training.

    Fields:
        root: the folder.
    """

    name: ClassVar[str] = "snips"
    defaults: ClassVar = {"lowercase": True}
    references: ClassVar[tuple[Reference, ...]] = (
        _published(84.30, "BiLSTM, slots and intents", "bilstm"),
        _published(83.5, "Slot-Gated BiLSTM with attention"),
    )

    root: Path | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)

    @property
    def marks_spans(self) -> bool:
        """Tags are BIO."""
        return True

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """Training and test files of all intents.

        Raises:
            DataError: the folder or a file is missing, or a file is not what it should be.
        """
        source = self._folder()
        root, used = source.fetch(), list[Path]()
        found: dict[str, list[Sentence]] = {"train": [], "test": []}
        for intent in INTENTS:
            for split, name in (("train", f"train_{intent}_full.json"), ("test", f"validate_{intent}.json")):
                path = root / intent / name
                if not path.is_file():
                    raise DataError(f"There is no {intent}/{name} in {shown(root)}. Expected: {_EXPECTED}.")
                used.append(path)
                found[split] += read_intent(path, intent)
        splits, notes = completed(found, _EXPECTED)
        return raw_data(splits, notes | source.unused(used))

    def tiny(self) -> ToySlots:
        """Toy commands."""
        return ToySlots()

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="snips",
            root=self.root,
            licence="CC0 1.0; the authors ask for a citation",
            description=_EXPECTED,
            patterns=tuple(f"{intent}/*.json" for intent in INTENTS),
        )


def read_intent(path: Path, intent: str) -> list[Sentence]:
    """Sentences of one file: {INTENT: [{"data": [{"text": ..., "entity": ...}, ...]}, ...]}.

    Raises:
        DataError: the file cannot be read, is no JSON, or is laid out otherwise; names file and utterance.
    """
    with reading(path, "a JSON file"):
        content = path.read_bytes()
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("latin-1")  # train_PlayMusic_full.json, as it was published
        found: Any = json.loads(text)
    rows = found.get(intent) if isinstance(found, dict) else None
    if not isinstance(rows, list):
        raise DataError(f"{shown(path)} has no list of utterances under '{intent}'.")
    sentences = []
    for number, row in enumerate(rows, start=1):
        pieces = row.get("data") if isinstance(row, dict) else None
        if not isinstance(pieces, list) or not all(
            isinstance(p, dict) and isinstance(p.get("text"), str) for p in pieces
        ):
            raise DataError(f"{shown(path)}, utterance {number}: 'data' must be a list of pieces with a 'text' each.")
        sentence = tagged(SlotPiece(piece["text"], str(piece.get("entity", ""))) for piece in pieces)
        if sentence.words:
            sentences.append(sentence)
    return sentences


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Snips]
