"""A model's answers as files that other tools score, so that a figure can be computed a second way.

lines     hypotheses.txt, references.txt, ids.txt      sacreBLEU, jiwer, any line-aligned tool
table     predictions.csv                              scikit-learn, a spreadsheet
columns   columns.txt: word, right tag, answered tag   conlleval, seqeval, nervaluate
captions  references.json, results.json                pycocoevalcap (COCO's two layouts)
forecasts forecasts.csv, scales.csv                    pandas with anything (`harness.targets.forecast_files`)
trn       hypotheses.trn, references.trn               NIST sclite
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Content = str | Iterable[str]
"""Of a file: whole, or in pieces where it is large."""


@dataclass(frozen=True)
class AnsweredText:
    """What was answered for one example, as texts.

    Attributes:
        id: of the example.
        source: the input as people read it; may be empty.
        references: the right answers, one or more.
        text: the answer.
    """

    id: str
    source: str
    references: tuple[str, ...]
    text: str


def lines(found: Sequence[AnsweredText]) -> dict[str, Content]:
    """One line an example; `references.2.txt` and so on hold further right answers, empty where there are fewer."""
    most = max((len(one.references) for one in found), default=0)
    files = {"ids.txt": [one.id for one in found], "hypotheses.txt": [one.text for one in found]}
    for number in range(most):
        name = "references.txt" if number == 0 else f"references.{number + 1}.txt"
        files[name] = [one.references[number] if number < len(one.references) else "" for one in found]
    return {name: "".join(f"{_one_line(text)}\n" for text in texts) for name, texts in files.items()}


def table(found: Sequence[AnsweredText]) -> dict[str, Content]:
    """A CSV with the columns id, reference and hypothesis."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(("id", "reference", "hypothesis"))
    rows.writerows((one.id, one.references[0], one.text) for one in found)
    return {"predictions.csv": written.getvalue()}


def columns(found: Sequence[AnsweredText]) -> dict[str, Content]:
    """A word with its right and its answered tag a line, blanks between, and an empty line after each sentence."""
    sentences = []
    for one in found:
        right, answered = one.references[0].split(), one.text.split()
        words = one.source.split()
        if len(words) != len(right):
            words = ["_"] * len(right)  # the source is no list of words
        sentences.append("".join(f"{' '.join(row)}\n" for row in zip(words, right, answered, strict=True)))
    return {"columns.txt": "\n".join(sentences) + ("\n" if sentences else "")}


def captions(found: Sequence[AnsweredText]) -> dict[str, Content]:
    """The annotations and the results of COCO captions; a picture is an example's id."""
    images = [{"id": one.id} for one in found]
    right = [(one.id, text) for one in found for text in one.references]
    annotations = [{"image_id": id_, "id": n, "caption": text} for n, (id_, text) in enumerate(right)]
    results = [{"image_id": one.id, "caption": one.text} for one in found]
    return {
        "references.json": json.dumps({"images": images, "annotations": annotations}, ensure_ascii=False),
        "results.json": json.dumps(results, ensure_ascii=False),
    }


def trn(found: Sequence[AnsweredText]) -> dict[str, Content]:
    """Transcripts of NIST sclite: the text, then the id in brackets."""
    return {
        "hypotheses.trn": "".join(f"{_one_line(one.text)} ({_one_line(one.id)})\n" for one in found),
        "references.trn": "".join(f"{_one_line(one.references[0])} ({_one_line(one.id)})\n" for one in found),
    }


def _one_line(text: str) -> str:
    return " ".join(text.split("\n"))
