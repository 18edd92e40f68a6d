"""Tasks with one deliberate fault each, chosen by `fault`; without one they are sound. No torch at import."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from harness.contract.batch import Example, ListSplit
from harness.contract.gathering import Gathered, Ragged
from harness.contract.metric import Metric, Prediction, Statistics
from harness.contract.specs import FrameInput, InputSpec, TokenInput
from harness.contract.target import Target
from harness.contract.task import Baseline, Loader, Reference, Task, TaskData
from harness.data.sources import GeneratedSource, Source
from harness.targets import ClassTarget, CTCTarget, ForecastTarget, NextTokenTarget

HARNESS_CONTRACT = 2


def metric(name: str = "accuracy", *, higher: Any = True, unit: str = "%") -> Metric:
    """The share of right answers (of symbols that were certain, for text)."""

    def statistics(prediction: Prediction, example: Example) -> Statistics:
        text = prediction.output is None
        right = prediction.nats == 0 if text else np.array_equal(prediction.output, example.target)
        return {"correct": int(right)}

    return Metric(name, unit, higher, statistics, lambda rows: 100 * sum(r["correct"] for r in rows) / len(rows))


def all_right_or_nan(rows: Sequence[Statistics]) -> float:
    """100 where all are right; a ratio of nothing to nothing where all are wrong."""
    return 100.0 if all(row["correct"] for row in rows) else float("nan")


def odds(rows: Sequence[Statistics]) -> float:
    """Right answers to wrong ones, the logarithm; minus infinity where none is right."""
    return float(np.log(sum(row["correct"] for row in rows))) if any(row["correct"] for row in rows) else -np.inf


@dataclass
class Faulty(Task):
    """What all have in common: three splits of generated examples, and the faults that any task can have."""

    metrics: ClassVar[tuple[Metric, ...]] = (metric(),)
    calls: ClassVar[int] = 0

    loader: Loader = field(default_factory=lambda: Loader(batch_size=8))
    fault: str = ""
    size: int = 12

    def __post_init__(self) -> None:
        if self.fault == "grows when read":
            self.size += 1
        swaps = {
            "no unit": (metric(unit=""),),
            "wrong direction": (metric(higher=False),),
            "no direction": (metric(higher=None),),
            "shouted name": (metric("Accuracy"),),
            "two of one name": (metric(), metric()),
            "last row alone": (replace(metric(), aggregate=lambda rows: float(rows[-1]["correct"])),),
            "blind": (replace(metric(), aggregate=lambda rows: 1.0),),
            "not finite score": (replace(metric(), aggregate=lambda rows: float("-inf")),),
            "NaN for wrong answers": (replace(metric(), aggregate=all_right_or_nan),),
            "infinite for wrong answers": (metric(), replace(metric("odds"), aggregate=odds)),
        }
        if self.fault in swaps:
            vars(self)["metrics"] = swaps[self.fault]

    @property
    def dataset_name(self) -> str:
        """Of the class."""
        return "" if self.fault == "no name" else self.name

    @property
    def references(self) -> tuple[Reference, ...]:
        """None that is right."""
        return (Reference("bleu", 3.0, "someone", "somewhere"),) if self.fault == "stray reference" else ()

    @property
    def synthetic(self) -> bool:
        """It is."""
        return self.fault != "synthetic and silent about it"

    def sources(self) -> tuple[Source, ...]:
        """A formula."""
        if self.fault == "no source":
            return ()
        source = GeneratedSource(self.name, {"size": self.size}, licence="" if self.fault == "no licence" else "none")
        if self.fault == "tiny is downloaded":
            object.__setattr__(source, "kind", "url")
        return (source,)

    def data_fingerprint(self) -> str:
        """Of the source."""
        if self.fault == "fingerprint of the moment":
            return uuid.uuid4().hex * 2
        return "abc" if self.fault == "short fingerprint" else super().data_fingerprint()

    def examples(self, name: str, draw: np.random.Generator) -> list[Example]:
        """Those of a split."""
        raise NotImplementedError

    def specs(self) -> tuple[InputSpec, Target]:
        """Of input and target."""
        raise NotImplementedError

    def setup(self) -> TaskData:
        """Three splits."""
        if self.fault == "network in setup":
            import socket

            socket.getaddrinfo("data.example.org", 443)
        parts = {n: self.examples(n, np.random.default_rng(s)) for s, n in enumerate(("train", "val", "test"))}
        train, test = parts["train"], parts["test"]
        match self.fault:
            case "empty split":
                parts["val"] = []
            case "shared id":
                test[0] = replace(test[0], id=train[0].id)
            case "test in train":
                train[2] = replace(test[1], id="new")
            case "near duplicate":
                train[2] = replace(test[1], id="new", target=train[2].target, references=("other",), source="other")
            case "recording again":
                test[1] = replace(test[1], input=np.concatenate([test[2].input, train[0].input]))
            case "global draws":
                parts["test"] = [test[i] for i in np.random.permutation(len(test))]
            case "order of a set":
                ids = {e.id: e for e in test}
                parts["test"] = [ids[i] for i in set(ids)]
        splits: dict[str, Any] = {name: ListSplit(part) for name, part in parts.items()}
        if self.fault == "wrong lengths":
            splits["test"].input_lengths = splits["test"].input_lengths + 1
        if self.fault in ("ids that change", "drifts when read"):
            splits["train"] = Restless(parts["train"], self.fault)
        if self.fault in ("gathers others", "describes others"):
            splits["val"] = Careless(parts["val"], self.fault)
        augment = {"augments in place": in_place, "augments at random": at_random}.get(self.fault)
        return TaskData(**splits, input_spec=self.specs()[0], target_spec=self.specs()[1], augment=augment)

    def evaluate(self, predictions: Any, examples: Any) -> Any:
        """Rows, as they should be or not."""
        rows = super().evaluate(predictions, examples)
        if self.fault == "drops a row":
            return rows[1:]
        return [{"accuracy": {"correct": {1}}} for _ in rows] if self.fault == "no json" else rows

    def baselines(self) -> tuple[Baseline, ...]:
        """One that always says the first class."""

        def first(data: TaskData, seed: int) -> list[Prediction]:
            ids = [data.test[i].id for i in range(len(data.test))]
            self.calls += self.fault == "unseeded baseline"
            answers = [Prediction(i, self.calls % 2) for i in ids]
            return answers[::-1] if self.fault == "unordered baseline" else answers

        return (Baseline("first", "the first class", first),) if "baseline" in self.fault else ()

    def tiny(self) -> Task:
        """Itself, being small."""
        return Sides2() if self.fault == "tiny is another class" else self


class Restless(ListSplit):
    """A split that does not stay as it is when it is read."""

    def __init__(self, examples: Sequence[Example], fault: str) -> None:
        super().__init__(examples)
        self.fault, self.reads = fault, 0

    def __getitem__(self, index: int) -> Example:
        self.reads += 1
        example = super().__getitem__(index)
        if self.fault == "ids that change":
            return replace(example, id=f"{example.id}/{self.reads // (2 * len(self))}")
        assert example.input is not None
        return replace(example, input=example.input + 0.01 * self.reads)


class Careless(ListSplit):
    """A split whose quicker ways give the example beside the one asked for."""

    def __init__(self, examples: Sequence[Example], fault: str) -> None:
        super().__init__(examples)
        self.fault = fault

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered | None:
        """The next ones, or none at once."""
        if self.fault != "gathers others":
            return None
        some = [self[(int(i) + 1) % len(self)] for i in positions]
        inputs, lengths = Ragged.of([np.asarray(e.input) for e in some]).padded(np.arange(len(some)), input_pad)
        targets = np.array([e.target for e in some])
        return Gathered(tuple(e.id for e in some), inputs, lengths, targets, self.target_lengths[positions])

    def without_input(self, index: int) -> Example | None:
        """The next one, or none."""
        return replace(self[index - 1], input=None) if self.fault == "describes others" else None


def in_place(example: Example, generator: Any) -> Example:
    """Augmentation that writes into the split."""
    assert example.input is not None
    example.input[:] += 1
    return replace(example, input=example.input * 0)


def at_random(example: Example, generator: Any) -> Example:
    """Augmentation that draws from numpy's global generator."""
    return replace(example, input=example.input + np.random.normal())


