"""Text from elsewhere on a terminal: names, outputs of models and error messages are shown, never obeyed.

A terminal acts on escape codes (colours, titles, the clipboard), and text that runs from right to left can turn the
line around it. Such characters are printed as what they are, `\\x1b` for instance.
"""

from __future__ import annotations

import re

# Control characters (C0 without tab and line feed, DEL, C1), line and paragraph separators, marks that change the
# direction of writing, halves of surrogate pairs and U+FEFF.
_ACTIVE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_ENDS_OF_LINES = str.maketrans({"\n": "\\n", "\t": " "})


def harmless(text: str) -> str:
    """The text with everything visible that a terminal would act on; tabs and ends of lines stay."""
    return _ACTIVE.sub(_written, text)


def one_line(text: str) -> str:
    """The same on one line."""
    return harmless(text).translate(_ENDS_OF_LINES)


def harmless_json(text: str) -> str:
    """JSON with such characters escaped as JSON knows it, so that it still says the same."""
    return _ACTIVE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _written(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
