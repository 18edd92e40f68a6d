"""Sequential and permuted MNIST: your own copy of the four idx files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.options import option
from harness.contract.task import Reference
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.errors import DataError
from harness_datasets.series_classification._idx_files import read_idx
from harness_datasets.series_classification._pixel_series import DIGITS, Pictures, PixelSeries

HARNESS_CONTRACT = 2

PARTS = ("published", "train", "test")

_STEMS = {"train": "train", "test": "t10k"}
_BAI = "Bai et al. 2018, arXiv 1803.01271, Table 1"
_KELLER = "Keller et al. 2024, arXiv 2309.08045, Table 2"
_SHAPE = (28, 28)


def _figures(order: str, *rows: tuple[float, str, str, str]) -> tuple[Reference, ...]:
    """Published accuracies: (value, system, source, model)."""
    protocols = {_BAI: "sizes chosen for 70,000 parameters", _KELLER: "quoted there from other papers"}
    unsaid = "; which permutation is not said" if order == "permuted" else ""
    return tuple(
        Reference(
            "accuracy",
            value,
            system,
            source,
            "mnist" if order == "rows" else f"mnist.{order}",
            model=model,
            protocol=f"{protocols[source]}{unsaid}",
            test_examples=10_000,
            options={"task.order": order, "task.pool": 1, "task.parts": "published"},
        )
        for value, system, source, model in rows
    )


@dataclass
class Mnist(PixelSeries):
    """60,000 pictures of 28 × 28 pixels for training and 10,000 for test (LeCun et al. 1998), 784 steps each.

    A tenth of each class of the training part is for validation. Pixels are normalised by training as every series is,
    which for this data is the usual mean of 0.1307 and deviation of 0.3081.

    Fields:
        root: the folder that holds the four files train-images-idx3-ubyte, train-labels-idx1-ubyte,
            t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, at any depth, packed by gzip or not.
        parts: "published": all four; "train" or "test": the two files of this part alone, divided 80/10/10 % within
            each class, which is not the published split.
    """

    name: ClassVar[str] = "mnist"
    # The test part of an original was read; the training pictures were only made small.
    tried: ClassVar[bool] = False
    full: ClassVar[int] = 255
    references: ClassVar[tuple[Reference, ...]] = (
        *_figures(
            "rows",
            (87.2, "LSTM, 1 × 130, 70,000 parameters", _BAI, "lstm"),
            (96.2, "GRU, 70,000 parameters", _BAI, "gru"),
            (21.5, "RNN, 70,000 parameters", _BAI, "rnn"),
            (99.0, "temporal convolutional network, 70,000 parameters", _BAI, "tcn"),
            (98.8, "LSTM, 256, 267,000 parameters", _KELLER, "lstm"),
            (99.1, "GRU, 256, 201,000 parameters", _KELLER, "gru"),
        ),
        *_figures(
            "permuted",
            (85.7, "LSTM, 1 × 130, 70,000 parameters", _BAI, "lstm"),
            (87.3, "GRU, 70,000 parameters", _BAI, "gru"),
            (25.3, "RNN, 70,000 parameters", _BAI, "rnn"),
            (97.2, "temporal convolutional network, 70,000 parameters", _BAI, "tcn"),
            (92.9, "LSTM, 256, 267,000 parameters", _KELLER, "lstm"),
            (94.1, "GRU, 256, 201,000 parameters", _KELLER, "gru"),
        ),
    )

    root: Path | None = None
    parts: str = option("published", choices=PARTS)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.root = None if self.root is None else Path(self.root)
        if self.parts not in PARTS:
            raise ValueError(f"task.parts is '{self.parts}'; it must be one of {', '.join(PARTS)}.")

    @property
    def label(self) -> str:
        """With the part, where it is one alone: "mnist.permuted.test_part"."""
        return super().label if self.parts == "published" else f"{super().label}.{self.parts}_part"

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The published split, or one part that is divided.

        Raises:
            DataError: the folder or a file is missing, there are two files of one name, or a file is damaged.
        """
        source = self._folder()
        found = {part: _named(source, part) for part in _STEMS}
        parts = ("train", "test") if self.parts == "published" else (self.parts,)
        missing = [name for part in parts for name, path in found[part].items() if path is None]
        if missing:
            whole = [part for part in _STEMS if self.parts == "published" and None not in found[part].values()]
            instead = f" task.parts={whole[0]} divides the {whole[0]} part alone instead." if whole else ""
            raise DataError(
                f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing in {shown(str(source.root))}. "
                f"Expected: {source.description}.{instead}"
            )
        read = {part: _pictures(part, *(path for path in found[part].values() if path)) for part in parts}
        used = [path for part in parts for path in found[part].values() if path]
        if self.parts == "published":
            raw = self.published(read["train"], read["test"])
        else:
            raw = self.divided(read[self.parts], f"not the published one, {self.parts} part alone")
        raw.notes |= source.unused(used)
        return raw

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="mnist",
            root=self.root,
            licence="unstated (yann.lecun.com/exdb/mnist)",
            description="train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
            "t10k-labels-idx1-ubyte, packed by gzip (.gz) or not",
            patterns=tuple(
                f"**/{name}{end}"
                for stem in _STEMS.values()
                for name in (f"{stem}-images?idx3-ubyte", f"{stem}-labels?idx1-ubyte")
                for end in ("", ".gz")
            ),
        )


def _named(source: FolderSource, part: str) -> dict[str, Path | None]:
    """The part's two files by their published names; a packed one counts where it is not there unpacked.

    Raises:
        DataError: two folders hold a file of one name.
    """
    found: dict[str, Path | None] = {}
    files = source.files()
    for name in (f"{_STEMS[part]}-images-idx3-ubyte", f"{_STEMS[part]}-labels-idx1-ubyte"):
        alike = [path for path in files if path.name.lower().replace(".idx", "-idx").removesuffix(".gz") == name]
        alike = [path for path in alike if path.suffix.lower() != ".gz"] or alike
        if len(alike) > 1:
            raise DataError(
                f"There are two files {name}: {shown(alike[0])} and {shown(alike[1])}. Give the folder of one of them."
            )
        found[name] = alike[0] if alike else None
    return found


def _pictures(part: str, images: Path, labels: Path) -> Pictures:
    values, classes = read_idx(images, 3), read_idx(labels, 1)
    if values.shape[1:] != _SHAPE or not len(values):
        size = " × ".join(map(str, values.shape))
        raise DataError(f"{shown(images)} holds {size} pixels; expected pictures of 28 × 28.")
    if len(values) != len(classes):
        raise DataError(f"{shown(images)} has {len(values):,} pictures, and {shown(labels)} {len(classes):,} labels.")
    if classes.max() >= len(DIGITS):
        raise DataError(f"{shown(labels)} has the label {classes.max()}; labels are 0 to 9.")
    return Pictures(values, classes, part)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Mnist]
