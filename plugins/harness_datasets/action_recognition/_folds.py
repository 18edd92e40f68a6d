"""Decoded videos divided for cross-validation, clips of one source together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TypedDict

from harness.data.splitting import in_folds
from harness.errors import DataError

_LEAST = 3  # one fold each for training, validation and test
_VALIDATION = 0.5
"""Of the fold after the test fold: sets that need folds are small, so the rest of it is worth more for training."""


class Decoded(TypedDict):
    """What the cache says about a video: its name below the root, class, split, length, and digest of the file."""

    name: str
    label: int
    split: str
    seconds: float
    content: str


def check_folds(fold: int | None, folds: int, group: str | None) -> None:
    """Raise ValueError where there is no such fold, or `group` has no meaning."""
    if folds < _LEAST:
        raise ValueError(f"task.folds is {folds}; it must be at least {_LEAST}.")
    if fold is not None and not 0 <= fold < folds:
        raise ValueError(f"task.fold is {fold}; it must be 0 to {folds - 1} (task.folds={folds}), or null.")
    if group is None:
        return
    if fold is None:
        raise ValueError(f"task.group is '{group}', but only folds keep groups together: set task.fold as well.")
    try:
        found = re.compile(group).groups
    except re.error as error:
        raise ValueError(f"task.group is '{group}', which is no regular expression: {error}.") from error
    if not found:
        raise ValueError(f"task.group is '{group}'; it must have a group (...), which names the source of a clip.")


def fold_label(name: str, fold: int | None, folds: int) -> str:
    """The name of the data with the fold: "films.fold0of5"."""
    return name if fold is None else f"{name}.fold{fold}of{folds}"


def folded(
    videos: Sequence[Decoded], classes: Sequence[str], fold: int, folds: int, group: str | None
) -> tuple[list[str], str]:
    """The split of each video, and the rule in words.

    Args:
        videos: all of them.
        classes: class names.
        fold: which fold is test.
        folds: how many.
        group: as `VideoFolder.group`.

    Raises:
        DataError: a file's name does not match `group`, or some split would have no video of some class.
    """
    groups = None if group is None else [_source(video["name"], group) for video in videos]
    labels = [video["label"] for video in videos]
    parts = in_folds([v["content"] for v in videos], labels, fold, folds, groups=groups, val=_VALIDATION)
    split = dict.fromkeys(range(len(videos)), "train")
    split |= dict.fromkeys(parts.val.tolist(), "val") | dict.fromkeys(parts.test.tolist(), "test")
    for label, name in enumerate(classes):
        lacking = {"train", "val", "test"} - {split[i] for i, one in enumerate(labels) if one == label}
        if lacking:
            what = "different videos" if group is None else "sources of videos"
            raise DataError(
                f"Class '{name}' has too few {what} for {folds} folds: none is left for {min(lacking)} in fold {fold}. "
                "Add videos, or set a smaller task.folds."
            )
    return [split[i] for i in range(len(videos))], parts.rule


def _source(name: str, pattern: str) -> str:
    match = re.search(pattern, PurePosixPath(name).name)
    if match is None:
        raise DataError(
            f"The name of '{name}' does not match task.group='{pattern}', whose first group is to be the source of the "
            r"clip: 'group=\"^(.+)_\"' takes what stands before the last underscore."
        )
    return match.group(1) or ""
