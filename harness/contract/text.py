"""The one form in which text is trained on and compared."""

from __future__ import annotations

import unicodedata

MARK = "\ufeff"
"""The byte-order mark; inside a file it is left over from joining files."""


def normal_form(text: str) -> str:
    """Unicode NFC without byte-order marks: "é" is one character, however it was typed.

    Training text, vocabularies, transcripts, references and hypotheses all have this form, so that texts which look
    the same are the same. Applying it twice changes nothing.

    Source: Unicode Standard Annex 15.
    """
    return unicodedata.normalize("NFC", text.replace(MARK, ""))


def clean(text: str) -> str:
    """A sentence or transcript: the normal form with every run of white space made one blank, and none at the ends."""
    return " ".join(normal_form(text).split())
