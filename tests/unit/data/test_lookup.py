"""Names looked up on disk: every spelling of a file, and what looks alike where a name is missing."""

import os
import unicodedata

import pytest

from harness.data.lookup import Names

ENDINGS = (".wav", ".flac")


@pytest.fixture
def root(tmp_path):
    for name in ("clips/a.wav", "clips/Long name.flac", "b.wav", unicodedata.normalize("NFD", "caf\u00e9.wav")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def names(root):
    return Names(root, sorted(path for path in root.rglob("*") if path.is_file()))


def test_every_spelling_that_the_file_system_knows_finds_the_file(root, names):
    os.symlink("clips", root / "link")
    os.symlink("b.wav", root / "other.wav")
    for spelling in ("clips/a.wav", "./clips/a.wav", "clips//a.wav", "clips/../clips/./a.wav", "link/a.wav"):
        assert names.find(spelling) == root / "clips/a.wav", spelling
    assert names.find("other.wav") == root / "b.wav"


def test_hard_links_are_one_file(root):
    os.link(root / "b.wav", root / "c.wav")
    names = Names(root, [root / "b.wav", root / "c.wav"])
    assert names.find("c.wav") == root / "c.wav"
    assert names.identity(root / "b.wav") == names.identity(root / "c.wav")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("clips/A.WAV", "clips/A.WAV is listed but not in the folder. There is 'clips/a.wav', in other case."),
        ("caf\u00e9.wav", "There is 'cafe\u0301.wav', in another Unicode form."),
        ("b.wav ", "There is 'b.wav', without blanks around it."),
        ("clips/Long%20name.flac", "There is 'clips/Long name.flac', without percent escapes."),
        ("\u200bb.wav", "There is 'b.wav', without invisible characters."),
        ("clips\\a.wav", "There is 'clips/a.wav', with / between folders."),
        ("CLIPS\\A.wav", "There is 'clips/a.wav', spelled differently."),
        ("nowhere/../b.wav", "There is 'b.wav', spelled differently."),
        ("a.wav", "There is 'clips/a.wav', in another folder."),
        ("C:\\data\\a.wav", "There is 'clips/a.wav', in another folder."),
        ("b.flac", "There is 'b.wav', with another ending."),
        ("b", "There is 'b.wav', with another ending."),
        ("a.mp3", "There is 'clips/a.wav', in another folder and with another ending."),
        ("clips/Long nam.flac", "There is 'clips/Long name.flac'."),
        ("zzz.wav", "zzz.wav is listed but not in the folder."),
        ("../b.wav", "the path leads out of it."),
        ("clips", "clips is listed, but is no file."),
        (".hidden.wav", ".hidden.wav is listed, but hidden files are not read; rename it."),
        ("notes.txt", "notes.txt is listed, but files are read that end in .wav, .flac; convert or rename it."),
        ("dead.wav", "dead.wav is listed, but is a link that leads nowhere."),
        ("x" * 300 + ".wav", "is listed but not in the folder."),
        ("new\x00line.wav", "is listed but not in the folder."),
    ],
)
def test_a_name_that_finds_nothing_is_explained(root, names, name, message):
    (root / ".hidden.wav").touch()
    (root / "notes.txt").touch()
    os.symlink("gone.wav", root / "dead.wav")
    assert names.find(name) is None
    assert names.why_not(name, ENDINGS).endswith(message)


def test_absolute_paths_are_not_followed(root, names):
    assert names.find(str(root / "b.wav")) is None
    assert names.why_not(str(root / "b.wav"), ENDINGS).endswith("relative to the folder. Write 'b.wav'.")
    assert names.why_not("/elsewhere/b.wav", ENDINGS).endswith("a list has paths relative to the folder.")