@dataclass
class Sides(Faulty):
    """Which of two numbers is larger at the last step."""

    name: ClassVar[str] = "sides"
    input_type: ClassVar[type] = FrameInput
    target_type: ClassVar[type] = ClassTarget

    def examples(self, name: str, draw: np.random.Generator) -> list[Example]:
        """Figures (T, 2) of deviation 1."""
        made = []
        for i in range(self.size):
            values = draw.normal(size=(3 + i % 2, 2)).astype(np.float32)
            target = int(values[-1, 1] > values[-1, 0]) if i > 1 else i
            match self.fault:
                case "not finite" if name == "test":
                    values[0] = np.nan
                case "class out of range":
                    target += 1
                case "unscaled inputs":
                    values *= 1000
                case "constant inputs":
                    values[:] = i * 1e-6
            made.append(Example(f"{name}{i}", values, target, (str(target),)))
        return made

    def specs(self) -> tuple[InputSpec, Target]:
        """Two figures, two classes."""
        return FrameInput(3 if self.fault == "wrong feature_dim" else 2), ClassTarget(2)


@dataclass
class Sides2(Sides):
    """Another class."""


class Unstated(Sides):
    """Of a module that states no contract version."""

    __module__ = "json"


@dataclass
class Pooled(Sides):
    """Sides whose figures are normalised: over train, or over all splits."""

    name: ClassVar[str] = "pooled"

    def setup(self) -> TaskData:
        """Figures far from 0, normalised."""
        data = super().setup()
        parts = [list(split) for split in (data.train, data.val, data.test)]  # type: ignore[call-overload]
        shift = np.array([5, -3])
        fitted = np.concatenate([e.input + shift for part in (parts if self.fault else parts[:1]) for e in part])
        mean, deviation = fitted.mean(0), fitted.std(0)
        normal = [[replace(e, input=(e.input + shift - mean) / deviation) for e in part] for part in parts]
        return replace(data, **dict(zip(("train", "val", "test"), map(ListSplit, normal), strict=True)))


