"""Audio files of one's own with their transcripts: a folder with train.tsv, val.tsv and test.tsv, 'path<TAB>text'."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from harness_tasks.audio_features import FeatureSettings
from harness_tasks.spoken_text import SpokenText

from harness.contract.dataset import Dataset, RawData, RawExample
from harness.contract.hookspecs import hookimpl
from harness.data.corrupt import Unusable, skipped
from harness.data.sources import FolderSource, Source
from harness.errors import DataError
from harness_datasets._speech_audio import AudioOptions, FeatureTable, feature_table
from harness_datasets.tones import Tones

HARNESS_CONTRACT = 2

_SPLITS = ("train", "val", "test")


@dataclass
class AudioFolder(SpokenText, AudioOptions):
    """Sentences; text is lower-cased, its blanks made single.

    Fields:
        root: the folder.
    """

    name: ClassVar[str] = "folder"

    root: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_audio()
        self.root = None if self.root is None else Path(self.root)

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
            DataError: a list is missing, malformed or empty; a file stands in two splits; or a file is missing or
                cannot be used and `on_corrupt` is refuse.
        """
        source = self._folder()
        root = source.fetch()
        lists = {split: _read_list(root / f"{split}.tsv") for split in _SPLITS}
        _check_disjoint(lists)
        files = {path.relative_to(root).as_posix(): path for path in source.files() if path.suffix != ".tsv"}
        wanted = sorted({name for rows in lists.values() for name, _ in rows})
        present = [files[name] for name in wanted if name in files]
        table: FeatureTable = feature_table(root, present, self.feature_settings, source.fingerprint())
        missing = {
            name: Unusable("missing", f"{name} is listed but not in the folder.")
            for name in wanted
            if name not in files
        }
        notes = skipped(table.unusable | missing, self.on_corrupt) | table.notes
        splits = {
            split: [
                RawExample(f"{split}/{name}", table.frames[name], text) for name, text in rows if name in table.frames
            ]
            for split, rows in lists.items()
        }
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

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="folder",
            root=self.root,
            licence="the user's own",
            description="train.tsv, val.tsv and test.tsv with lines 'path<TAB>text', and the audio files they name",
            patterns=("*.tsv", "**/*.wav", "**/*.flac", "**/*.ogg"),
        )


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


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [AudioFolder]
