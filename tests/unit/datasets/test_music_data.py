"""Data sets of music: MusicXML scores, and pieces in JSON."""

from __future__ import annotations

import io
import json
import zipfile
from fractions import Fraction

import pytest
from harness_datasets.music._music_xml import read_parts, sampled
from harness_datasets.music.bach_chorales import tune
from harness_datasets.music.jsb_chorales import JsbChorales
from harness_datasets.music.nottingham import Nottingham
from harness_datasets.text_generation.chorale_melodies import line, written

from harness.errors import DataError


def note(step: str, octave: int, duration: int, *, alter: int = 0, chord: bool = False, grace: bool = False) -> str:
    return (
        f"<note>{'<chord/>' if chord else ''}{'<grace/>' if grace else ''}<pitch><step>{step}</step>"
        f"<alter>{alter}</alter><octave>{octave}</octave></pitch>"
        f"{'' if grace else f'<duration>{duration}</duration>'}</note>"
    )


def score(*parts: str) -> bytes:
    inner = "".join(f"<part><measure>{part}</measure></part>" for part in parts)
    return f'<?xml version="1.0"?><score-partwise>{inner}</score-partwise>'.encode()


DIVISIONS = "<attributes><divisions>2</divisions></attributes>"
REST = "<note><rest/><duration>{}</duration></note>"


def test_keys_are_read_where_they_sound() -> None:
    upper = DIVISIONS + note("C", 5, 0, grace=True) + note("C", 4, 3) + note("F", 4, 1, alter=1) + REST.format(2)
    upper += note("B", 3, 4, alter=-1) + note("D", 4, 4, chord=True)
    parts = read_parts(score(upper), "a.xml")
    assert [(float(a), float(b), k) for a, b, k in parts[0]] == [(0, 1.5, 60), (1.5, 2, 66), (3, 5, 58), (3, 5, 62)]
    assert sampled(parts) == [[60], [60], [], [58, 62], [58, 62]]
    assert sampled(parts, Fraction(1, 2))[:5] == [[60], [60], [60], [66], []]


def test_voices_go_back_and_instruments_transpose() -> None:
    moved = "<attributes><divisions>1</divisions><transpose><chromatic>-2</chromatic>"
    moved += "<octave-change>-1</octave-change></transpose></attributes>"
    two = moved + note("C", 4, 2) + "<backup><duration>2</duration></backup>" + note("E", 4, 1)
    two += "<forward><duration>1</duration></forward>" + note("G", 4, 1)
    assert sampled(read_parts(score(two, DIVISIONS + note("A", 5, 2)), "a")) == [[46, 50, 81], [46], [53]]


def test_packed_scores_are_read_and_what_is_none_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("META-INF/container.xml", '<c><rootfiles><rootfile full-path="x.xml"/></rootfiles></c>')
        archive.writestr("x.xml", score(DIVISIONS + note("C", 4, 2)))
    assert sampled(read_parts(packed.getvalue(), "a.mxl")) == [[60]]
    for content in (b"PK broken", b"<html/>", b"no xml", score(note("H", 4, 1))):
        with pytest.raises(DataError, match=r"^a\.mxl (is no MusicXML|has a note that cannot be read)"):
            read_parts(content, "a.mxl")


def test_a_tune_is_the_same_in_every_key_and_rhythm() -> None:
    one = [(Fraction(i), Fraction(i + 1), key) for i, key in enumerate([60, 60, 62, 64])]
    two = [(Fraction(2 * i), Fraction(2 * i + 2), key) for i, key in enumerate([65, 67, 67, 69])]
    assert tune(one) == tune(two) == "2 2"


PIECES = {
    "train": [[[60], [62, 65], []], [[61], [62]], [[70], [71]], [[50]]],
    "valid": [[[63], [64]]],
    "test": [[[61], [62]]],
}


def test_pieces_are_read_as_published_and_copies_leave_training(tmp_path) -> None:
    (tmp_path / "jsb-chorales-quarter.json").write_text(json.dumps(PIECES), encoding="utf-8")
    raw = JsbChorales(root=tmp_path).read()
    assert [one.id for one in raw.train] == ["train-0001", "train-0003"]
    assert (raw.train[0].input, raw.train[0].target) == ([[60], [62, 65]], [[62, 65], []])
    assert raw.notes["train pieces left out, which are held out too"] == 1
    assert raw.notes["train pieces of one step, left out"] == 1
    with pytest.raises(DataError, match=r"There is no jsb-chorales-8th\.json"):
        JsbChorales(root=tmp_path, step="8th").read()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"train": []}', "holds no|has no list of pieces|No piece"),
        ("[1]", "holds no object of splits"),
        ("{", "cannot be read as a JSON file"),
        ('{"train": [[[60], [1]]], "valid": [[[60]]], "test": [[[60]]]}', r"piece 1 of train: Step 2 .* key 1;"),
        ('{"train": [[[60], "x"]], "valid": [[[60]]], "test": [[[60]]]}', r"piece 1 of train: Step 2 .*'x'"),
        ('{"train": [[[60], [61]]], "valid": [[[60]]], "test": [[[60], [61]]]}', "No piece of at least two steps"),
    ],
)
def test_broken_pieces_are_refused_with_their_place(content, expected, tmp_path) -> None:
    (tmp_path / "nottingham.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=expected):
        Nottingham(root=tmp_path).read()


@pytest.mark.parametrize("data", [Nottingham, JsbChorales])
def test_pickles_are_refused_with_a_way_out(data, tmp_path) -> None:
    (tmp_path / "Nottingham.pickle").write_bytes(b"\x80\x04.")
    with pytest.raises(DataError, match=r"Nottingham\.pickle is a pickle.*runs code.*json"):
        data(root=tmp_path).read()


def test_a_melody_is_its_notes_with_lengths_and_rests_the_higher_one_where_two_begin() -> None:
    part = DIVISIONS + note("C", 4, 3) + note("F", 4, 1, alter=1) + REST.format(2) + note("B", 3, 4, alter=-1)
    (notes,) = read_parts(score(part + note("D", 4, 4, chord=True)), "a.xml")
    assert line(notes) == [(60, "1.5"), (66, "0.5"), (None, "1"), (62, "2")]
    assert written(line(notes)) == "C4:1.5 F#4:0.5 R:1 D4:2\n"


def test_a_note_of_a_melody_ends_where_the_next_begins() -> None:
    assert line([(Fraction(0), Fraction(4), 60), (Fraction(1), Fraction(2), 64)]) == [(60, "1"), (64, "1")]
