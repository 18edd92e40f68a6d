"""Bytes to text: how every reader of text files finds characters and lines.

    bytes      plain or gzip, told by content
    encoding   UTF-8, with or without a mark; UTF-16 and UTF-32 with a mark
    lines      end at LF or CRLF, or in a file without any LF at CR; at nothing else
    form       Unicode NFC without byte-order marks (`harness.contract.text.normal_form`)

What is none of that is refused with the byte, the line and what would be right.
"""

from __future__ import annotations

import codecs
import gzip
import re
import shlex
import unicodedata
import zlib
from pathlib import Path

from harness.contract.text import MARK, normal_form
from harness.data.foreign import reading, shown
from harness.data.stand_ins import pointer
from harness.errors import DataError

_GZIP = b"\x1f\x8b"
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_FORMATS = (
    (_GZIP, "a gzip file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"%PDF-", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
)
_END_OF_FILE = "\x1a"
"""Ctrl-Z, with which DOS ends a text."""
_USUAL = frozenset("\n\r aeinrst")
# "ESC $ B", "ESC $ ) C" and the like: Japanese, Korean and Chinese e-mail, which is ASCII to the byte.
_ISO_2022 = re.compile(r"\x1b\$(?:[@AB]|[()*+][A-I])")
_SAMPLE = 4096


def read_text(path: Path, *, form: bool = True) -> str:
    """The text of a file, plain or gzip, with every line end made "\\n".

    Args:
        path: of the file.
        form: whether the text is brought into normal form; False: only byte-order marks are removed, for lists whose
            file names must stay as they are written.

    Raises:
        DataError: the file cannot be read, is damaged or is not text; the message names it and the place.
    """
    return decode(read_bytes(path), shown(path), form=form)


def read_lines(path: Path, *, form: bool = True) -> list[str]:
    """The lines of a file, plain or gzip, without their ends.

    Args:
        path, form: as for `read_text`.

    Raises:
        DataError: as for `read_text`.
    """
    return lines(read_text(path, form=form))


def read_bytes(path: Path) -> bytes:
    """The content of a file; of a gzip file, told by its first bytes or its ending .gz, what is packed in it.

    Raises:
        DataError: the file cannot be read, is a gzip file that is cut off or damaged, or only a pointer to a file that
            Git LFS or git-annex has not fetched.
    """
    with reading(path, "a text file"):
        content = path.read_bytes()
    if instead := pointer(content):
        raise DataError(f"{shown(path)} cannot be read as a text file. {instead}")
    if not content.startswith(_GZIP) and path.suffix.lower() != ".gz":
        return content
    if not content:
        raise DataError(f"{shown(path)} is no complete gzip file: it is empty.")
    if not content.startswith(_GZIP):
        raise DataError(
            f"{shown(path)} is no complete gzip file: it does not begin like one. If it is text that is not packed, "
            "take .gz from its name."
        )
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:  # not `reading`, which would say "It is a gzip file. Unpack it."
        raise DataError(f"{shown(path)} is no complete gzip file: {str(error).rstrip('.')}.") from error


def decode(content: bytes, name: str, *, form: bool = True) -> str:
    """Bytes as text, with every line end made "\\n".

    Args:
        content: what the file holds, unpacked.
        name: of the file, for messages.
        form: as for `read_text`.

    Raises:
        DataError: the bytes are not text in UTF-8, or in UTF-16 or UTF-32 with a mark; or they contain NULs.
    """
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in content:
        raise DataError(_with_nuls(content, name))
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(_other_format(content, name) or _undecodable(content, name, encoding, error)) from error
    if escaped := _ISO_2022.search(text):
        line = _line(text, escaped.start())
        raise DataError(
            f"{name} switches character sets by escape codes in line {line}, as ISO-2022 does. Convert it first: "
            f"iconv -f ISO-2022-JP -t UTF-8 {shlex.quote(name)} > NEW (or -KR, -CN)."
        )
    if "\0" in text:
        line = _line(text, text.index("\0"))
        raise DataError(f"{name} contains NUL characters, the first in line {line}: it is damaged. Restore it.")
    if encoding != "utf-8" and "\ufffe" in text:
        line = _line(text, text.index("\ufffe"))
        raise DataError(
            f"{name} changes its byte order in line {line}, as files of different encodings do when they are joined. "
            "Convert each to UTF-8 first."
        )
    text = with_line_feeds(text.replace(MARK, "").removesuffix(_END_OF_FILE))
    return normal_form(text) if form else text


def lines(text: str) -> list[str]:
    """The lines of a text whose ends are "\\n"; a last line need not have an end.

    Unlike `str.splitlines`, which also splits at form feeds, U+0085, U+2028 and others, and so shifts line numbers.
    """
    return text.removesuffix("\n").split("\n") if text else []


def with_line_feeds(text: str) -> str:
    """The text with every line end made "\\n".

    A line ends at LF or CRLF; CRs next to an LF ("\\r\\r\\n", "\\n\\r") belong to the same end. In a text without
    any LF, lines end at CR. A CR elsewhere in a text with LFs is white space and becomes a blank.
    """
    if "\r" not in text:
        return text
    if "\n" not in text:
        return text.replace("\r", "\n")
    first, *rest = text.split("\n")
    parts = [first, *(part.removeprefix("\r") if part.strip("\r") else "" for part in rest)]
    ended = [part.rstrip("\r") for part in parts[:-1]]
    return "\n".join([*ended, parts[-1]]).replace("\r", " ")


# -- what is not text ----------------------------------------------------------------------------------


def _with_nuls(content: bytes, name: str) -> str:
    if format_ := _other_format(content, name):
        return format_
    first = content.index(b"\0")
    where = f"{name} contains NUL bytes, the first is byte {first} in line {_line(content, first)}"
    if not content[first:].strip(b"\0"):
        return f"{where}, and nothing else follows, as after a crash or a full disk: the file is damaged. Restore it."
    if guess := _unmarked_encoding(content):
        return (
            f"{where}: it looks like {guess} without a byte-order mark. Convert it first: "
            f"iconv -f {guess} -t UTF-8 {shlex.quote(name)} > NEW"
        )
    return (
        f"{where}: it is no text, or was damaged. Restore it or export it again as UTF-8 text; if the NULs alone are "
        f"wrong, remove them: tr -d '\\000' < {shlex.quote(name)} > NEW"
    )


def _other_format(content: bytes, name: str) -> str:
    """What is said of a file that begins like a well-known format other than text; empty for others."""
    found = next((what for start, what in _OTHER_FORMATS if content.startswith(start)), None)
    return f"{name} is {found}, not text. Unpack it or export it as UTF-8 text first." if found else ""


def _unmarked_encoding(content: bytes) -> str:
    """The form of UTF-16 or UTF-32 in which the beginning of the bytes makes sense; empty if it does in none."""
    best, most = "", 0
    for encoding, unit in (("UTF-32LE", 4), ("UTF-32BE", 4), ("UTF-16LE", 2), ("UTF-16BE", 2)):
        text = content[: min(_SAMPLE, len(content)) // unit * unit].decode(encoding, errors="replace")
        # In the wrong byte order, ends of lines and blanks are unassigned or rare characters.
        odd = any(unicodedata.category(c) in ("Cc", "Cn", "Co", "Cs") and c not in "\t\n\r" for c in text)
        usual = sum(c in _USUAL for c in text)
        if not odd and usual > most:
            best, most = encoding, usual
    return best


def _undecodable(content: bytes, name: str, encoding: str, error: UnicodeDecodeError) -> str:
    if encoding != "utf-8":
        return (
            f"{name} is not {encoding.upper()} text, as its byte-order mark says: byte {error.start} cannot be decoded "
            f"({error.reason}). The file is cut off or damaged; restore it, or convert it to UTF-8."
        )
    byte, line = content[error.start], _line(content, error.start)
    where = f"{name} is not UTF-8 text: byte {error.start} is 0x{byte:02x}, in line {line}"
    if error.end == len(content) and error.reason == "unexpected end of data":
        return f"{where}, where a character begins that the end of the file cuts off. Restore the file."
    if byte == 0xED and error.reason == "invalid continuation byte":
        return f"{where}, which is half of a surrogate pair (CESU-8). Convert it with `iconv -f CESU-8 -t UTF-8`."
    return (
        f"{where} ({error.reason}). Convert it first: iconv -f ENCODING -t UTF-8, where ENCODING is that of the file."
    )


def _line(content: str | bytes, position: int) -> int:
    """The number, from 1, of the line in which a position stands."""
    if isinstance(content, str):
        return content.count("\n" if "\n" in content else "\r", 0, position) + 1
    return content.count(b"\n" if b"\n" in content else b"\r", 0, position) + 1