@dataclass
class Letters(Faulty):
    """The next letter of words over an alphabet that is fitted on train, or on all text."""

    name: ClassVar[str] = "letters"
    input_type: ClassVar[type] = TokenInput
    target_type: ClassVar[type] = NextTokenTarget

    WORDS: ClassVar[dict[str, str]] = {"train": "abacabadabacabaeabacaba", "val": "abacabaxyz", "test": "bacabadqrs"}

    def _alphabet(self) -> list[str]:
        texts = self.WORDS.values() if self.fault == "vocabulary of all splits" else [self.WORDS["train"]]
        return sorted(set("".join(texts)))

    def examples(self, name: str, draw: np.random.Generator) -> list[Example]:
        """Ids from 3 on; 2 is a letter that train lacks."""
        ids = {letter: 3 + i for i, letter in enumerate(self._alphabet())}
        text = self.WORDS[name]
        if self.fault == "passage again" and name != "val":
            # A text that only its first letters tell apart from a training document.
            text += "".join("abcde"[i] for i in np.random.default_rng(9).integers(5, size=150))
        return [Example(f"{name}{i}", None, np.array([ids.get(c, 2) for c in text[i:]])) for i in range(3)]

    def specs(self) -> tuple[InputSpec, Target]:
        """The alphabet and three special symbols."""
        size = 3 + len(self._alphabet())
        return TokenInput(size), NextTokenTarget(size)


@dataclass
class Spelled(Faulty):
    """Frames that show one label after another."""

    name: ClassVar[str] = "spelled"
    input_type: ClassVar[type] = FrameInput
    target_type: ClassVar[type] = CTCTarget

    @property
    def max_subsampling(self) -> int:
        """Each label is shown for four frames."""
        return 9 if self.fault == "infeasible for CTC" else 2

    def examples(self, name: str, draw: np.random.Generator) -> list[Example]:
        """Two or three labels of three."""
        labels = [draw.permutation(3)[: 2 + i % 2] for i in range(self.size)]
        noise = [0.1 * draw.normal(size=(4 * len(chosen), 3)) for chosen in labels]
        return [
            Example(f"{name}{i}", (np.eye(3)[np.repeat(chosen, 4)] + noise[i]).astype(np.float32), chosen + 1)
            for i, chosen in enumerate(labels)
        ]

    def specs(self) -> tuple[InputSpec, Target]:
        """Three labels."""
        declared = 1 if self.fault == "two subsamplings" else self.max_subsampling
        return FrameInput(3), CTCTarget(3, max_subsampling=declared)


@dataclass
class Ahead(Faulty):
    """The next value of a wave."""

    name: ClassVar[str] = "ahead"
    input_type: ClassVar[type] = FrameInput
    target_type: ClassVar[type] = ForecastTarget

    def examples(self, name: str, draw: np.random.Generator) -> list[Example]:
        """Twelve steps, then one to foresee."""
        made = []
        scale = 1000 if self.fault == "targets on the raw scale" else 1
        for i in range(self.size):
            wave = np.sqrt(2) * np.sin(0.7 * np.arange(13) + draw.uniform(0, 6)).astype(np.float32)[:, None]
            made.append(Example(f"{name}{i}", wave[:12], scale * wave[12:]))
        return made

    def specs(self) -> tuple[InputSpec, Target]:
        """One figure, one step ahead."""
        return FrameInput(1), ForecastTarget(1, 1)
