"""From recordings of single words to the examples of spoken commands: clips, running audio, and looks at commands."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from harness_tasks.sound.deferred_frames import DeferredFrames, FrameRange, Frames, JoinedFrames
from harness_tasks.sound.running_audio import PAUSES_S, AudioLook, looks, quiet_pause, run_together

from harness.contract.dataset import RawData, RawExample
from harness.errors import DataError
from harness.metrics.listening import NEVER_S, NO_COMMAND, SILENCE, UNKNOWN
from harness_datasets.speech_recognition._speech_audio import check_least

SPLITS = ("train", "val", "test")
_QUIET = 0.1  # the share of frames that pauses are drawn from


@dataclass(frozen=True)
class Word:
    """A recording of one word.

    Attributes:
        id: of the recording.
        word: what is said; "silence" for a piece of background noise.
        frames: float32 (T, F).
        end: the frame at which the word ends; None: the recording's end.
    """

    id: str
    word: str
    frames: Frames
    end: int | None = None


Made = tuple[RawExample, Frames]
"""An example without its input, and its frames."""


@dataclass
class CommandOptions:
    """What data sets of spoken commands have as fields.

    Fields:
        commands: words that are commands, in the order of their classes; all others are "unknown". None: the data
            set's own.
        clip_seconds: shorter recordings are put at a random place among quiet frames of that length, and looks at
            running audio are that long. 0: recordings stay as they are, and there is no running audio.
        every_seconds: from one look to the next.
        running_minutes: of running audio in the test split, made of its unknown words and silence.
        background: pieces of such audio added to training and validation as "unknown", as a share of their words.
        data_seed: of what is drawn.
    """

    commands: list[str] | None = None
    clip_seconds: float = 1.0
    every_seconds: float = 0.1
    running_minutes: float = 10.0
    background: float = 0.2
    data_seed: int = 0

    def check_commands(self) -> None:
        """Raise ValueError where an option makes no sense."""
        check_least(self, clip_seconds=0, every_seconds=0.01, running_minutes=0, background=0, data_seed=0)
        if self.commands is None:
            return
        self.commands = list(map(str, self.commands))
        twice = sorted({word for word in self.commands if self.commands.count(word) > 1})
        if twice or not self.commands or set(self.commands) & set(NO_COMMAND):
            raise ValueError(
                f"task.commands is {self.commands}; it must name one word or more, each once, and neither of "
                f"{' and '.join(NO_COMMAND)}."
            )


def command_data(
    words: Mapping[str, Sequence[Word]],
    commands: Sequence[str],
    options: CommandOptions,
    seconds_per_frame: float,
    energy: Callable[[np.ndarray], np.ndarray],
) -> RawData:
    """All examples, the same for the same options.

    Args:
        words: recordings of each split; no audio of one occurs in another.
        commands: the words that are commands.
        options: of the data set.
        seconds_per_frame: from the start of one frame to the next.
        energy: loudness (N,) of frames (N, F).

    Raises:
        DataError: a split has no recording, or a command none for training.
    """
    there = {word.word for split in SPLITS for word in words[split]}
    trained = {word.word for word in words["train"]}
    for command in commands:
        if command not in trained:
            raise DataError(
                f"The command '{command}' has no usable recording for training. Words with recordings: "
                f"{', '.join(sorted(there)) or 'none'}."
            )
    for split in SPLITS:
        if not words[split]:
            raise DataError(f"There is no usable recording for the {split} split.")
    makers = {
        split: _Maker(split, words[split], commands, options, seconds_per_frame, energy, number)
        for number, split in enumerate(SPLITS)
    }
    clips = {split: maker.clips() for split, maker in makers.items()}
    unknown = any(makers[split].others for split in SPLITS)
    labels = (*commands, *([UNKNOWN] if unknown else []), *([SILENCE] if SILENCE in there else []))
    notes: dict[str, str | int | float] = {f"{split} words": len(found) for split, found in clips.items()}
    parts = {split: clips[split] + (maker.background() if unknown else []) for split, maker in makers.items()}
    parts["test"] = [*clips["test"], *makers["test"].running(), *makers["test"].command_looks()]
    notes["running audio"] = makers["test"].running_note
    train, val, test = (DeferredFrames(*zip(*parts[split], strict=True)) for split in SPLITS)
    return RawData(train, val, test, labels=labels, notes=notes)


class _Maker:
    """The examples of one split."""

    def __init__(
        self,
        split: str,
        words: Sequence[Word],
        commands: Sequence[str],
        options: CommandOptions,
        step: float,
        energy: Callable[[np.ndarray], np.ndarray],
        number: int,
    ) -> None:
        self._split, self._words, self._commands, self._options = split, words, commands, options
        self._seconds = step
        self._clip = round(options.clip_seconds / step)
        self._every = max(1, round(options.every_seconds / step))
        self._seed = options.data_seed * len(SPLITS) + number
        self._quiet = _quietest(words, energy)
        self.others = [word for word in words if self._class(word) == UNKNOWN]
        self.running_note = "none"

    def clips(self) -> list[Made]:
        """Each recording once, short ones among quiet frames."""
        draw, found = self._draw(0), []
        for word in self._words:
            lacking = max(0, self._clip - len(word.frames))
            before = int(draw.integers(lacking + 1))
            frames = JoinedFrames([self._pause(before, draw), word.frames, self._pause(lacking - before, draw)])
            found.append(self._made(RawExample(f"{self._split}/{word.id}", None, self._class(word), word.id), frames))
        return found

    def background(self) -> list[Made]:
        """Pieces of running audio, one after the other, each an example of "unknown"."""
        count = round(self._options.background * len(self._words))
        if not (count and self._clip and self.others):
            return []
        audio = self._audio(count * self._clip, self._draw(1))
        pieces = looks(audio, self._clip, self._clip)
        return [
            self._made(
                RawExample(f"{self._split}/background/{i:05}", None, UNKNOWN, f"running audio, piece {i}"), frames
            )
            for i, (_, frames) in enumerate(pieces)
        ]

    def running(self) -> list[Made]:
        """Looks at running audio without a command."""
        length = round(self._options.running_minutes * 60 / self._seconds)
        if not (self._clip and self.others) or length < self._clip:
            return []
        audio, step = self._audio(length, self._draw(2)), self._every * self._seconds
        heard = self.others + self._silences()
        self.running_note = (
            f"{len(audio) * self._seconds / 60:.3g} minutes of {len(heard)} recordings of other words and silence of "
            f"the {self._split} split, in random order and with pauses of {PAUSES_S[0]:g} to {PAUSES_S[1]:g} s of "
            f"quiet frames; a look at the last {self._options.clip_seconds:g} s every {step:.3g} s"
        )
        found = []
        for number, (end, frames) in enumerate(looks(audio, self._clip, self._every)):
            source = f"running audio at {end * self._seconds:.2f} s"
            name = f"{self._split}/running/{number:05}"
            look = AudioLook(name, None, UNKNOWN, source, look=number, step_seconds=step)
            found.append(self._made(look, frames))
        return found

    def command_looks(self) -> list[Made]:
        """Looks at each command between two stretches of quiet, from its first frames to `NEVER_S` after its end."""
        if not self._clip:
            return []
        draw, found, after = self._draw(3), [], round(NEVER_S / self._seconds)
        for stream, word in enumerate(self._words):
            if self._class(word) not in self._commands:
                continue
            audio = JoinedFrames([self._pause(self._clip, draw), word.frames, self._pause(after, draw)])
            over = self._clip + (len(word.frames) if word.end is None else word.end)
            heard = looks(FrameRange(audio, self._every, over + after), self._clip, self._every)
            for number, (end, frames) in enumerate(heard):
                late = round((self._every + end - over) * self._seconds, 6)
                source = f"{word.id}, {abs(late):.2f} s {'after' if late >= 0 else 'before'} its end"
                name = f"{self._split}/{word.id}/look-{number:03}"
                look = AudioLook(name, None, word.word, source, stream=stream, look=number, after_end=late)
                found.append(self._made(look, frames))
        return found

    def _class(self, word: Word) -> str:
        return word.word if word.word in self._commands or word.word == SILENCE else UNKNOWN

    def _silences(self) -> list[Word]:
        return [word for word in self._words if word.word == SILENCE]

    def _audio(self, frames: int, draw: np.random.Generator) -> FrameRange:
        heard = [word.frames for word in self.others + self._silences()]
        shortest, longest = (round(seconds / self._seconds) for seconds in PAUSES_S)
        return run_together(heard, self._quiet, (shortest, longest), frames, draw)

    def _pause(self, frames: int, draw: np.random.Generator) -> Frames:
        return quiet_pause(self._quiet, frames, draw)

    def _draw(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, purpose])

    def _made(self, example: RawExample, frames: Frames) -> Made:
        return dataclasses.replace(example, seconds=round(len(frames) * self._seconds, 6)), frames


def _quietest(words: Sequence[Word], energy: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """float32 (N, F): the quietest frames of all recordings, which are read twice."""
    loudness = [energy(word.frames[:]) for word in words]
    most = np.quantile(np.concatenate(loudness), _QUIET)
    return np.concatenate([word.frames[:][loud <= most] for word, loud in zip(words, loudness, strict=True)])
