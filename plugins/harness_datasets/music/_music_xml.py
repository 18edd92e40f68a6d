"""Notes of a MusicXML file (plain, or packed as .mxl): which keys each part sounds at regular steps.

Read are pitches, durations, chords, voices (`backup`, `forward`) and the transposition of instruments. Grace notes have
no duration and are passed over; tied and repeated notes are the same here.

Source: W3C, "MusicXML 4.0", elements note, backup, forward, attributes.
"""

from __future__ import annotations

import io
import math
import zipfile
from fractions import Fraction
from xml.etree import ElementTree

from harness.errors import DataError

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

Note = tuple[Fraction, Fraction, int]
"""Begin and end in quarter notes, and MIDI number."""


def read_parts(content: bytes, name: str) -> list[list[Note]]:
    """The notes of each part.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        DataError: it is no MusicXML.
    """
    try:
        root = ElementTree.fromstring(_unpacked(content))
    except (ElementTree.ParseError, zipfile.BadZipFile, KeyError, StopIteration) as error:
        raise DataError(f"{name} is no MusicXML: {error or type(error).__name__}.") from error
    if root.tag != "score-partwise":
        raise DataError(f"{name} is no MusicXML by parts: its outermost element is <{root.tag}>.")
    try:
        return [_notes(part) for part in root.findall("part")]
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise DataError(f"{name} has a note that cannot be read: {error!r}.") from error


def sampled(parts: list[list[Note]], step: Fraction = Fraction(1)) -> list[list[int]]:
    """The keys that sound at each step's beginning, low to high.

    Args:
        parts: notes of each part.
        step: length of a step in quarter notes.
    """
    last = max((end for part in parts for _, end, _ in part), default=Fraction(0))
    steps: list[set[int]] = [set() for _ in range(math.ceil(last / step))]
    for part in parts:
        for begin, end, key in part:
            for t in range(math.ceil(begin / step), math.ceil(end / step)):
                steps[t].add(key)
    return [sorted(keys) for keys in steps]


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        container = ElementTree.fromstring(archive.read("META-INF/container.xml"))
        path = next(element.attrib["full-path"] for element in container.iter() if element.tag.endswith("rootfile"))
        return archive.read(path)


def _notes(part: ElementTree.Element) -> list[Note]:
    notes: list[Note] = []
    divisions, shift = 1, 0
    now = begin = Fraction(0)
    for measure in part.findall("measure"):
        for element in measure:
            if element.tag == "attributes":
                divisions = int(element.findtext("divisions") or divisions)
                if (moved := element.find("transpose")) is not None:
                    shift = int(moved.findtext("chromatic") or 0) + 12 * int(moved.findtext("octave-change") or 0)
            elif element.tag in ("backup", "forward"):
                length = Fraction(element.findtext("duration") or 0) / divisions
                now += length if element.tag == "forward" else -length
            elif element.tag == "note" and element.find("grace") is None:
                length = Fraction(element.findtext("duration") or 0) / divisions
                if element.find("chord") is None:
                    begin, now = now, now + length
                if (pitch := element.find("pitch")) is not None:
                    notes.append((begin, begin + length, _key(pitch) + shift))
    return notes


def _key(pitch: ElementTree.Element) -> int:
    altered = round(float(pitch.findtext("alter") or 0))
    return 12 * (int(pitch.findtext("octave") or 4) + 1) + _STEPS[pitch.findtext("step") or ""] + altered
