"""How alike texts are: tf-idf over character 4-grams, and the pairs of texts whose cosine is high."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_ROWS_AT_ONCE = 2_000


def tfidf(texts: Sequence[str], fit_on: Sequence[str] | None = None) -> csr_matrix:
    """Unit rows of character 4-gram tf-idf, (N, terms); a product of two rows is their cosine.

    Args:
        texts: one row each; a blank is put at both ends so that short words have 4-grams too.
        fit_on: the corpus whose document frequencies count (None: `texts` themselves).
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectoriser = TfidfVectorizer(analyzer="char", ngram_range=(4, 4), lowercase=False, dtype=np.float32)
    vectoriser.fit([_padded(t) for t in (texts if fit_on is None else fit_on)])
    return vectoriser.transform([_padded(t) for t in texts])


def near(rows: csr_matrix, threshold: float) -> list[tuple[int, int]]:
    """Positions (i, j), i < j, of unit rows whose product exceeds the threshold."""
    found: list[tuple[int, int]] = []
    for start in range(0, rows.shape[0], _ROWS_AT_ONCE):
        # Columns before `start` were compared in an earlier pass: the relation is symmetric.
        products = (rows[start : start + _ROWS_AT_ONCE] @ rows[start:].T).tocoo()
        keep = (products.data > threshold) & (products.row < products.col)
        found += zip((products.row[keep] + start).tolist(), (products.col[keep] + start).tolist(), strict=True)
    return found


def _padded(text: str) -> str:
    return f" {text} "
