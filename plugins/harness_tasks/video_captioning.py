"""Say in a sentence what a clip shows: simulated BabyAI missions out of the box, MSVD and MSR-VTT by folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from harness.contract.dataset import Dataset, RawExample
from harness.contract.dataset_task import DatasetTask
from harness.contract.hookspecs import hookimpl
from harness.contract.metric import Metric
from harness.contract.specs import FrameInput, InputSpec, VideoInput
from harness.contract.task import Baseline, Loader, Task, TaskData
from harness.metrics.captioning import BLEU_4, CIDER_D, ROUGE_L
from harness.metrics.language_model import TOKEN_PERPLEXITY
from harness.metrics.meteor import METEOR, check_meteor
from harness.targets import TokenSequenceTarget
from harness_tasks.captioned_clips import CaptionedClips, EachCaption
from harness_tasks.video import _caption_baselines as baselines
from harness_tasks.video import _caption_preparation as preparation
from harness_tasks.video._caption_preparation import CaptionPreparation, CaptionSplit

HARNESS_CONTRACT = 2

_FITTED_ON = 500
"""Clips on which the normalisation is fitted."""


def _babyai_missions() -> Dataset:
    from harness_datasets.video_captioning.babyai_missions import BabyAIMissions

    return BabyAIMissions()


@dataclass
class VideoCaptioning(DatasetTask):
    """Describe a clip (T, 3, Y, X), or its features (T, F), in words; a clip may have several right captions.

    Fields:
        dataset: the clips; see `CaptionedClips`.
        least_count: rarer words of training captions are one symbol, <unknown>.
        max_length: the most symbols of a caption, its end included; longer ones are cut, but stay whole as references.
        meteor: also compute METEOR 1.5, which needs the extra `meteor` and Java.

    Frames are normalised with the mean and deviation of each channel in training. BLEU, ROUGE-L, CIDEr-D and METEOR
    equal pycocoevalcap's on captions in lower case without punctuation.
    """

    name: ClassVar[str] = "video_captioning"
    version: ClassVar[str] = "1"
    dataset_type: ClassVar[type] = CaptionedClips
    input_type: ClassVar[type[InputSpec]] = VideoInput
    target_type: ClassVar[type[TokenSequenceTarget]] = TokenSequenceTarget
    metrics: ClassVar[tuple[Metric, ...]] = (BLEU_4, ROUGE_L, CIDER_D, TOKEN_PERPLEXITY)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=32))
    dataset: Dataset = field(default_factory=_babyai_missions)
    least_count: int = 1
    max_length: int = 30
    meteor: bool = False

    def __post_init__(self) -> None:
        if self.least_count < 1:
            raise ValueError(f"task.least_count is {self.least_count}; it must be at least 1.")
        if self.max_length < 2:
            raise ValueError(f"task.max_length is {self.max_length}; a word and the end need at least 2.")
        if isinstance(self.dataset, CaptionedClips) and self.dataset.features:
            vars(self)["input_type"] = FrameInput
        if self.meteor:
            vars(self)["metrics"] = (*type(self).metrics, METEOR)

    def setup(self) -> TaskData:
        """Normalised clips and word numbers; the same for every run seed.

        Raises:
            DataError: the data is missing or cannot be used.
            ConfigError: METEOR is asked for and cannot be computed here.
        """
        if self.meteor:
            check_meteor()  # not only after training
        raw = self.dataset.read()
        train = EachCaption(raw.train)
        words = preparation.vocabulary((text for (text,) in train.captions), self.least_count)
        step = max(1, len(raw.train) // _FITTED_ON)
        clips = [raw.train[i].input for i in range(0, len(raw.train), step)]
        shape = clips[0].shape[1:]
        axes = (0, *range(2, len(shape) + 1))
        frames = np.concatenate(clips)
        mean, deviation = frames.mean(axis=axes, dtype=np.float64), frames.std(axis=axes, dtype=np.float64)
        fitted = CaptionPreparation(
            int(train.lengths.max()),
            tuple(shape),
            tuple(mean.tolist()),
            tuple(np.maximum(deviation, 1e-5).tolist()),
            words,
            self.max_length,
        )
        return TaskData(
            CaptionSplit(train, fitted),
            CaptionSplit(raw.val, fitted),
            CaptionSplit(raw.test, fitted),
            FrameInput(*shape) if len(shape) == 1 else VideoInput(*shape),
            TokenSequenceTarget(
                len(words), preparation.PAD, preparation.BOS, preparation.EOS, max_length=self.max_length
            ),
            preprocessing=fitted,
            notes=raw.notes | {"words": len(words)},
        )

    def raw_examples(self, split: str) -> Sequence[RawExample]:
        """Those of the data set; of training, one for each caption.

        Raises:
            DataError: as for `Dataset.read`.
        """
        found = super().raw_examples(split)
        return EachCaption(found) if split == "train" else found

    def load_preprocessing(self, folder: Path) -> CaptionPreparation:
        """Size and normalisation of clips, and the words."""
        return CaptionPreparation.load(folder)

    def tiny(self) -> VideoCaptioning:
        """The data set's tiny form, in small batches."""
        return replace(self, dataset=self.dataset.tiny(), loader=Loader(batch_size=16))

    def baselines(self) -> tuple[Baseline, ...]:
        """The most frequent caption, the nearest clip's caption, and the data set's own."""
        return (
            Baseline("most_frequent", "always the most frequent caption of training", baselines.predict_most_frequent),
            Baseline(
                "nearest_clip",
                "the caption of the training clip that is nearest in mean and deviation over time",
                baselines.predict_nearest,
            ),
            *super().baselines(),
        )


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [VideoCaptioning]
