"""Damaged files of every kind: read as what they were, or refused in a sentence; never a traceback, a hang, or
content that the file's own length or checksums show to be damaged.

Twenty files a kind in `make test`; HARNESS_FUZZ_FILES single files in all where that is set (`make test-all`: 26,000),
and for about twenty of them a folder of ten files.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from damage import CUT, ENCODINGS, Damage, damages, written_anew
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_apart import FOLDERS, Answer, Apart
from whole_files import TEXT, whole_files
from whole_folders import Mishap, mishaps, whole_folders

from harness.data.foreign import shown
from harness.terminal import one_line

WHOLE = whole_files()
WHOLE_FOLDERS = whole_folders()
TEXTS = ("a.txt", "a.txt.gz")
CHECKED = {"a.flac": 42, "vorbis.ogg": 0, "opus.ogg": 0, "a.txt.gz": 10}
"""Formats whose content has checksums, and the size of the header before them."""
MEASURED = ("pcm16.wav", "float.wav", "pcm24.aiff", "h264.mp4", "h264.mkv", "mpeg4.avi", "vp8.webm")
"""Formats whose header says how much follows."""

FILES = int(os.environ.get("HARNESS_FUZZ_FILES", "0")) // len(WHOLE)
drawn = settings(
    max_examples=FILES or 20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
pytestmark = pytest.mark.timeout(0)


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart() as process:
        yield process


@pytest.fixture(scope="module")
def originals(apart: Apart, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    folder = tmp_path_factory.mktemp("whole")
    return {name: _answer(apart, folder / name, content) for name, content in WHOLE.items()}


def test_whole_files_are_read(originals: dict[str, Answer]) -> None:
    assert {name: answer for name, answer in originals.items() if answer.read is None} == {}


@pytest.mark.parametrize("name", WHOLE)
@drawn
@given(happened=st.lists(damages, min_size=1, max_size=3))
def test_what_was_damaged_is_read_as_it_was_or_refused(
    apart: Apart, originals: dict[str, Answer], tmp_path: Path, name: str, happened: list[Damage]
) -> None:
    content = WHOLE[name]
    for damage in happened:
        content = damage.apply(content)
    answer = _answer(apart, tmp_path / name, content)
    if answer.read not in (None, originals[name].read):
        assert not _shows(name, happened, content), f"{name} was used although it shows its damage: {happened}"


@pytest.mark.parametrize("name", [name for name in WHOLE if name not in TEXTS])
@settings(drawn, max_examples=max(FILES // 20, 3))
@given(other=st.sampled_from([Path(name).suffix for name in WHOLE]), stem=st.binary(min_size=1, max_size=12))
def test_a_file_of_another_name_is_read_by_its_content_or_refused(
    apart: Apart, originals: dict[str, Answer], tmp_path: Path, name: str, other: str, stem: bytes
) -> None:
    stem = stem.translate(None, b"/\0").lstrip(b".") or b"x"
    answer = _answer(apart, tmp_path / os.fsdecode(stem + other.encode()), WHOLE[name])
    if (Path(name).suffix in _VIDEO) == (other in _VIDEO):
        assert answer.read in (None, originals[name].read)


@settings(drawn, max_examples=max(FILES, 40))
@given(
    text=st.one_of(st.just(TEXT), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=80)),
    encoding=st.sampled_from(ENCODINGS),
    happened=st.lists(damages, max_size=1),
)
def test_text_in_another_encoding_is_the_same_text_or_refused(
    apart: Apart, tmp_path: Path, text: str, encoding: str, happened: list[Damage]
) -> None:
    content = written_anew(text, encoding)
    for damage in happened:
        content = damage.apply(content)
    answer = _answer(apart, tmp_path / "a.txt", content)
    if answer.read is not None and not happened and text == TEXT:
        assert answer.read == _answer(apart, tmp_path / "b.txt", text.encode()).read


@pytest.mark.parametrize("kind", FOLDERS)
@settings(drawn, max_examples=max(FILES // 10, 8))
@given(happened=st.lists(mishaps, min_size=1, max_size=4))
def test_a_folder_to_which_things_happened_is_read_or_refused(
    apart: Apart, tmp_path: Path, kind: str, happened: list[Mishap]
) -> None:
    folder = tmp_path / f"data{kind}"
    for name, content in WHOLE_FOLDERS[kind.lstrip(".").partition("-")[0]].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    for mishap in happened:
        mishap.befall(folder)
    answer = apart.read(folder)
    shutil.rmtree(folder)
    assert answer.failed is None, answer.failed
    if answer.refused is not None:
        assert answer.refused == one_line(answer.refused), "the sentence holds what a terminal would act on"


_VIDEO = (".mp4", ".mkv", ".avi", ".webm", ".mpg")


def _answer(apart: Apart, path: Path, content: bytes) -> Answer:
    path.write_bytes(content)
    answer = apart.read(path)
    path.unlink()
    assert answer.failed is None, answer.failed
    if answer.refused is not None:
        assert shown(path.name) in answer.refused, f"names no file: {answer.refused}"
        assert len(answer.refused) < 1_000
    return answer


def _shows(name: str, happened: list[Damage], content: bytes) -> bool:
    """Whether the damaged file itself reveals that it is another than it was."""
    if name == "a.txt.gz" and content == WHOLE[name] * 2:
        return False  # two members, which are one text
    if name in CHECKED:
        return WHOLE[name][: CHECKED[name]] == content[: CHECKED[name]]
    if name in MEASURED and len(happened) == 1:
        return happened[0].what == CUT
    return False
