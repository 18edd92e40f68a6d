"""Where an output differs from the right answer: the edits that a word or character error rate counts (jiwer)."""

from __future__ import annotations

import re

LONGEST = 1200
"""Characters of a text that are compared."""

_LONGEST_BY_CHARACTER = 200
_ALIKE = 0.5
"""Share of a text without spaces that must agree; a wrong name is wrong as a whole, not letter by letter."""

SAME, ADDED, MISSING = "same", "added", "missing"

Marks = tuple[tuple[str, str], ...]
"""(kind, text) in reading order: "same", "added" (in the output alone) or "missing" (in the right answer alone)."""


def marks(output: str, reference: str) -> Marks:
    """The output with what was added, and with what is missing in its place; a substitution is both.

    Words are compared where one of the texts has a space, else characters of short texts that agree in at least half.

    Returns:
        Nothing where the texts are equal, one of them is empty, or they have nothing in common.
    """
    output, reference = output[:LONGEST], reference[:LONGEST]
    if output == reference or not output.strip() or not reference.strip():
        return ()
    if re.search(r"\s", output.strip() + reference.strip()):
        return _aligned(_words(output), _words(reference), least=0.0)
    if max(len(output), len(reference)) > _LONGEST_BY_CHARACTER:
        return ()
    return _aligned(list(output), list(reference), least=_ALIKE)


def _words(text: str) -> list[str]:
    """Words with the space behind them; the last one has some, too, since another text's may follow."""
    return re.findall(r"\S+\s+", text.rstrip() + " ")


def _aligned(output: list[str], reference: list[str], least: float) -> Marks:
    """Pieces of two texts, of which more than `least` must agree; the space after a word plays no part."""
    import jiwer  # 0.1 s, and many reports show no texts

    numbers = {piece: str(i) for i, piece in enumerate(dict.fromkeys(p.rstrip() for p in [*output, *reference]))}
    said, right = (" ".join(numbers[p.rstrip()] for p in pieces) for pieces in (output, reference))
    found: list[tuple[str, str]] = []
    agree = 0
    for part in jiwer.process_words(right, said).alignments[0]:
        ours, theirs = output[part.hyp_start_idx : part.hyp_end_idx], reference[part.ref_start_idx : part.ref_end_idx]
        if part.type == "equal":
            agree += len(ours)
            found.append((SAME, "".join(ours)))
            continue
        for kind, pieces in ((MISSING, theirs), (ADDED, ours)):
            if pieces:
                text = "".join(pieces)
                found.append((kind, text.rstrip()))
                if len(text.rstrip()) < len(text):  # a line through the space behind it would be ugly
                    found.append((SAME, text[len(text.rstrip()) :]))
    return tuple(found) if agree > least * max(len(output), len(reference)) else ()
