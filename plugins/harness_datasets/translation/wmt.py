"""WMT news translation: test sets in SGML as the campaign publishes them, and any line-aligned texts for training."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness_datasets.translation._campaigns import Campaign, by_names

HARNESS_CONTRACT = 2


@dataclass
class Wmt(Campaign):
    """Training texts of 64 MB or more that are not packed need not fit into memory; packed ones are read whole.

    Fields:
        root: the folder.
        train_sets: names without the language: "train", or "europarl-v7.de-en" for europarl-v7.de-en.de and .en.
        val_set, test_set: names such as newstest2013, in SGML or plain lines.
    """

    name: ClassVar[str] = "wmt"
    licence: ClassVar[str] = "research use (each text has its own)"
    layout: ClassVar[str] = (
        "newstest2014-deen-src.de.sgm and -ref.en.sgm (or newstest2014.de and .en), likewise newstest2013, and "
        "line-aligned train.de and .en, or others that task.train_sets names"
    )
    patterns: ClassVar[tuple[str, ...]] = ("**/*.sgm", "**/*.??", "**/*.??.gz")

    train_sets: list[str] = field(default_factory=lambda: ["train"])
    val_set: str = "newstest2013"
    test_set: str = "newstest2014"

    @property
    def label(self) -> str:
        """With the test set: "wmt.newstest2014.de-en"."""
        return f"{self.name}.{self.test_set}.{self.source_language}-{self.target_language}"

    def sets(self) -> dict[str, tuple[str, ...]]:
        """As the options say."""
        return {"train": tuple(self.train_sets), "val": (self.val_set,), "test": (self.test_set,)}

    def pair(self, split: str, name: str, files: Sequence[Path]) -> tuple[Path, Path] | None:
        """SGML of this direction, else of the other, else plain lines."""
        a, b = self.source_language, self.target_language
        for codes, kinds in ((a + b, ("src", "ref")), (b + a, ("ref", "src"))):
            found = [_sgml(name, codes, kind, code, files) for kind, code in zip(kinds, (a, b), strict=True)]
            if found[0] and found[1]:
                return found[0], found[1]
        plain = [by_names(files, [f"{name}.{code}"]) for code in (a, b)]
        return (plain[0], plain[1]) if plain[0] and plain[1] else None


def _sgml(name: str, codes: str, kind: str, code: str, files: Sequence[Path]) -> Path | None:
    form = re.compile(rf"{re.escape(name)}(?:-{codes})?-{kind}\.{re.escape(code)}\.sgm")
    return next((path for path in files if form.fullmatch(path.name)), None)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Wmt]
