"""The folder of a report: what an earlier report wrote goes, and nothing else, whatever its list says."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from harness.report import build
from harness.report.folder import LIST, ReportFolder


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def files_of(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def report_of(folder: Path, files: dict[str, bytes]) -> None:
    made = ReportFolder(folder)
    for name, content in files.items():
        made.write(name, content)
    made.finish()


TWO = {"tables/a.csv": b"1", "figures/b.svg": b"<svg/>"}


def test_what_left_the_report_goes_and_what_a_reader_put_there_stays(tmp_path: Path):
    report_of(tmp_path, TWO | {"index.html": b"<p>"})
    (tmp_path / "tables" / "mine.csv").write_bytes(b"2")
    (tmp_path / "notes.txt").write_bytes(b"mine")
    report_of(tmp_path, {"index.html": b"<p>"})
    assert files_of(tmp_path) == {"index.html", "tables/mine.csv", "notes.txt", LIST}
    report_of(tmp_path, TWO)
    assert files_of(tmp_path) == {*TWO, "tables/mine.csv", "notes.txt", LIST}


def test_a_file_that_a_reader_has_changed_stays(tmp_path: Path):
    report_of(tmp_path, TWO)
    (tmp_path / "tables" / "a.csv").write_bytes(b"my own numbers")
    report_of(tmp_path, {})
    assert files_of(tmp_path) == {"tables/a.csv", LIST}


def test_what_an_interrupted_report_left_goes(tmp_path: Path):
    report_of(tmp_path, {"tables/a.csv": b"old", "tables/b.csv": b"old"})
    interrupted = ReportFolder(tmp_path)
    interrupted.write("tables/a.csv", b"new")
    interrupted.write("tables/c.csv", b"new")
    report_of(tmp_path, {"index.html": b"<p>"})
    assert files_of(tmp_path) == {"index.html", LIST}


@pytest.mark.parametrize(
    "name",
    [
        "../outside.csv", "{outside}", "tables/../../outside.csv", "tables//../../outside.csv", "./../outside.csv",
        "tables/../outside.csv", "..\\outside.csv", "tables/..", "..", ".", "", "other/outside.csv", "outside.csv",
        "tables/.hidden.csv", "tables/deeper/a.csv", "tables/linked.csv", "runs/linked.html", "figures/folder.svg",
        "index.html/../../outside.csv", "tables/a.csv\0", "TABLES/a.csv",
    ],
)  # fmt: skip
def test_a_list_that_somebody_wrote_removes_nothing_elsewhere(tmp_path: Path, name: str):
    """Links lead out of the folder: a file, the folder of the pages of runs; a name may be a folder."""
    folder, outside = tmp_path / "report", tmp_path / "outside.csv"
    for made in ("tables/deeper", "figures/folder.svg", "other"):
        (folder / made).mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "runs").symlink_to(elsewhere)
    content = b"of somebody else"
    for path in (outside, elsewhere / "linked.html", folder / "other" / "outside.csv", folder / "outside.csv",
                 folder / "tables" / ".hidden.csv", folder / "tables" / "deeper" / "a.csv",
                 folder / "tables" / "a.csv"):  # fmt: skip
        path.write_bytes(content)
    (folder / "tables" / "linked.csv").symlink_to(outside)
    before = files_of(tmp_path)
    line = f"{digest(content)}  {name.format(outside=outside)}\n"
    (folder / LIST).write_text(line)
    report_of(folder, {})
    assert files_of(tmp_path) == before | {f"report/{LIST}"}
    assert outside.read_bytes() == (elsewhere / "linked.html").read_bytes() == content


@pytest.mark.parametrize("content", [b"\xff\0\xfe", b"x" * 1000, b"", b"abc  tables/a.csv\n", b"\n\n  \n"])
def test_a_list_that_is_none_removes_nothing(tmp_path: Path, content: bytes):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "a.csv").write_bytes(b"1")
    (tmp_path / LIST).write_bytes(content)
    report_of(tmp_path, {"index.html": b"<p>"})
    assert files_of(tmp_path) == {"tables/a.csv", "index.html", LIST}


def test_a_list_that_is_a_link_is_replaced_and_not_followed(tmp_path: Path):
    folder, outside = tmp_path / "report", tmp_path / "outside.txt"
    folder.mkdir()
    outside.write_bytes(b"mine")
    (folder / LIST).symlink_to(outside)
    report_of(folder, TWO)
    assert outside.read_bytes() == b"mine"
    assert not (folder / LIST).is_symlink()


def test_every_file_of_a_report_is_in_its_list(filled, tmp_path: Path):
    build(filled, tmp_path)
    lines = (tmp_path / LIST).read_text().splitlines()
    assert {line[66:] for line in lines} == files_of(tmp_path) - {LIST}
    assert lines == sorted(lines, key=lambda line: line[66:])
    for line in lines:
        assert digest((tmp_path / line[66:]).read_bytes()) == line[:64]
    build(filled, tmp_path, formats=())  # each name is one that a report removes again
    assert files_of(tmp_path) == {LIST}


def test_formats_and_tasks_that_are_no_longer_asked_for_go(store, made_up, tmp_path: Path):
    for task in ("translation", "speech_recognition"):
        made_up.done(store, made_up.plan(task, "lstm", sweep=task))
    used, fresh = tmp_path / "used", tmp_path / "fresh"
    build(store, used, sweep="translation")
    assert any("translation" in name for name in files_of(used))
    for folder in (used, fresh):
        build(store, folder, sweep="speech_recognition", formats=("csv", "svg"))
    names = files_of(used)
    assert {Path(name).suffix for name in names} == {".csv", ".svg", ".sha256"}
    assert not any("translation" in name for name in names)
    assert {n: (used / n).read_bytes() for n in names} == {n: (fresh / n).read_bytes() for n in files_of(fresh)}
