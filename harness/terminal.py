"""Safe printing of foreign text on a terminal: names, outputs of models and error messages are shown, never
interpreted.

A terminal acts on escape codes (colours, titles, the clipboard), and right-to-left text can reorder the line around it.
Such characters are printed as escapes, for example `\\x1b`.
"""

from __future__ import annotations

import re

# Control characters (C0 without tab and line feed, DEL, C1), line and paragraph separators, marks that change the
# writing direction, lone surrogates and U+FEFF.
_ACTIVE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_BYTES = re.compile("[\udc80-\udcff]")
_ENDS_OF_LINES = str.maketrans({"\n": "\\n", "\t": " "})


def harmless(text: str) -> str:
    """The text with everything a terminal would act on made visible; tabs and line ends are kept."""
    return _ACTIVE.sub(_written, text)


def readable(text: str) -> str:
    """The text with bytes of file names that are no UTF-8 written as `\\xNN`, so that it can be encoded."""
    return _BYTES.sub(_written, text)


def one_line(text: str) -> str:
    """The same on one line."""
    return harmless(text).translate(_ENDS_OF_LINES)


def harmless_json(text: str) -> str:
    """JSON with such characters escaped in JSON syntax, so its meaning is unchanged."""
    return _ACTIVE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _written(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # Python's stand-in for a byte of a file name that is no UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
