"""The task contract: what goes in, what must come out, how it is scored, and what is known about it.

A task is a dataclass whose fields, and those of `TaskFields`, are its configuration. It never sees a model.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from harness.contract.batch import Example, Split
from harness.contract.metric import Metric, Prediction, Statistics
from harness.contract.preprocessing import Preprocessing
from harness.contract.raw import RawExample
from harness.contract.signature import TaskSignature
from harness.contract.specs import InputSpec
from harness.contract.target import Target
from harness.contract.task_fields import Loader, TaskFields

if TYPE_CHECKING:
    import torch

    from harness.contract.source import Source


__all__ = ["Baseline", "Loader", "Reference", "Task", "TaskData", "TaskFields"]


@dataclass(frozen=True)
class Reference:
    """A published figure to stand beside measured ones.

    The fields after `dataset` let the report decide whether a measured score may be held against it. One that is left
    out is not checked, except `signature`: a metric with variants is comparable only in the same variant.

    Attributes:
        metric: name of the task's metric that it is a value of.
        value: in that metric's unit.
        system: what was measured ("Transformer, 65 M parameters").
        source: where it was published.
        dataset: the data set's label, where the figure holds for it alone; empty: for all of the task's.
        model: name of the model plug-in that is the same kind of network ("lstm"); empty: none is.
        protocol: how it was measured, for readers ("word level; one model, no ensemble; 500 epochs").
        signature: the parts of the metric's variant that are known ("case:lc|tok:13a"); all must be ours too.
        split: what it was measured on: "test" as the data set publishes it, "val", or the other split in words.
        test_examples: how many examples it was measured on; None: not said.
        options: options that a run must have to be comparable, by dotted name ({"task.lowercase": True}).
        synthetic: whether it was measured on generated data.
        tolerance: a mean within this distance, in the metric's unit, also counts as reproduced.
    """

    metric: str
    value: float
    system: str
    source: str
    dataset: str = ""
    model: str = ""
    protocol: str = ""
    signature: str = ""
    split: str = "test"
    test_examples: int | None = None
    options: Mapping[str, bool | int | float | str | None] = field(default_factory=dict)
    synthetic: bool = False
    tolerance: float = 0.0


@dataclass(frozen=True)
class Baseline:
    """A predictor that is no model plug-in (copying the nearest neighbour, say), shown beside the models.

    Attributes:
        name: lower-case identifier ("copy_nearest").
        description: one sentence for the report.
        predict: called with the data and a seed; answers for every example of `data.test`, in order, and may fit on
            `data.train` only.
    """

    name: str
    description: str
    predict: Callable[[TaskData, int], list[Prediction]]


@dataclass
class TaskData:
    """What `Task.setup` returns.

    Attributes:
        train, val, test: fixed, disjoint splits, the same for every run seed.
        input_spec, target_spec: with their sizes.
        preprocessing: makes the examples' inputs from raw sources, and text from ids; kept with every trained model.
            None: trained models take encoded inputs only, and ids are shown as numbers.
        prompts: where examples are streams, symbol ids from which samples are generated.
        augment: called on every training example with a generator seeded by run seed, epoch and position;
            never called on validation or test.
        notes: what the report should say of this data ("files skipped": 2).
        whole_inputs: whether only equal whole inputs are copies, as where every picture has the same empty edge; False:
            a few equal frames in a row are, too (`harness.data.contamination`).
    """

    train: Split
    val: Split
    test: Split
    input_spec: InputSpec
    target_spec: Target
    preprocessing: Preprocessing | None = None
    prompts: tuple[tuple[int, ...], ...] = ()
    augment: Callable[[Example, torch.Generator], Example] | None = None
    notes: dict[str, str | int | float] = field(default_factory=dict)
    whole_inputs: bool = False

    @property
    def decode(self) -> Callable[[Sequence[int]], str] | None:
        """Symbol or label ids -> text; None without preprocessing."""
        return None if self.preprocessing is None else self.preprocessing.decode


@dataclass
class Task(TaskFields, ABC):
    """Base of every task plug-in. One whose examples come from data sets derives from `DatasetTask` instead.

    Class variables:
        name: equal to the entry point's name without "task.".
        version: of the task's definition; part of a run's identity.
        input_type, target_type: the class of the input specification, and of the target.
        metrics: the first is the primary one.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    input_type: ClassVar[type[InputSpec]]
    target_type: ClassVar[type[Target]]
    metrics: ClassVar[tuple[Metric, ...]]

    # -- identity, known before data -----------------------------------------------------------------

    @property
    @abstractmethod
    def dataset_name(self) -> str:
        """Name of the data set that this configuration uses."""

    @property
    def references(self) -> tuple[Reference, ...]:
        """Published figures for this data; a class variable will do."""
        return ()

    @property
    def synthetic(self) -> bool:
        """Whether the data is generated; the report then says so. A class variable will do."""
        return False

    @property
    def max_subsampling(self) -> int:
        """The largest feasible subsampling factor of this data set, where the target leaves it to be declared."""
        return 1

    @property
    def signature(self) -> TaskSignature:
        """What compatibility is decided on."""
        return TaskSignature(self.name, self.input_type, self.target_type, self.max_subsampling)

    @abstractmethod
    def sources(self) -> tuple[Source, ...]:
        """Where the data of this configuration comes from."""

    def data_fingerprint(self) -> str:
        """Hex digest of the sources and of the preparation version; needs no prepared data."""
        parts = [self.name, self.version, *(s.fingerprint() for s in self.sources())]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    # -- data ----------------------------------------------------------------------------------------

    def prepare_data(self) -> None:
        """Download or unpack, once; safe to call twice and in two processes at once.

        Raises:
            DataError: the data is missing, corrupt or out of reach.
        """
        for source in self.sources():
            source.fetch()

    @abstractmethod
    def setup(self) -> TaskData:
        """Load the prepared data. The same result for every run seed."""

    def load_preprocessing(self, folder: Path) -> Preprocessing | None:
        """The preprocessing that `Preprocessing.save` wrote into a folder; needs no data, no cache and no network.

        A task whose `setup` gives a preprocessing overrides this. None: there is none.
        """
        return None

    def raw_examples(self, split: str) -> Sequence[RawExample] | None:
        """The raw examples behind "train", "val" or "test", by the ids of its examples; reads the prepared data.

        May hold more of them than the split has examples. None: the task cannot say.
        """
        return None

    @abstractmethod
    def tiny(self) -> Task:
        """The same kind of task on generated data small enough to overfit in seconds, with no download."""

    # -- scoring -------------------------------------------------------------------------------------

    def evaluate(self, predictions: Sequence[Prediction], examples: Sequence[Example]) -> list[dict[str, Statistics]]:
        """One row a prediction: the sufficient statistics of each metric, by metric name."""
        return [{m.name: m.statistics(p, e) for m in self.metrics} for p, e in zip(predictions, examples, strict=True)]

    def baselines(self) -> tuple[Baseline, ...]:
        """Predictors to stand beside the models."""
        return ()
