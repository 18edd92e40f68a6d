"""BLEU-4, ROUGE-L and CIDEr-D of captions with several references each, as pycocoevalcap computes them.

Words are those of `caption_words`: lower case, without punctuation. pycocoevalcap cuts words with a Java program (the
Penn Treebank tokeniser), which also parts "cannot" and "don't"; on captions in lower case without punctuation or such
words the two agree, and so do all scores.

Sources: Papineni et al. 2002; Lin 2004; Vedantam, Zitnick and Parikh 2015 (CIDEr-D, with sigma 6).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.metrics.ratios import sum_lists, texts, total

_ORDERS = (1, 2, 3, 4)
_BETA = 1.2  # of ROUGE-L's F-score
_SIGMA = 6.0
_WORD = re.compile(r"\w+(?:['’]\w+)*")

Grams = Counter[tuple[str, ...]]


def caption_words(text: str) -> list[str]:
    """Words in lower case, without punctuation; apostrophes within a word stay."""
    return _WORD.findall(text.lower())


def _words(prediction: Prediction, example: Example) -> tuple[list[str], list[list[str]]]:
    answer, references = texts(prediction, example)
    return caption_words(answer), [caption_words(one) for one in references]


def _grams(words: Sequence[str], order: int) -> Grams:
    return Counter(tuple(words[i : i + order]) for i in range(len(words) - order + 1))


# -- BLEU-4 --------------------------------------------------------------------------------------------


def _bleu_counts(prediction: Prediction, example: Example) -> Statistics:
    answer, references = _words(prediction, example)
    matches, totals = [], []
    for order in _ORDERS:
        found, most = _grams(answer, order), Counter[tuple[str, ...]]()
        for reference in references:
            most |= _grams(reference, order)
        matches.append(sum((found & most).values()))
        totals.append(max(0, len(answer) - order + 1))
    closest = min((len(one) for one in references), key=lambda length: (abs(length - len(answer)), length))
    return {
        "hypothesis_length": len(answer),
        "reference_length": closest,
        "matches": matches,
        "totals": totals,
    }


def _bleu(rows: Sequence[Statistics]) -> float:
    score = 1.0
    for match, count in zip(sum_lists(rows, "matches"), sum_lists(rows, "totals"), strict=True):
        score *= (match + 1e-15) / (count + 1e-9)
    ratio = (total(rows, "hypothesis_length") + 1e-15) / (total(rows, "reference_length") + 1e-9)
    penalty = math.exp(1 - 1 / ratio) if ratio < 1 else 1.0
    return 100.0 * penalty * score ** (1 / len(_ORDERS))


# -- ROUGE-L -------------------------------------------------------------------------------------------


def _rouge_l(prediction: Prediction, example: Example) -> Statistics:
    answer, references = _words(prediction, example)
    common = [(_longest_common(answer, one), len(one)) for one in references]
    precision = max(length for length, _ in common) / len(answer) if answer else 0.0
    recall = max(length / size if size else 0.0 for length, size in common)
    both = precision and recall
    score = (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision) if both else 0.0
    return {"rouge_l": score, "count": 1}


def _longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    lengths = [0] * (len(other) + 1)
    for word in one:
        before = 0
        for place, second in enumerate(other, start=1):
            kept = lengths[place]
            lengths[place] = before + 1 if word == second else max(lengths[place], lengths[place - 1])
            before = kept
    return lengths[-1]


# -- CIDEr-D -------------------------------------------------------------------------------------------


def _sentences(prediction: Prediction, example: Example) -> Statistics:
    answer, references = _words(prediction, example)
    return {"caption": " ".join(answer), "references": [" ".join(one) for one in references]}


def _cider(rows: Sequence[Statistics]) -> float:
    """100 x CIDEr-D: 10 x the mean over examples, references and orders of the clipped cosine of tf-idf n-grams.

    An n-gram is as rare as there are few examples in whose references it stands.
    """
    references = [[one.split() for one in row["references"]] for row in rows]
    rarity = [_rarities(references, order) for order in _ORDERS]
    scores = []
    for row, rights in zip(rows, references, strict=True):
        answer = row["caption"].split()
        of_answer = [_weighted(answer, order, rare) for order, rare in zip(_ORDERS, rarity, strict=True)]
        found = []
        for right in rights:
            of_right = [_weighted(right, order, rare) for order, rare in zip(_ORDERS, rarity, strict=True)]
            # Lengths are counted in pairs of words, as in the original.
            apart = max(0, len(answer) - 1) - max(0, len(right) - 1)
            alike = math.fsum(map(_clipped_cosine, of_answer, of_right)) / len(_ORDERS)
            found.append(alike * math.exp(-(apart**2) / (2 * _SIGMA**2)))
        scores.append(10 * math.fsum(found) / len(found))
    return 100.0 * math.fsum(scores) / len(scores)


def _rarities(references: Iterable[Sequence[Sequence[str]]], order: int) -> tuple[Counter[tuple[str, ...]], float]:
    """In how many examples each n-gram stands, and the logarithm of the number of examples."""
    documents: Counter[tuple[str, ...]] = Counter()
    count = 0
    for rights in references:
        count += 1
        documents.update({gram for right in rights for gram in _grams(right, order)})
    return documents, math.log(count)


def _weighted(
    words: Sequence[str], order: int, rarity: tuple[Counter[tuple[str, ...]], float]
) -> dict[tuple[str, ...], float]:
    documents, count = rarity
    return {gram: n * (count - math.log(max(1, documents[gram]))) for gram, n in _grams(words, order).items()}


def _clipped_cosine(answer: dict[tuple[str, ...], float], right: dict[tuple[str, ...], float]) -> float:
    norm = math.sqrt(math.fsum(w * w for w in answer.values()) * math.fsum(w * w for w in right.values()))
    product = math.fsum(min(weight, right[gram]) * right[gram] for gram, weight in answer.items() if gram in right)
    return product / norm if norm else product


BLEU_4 = Metric(
    name="bleu_4",
    unit="BLEU-4",
    higher_is_better=True,
    statistics=_bleu_counts,
    aggregate=_bleu,
    description="Shares of runs of 1 to 4 words that are in a reference, over all captions, times a penalty for short "
    "ones; several references each.",
    signature="case:lc|tok:words|refs:closest|smooth:none|as:pycocoevalcap",
    margin=0.5,
)

ROUGE_L = Metric(
    name="rouge_l",
    unit="%",
    higher_is_better=True,
    statistics=_rouge_l,
    aggregate=lambda rows: 100.0 * total(rows, "rouge_l") / total(rows, "count"),
    description="Longest common subsequence with the best reference as an F-score (beta 1.2), averaged over captions.",
    signature="case:lc|tok:words|beta:1.2|as:pycocoevalcap",
    margin=0.5,
)

CIDER_D = Metric(
    name="cider_d",
    unit="CIDEr-D",
    higher_is_better=True,
    statistics=_sentences,
    aggregate=_cider,
    description="Likeness to the references in runs of 1 to 4 words, of which rare ones weigh more (CIDEr-D, times "
    "100); how rare a run is follows from the references of the test split. It may exceed 100, up to 1000.",
    signature="case:lc|tok:words|df:test|sigma:6|as:pycocoevalcap",
    margin=1.0,
)
