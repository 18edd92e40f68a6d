"""Differences between an output and the right answer: the edits that a word or character error rate counts (jiwer)."""

from __future__ import annotations

import re

LONGEST = 1200
"""The number of characters of a text that are compared."""

_LONGEST_BY_CHARACTER = 200
_ALIKE = 0.5
"""Share of a text without spaces that must match; a wrong name is wrong as a whole, not letter by letter."""

SAME, ADDED, MISSING = "same", "added", "missing"

Marks = tuple[tuple[str, str], ...]
"""(kind, text) in reading order: "same", "added" (only in the output) or "missing" (only in the right answer)."""


def marks(output: str, reference: str) -> Marks:
    """The output with added parts marked, and missing parts inserted in their place; a substitution is both.

    Words are compared if one of the texts has a space, else the characters of short texts that match in at least half.

    Returns:
        Empty if the texts are equal, one of them is empty, or they have nothing in common.
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
    """Words with the space after them; the last one has one too, since it may be followed in another text."""
    return re.findall(r"\S+\s+", text.rstrip() + " ")


def _aligned(output: list[str], reference: list[str], least: float) -> Marks:
    """Pieces of two texts, of which more than `least` must match; the space after a word is ignored."""
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
                if len(text.rstrip()) < len(text):  # do not strike through the space after it
                    found.append((SAME, text[len(text.rstrip()) :]))
    return tuple(found) if agree > least * max(len(output), len(reference)) else ()
