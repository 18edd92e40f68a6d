"""Labelled audio in class-named folders: read, divided by lists, by speaker or by content, and made into examples."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from harness_tasks.sound.audio_features import Features, FeatureSettings
from harness_tasks.sound.audio_files import ENDINGS
from harness_tasks.sound.deferred_frames import FrameRange, Frames
from harness_tasks.spoken_words import SpokenWords

from harness.contract.dataset import RawData
from harness.data.corrupt import skipped
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.data.splitting import by_group, stratified
from harness.data.text_files import read_lines
from harness.errors import DataError
from harness.metrics.listening import SILENCE
from harness_datasets.speech_recognition._speech_audio import AudioOptions, feature_table
from harness_datasets.spoken_commands._command_sets import SPLITS, CommandOptions, Word, command_data
from harness_datasets.spoken_commands.tone_commands import ToneCommands

LISTS = {"val": "validation_list.txt", "test": "testing_list.txt"}
NOISE = "_background_noise_"
_NOISE_SHARES = (0.8, 0.9)  # of each file's time: training up to the first, validation up to the second

Notes = dict[str, str | int | float]


@dataclass(frozen=True)
class Spoken:
    """A usable file: its path relative to the root, the word, its frames (T, F), and what is the same for copies."""

    path: str
    word: str
    frames: Frames
    content: str


@dataclass
class WordFolders(SpokenWords, AudioOptions, CommandOptions):
    """Base of data sets in class-named folders of audio files.

    Fields:
        root: the folder; one folder a word in it, and `_background_noise_` with recordings of silence, if any.
    """

    root: Path | None = field(default=None)

    def __post_init__(self) -> None:
        self.check_audio()
        self.check_commands()
        self.root = None if self.root is None else Path(self.root)

    @property
    def licence(self) -> str:
        """Of the data."""
        return "the user's own"

    @property
    def expected(self) -> str:
        """What the folder holds, in a sentence."""
        return "a folder of audio files for each word; '_background_noise_' holds recordings without words, if any"

    @property
    def with_silence(self) -> bool:
        """Whether background noise becomes the class "silence"."""
        return True

    @abstractmethod
    def chosen(self, words: Sequence[str]) -> Sequence[str]:
        """The words that are commands where the user names none, of those there are."""

    def kept(self, parts: Mapping[str, list[Spoken]]) -> dict[str, list[Spoken]]:
        """The recordings to use; a data set may take fewer."""
        return dict(parts)

    def divided(self, spoken: Sequence[Spoken]) -> tuple[dict[str, list[Spoken]], str]:
        """Splits where there are no lists, and the rule in words."""
        parts = stratified([one.content for one in spoken], [one.word for one in spoken])
        return {split: [spoken[i] for i in getattr(parts, split)] for split in SPLITS}, parts.rule

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def prepare(self) -> None:
        """Compute the features of every file, once.

        Raises:
            DataError: the folder is missing, its lists do not fit it, or a file cannot be used and `on_corrupt` is
                refuse.
        """
        self._spoken()

    def read(self) -> RawData:
        """Clips, running audio of unknown words, and looks at the commands.

        Raises:
            DataError: as for `prepare`; or a command or a split has no recording.
        """
        spoken, noise, notes = self._spoken()
        listed = self._listed()
        if listed:
            parts = {split: [one for one in spoken if listed.get(one.path, "train") == split] for split in SPLITS}
            rule = f"{' and '.join(LISTS.values())}; the rest is for training"
        else:
            parts, rule = self.divided(spoken)
        parts, copies = _without_copies(parts)
        if copies:
            notes["recordings left out, copies of held-out ones"] = copies
        words = sorted({one.word for one in spoken})
        commands = self.commands or list(self.chosen(words))
        parts = self.kept(parts)
        made = {
            split: [Word(one.path, one.word, one.frames, self._end(one.frames)) for one in parts[split]]
            for split in SPLITS
        }
        for split, pieces in self._silences(noise, parts, commands).items():
            made[split] += pieces
        data = command_data(made, commands, self, self.hop_ms / 1000, self.energy)
        data.notes = notes | {"split": rule} | data.notes
        return data

    @property
    def feature_settings(self) -> FeatureSettings:
        """As the options say; 16 kHz unless they name a rate."""
        return self.settings(16_000)

    def energy(self, frames: np.ndarray) -> np.ndarray:
        """Loudness of frames (N, F), (N,): the mean of the mel bands, or the first cepstral coefficient."""
        return frames.mean(axis=1) if self.features is Features.log_mel else frames[:, 0]

    def tiny(self) -> ToneCommands:
        """Generated digits."""
        return ToneCommands.of_few()

    # -- private -------------------------------------------------------------------------------------

    def _spoken(self) -> tuple[list[Spoken], list[Spoken], Notes]:
        """Words, background noise, and what the report should say of the files."""
        source = self._folder()
        root, files = source.fetch(), [path for path in source.files() if path.suffix.lower() in ENDINGS]
        listed = self._listed()
        names = {path.relative_to(root).as_posix() for path in files}
        for name in listed:
            if name not in names:
                raise DataError(
                    f"{shown(root)}: a list of its splits names '{shown(name)}', which is not there. Lists "
                    f"({', '.join(LISTS.values())}) hold one path a line, relative to the folder: 'yes/a_nohash_0.wav'."
                )
        table = feature_table(root, files, self.feature_settings, source)
        notes = skipped(table.unusable, self.on_corrupt) | table.notes | source.unused([*files, *self._list_files()])
        stored = table.frames
        found = [Spoken(n, PurePosixPath(n).parts[0], stored.recording(n), stored.digest(n)) for n in stored]
        return [one for one in found if one.word != NOISE], [one for one in found if one.word == NOISE], notes

    def _list_files(self) -> list[Path]:
        root = self._folder().fetch()
        return [root / name for name in LISTS.values() if (root / name).is_file()]

    def _listed(self) -> dict[str, str]:
        """The split of each listed path.

        Raises:
            DataError: only one of the lists is there, or both name one path.
        """
        root, there = self._folder().fetch(), self._list_files()
        if not there:
            return {}
        if len(there) < len(LISTS):
            missing = next(name for name in LISTS.values() if root / name not in there)
            raise DataError(
                f"{shown(root)} has {there[0].name}, but no {missing}. Add it, or take {there[0].name} away: without "
                "lists the harness makes the split itself."
            )
        split: dict[str, str] = {}
        for part, name in LISTS.items():
            for number, line in enumerate(read_lines(root / name, form=False), start=1):
                path = PurePosixPath(line.strip().replace("\\", "/")).as_posix()
                if not line.strip():
                    continue
                if split.get(path, part) != part:
                    raise DataError(
                        f"{shown(root / name)}, line {number}: '{shown(path)}' is in {LISTS['val']} too. A recording "
                        "is in one split."
                    )
                split[path] = part
        return split

    def _end(self, frames: Frames) -> int:
        """The frame after the last that is louder than halfway between the quietest and the loudest one."""
        loudness = self.energy(frames[:])
        return 1 + int(np.flatnonzero(loudness >= (loudness.min() + loudness.max()) / 2)[-1])

    def _silences(
        self, noise: Sequence[Spoken], parts: Mapping[str, Sequence[Spoken]], commands: Sequence[str]
    ) -> dict[str, list[Word]]:
        """Pieces of background noise, as many as a command has recordings; splits share no moment of it."""
        size = round(self.clip_seconds * 1000 / self.hop_ms)
        if not (noise and size and self.with_silence):
            return {}
        found: dict[str, list[Word]] = {}
        for split, low, high in zip(SPLITS, (0.0, *_NOISE_SHARES), (*_NOISE_SHARES, 1.0), strict=True):
            wanted = max(1, sum(one.word in commands for one in parts[split]) // max(1, len(commands)))
            places = [
                (one, start)
                for one in noise
                for start in range(round(low * len(one.frames)), round(high * len(one.frames)) - size + 1)
            ]
            chosen = [places[i * len(places) // wanted] for i in range(min(wanted, len(places)))]
            found[split] = [
                Word(f"{one.path}@{at * self.hop_ms / 1000:.2f}s", SILENCE, FrameRange(one.frames, at, at + size))
                for one, at in chosen
            ]
        return found

    def _folder(self) -> FolderSource:
        return FolderSource(
            name=self.name,
            root=self.root,
            licence=self.licence,
            description=self.expected,
            patterns=(*LISTS.values(), *(f"*/**/*{ending}" for ending in ENDINGS)),
        )


def grouped(spoken: Sequence[Spoken], pattern: str) -> tuple[dict[str, list[Spoken]], str]:
    """Splits by speaker.

    Args:
        spoken: all recordings.
        pattern: a regular expression searched for in file names, whose first group is the speaker.

    Raises:
        DataError: a name does not match, or there are fewer than three speakers.
    """
    found = [re.search(pattern, PurePosixPath(one.path).name) for one in spoken]
    for one, match in zip(spoken, found, strict=True):
        if match is None:
            raise DataError(
                f"The name of '{shown(one.path)}' does not match task.speaker='{pattern}', whose first group is to be "
                "the speaker: 'speaker=^([^_]+)_' takes what stands before the first underscore."
            )
    speakers = [match.group(1) for match in found if match]
    if len(set(speakers)) < len(SPLITS):
        raise DataError(
            f"task.speaker='{pattern}' finds {len(set(speakers))} speakers; three are needed, one for each split."
        )
    parts = by_group(speakers, named="speaker")
    rule = f"{parts.rule} ({len(set(speakers))} speakers)"
    return {split: [spoken[i] for i in getattr(parts, split)] for split in SPLITS}, rule


def _without_copies(parts: Mapping[str, Sequence[Spoken]]) -> tuple[dict[str, list[Spoken]], int]:
    """The splits without recordings whose content a later split has, and how many those were."""
    seen: set[str] = set()
    kept: dict[str, list[Spoken]] = {}
    for split in ("test", "val", "train"):
        contents = [one.content for one in parts[split]]
        kept[split] = [one for one, content in zip(parts[split], contents, strict=True) if content not in seen]
        seen |= set(contents)
    return {split: kept[split] for split in SPLITS}, sum(len(parts[s]) - len(kept[s]) for s in SPLITS)
