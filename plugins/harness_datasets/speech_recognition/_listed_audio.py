"""Standard sets of recordings whose names or lists say what is said and which split they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness_tasks.sound.audio_features import FeatureSettings
from harness_tasks.sound.deferred_frames import DeferredFrames

from harness.contract.dataset import RawData, RawExample
from harness.data.corrupt import OnCorrupt, skipped
from harness.data.foreign import shown
from harness.data.sources import FolderSource
from harness.errors import DataError
from harness_datasets.speech_recognition._speech_audio import feature_table


@dataclass(frozen=True)
class Utterance:
    """A recording and its text.

    Attributes:
        path: of the recording.
        text: what is said, lower-case, blanks made single.
    """

    path: Path
    text: str


def read_utterances(
    splits: Mapping[str, list[Utterance]],
    source: FolderSource,
    settings: FeatureSettings,
    on_corrupt: OnCorrupt,
    lists: list[Path],
) -> RawData:
    """Features of every recording that is listed, computed once.

    Args:
        splits: utterances of "train", "val" and "test".
        source: the folder.
        settings: of the features.
        on_corrupt: what a recording that cannot be used does.
        lists: files that were read as well.

    Raises:
        DataError: a split is empty, or a recording cannot be used and `on_corrupt` refuses.
    """
    root = source.fetch()
    paths = [one.path for part in splits.values() for one in part]
    table = feature_table(root, sorted(paths), settings, source)
    notes = (
        skipped(table.unusable, on_corrupt) | table.notes | source.unused([*paths, *lists], "of a part not asked for")
    )
    made: dict[str, DeferredFrames] = {}
    for split, part in splits.items():
        names = {one.path.relative_to(root).as_posix(): one for one in part}
        used = {name: one for name, one in names.items() if name in table.frames}
        examples = [RawExample(f"{split}/{one.path.stem}", None, one.text) for one in used.values()]
        made[split] = DeferredFrames(examples, [table.frames.recording(name) for name in used])
        if not made[split]:
            raise DataError(f"{shown(root)} has no usable recording for the {split} split.")
    return RawData(made["train"], made["val"], made["test"], notes=notes)
