"""Word and character error rate and sentence accuracy, of a text against its first reference (jiwer)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.metrics.ratios import percentage, texts, total


def _word_edits(prediction: Prediction, example: Example) -> Statistics:
    import jiwer

    answer, references = texts(prediction, example)
    out = jiwer.process_words(references[0], answer)
    return _edits(out.hits, out.substitutions, out.deletions, out.insertions)


def _character_edits(prediction: Prediction, example: Example) -> Statistics:
    import jiwer

    answer, references = texts(prediction, example)
    out = jiwer.process_characters(references[0], answer)
    return _edits(out.hits, out.substitutions, out.deletions, out.insertions)


def _edits(hits: int, substitutions: int, deletions: int, insertions: int) -> Statistics:
    return {
        "edits": int(substitutions + deletions + insertions),
        "reference_length": int(hits + substitutions + deletions),
    }


def _error_rate(rows: Sequence[Statistics]) -> float:
    # If every reference is empty, jiwer counts each insertion as one whole reference; so do we.
    return percentage(total(rows, "edits"), max(total(rows, "reference_length"), 1.0))


def _same_words(prediction: Prediction, example: Example) -> Statistics:
    answer, references = texts(prediction, example)
    return {"correct": int(answer.split() == references[0].split())}


def _share_correct(rows: Sequence[Statistics]) -> float:
    return percentage(total(rows, "correct"), len(rows))


_SIGNATURE = f"jiwer:{version('jiwer')}"

WER = Metric(
    name="wer",
    unit="%",
    higher_is_better=False,
    statistics=_word_edits,
    aggregate=_error_rate,
    description="Word substitutions, deletions and insertions per reference word, over the whole corpus.",
    signature=_SIGNATURE,
    margin=0.5,
)

CER = Metric(
    name="cer",
    unit="%",
    higher_is_better=False,
    statistics=_character_edits,
    aggregate=_error_rate,
    description="Character substitutions, deletions and insertions per reference character, spaces too.",
    signature=_SIGNATURE,
    margin=0.5,
)

SENTENCE_ACCURACY = Metric(
    name="sentence_accuracy",
    unit="%",
    higher_is_better=True,
    statistics=_same_words,
    aggregate=_share_correct,
    description="Share of examples whose words are all right, in order.",
    margin=0.5,
)
