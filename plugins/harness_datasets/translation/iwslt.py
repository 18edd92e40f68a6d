"""IWSLT: sentences of TED talks, the user's copy as the campaign publishes it (tags and XML), or as plain lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.data.text_files import read_lines
from harness_datasets.translation._campaigns import Campaign, by_names

HARNESS_CONTRACT = 2

_TAG = re.compile(
    r"\s*<(?:url|keywords|speaker|talkid|title|description|reviewer|translator|doc|/doc)\b", re.IGNORECASE
)
_JOEY = "github.com/joeynmt/joeynmt, docs/benchmarks_v1.md"
_PLAIN = {"train": ("train",), "val": ("valid", "val", "dev"), "test": ("test",)}


@dataclass
class Iwslt(Campaign):
    """Talks of one year's release; name the sets of your release in `test_sets`.

    Fields:
        root: the folder of a pair of languages, such as de-en.
        val_sets, test_sets: names of sets, such as dev2010 and tst2010; each is one file or several joined.
    """

    name: ClassVar[str] = "iwslt"
    licence: ClassVar[str] = "CC BY-NC-ND (TED)"
    layout: ClassVar[str] = (
        "train.tags.de-en.de and .en, and IWSLT*.TED.SET.de-en.de.xml and .en.xml; or plain lines in train.de and .en, "
        "SET.de (or valid.de, test.de) and .en"
    )
    patterns: ClassVar[tuple[str, ...]] = ("**/train.tags.*", "**/IWSLT*.xml", "**/*.??", "**/*.??.gz")
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            "bleu",
            27.34,
            "RNN (LSTM) with attention, 60.7 M parameters, BPE 32k",
            _JOEY,
            "iwslt.de-en",
            protocol="IWSLT14; test of joined sets; v1 evaluation",
            model="attention_lstm",
        ),
    )

    val_sets: list[str] = field(default_factory=lambda: ["dev2010"])
    test_sets: list[str] = field(default_factory=lambda: ["tst2010"])

    def sets(self) -> dict[str, tuple[str, ...]]:
        """As the options say."""
        return {"train": ("train",), "val": tuple(self.val_sets), "test": tuple(self.test_sets)}

    def pair(self, split: str, name: str, files: Sequence[Path]) -> tuple[Path, Path] | None:
        """Tagged or XML files of either order of the languages, else plain ones."""
        a, b = self.source_language, self.target_language
        for order in (f"{a}-{b}", f"{b}-{a}"):
            found = [self._marked(split, name, order, code, files) for code in (a, b)]
            if found[0] and found[1]:
                return found[0], found[1]
        stems = (name, *(_PLAIN[split] if len(self.sets()[split]) == 1 else ()))
        plain = [by_names(files, [f"{stem}.{code}" for stem in stems]) for code in (a, b)]
        return (plain[0], plain[1]) if plain[0] and plain[1] else None

    def lines(self, path: Path) -> Sequence[str]:
        """Sentences; the lines of tags between them are left out."""
        if not path.name.startswith("train.tags."):
            return super().lines(path)
        return [line for line in read_lines(path) if not _TAG.match(line)]

    def _marked(self, split: str, name: str, order: str, code: str, files: Sequence[Path]) -> Path | None:
        if split == "train":
            return by_names(files, [f"train.tags.{order}.{code}"])
        form = re.compile(rf"IWSLT\d*\.TEDX?\.{re.escape(name)}\.{order}\.{re.escape(code)}\.xml")
        return next((path for path in files if form.fullmatch(path.name)), None)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Iwslt]
