"""CMU AN4 (Census): spelled words, numbers and dates, as Sphinx features or audio, with the official test speakers."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
from harness_tasks.sound.audio_features import FeatureSettings
from harness_tasks.sound.audio_files import ENDINGS
from harness_tasks.spoken_text import SpokenText

from harness.contract.dataset import Dataset, RawData, RawExample
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.contract.text import clean
from harness.data.corrupt import Unusable, skipped
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.data.text_files import read_lines
from harness.errors import DataError
from harness_datasets.speech_recognition._speech_audio import AudioOptions, check_least, feature_table
from harness_datasets.speech_recognition._sphinx import read_cepstra, read_transcripts
from harness_datasets.speech_recognition.tones import Tones

HARNESS_CONTRACT = 2

_LAYOUT = (
    "etc/an4_train.transcription and etc/an4_test.transcription, with feat/**/*.mfc (or, with task.audio=true, "
    "wav/**/*.wav or *.sph); or an4_train.json and an4_val.json, as NeMo writes them, with audio"
)
_SPEAKER = re.compile(r"[a-z]+\d+-(?P<speaker>[a-z0-9]+)-b", re.IGNORECASE)
_HELD_OUT = 0.1
_FRAME_SECONDS = 0.01


@dataclass
class An4(SpokenText, AudioOptions):
    """948 utterances of 74 speakers for training, 130 of 10 others for test; letters are said one by one.

    Validation is a tenth of the training speakers, by the hash of their names.

    Fields:
        root: the folder.
        audio: read recordings instead of Sphinx's 13 cepstra of 10 ms; the options of features are for recordings only.
        stack: how many cepstral frames become one, so that time is as many times shorter.
        mean_normalised: whether each utterance's mean is taken off its cepstra, as Sphinx does.
    """

    name: ClassVar[str] = "an4"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            "cer",
            12.6,
            "bidirectional LSTM encoder, CTC only",
            "github.com/espnet/espnet, egs/an4/asr1/RESULTS",
            "an4.features",
            protocol="fbank of audio; 130 test utterances; the table's 'words' are characters",
        ),
    )

    root: Path | None = None
    audio: bool = False
    stack: int = 1
    mean_normalised: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_audio()
        check_least(self, stack=1)
        self.root = None if self.root is None else Path(self.root)

    @property
    def label(self) -> str:
        """What is read: "an4.features" or "an4.audio"."""
        return f"{self.name}.{'audio' if self.audio else 'features'}"

    @property
    def feature_settings(self) -> FeatureSettings | None:
        """Of audio, at 16 kHz unless an option says otherwise; None for Sphinx's features."""
        return self.settings(16_000) if self.audio else None

    @property
    def seconds_per_frame(self) -> float | None:
        """A hundredth of a second, times `stack`, for Sphinx's features."""
        return super().seconds_per_frame if self.audio else _FRAME_SECONDS * self.stack

    @property
    def frames_per_step(self) -> int:
        """`stack` for Sphinx's features."""
        return 1 if self.audio else self.stack

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The official test speakers, and the others divided by speaker.

        Raises:
            DataError: the folder, a list or a recording is missing or damaged; the message says which.
        """
        source = self._folder()
        root, files = source.fetch(), source.files()
        lists, texts = _lists(files, root)
        endings = ENDINGS if self.audio else (".mfc",)
        places = {path.stem: path for path in files if path.suffix.lower() in endings}
        _check_there([*texts["train"], *texts["test"]], places, root, audio=self.audio)
        chosen = {name: places[name] for split in texts.values() for name in split}
        frames, notes = self._frames(chosen, source)
        held = _held_out({_speaker(name) for name in texts["train"]})
        splits: dict[str, list[RawExample]] = {"train": [], "val": [], "test": []}
        for part, spoken in texts.items():
            for name, text in spoken.items():
                if name in frames:
                    split = "val" if part == "train" and _speaker(name) in held else part
                    splits[split].append(RawExample(f"{split}/{name}", frames[name], text))
        speakers = {split: len({_speaker(one.id.rpartition("/")[2]) for one in part}) for split, part in splits.items()}
        notes |= {
            "split": "official test speakers; a tenth of the others, by the hash of their names, is validation",
            "speakers": ", ".join(f"{count} {split}" for split, count in speakers.items()),
        }
        notes |= source.unused([*lists, *chosen.values()], "listed in no transcript")
        for split, utterances in splits.items():
            if not utterances:
                raise DataError(f"{shown(root)} has no utterance for the {split} split. Expected: {_LAYOUT}.")
        return RawData(splits["train"], splits["val"], splits["test"], notes=notes)

    def tiny(self) -> Tones:
        """Strings of one or two generated digits."""
        return Tones.of_few()

    def _frames(
        self, places: Mapping[str, Path], source: FolderSource
    ) -> tuple[Mapping[str, np.ndarray], dict[str, str | int | float]]:
        """Features (T, F) by utterance, and notes."""
        if not self.audio:
            return {name: self._cepstra(path) for name, path in places.items()}, {}
        root = source.fetch()
        table = feature_table(root, sorted(places.values()), self.settings(16_000), source)
        named = {PurePosixPath(name).stem: frames for name, frames in table.frames.items()}
        unusable: dict[str, Unusable] = table.unusable
        return named, skipped(unusable, self.on_corrupt) | table.notes

    def _cepstra(self, path: Path) -> np.ndarray:
        frames = read_cepstra(path)  # (T, 13)
        if self.mean_normalised:
            frames -= frames.mean(axis=0)
        rest = -len(frames) % self.stack
        whole = np.pad(frames, ((0, rest), (0, 0)), mode="edge")
        return whole.reshape(len(whole) // self.stack, -1)  # (T / stack, 13 stack)

    def _folder(self) -> FolderSource:
        kinds = ENDINGS if self.audio else (".mfc",)
        return FolderSource(
            name=self.name,
            root=self.root,
            licence="CMU's terms, free for any purpose",
            description=_LAYOUT,
            patterns=(
                "**/an4_*.transcription",
                "**/an4_*.fileids",
                "**/an4_train.json",
                "**/an4_val.json",
                *(f"**/*{ending}" for ending in kinds),
            ),
        )


def _lists(files: Sequence[Path], root: Path) -> tuple[list[Path], dict[str, dict[str, str]]]:
    """The lists that are read, and the texts by utterance of "train" and "test".

    Raises:
        DataError: a list is missing or damaged, or an utterance stands in both.
    """
    by_name = {path.name: path for path in files}
    sphinx = [by_name.get(f"an4_{split}.transcription") for split in ("train", "test")]
    nemo = [by_name.get(f"an4_{split}.json") for split in ("train", "val")]
    used = sphinx if any(sphinx) or not any(nemo) else nemo
    wanted = ("etc/an4_{}.transcription", ("train", "test")) if used is sphinx else ("an4_{}.json", ("train", "val"))
    missing = [wanted[0].format(split) for split, path in zip(wanted[1], used, strict=True) if path is None]
    if missing:
        raise DataError(f"{' and '.join(missing)} {_are(missing)} missing in {shown(root)}. Expected: {_LAYOUT}.")
    paths = [path for path in used if path is not None]
    reader = read_transcripts if used is sphinx else _manifest
    train, test = (reader(path) for path in paths)
    if both := train.keys() & test.keys():
        raise DataError(f"{min(both)} stands in both {paths[0].name} and {paths[1].name} of {shown(root)}.")
    return paths + [path for path in files if path.suffix == ".fileids"], {"train": train, "test": test}


def _manifest(path: Path) -> dict[str, str]:
    """Texts by utterance of a list that NeMo writes: JSON Lines with audio_filepath and text."""
    return dict(_manifest_rows(path))


def _manifest_rows(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(read_lines(path), start=1):
        if line.strip():
            try:
                row = json.loads(line)
                yield PurePosixPath(row["audio_filepath"]).stem, clean(str(row["text"]).lower())
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(
                    f"{shown(path)}, line {number}: expected an object with audio_filepath and text, as NeMo writes it."
                ) from error


def _check_there(names: Sequence[str], places: Mapping[str, Path], root: Path, *, audio: bool) -> None:
    missing = [name for name in names if name not in places]
    if not missing:
        return
    kind = "recording" if audio else "feature file (.mfc)"
    other = "" if audio or len(missing) < len(names) else " If the folder holds audio, set task.audio=true."
    raise DataError(
        f"{len(missing):,} of {len(names):,} listed utterances have no {kind} in {shown(root)}, the first is "
        f"{missing[0]}.{other} Expected: {_LAYOUT}."
    )


def _speaker(utterance: str) -> str:
    match = _SPEAKER.fullmatch(utterance)
    return match["speaker"] if match else utterance


def _held_out(speakers: set[str]) -> set[str]:
    ordered = sorted(speakers, key=lambda name: hashlib.sha256(name.encode()).digest())
    return set(ordered[: max(1, round(_HELD_OUT * len(ordered)))])


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [An4]
