"""Audio files of one's own with their transcripts: a folder with train.tsv, val.tsv and test.tsv, 'path<TAB>text'."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from harness_tasks.sound._transcripts import frames_needed
from harness_tasks.sound.audio_features import FeatureSettings
from harness_tasks.sound.audio_files import ENDINGS
from harness_tasks.sound.deferred_frames import DeferredFrames
from harness_tasks.spoken_text import SpokenText

from harness.contract.dataset import Dataset, RawData, RawExample
from harness.contract.hookspecs import hookimpl
from harness.contract.text import normal_form
from harness.data.corrupt import OnCorrupt, Unusable, skipped
from harness.data.foreign import shown
from harness.data.frame_file import FrameFile
from harness.data.lists import ListColumn, Quotes, Record, check_once, read_list
from harness.data.lookup import Names
from harness.data.sources import FolderSource, Source
from harness.errors import DataError
from harness_datasets.speech_recognition._speech_audio import AudioOptions, feature_table
from harness_datasets.speech_recognition.tones import Tones

HARNESS_CONTRACT = 2

_SPLITS = ("train", "val", "test")
_PATH = ListColumn(
    "path", ("path", "file", "filename", "file_name", "audio", "audio_path", "audio_file", "audio_filepath", "wav",
    "wav_path", "wav_filename")
)  # fmt: skip
_TEXT = ListColumn("text", ("text", "sentence", "transcript", "transcription"))


@dataclass(frozen=True)
class _Listed:
    """A record of a list.

    Attributes:
        split, record: where it stands.
        path: of the recording on disk; None: it is missing.
        name: the path from the folder on; as it stands in the list where it is missing.
        text: what is said.
    """

    split: str
    record: Record
    path: Path | None
    name: str
    text: str


@dataclass
class AudioFolder(SpokenText, AudioOptions):
    """Sentences; text is in Unicode's normal form C, lower-cased, its blanks made single.

    Fields:
        root: the folder.
        quotes: what quotation marks around a whole column of a list are. refuse: such a line stops the run; csv: a
            spreadsheet's, which are removed; text: part of the text.
    """

    name: ClassVar[str] = "folder"

    root: Path | None = None
    quotes: Quotes = Quotes.refuse

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_audio()
        self.root = None if self.root is None else Path(self.root)
        self.quotes = Quotes(self.quotes)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def prepare(self) -> None:
        """Compute the features, once.

        Raises:
            DataError: as for `read`.
        """
        super().prepare()
        self.read()

    def read(self) -> RawData:
        """Audio files and transcripts as the three lists name them.

        Raises:
            DataError: a list is missing, malformed or empty; a recording is listed twice, in one split or two; or a
                recording is missing, has no text or cannot be used and `on_corrupt` is refuse.
        """
        source = self._folder()
        root = source.fetch()
        names = Names(root, source.files())
        listed = list(self._listed(root, names))
        check_once((_identity(one, names), one.record.fields[0], one.record) for one in listed)
        present = sorted(one.path for one in listed if one.path)
        table = feature_table(root, present, self.feature_settings, source)
        unusable = table.unusable | _unusable(listed, names)
        if self.on_corrupt is OnCorrupt.skip:  # the task names them otherwise
            unusable |= self._too_short(listed, table.frames)
        notes = skipped(unusable, self.on_corrupt) | table.notes
        lists = [root / f"{split}.tsv" for split in _SPLITS]
        notes |= source.unused([*lists, *present], "named in no list")
        splits: dict[str, DeferredFrames] = {}
        for split in _SPLITS:
            used = [one for one in listed if one.split == split and one.name not in unusable]
            if not used:
                raise DataError(f"{split}.tsv in {source.root} names no usable recording.")
            examples = [RawExample(f"{split}/{one.name}", None, one.text) for one in used]
            splits[split] = DeferredFrames(examples, [table.frames.recording(one.name) for one in used])
        return RawData(splits["train"], splits["val"], splits["test"], notes=notes)

    @property
    def feature_settings(self) -> FeatureSettings:
        """As the options say; 16 kHz unless they name a rate."""
        return self.settings(16_000)

    def tiny(self) -> Tones:
        """Strings of one or two generated digits."""
        return Tones.of_few()

    def _listed(self, root: Path, names: Names) -> Iterator[_Listed]:
        for split in _SPLITS:
            file = root / f"{split}.tsv"
            if not file.is_file():
                alike = Names(root, (path for path in root.iterdir() if path.is_file())).alike(file.name)
                raise DataError(
                    f"{shown(file)} is missing. Expected train.tsv, val.tsv and test.tsv, lines 'path<TAB>text'."
                    f"{f' There is {alike}.' if alike else ''}"
                )
            for record in read_list(file, (_PATH, _TEXT), self.quotes):
                name, text = record.fields
                path = names.find(name) if name else None
                if path is None and record.line == 1 and not name.lower().endswith(ENDINGS):
                    # Not left to `on_corrupt`: a header that is not known as one would be taken for a missing file.
                    raise DataError(
                        f"{record.where}: {names.why_not(name, ENDINGS)} If the line is a header, it must call the "
                        f"columns {_PATH.headers[0]} and {_TEXT.headers[0]}."
                    )
                place = path.relative_to(root).as_posix() if path else name
                yield _Listed(split, record, path, place, " ".join(normal_form(normal_form(text).lower()).split()))

    def _too_short(self, listed: list[_Listed], frames: FrameFile) -> dict[str, Unusable]:
        """Recordings (T, F) in which CTC cannot write their text."""
        short: dict[str, Unusable] = {}
        for one in listed:
            there = -(-len(frames.recording(one.name)) // self.subsampling) if one.name in frames else 0
            if there and there < frames_needed(np.array([ord(character) for character in one.text])):
                short[one.name] = Unusable("too short for its text", f"{one.name} is too short for its text.")
        return short

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="folder",
            root=self.root,
            licence="the user's own",
            description="train.tsv, val.tsv and test.tsv with lines 'path<TAB>text', and the audio files they name",
            patterns=(*(f"{split}.tsv" for split in _SPLITS), *(f"**/*{ending}" for ending in ENDINGS)),
        )


def _unusable(listed: list[_Listed], names: Names) -> dict[str, Unusable]:
    """What is listed and has no recording or no text, by name."""
    unusable: dict[str, Unusable] = {}
    for one in listed:
        if one.path is None:
            # What looks alike is searched for once: only the first message is printed.
            why = names.why_not(one.name, ENDINGS) if not unusable else ""
            unusable[one.name] = Unusable("missing", f"{one.record.where}: {why}")
        elif not one.text:
            unusable[one.name] = Unusable("without text", f"{one.record.where}: {shown(one.name)} has no text.")
    return unusable


def _identity(one: _Listed, names: Names) -> Hashable:
    """What is the same for all spellings of a recording."""
    return names.identity(one.path) if one.path else normal_form(os.path.normpath(one.name))


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [AudioFolder]
