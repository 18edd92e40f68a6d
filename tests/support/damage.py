"""Ways in which a file goes wrong on its way: cut, bits flipped, pieces lost, doubled, overwritten, written anew."""

from __future__ import annotations

import codecs
import gzip
from dataclasses import dataclass

from hypothesis import strategies as st

CUT, FLIP, ZERO, NOISE, LOST, DOUBLED, ADDED = "cut", "flip", "zero", "noise", "lost", "doubled", "added"


@dataclass(frozen=True)
class Damage:
    """One thing that happens to a file.

    Attributes:
        what: one of the constants above.
        place: share of the file's length at which it begins, 0 to 1.
        size: how many bytes are concerned; for `flip`, which bit of the byte.
        noise: the bytes that come in.
    """

    what: str
    place: float
    size: int = 1
    noise: bytes = b""

    def start(self, content: bytes) -> int:
        """The first byte concerned."""
        return min(int(self.place * len(content)), max(len(content) - 1, 0))

    def apply(self, content: bytes) -> bytes:
        """The damaged file."""
        at, end = self.start(content), self.start(content) + self.size
        if self.what == CUT:
            return content[:at]
        if self.what == FLIP:
            return content[:at] + bytes([content[at] ^ (1 << self.size % 8)]) + content[at + 1 :] if content else b""
        middle = {
            ZERO: bytes(len(content[at:end])),
            NOISE: self.noise,
            LOST: b"",
            DOUBLED: content[at:end] * 2,
            ADDED: self.noise + content[at:end],
        }[self.what]
        return content[:at] + middle + content[end:]


_places = st.one_of(st.floats(0, 1), st.floats(0, 0.03), st.floats(0.97, 1))
_sizes = st.integers(1, 600)
damages = st.one_of(
    st.builds(Damage, st.just(CUT), _places),
    st.builds(Damage, st.just(FLIP), _places, st.integers(0, 7)),
    st.builds(Damage, st.sampled_from([ZERO, LOST, DOUBLED]), _places, _sizes),
    st.builds(
        lambda what, place, noise: Damage(what, place, len(noise), noise),
        st.sampled_from([NOISE, ADDED]),
        _places,
        st.binary(min_size=1, max_size=64),
    ),
)
"""One damage, more often near the ends, where headers and indexes stand."""


def written_anew(text: str, encoding: str) -> bytes:
    """The text as another program would write it; characters that the encoding lacks become question marks."""
    if encoding == "gzip":
        return gzip.compress(text.encode())
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE, "utf-8": codecs.BOM_UTF8}
    name, _, marked = encoding.partition("+")
    return (marks[name] if marked else b"") + text.encode(name, errors="replace")


ENCODINGS = (
    "utf-8",
    "utf-8+mark",
    "utf-16-le",
    "utf-16-be",
    "utf-16-le+mark",
    "utf-16-be+mark",
    "utf-32-le",
    "utf-32-be",
    "latin-1",
    "cp1251",
    "gbk",
    "shift_jis",
    "gzip",
)
