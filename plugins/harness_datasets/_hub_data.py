"""What data sets of the Hugging Face hub share: their options, their splits, and copies of them in simple layouts.

Each is written once into the data cache in the layout of a data set for files of one's own (a table, text files,
columns of words and tags), which then reads it: columns are found and splits completed by the same rules.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from harness.contract.dataset import Dataset
from harness.contract.source import Source
from harness.data.cache import build_once, cache_dir
from harness.data.foreign import shown
from harness.data.hub import hub_source, read_saved
from harness.errors import ConfigError, DataError, UnknownNameError
from harness.places import user_path

Notes = dict[str, str | int | float]
Splits = dict[str, Any]
"""Rows (`datasets.Dataset`) by "train", "val" and "test"; by "all" where the data set has no splits."""

_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "development"), "val"),
    "test": "test",
}
_HIDDEN = -1
"""What the hub writes for the label of an example whose label is not published."""


@dataclass
class HubData(Dataset):
    """Base of data sets of the Hugging Face hub; needs the extra `hub`.

    Splits are those of the data set. Where test is missing, or its labels are hidden (-1), validation is test. Further
    splits are left out and counted.

    Fields:
        repository: the name on the hub, such as stanfordnlp/sst2.
        subset: one of several in the repository; None: its default.
        revision: the commit, 40 hexadecimal digits.
        root: in place of these, a folder saved with save_to_disk.
    """

    name: ClassVar[str] = "huggingface"
    tried: ClassVar[bool] = False

    repository: str | None = None
    subset: str | None = None
    revision: str | None = None
    root: Path | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)
        try:
            self.sources()
        except ConfigError as error:
            raise ValueError(str(error)) from error

    @property
    def label(self) -> str:
        """With the name of the repository or the folder: "huggingface-sst2"."""
        if self.repository is not None:
            return "-".join(filter(None, (self.name, self.repository.rpartition("/")[2], self.subset)))
        return self.name if self.root is None else f"{self.name}-{shown(user_path(self.root, 'task.root').name)}"

    def sources(self) -> tuple[Source, ...]:
        """The repository at its revision, or the folder."""
        return (hub_source(self.repository, self.subset, self.revision, self.root),)

    def prepare(self) -> None:
        """Fetch it, and write it in a simple layout, once.

        Raises:
            DataError: as for `read`.
        """
        super().prepare()
        self._written()

    # -- for data sets -------------------------------------------------------------------------------

    @abstractmethod
    def write(self, folder: Path, splits: Splits) -> None:
        """Write splits into a folder, in the layout that the data set reads.

        Raises:
            DataError: a column is missing, or is not of the kind that is needed.
        """

    def _written(self) -> Path:
        """The folder that `write` filled.

        Raises:
            DataError: the data is out of reach or cannot be read.
        """

        def build(folder: Path) -> None:
            splits, _ = self._splits()
            folder.mkdir(exist_ok=True)
            self.write(folder, splits)

        return build_once(cache_dir() / "prepared" / f"{self.task}-{self.name}-{self.fingerprint()[:16]}", build)

    def _splits(self) -> tuple[Splits, Notes]:
        """The splits, and notes on what was left out or renamed.

        Raises:
            DataError: the data is out of reach or cannot be read, or has no training split.
        """
        found = read_saved(self.sources()[0].fetch())
        if len(found) == 1:
            return {"all": next(iter(found.values()))}, {}
        splits: Splits = {}
        for name, part in found.items():
            split = _NAMES.get(name.casefold())
            if split is not None and split not in splits:
                splits[split] = part
        notes: Notes = {}
        if left_out := [name for name, part in found.items() if not any(part is kept for kept in splits.values())]:
            notes["splits left out"] = ", ".join(f"{name} ({len(found[name]):,} rows)" for name in left_out)
        if "train" not in splits:
            raise DataError(f"Data set '{self.label}' has no split called train; it has {', '.join(found)}.")
        if "test" in splits and _labels_hidden(splits["test"]):
            notes["test split left out, whose labels are hidden"] = len(splits.pop("test"))
        if "test" not in splits and "val" in splits:
            splits["test"] = splits.pop("val")
            notes["test"] = "the validation split of the data set"
        return splits, notes


def column(part: Any, asked: str | None, option: str, likely: Sequence[str], fits: Callable[[Any], bool]) -> str:
    """The name of a column: the one that is asked for, else one with a likely name, else the only one of its kind.

    Args:
        part: rows.
        asked: by the user, or None.
        option: with which the user asks, for messages.
        likely: names, the best first.
        fits: whether a feature is of the kind that is needed.

    Raises:
        UnknownNameError: there is no column of the name asked for.
        DataError: it is of another kind, or none or several would do.
    """
    features: Mapping[str, Any] = part.features
    if asked is not None:
        if asked not in features:
            raise UnknownNameError("column", asked, list(features), "the data set")
        if not fits(features[asked]):
            raise DataError(f"Column '{asked}' ({option}) is of another kind: {features[asked]}.")
        return asked
    fitting = [name for name, feature in features.items() if fits(feature)]
    named = [name for wanted in likely for name in fitting if name.casefold() == wanted]
    if not named and len(fitting) != 1:
        raise DataError(
            f"{'Several columns' if fitting else 'No column'} would do for {option}: the data set has "
            f"{', '.join(f'{name} ({feature})' for name, feature in features.items())}."[:500]
            + f" Name one with {option}=NAME."
        )
    return (named or fitting)[0]


def is_text(feature: Any) -> bool:
    """Whether a column holds a text a row."""
    return getattr(feature, "dtype", None) in ("string", "large_string")


def one_line(text: Any) -> str:
    """A text in one line; "" for None."""
    return " ".join(str(text or "").split())


def class_names(feature: Any) -> list[str] | None:
    """The names of a feature's classes, or of those in its lists; None where it has none."""
    names = getattr(getattr(feature, "feature", feature), "names", None)
    return list(names) if names else None


def _labels_hidden(part: Any) -> bool:
    columns = [name for name, feature in part.features.items() if getattr(feature, "names", None)]
    return any(len(part) and set(part.unique(name)) <= {_HIDDEN, None} for name in columns)
