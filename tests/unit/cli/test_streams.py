"""Standard streams of any encoding, closed, full or abandoned: a command says what it can and ends as it should."""

import codecs
import io
import os
import sys
from typing import Any

import pytest

from harness.cli import streams
from harness.cli.main import entry_point

ARROWS = "→ … × ± ↓ █ ✓ grün 数据 \udce9"


@pytest.fixture
def stdout(monkeypatch):
    """Make a file the standard output of this process, as an interpreter would."""
    opened = []

    def use(path: Any, encoding: str = "utf-8") -> None:
        number = os.open(path, os.O_WRONLY | os.O_CREAT)
        opened.append(number)
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.FileIO(number, "w", closefd=False), encoding=encoding))
        monkeypatch.setattr(sys, "argv", ["harness", "--help"])

    yield use
    for number in opened:
        os.close(number)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "utf-8", "utf-16", "shift_jis", "koi8-r"])
def test_every_encoding_takes_every_text(stdout, tmp_path, encoding):
    stdout(tmp_path / "out", encoding)
    streams.prepare_streams()
    print(ARROWS)
    assert streams.lost_output() == ""
    text = (tmp_path / "out").read_text(encoding=encoding)
    assert text.rstrip().endswith("\\xe9")
    if encoding == "ascii":
        assert text == "-> ... x +- v # yes gr\\xfcn \\u6570\\u636e \\xe9\n"


def test_what_escapes_look_like():
    codecs.register_error(streams.ERRORS, streams._replaced)
    assert "a\U0001f600\x80→".encode("ascii", streams.ERRORS) == b"a\\U0001f600\\x80->"
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", streams.ERRORS)


def test_a_full_device_is_said_and_is_no_traceback(stdout, capsys):
    stdout("/dev/full")
    with pytest.raises(SystemExit) as ended:
        entry_point()
    assert ended.value.code == 1
    assert "The output could not be written (No space left on device)" in capsys.readouterr().err


def test_a_reader_that_has_gone_is_no_error(monkeypatch, capsys):
    reading, writing = os.pipe()
    os.close(reading)
    monkeypatch.setattr(sys, "argv", ["harness", "--help"])
    file = io.FileIO(writing, "w", closefd=False)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(file, encoding="utf-8"))
    with pytest.raises(SystemExit) as ended:
        entry_point()
    os.close(writing)
    assert ended.value.code == 0
    assert capsys.readouterr().err == ""


def test_json_for_another_encoding_stays_json(stdout, tmp_path, monkeypatch):
    import json

    from harness.cli.output import as_json

    stdout(tmp_path / "out", "ascii")
    streams.prepare_streams()
    as_json({"grün": "→ \U0001f600"})
    sys.stdout.flush()
    assert json.loads((tmp_path / "out").read_text("ascii")) == {"grün": "→ \U0001f600"}


def test_a_working_folder_that_is_gone(monkeypatch, tmp_path, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    monkeypatch.setattr(sys, "argv", ["harness", "list", "tasks"])
    with pytest.raises(SystemExit) as ended:
        entry_point()
    assert ended.value.code == 2
    assert "The working folder cannot be used (No such file or directory)" in capsys.readouterr().err
