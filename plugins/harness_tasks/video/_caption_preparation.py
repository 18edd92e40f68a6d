"""Clips and captions as a network sees them: what video captioning keeps of its preparation."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness.contract.batch import Example
from harness.contract.preprocessing import Preprocessing
from harness.contract.raw import RawExample
from harness.errors import DataError
from harness.metrics.captioning import caption_words
from harness_tasks.captioned_clips import clip_lengths, described_examples
from harness_tasks.video.video_files import decode, pixels, squeeze

PAD, BOS, EOS, UNKNOWN = range(4)
SPECIAL = ("<pad>", "<bos>", "<eos>", "<unknown>")
_CAPTIONS = "captions.json"


@dataclass(frozen=True)
class CaptionPreparation(Preprocessing):
    """A video, its pixels or its features to normalised frames; a caption to word numbers and back.

    Attributes:
        frames: T, to which videos are sampled.
        shape: (C, Y, X) of pictures, or (F,) of features.
        mean, deviation: of each channel or feature, in training.
        words: in the order of their numbers, special symbols first.
        max_length: the most symbols of a caption, its end included; longer ones are cut.
    """

    takes: ClassVar[str] = (
        "a video file's path, pictures uint8 (n, height, width, 3), a clip of pixels 0 to 1, or features"
    )

    frames: int
    shape: tuple[int, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    words: tuple[str, ...]
    max_length: int

    def encode(self, source: Any) -> np.ndarray:
        """float32 (T, C, Y, X) or (T, F), normalised.

        Args:
            source: a video file's path; pictures uint8 (n, height, width, 3) of any size and number, in order; a clip
                float32 (T, C, Y, X), pixels of 0..1; or features (T, F), for a model that was trained on them.

        Raises:
            DataError: it is none of these, or cannot be read.
        """
        return self.normalise(self._frames(source))

    def normalise(self, clip: np.ndarray) -> np.ndarray:
        """To mean 0 and deviation 1, channel by channel."""
        sizes = (-1, *(1,) * (len(self.shape) - 1))
        mean, deviation = (np.array(v, dtype=np.float32).reshape(sizes) for v in (self.mean, self.deviation))
        found: np.ndarray = (clip - mean) / deviation
        return found

    def encode_target(self, answer: Any) -> np.ndarray:
        """int64 (U,): word numbers of a caption, or of the first of several, and the end.

        Raises:
            DataError: there is none.
        """
        caption = answer if isinstance(answer, str) else next(iter(answer), None)
        if not isinstance(caption, str):
            raise DataError("a clip needs a caption, or a list of captions.")
        numbers = self._numbers
        found = [numbers.get(word, UNKNOWN) for word in caption_words(caption)]
        return np.array([*found[: self.max_length - 1], EOS], dtype=np.int64)

    def decode(self, ids: Sequence[int]) -> str:
        """The words."""
        return " ".join(self.words[int(i)] for i in ids if int(i) not in (PAD, BOS, EOS))

    def example(self, raw: RawExample) -> Example:
        """Frames and word numbers; all captions are references."""
        return dataclasses.replace(self.described(raw), input=self.encode(raw.input))

    def described(self, raw: RawExample) -> Example:
        """The example without its frames."""
        captions = (raw.target,) if isinstance(raw.target, str) else tuple(raw.target)
        return Example(raw.id, None, self.encode_target(captions), captions, raw.source or raw.id, dict(raw.units))

    def save(self, folder: Path) -> None:
        """Write `captions.json`."""
        (folder / _CAPTIONS).write_text(json.dumps(dataclasses.asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> CaptionPreparation:
        """Read what `save` wrote."""
        content: dict[str, Any] = json.loads((folder / _CAPTIONS).read_text(encoding="utf-8"))
        for name in ("shape", "mean", "deviation", "words"):
            content[name] = tuple(content[name])
        return cls(**content)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words)}

    def _frames(self, source: Any) -> np.ndarray:
        if (
            isinstance(source, np.ndarray)
            and source.dtype.kind == "f"
            and source.shape[1:] == self.shape
            and len(source)
        ):
            return source.astype(np.float32, copy=False)
        if len(self.shape) == 1:
            raise DataError(
                f"this model was trained on features that its data set brought ready-made: give an array (T, "
                f"{self.shape[0]}), not {_kind(source)}."
            )
        size = self.shape[1:]
        if isinstance(source, str | Path):
            return pixels(decode(Path(source), self.frames, (size[0], size[1])))
        if isinstance(source, np.ndarray) and source.ndim == 4 and source.dtype == np.uint8 and source.shape[-1] == 3:
            return pixels(squeeze(source, self.frames, (size[0], size[1])))
        raise DataError(
            f"video captioning takes a video file's path, pictures uint8 (n, height, width, 3), or a clip float32 (T, "
            f"{', '.join(map(str, self.shape))}) with pixels of 0..1, not {_kind(source)}."
        )


def vocabulary(captions: Iterable[str], least: int) -> tuple[str, ...]:
    """Special symbols, then the words that stand in `least` captions' texts or more, by frequency and alphabet."""
    counts = Counter(word for caption in captions for word in caption_words(caption))
    return (*SPECIAL, *sorted((w for w, n in counts.items() if n >= least), key=lambda w: (-counts[w], w)))


class CaptionSplit:
    """A split (a `harness.contract.batch.Split`) of clips with captions, normalised when read.

    Args:
        raw: clips and captions; the first caption is the target, all are references.
        preparation: of each.
    """

    def __init__(self, raw: Sequence[RawExample], preparation: CaptionPreparation) -> None:
        self._raw, self._preparation = raw, preparation
        self._examples = [preparation.described(one) for one in described_examples(raw)]
        self.input_lengths: np.ndarray = clip_lengths(raw)
        self.target_lengths: np.ndarray = np.array([len(one.target) for one in self._examples], dtype=np.int64)

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: int) -> Example:
        return dataclasses.replace(self._examples[index], input=self._preparation.encode(self._raw[index].input))

    def without_input(self, index: int) -> Example:
        """All of an example but its clip, which is neither read nor drawn."""
        return self._examples[index]


def _kind(source: Any) -> str:
    return f"an array {source.dtype} {source.shape}" if isinstance(source, np.ndarray) else type(source).__name__
