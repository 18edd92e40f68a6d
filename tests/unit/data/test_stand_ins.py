"""Files in place of data, told by their first bytes."""

import gzip

import pytest
from harness_tasks.sound.audio_files import read_audio
from harness_tasks.video.video_files import decode

from harness.data.stand_ins import pointer, what_it_is, what_lies_at
from harness.data.text_files import read_text
from harness.errors import DataError

STAND_INS = {
    "git lfs pull": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    "git annex get": b"/annex/objects/SHA256E-s12345--4d7a.wav\n",
    "a web page": b"\xef\xbb\xbf\n<!DOCTYPE HTML><html>Not found</html>",
    "a server's message": b'<?xml version="1.0"?><Error>AccessDenied</Error>',
    "JSON": b'{"error": "Not Found"}',
    "ZIP": b"PK\x03\x04" + bytes(60),
    "gzip": gzip.compress(b"RIFF"),
    "AppleDouble": b"\0\x05\x16\x07" + bytes(60),
    "begins with zeros": bytes(5_000),
}


@pytest.mark.parametrize("what", STAND_INS)
def test_readers_say_what_lies_in_place_of_a_file(tmp_path, what):
    for name, read in (
        ("a.wav", lambda path: read_audio(path, 16_000)),
        ("a.mp4", lambda path: decode(path, 2, (8, 8))),
    ):
        (tmp_path / name).write_bytes(STAND_INS[what])
        with pytest.raises(DataError, match=rf"{name} cannot be .*{what}"):
            read(tmp_path / name)


@pytest.mark.parametrize("name", ["train.txt", "train.txt.gz"])
@pytest.mark.parametrize("what", ["git lfs pull", "git annex get"])
def test_a_pointer_is_no_text(tmp_path, name, what):
    (tmp_path / name).write_bytes(STAND_INS[what])
    with pytest.raises(DataError, match=rf"{name} cannot be read as a text file.*{what}"):
        read_text(tmp_path / name)


def test_text_about_pointers_is_text():
    assert not pointer(b"version https://git-lfs.github.com/spec/v1 is the first line of a pointer.\n")
    assert not pointer(STAND_INS["git lfs pull"] + b"x" * 1_000)
    assert not pointer(STAND_INS["git annex get"] + b"is where annex keeps its files.\n")


def test_of_what_is_not_known_nothing_is_said(tmp_path):
    assert not any(what_it_is(head) for head in (b"", b"RIFF1234WAVE", bytes(3), b"abc"))
    assert not what_lies_at(tmp_path / "gone")
    assert not what_lies_at(tmp_path)
