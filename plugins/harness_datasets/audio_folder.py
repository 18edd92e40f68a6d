"""Audio files of one's own with their transcripts: a folder with train.tsv, val.tsv and test.tsv, 'path<TAB>text'."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.audio_features import FeatureSettings
from harness_tasks.audio_files import ENDINGS
from harness_tasks.spoken_text import SpokenText

from harness.contract.dataset import Dataset, RawData, RawExample
from harness.contract.hookspecs import hookimpl
from harness.contract.text import normal_form
from harness.data.corrupt import Unusable, skipped
from harness.data.lists import ListColumn, Quotes, Record, check_once, read_list
from harness.data.lookup import Names
from harness.data.sources import FolderSource, Source
from harness.errors import DataError
from harness_datasets._speech_audio import AudioOptions, feature_table
from harness_datasets.tones import Tones

HARNESS_CONTRACT = 2

_SPLITS = ("train", "val", "test")
_PATH = ListColumn(
    "path", ("path", "file", "filename", "file_name", "audio", "audio_path", "audio_file", "audio_filepath", "wav",
    "wav_path", "wav_filename")
)  # fmt: skip
_TEXT = ListColumn("text", ("text", "sentence", "transcript", "transcription"))


@dataclass(frozen=True)
class _Listed:
    """A record of a list: the recording on disk, if it is there, and its text."""

    split: str
    record: Record
    path: Path | None
    text: str

    @property
    def name(self) -> str:
        """The path as it stands in the list."""
        return self.record.fields[0]


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
        check_once(
            ((one.path and names.identity(one.path)) or _plain(one.name), one.name, one.record) for one in listed
        )
        missing = _unusable(listed, names)
        present = {one.path: None for one in sorted(listed, key=lambda one: str(one.path)) if one.path}
        table = feature_table(root, list(present), self.feature_settings, source.fingerprint())
        notes = skipped(table.unusable | missing, self.on_corrupt) | table.notes
        lists = [root / f"{split}.tsv" for split in _SPLITS]
        notes |= source.unused([*lists, *present], "named in no list")
        splits: dict[str, list[RawExample]] = {split: [] for split in _SPLITS}
        for one in listed:
            name = one.path and one.path.relative_to(root).as_posix()
            if name in table.frames and one.text:
                splits[one.split].append(RawExample(f"{one.split}/{name}", table.frames[name], one.text))
        for split, utterances in splits.items():
            if not utterances:
                raise DataError(f"{split}.tsv in {source.root} names no usable recording.")
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
                raise DataError(f"{file} is missing. Expected train.tsv, val.tsv and test.tsv, lines 'path<TAB>text'.")
            for record in read_list(file, (_PATH, _TEXT), self.quotes):
                name, text = record.fields
                path = names.find(name) if name else None
                if path is None and record.line == 1 and not name.lower().endswith(ENDINGS):
                    # Not left to `on_corrupt`: a header that is not known as one would be taken for a missing file.
                    raise DataError(
                        f"{record.where}: {names.why_not(name, ENDINGS)} If the line is a header, it must call the "
                        f"columns {_PATH.headers[0]} and {_TEXT.headers[0]}."
                    )
                yield _Listed(split, record, path, " ".join(normal_form(normal_form(text).lower()).split()))

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
            unusable[one.name] = Unusable("without text", f"{one.record.where}: {one.name} has no text.")
    return unusable


def _plain(name: str) -> str:
    """A name that is not on disk, such that its spellings are the same."""
    return normal_form(os.path.normpath(name))


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [AudioFolder]
