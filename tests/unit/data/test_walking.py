"""Walking folders: links, hidden files, names of any bytes, patterns, and notes on what is not used."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

import pytest

from harness.data import walking
from harness.data.sources import FolderSource
from harness.data.walking import matcher, notes_on, walk
from harness.errors import DataError


def put(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def names(root: Path) -> list[str]:
    return [path.as_posix() for path in walk(root).files]


def left_out(root: Path) -> dict[str, str]:
    return {path.as_posix(): reason for path, reason in walk(root).left_out.items()}


class TestWalk:
    def test_any_depth_in_order_of_parts(self, tmp_path: Path) -> None:
        put(tmp_path, "b/c/d.x", "a.x", "b-1/e.x", "b/e.x")
        (tmp_path / "empty").mkdir()
        found = walk(tmp_path)
        assert names(tmp_path) == ["a.x", "b/c/d.x", "b/e.x", "b-1/e.x"]
        assert [path.as_posix() for path in found.folders] == ["b", "b/c", "b-1", "empty"]
        assert found.left_out == {}

    def test_links_are_followed(self, tmp_path: Path) -> None:
        put(tmp_path / "elsewhere", "deep/one.x", "two.x")
        (tmp_path / "root").mkdir()
        (tmp_path / "root" / "folder").symlink_to(tmp_path / "elsewhere" / "deep")
        (tmp_path / "root" / "file.x").symlink_to(tmp_path / "elsewhere" / "two.x")
        assert names(tmp_path / "root") == ["file.x", "folder/one.x"]

    def test_what_is_reached_twice_is_read_once_under_its_own_name(self, tmp_path: Path) -> None:
        root = put(tmp_path / "root", "b/real.x")
        put(tmp_path / "elsewhere", "one.x")
        (root / "a.x").symlink_to("b/real.x")
        (root / "a").symlink_to("b")
        for name in ("c", "d"):
            (root / name).symlink_to(tmp_path / "elsewhere")
        (root / "e.x").symlink_to(tmp_path / "elsewhere" / "one.x")
        assert names(root) == ["b/real.x", "c/one.x"]
        assert left_out(root) == dict.fromkeys(("a", "a.x", "d", "e.x"), walking.REPEATED)

    def test_circles_end(self, tmp_path: Path) -> None:
        root = put(tmp_path / "root", "a/one.x")
        (root / "a" / "up").symlink_to(root)
        (root / "over").symlink_to(tmp_path)
        (root / "itself").symlink_to("itself")
        (root / "nowhere").symlink_to("gone")
        (tmp_path / "other" / "deep").mkdir(parents=True)
        (tmp_path / "other" / "deep" / "back").symlink_to(tmp_path / "other")
        (root / "other").symlink_to(tmp_path / "other")
        assert names(root) == ["a/one.x"]
        circle = dict.fromkeys(("a/up", "other/deep/back", "over"), walking.CIRCLE)
        assert left_out(root) == circle | dict.fromkeys(("itself", "nowhere"), walking.DEAD_LINK)

    def test_hidden_files_and_those_of_systems_are_named_only(self, tmp_path: Path) -> None:
        hidden = (
            ".DS_Store",
            ".git/objects/x",
            "@eaDir/a.x",
            "a/._one.x",
            "a/Thumbs.db",
            "__MACOSX/._a",
            "desktop.ini",
        )
        put(tmp_path, *hidden, "a/one.x")
        (tmp_path / ".empty").mkdir()
        (tmp_path / "a" / "two.x").symlink_to("../.git/objects/x")
        assert names(tmp_path) == ["a/one.x", "a/two.x"]
        assert left_out(tmp_path) == dict.fromkeys(hidden, walking.HIDDEN)

    def test_pipes_are_never_opened(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.x")
        (tmp_path / "link.x").symlink_to("pipe.x")
        assert left_out(tmp_path) == dict.fromkeys(("link.x", "pipe.x"), walking.SPECIAL)

    def test_names_of_any_bytes(self, tmp_path: Path) -> None:
        for name in (b"\xff\xfe.x", b"a\nb.x", b"A\nB.x", "e\N{COMBINING ACUTE ACCENT}.x".encode()):
            (tmp_path / os.fsdecode(name)).write_bytes(name)
        assert [os.fsencode(path) for path in walk(tmp_path).files] == sorted(os.listdir(os.fsencode(tmp_path)))
        source = FolderSource("mine", tmp_path, "own", patterns=("*.X",))
        assert len(source.files()) == 4
        assert source.unused(source.files()[:3])["files not used, not asked for"] == r"1: \xff\xfe.x"

    @pytest.mark.unprivileged
    def test_a_folder_that_cannot_be_listed_is_refused(self, tmp_path: Path) -> None:
        put(tmp_path, "a/one.x", "b/two.x")
        (tmp_path / "b").chmod(0)
        with pytest.raises(DataError, match=r"b cannot be listed: Permission denied"):
            walk(tmp_path)
        (tmp_path / "b").chmod(0o700)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.wav", "A.WAV", True),
        ("*.wav", "a/b.wav", False),
        ("**/*.wav", "b.wav", True),
        ("**/*.wav", "a/c/b.Wav", True),
        ("*/**/*.mp4", "b.mp4", False),
        ("*/**/*.mp4", "a/b.mp4", True),
        ("*/**/*.mp4", "a/c/d/b.mp4", True),
        ("train.tsv", "Train.tsv", False),
        ("sub/train.tsv", "sub/train.tsv", True),
        ("**/*", "a/b", True),
    ],
)
def test_patterns_are_those_of_glob_with_endings_in_any_case(pattern: str, path: str, matches: bool) -> None:
    assert matcher([pattern])(PurePath(path)) is matches


class TestUnused:
    def source(self, root: Path) -> FolderSource:
        return FolderSource("mine", root, "own", patterns=("list.txt", "*/**/*.wav"))

    def test_nothing_is_said_of_a_folder_that_is_used_whole(self, tmp_path: Path) -> None:
        source = self.source(put(tmp_path, "list.txt", "a/one.wav"))
        assert source.unused(source.files()) == {}

    def test_each_reason_has_its_number_and_names(self, tmp_path: Path) -> None:
        root = put(tmp_path, "list.txt", "a/1.wav", "a/b/2.WAV", "a/3.wav", "4.wav", "a/5.mp3", "a/6.mp3", "README")
        put(root, ".DS_Store")
        (root / "a" / "gone.wav").symlink_to("nowhere.wav")
        used = [root / "list.txt", root / "a" / ".." / "a" / "1.wav", root / "a" / "b" / "2.WAV"]
        assert self.source(root).unused(used, why=lambda path: f"not listed in list.txt of {path.parts[0]}") == {
            "files not used": 7,
            "files not used, another ending": "3 (.mp3 2, none 1): README, a/5.mp3, a/6.mp3",
            "files not used, hidden, or left by an operating system": "1: .DS_Store",
            "files not used, in another place than expected": "1: 4.wav",
            "files not used, links that lead nowhere": "1: a/gone.wav",
            "files not used, not listed in list.txt of a": "1: a/3.wav",
        }

    def test_a_file_used_by_the_name_of_a_link_is_used(self, tmp_path: Path) -> None:
        root = put(tmp_path, "list.txt", "a/1.wav", "a/2.wav")
        (root / "b").symlink_to("a")
        (root / "a" / "again.wav").symlink_to("2.wav")
        assert self.source(root).unused([root / "list.txt", root / "b" / "1.wav", root / "a" / "again.wav"]) == {}

    def test_names_are_ten_at_most(self) -> None:
        notes = notes_on({PurePath(f"{n:02d}.x"): "boring" for n in range(12)})
        assert notes["files not used, boring"] == f"12: {', '.join(f'{n:02d}.x' for n in range(10))} and 2 more"


def test_a_link_that_a_pattern_spells_out_is_a_file_of_the_data_set(tmp_path: Path) -> None:
    put(tmp_path, "test.txt", "train.txt")
    (tmp_path / "val.txt").symlink_to("test.txt")
    source = FolderSource("mine", tmp_path, "own", patterns=("train.txt", "val.txt", "test.txt"))
    assert [path.name for path in source.files()] == ["test.txt", "train.txt", "val.txt"]


def test_a_folder_without_the_files_says_what_it_holds(tmp_path: Path) -> None:
    put(tmp_path, "a/b.gif", "c.wav")
    with pytest.raises(
        DataError, match=r"Found instead: another ending: 1 \(\.gif 1\): a/b\.gif; in another place.*c\.wav"
    ):
        FolderSource("mine", tmp_path, "own", patterns=("*/*.wav",)).files()
