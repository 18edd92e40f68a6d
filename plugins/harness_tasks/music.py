"""The next step of a piece: which of a piano's keys sound, told from all steps before; chorales out of the box."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.contract.batch import Example, ListSplit
from harness.contract.dataset import Dataset
from harness.contract.dataset_task import DatasetTask
from harness.contract.hookspecs import hookimpl
from harness.contract.metric import Metric
from harness.contract.options import option
from harness.contract.specs import FrameInput
from harness.contract.task import Baseline, Loader, Task, TaskData
from harness.metrics.label_steps import FRAME_ACCURACY, NLL_PER_STEP
from harness.targets import MultiLabelSequenceTarget
from harness_tasks.polyphony._key_chances import KEY_FREQUENCIES, KEY_TRANSITIONS
from harness_tasks.polyphony._piano_roll import KEY_NAMES, KEYS, PianoRoll
from harness_tasks.step_music import StepMusic

if TYPE_CHECKING:
    import torch

HARNESS_CONTRACT = 2


def _bach_chorales() -> Dataset:
    from harness_datasets.music.bach_chorales import BachChorales

    return BachChorales()


@dataclass
class Music(DatasetTask):
    """Tell the next step of polyphonic music, scored by its negative log-likelihood in nats (all 88 keys together).

    The first step of a piece is given and not scored, as in Bai et al. 2018. After training, the model continues the
    beginnings of some test pieces: as text, as MIDI files in the run's folder, and as piano rolls in the report.

    Fields:
        dataset: the pieces; see `StepMusic`.
        transpose: training pieces are moved up or down by at most so many semitones, at random; 0: not.
    """

    name: ClassVar[str] = "music"
    version: ClassVar[str] = "1"
    dataset_type: ClassVar[type] = StepMusic
    input_type: ClassVar[type[FrameInput]] = FrameInput
    target_type: ClassVar[type[MultiLabelSequenceTarget]] = MultiLabelSequenceTarget
    metrics: ClassVar[tuple[Metric, ...]] = (NLL_PER_STEP, FRAME_ACCURACY)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=16))
    dataset: Dataset = field(default_factory=_bach_chorales)
    transpose: int = option(0, at_least=0, at_most=12)

    def __post_init__(self) -> None:
        if not 0 <= self.transpose <= 12:
            raise ValueError(f"transpose is {self.transpose}; it must be from 0 to 12 semitones")

    def setup(self) -> TaskData:
        """Piano rolls without their last step, float32 (T, 88), and without their first, int64 (T, 88).

        Raises:
            DataError: the data is missing or cannot be used.
        """
        raw = self.dataset.read()
        assert isinstance(self.dataset, StepMusic)
        rolls = PianoRoll(self.dataset.steps_per_quarter)
        train, val, test = (ListSplit([rolls.example(one) for one in part]) for part in (raw.train, raw.val, raw.test))
        return TaskData(
            train,
            val,
            test,
            FrameInput(KEYS),
            MultiLabelSequenceTarget(KEY_NAMES),
            preprocessing=rolls,
            augment=_moved(self.transpose) if self.transpose else None,
            notes=raw.notes,
        )

    def load_preprocessing(self, folder: Path) -> PianoRoll:
        """How long a step is."""
        return PianoRoll.load(folder)

    def tiny(self) -> Music:
        """The data set's tiny form, in small batches."""
        return replace(self, dataset=self.dataset.tiny(), loader=Loader(batch_size=8))

    def baselines(self) -> tuple[Baseline, ...]:
        """Each key alone, without and with its last step; and the data set's own."""
        return (KEY_FREQUENCIES, KEY_TRANSITIONS, *super().baselines())


def _moved(most: int) -> Callable[[Example, torch.Generator], Example]:
    """Transposes an example by -most to most semitones, as far as all of its keys remain on the piano."""

    def augment(example: Example, generator: torch.Generator) -> Example:
        import torch

        by = int(torch.randint(-most, most + 1, (), generator=generator))
        given, wanted = np.asarray(example.input), np.asarray(example.target)
        used = np.flatnonzero(given.any(0) | wanted.any(0))
        if not by or not len(used) or not 0 <= used[0] + by <= used[-1] + by < KEYS:
            return example
        return replace(example, input=np.roll(given, by, axis=1), target=np.roll(wanted, by, axis=1))

    return augment


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [Music]
