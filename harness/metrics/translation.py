"""BLEU and chrF from sacreBLEU's sufficient statistics, so that the corpus score is sacreBLEU's own.

Sources: Post 2018, "A Call for Clarity in Reporting BLEU Scores"; Popović 2015, "chrF".
`BLEU` and `CHRF` are the default variants (one reference, mixed case, 13a tokeniser); `bleu()` and `chrf()`
make others; the signature always names the variant.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.metrics.ratios import sum_lists, texts

if TYPE_CHECKING:
    from sacrebleu.metrics import bleu as sacrebleu_bleu
    from sacrebleu.metrics import chrf as sacrebleu_chrf


def bleu(lowercase: bool = False, tokenize: str = "13a", nrefs: int | str = 1) -> Metric:
    """BLEU with four-gram precisions, exponential smoothing and brevity penalty.

    Args:
        lowercase: compare without case ("case:lc").
        tokenize: a sacreBLEU tokeniser that needs no download, of `harness.metrics.languages.TOKENIZERS`;
            `bleu_tokenization` says which one fits a language.
        nrefs: references of each example, or "var" if their number varies; only the signature needs it.
    """

    def statistics(prediction: Prediction, example: Example) -> Statistics:
        answer, references = texts(prediction, example)
        score = _bleu(lowercase, tokenize).sentence_score(answer, list(references))
        return {
            "hypothesis_length": int(score.sys_len),
            "reference_length": int(score.ref_len),
            "matches": [int(n) for n in score.counts],
            "totals": [int(n) for n in score.totals],
        }

    def aggregate(rows: Sequence[Statistics]) -> float:
        from sacrebleu.metrics.bleu import BLEU as Bleu

        score = Bleu.compute_bleu(
            correct=sum_lists(rows, "matches"),
            total=sum_lists(rows, "totals"),
            sys_len=sum(row["hypothesis_length"] for row in rows),
            ref_len=sum(row["reference_length"] for row in rows),
            smooth_method="exp",
        )
        return float(score.score)

    case = "lc" if lowercase else "mixed"
    return Metric(
        name="bleu",
        unit="BLEU",
        higher_is_better=True,
        statistics=statistics,
        aggregate=aggregate,
        description="Corpus BLEU: matching word n-grams up to four, with a penalty for short output.",
        signature=f"nrefs:{nrefs}|case:{case}|eff:no|tok:{tokenize}|smooth:exp|version:{version('sacrebleu')}",
        margin=0.5,
    )


def chrf(lowercase: bool = False, nrefs: int | str = 1) -> Metric:
    """chrF2: F-score of character n-grams up to six, recall weighted twice.

    Args:
        lowercase: compare without case ("case:lc").
        nrefs: references of each example, or "var" if their number varies; only the signature needs it.
    """

    def statistics(prediction: Prediction, example: Example) -> Statistics:
        answer, references = texts(prediction, example)
        streams = [[text] for text in references]
        # No public call of sacreBLEU returns the counts behind chrF; this is what its own bootstrap uses.
        (counts,) = _chrf(lowercase)._extract_corpus_statistics([answer], streams)
        return {"counts": [int(n) for n in counts]}  # hypothesis, reference, match of each order

    def aggregate(rows: Sequence[Statistics]) -> float:
        return float(_chrf(lowercase)._compute_score_from_stats(sum_lists(rows, "counts")).score)

    case = "lc" if lowercase else "mixed"
    return Metric(
        name="chrf",
        unit="chrF",
        higher_is_better=True,
        statistics=statistics,
        aggregate=aggregate,
        description="Corpus chrF2: F-score of matching character n-grams up to six, recall weighted twice.",
        signature=f"nrefs:{nrefs}|case:{case}|eff:yes|nc:6|nw:0|space:no|version:{version('sacrebleu')}",
        margin=0.5,
    )


@cache
def _bleu(lowercase: bool, tokenize: str) -> sacrebleu_bleu.BLEU:
    from sacrebleu.metrics.bleu import BLEU as Bleu

    # effective_order only silences the warning on sentence scores; the counts are the same.
    return Bleu(lowercase=lowercase, tokenize=tokenize, force=True, effective_order=True)


@cache
def _chrf(lowercase: bool) -> sacrebleu_chrf.CHRF:
    from sacrebleu.metrics.chrf import CHRF as Chrf

    return Chrf(lowercase=lowercase)


BLEU = bleu()
CHRF = chrf()
