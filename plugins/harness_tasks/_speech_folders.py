"""Recordings in the user's folder: FSDD's layout, and any audio files with transcripts in tab-separated lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from harness.data.sources import FolderSource
from harness.errors import DataError
from harness_tasks._digit_recordings import Splits
from harness_tasks._digit_strings import Recording
from harness_tasks._speech_audio import FeatureSettings, FeatureTable, OnCorrupt, feature_table

_FSDD_NAME = re.compile(r"(\d)_([^_]+)_(\d+)")
_SPLITS = ("train", "val", "test")
Notes = dict[str, str | int | float]


@dataclass(frozen=True)
class Utterance:
    """Frames float32 (T, F) and what is said in them, lower-case."""

    id: str
    frames: np.ndarray
    text: str


def fsdd_source(root: Path | None) -> FolderSource:
    """Where `fsdd` reads."""
    return FolderSource(
        name="fsdd",
        root=root,
        licence="CC BY-SA 4.0",
        description="wav files named digit_speaker_index.wav, as the Free Spoken Digit Dataset publishes them",
        patterns=("**/*.wav",),
    )


def fsdd(source: FolderSource, settings: FeatureSettings, on_corrupt: OnCorrupt) -> tuple[Splits, Notes]:
    """The official split: index 0-4 is test; of the official training part, 5-9 is validation and 10-49 training.

    Raises:
        DataError: the folder is missing or empty; a file cannot be used and `on_corrupt` is refuse; or a split
            has no recording.
    """
    root = source.fetch()
    files = source.files()
    named = {path.relative_to(root).as_posix(): _FSDD_NAME.fullmatch(path.stem) for path in files}
    table = feature_table(root, files, settings, source.fingerprint())
    wrong = {
        n: f"{PurePosixPath(n).name} is not named digit_speaker_index.wav." for n, found in named.items() if not found
    }
    notes = _report(table.unusable | wrong, on_corrupt)
    splits: Splits = {split: [] for split in _SPLITS}
    speakers = set()
    for name, found in named.items():
        if found is None or name not in table.frames:
            continue
        digit, speaker, index = found.groups()
        split = "test" if int(index) < 5 else "val" if int(index) < 10 else "train"
        splits[split].append(Recording(PurePosixPath(name).stem, int(digit), table.frames[name]))
        speakers.add(speaker)
    for split, recordings in splits.items():
        if not recordings:
            raise DataError(
                f"The folder {source.root} has no usable recording for the {split} split; "
                "the official split takes index 0-4 for test, 5-9 for validation and 10-49 for training."
            )
    return splits, notes | {"speakers": f"{len(speakers)}, each in every split (the official split is by recording)"}


def folder_source(root: Path | None) -> FolderSource:
    """Where `transcribed_folder` reads."""
    return FolderSource(
        name="folder",
        root=root,
        licence="the user's own",
        description="train.tsv, val.tsv and test.tsv with lines 'path<TAB>text', and the audio files they name",
        patterns=("*.tsv", "**/*.wav", "**/*.flac", "**/*.ogg"),
    )


def transcribed_folder(
    source: FolderSource, settings: FeatureSettings, on_corrupt: OnCorrupt
) -> tuple[dict[str, list[Utterance]], Notes]:
    """Audio files and transcripts as the three lists name them; text is lower-cased, its blanks made single.

    Raises:
        DataError: a list is missing, malformed or empty; a file stands in two splits; or a file is missing or
            cannot be used and `on_corrupt` is refuse.
    """
    root = source.fetch()
    lists = {split: _read_list(root / f"{split}.tsv") for split in _SPLITS}
    _check_disjoint(lists)
    files = {path.relative_to(root).as_posix(): path for path in source.files() if path.suffix != ".tsv"}
    wanted = sorted({name for rows in lists.values() for name, _ in rows})
    present = [files[name] for name in wanted if name in files]
    table: FeatureTable = feature_table(root, present, settings, source.fingerprint())
    missing = {name: f"{name} is listed but not in the folder." for name in wanted if name not in files}
    notes = _report(table.unusable | missing, on_corrupt)
    splits = {
        split: [Utterance(f"{split}/{name}", table.frames[name], text) for name, text in rows if name in table.frames]
        for split, rows in lists.items()
    }
    for split, utterances in splits.items():
        if not utterances:
            raise DataError(f"{split}.tsv in {source.root} names no usable recording.")
    return splits, notes


def _read_list(path: Path) -> list[tuple[str, str]]:
    if not path.is_file():
        raise DataError(f"{path} is missing. Expected train.tsv, val.tsv and test.tsv, lines 'path<TAB>text'.")
    rows = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as UTF-8 text: {error}.") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        name, tab, text = line.partition("\t")
        words = " ".join(text.lower().split())
        if not tab or not words:
            raise DataError(f"{path.name}, line {number}: expected 'path<TAB>text', found {line[:60]!r}.")
        rows.append((PurePosixPath(name.strip()).as_posix(), words))
    return rows


def _check_disjoint(lists: dict[str, list[tuple[str, str]]]) -> None:
    home: dict[str, str] = {}
    for split, rows in lists.items():
        for name, _ in rows:
            if home.setdefault(name, split) != split:
                raise DataError(f"{name} is listed in {home[name]}.tsv and in {split}.tsv; splits must be disjoint.")


def _report(unusable: dict[str, str], on_corrupt: OnCorrupt) -> Notes:
    """Notes on files skipped.

    Raises:
        DataError: there are some, and they are to be refused.
    """
    if not unusable:
        return {}
    if on_corrupt is OnCorrupt.refuse:
        first = next(iter(unusable.values()))
        others = f" {len(unusable) - 1} more files cannot be used either." if len(unusable) > 1 else ""
        raise DataError(f"{first}{others} Repair or remove what is broken, or set task.on_corrupt=skip.")
    names = sorted(unusable)
    listed = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return {"files skipped": len(names), "files skipped, names": listed}
