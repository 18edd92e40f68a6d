"""How deep each bracket of a well-formed string is nested: a stack, or at least a counter, must be kept.

The language is Dyck-(k, m): k kinds of brackets, nested at most m deep. Sources: J. Hewitt et al., "RNNs can generate
bounded hierarchical languages with optimal memory", 2020; S. Yao et al., "Self-attention networks can process bounded
hierarchical languages", 2021. The label is the depth instead of the next bracket.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness import (
    Example,
    ListSplit,
    Loader,
    Metric,
    Prediction,
    Preprocessing,
    RawExample,
    Task,
    TaskData,
    hookimpl,
)
from harness.contract.metric import Statistics
from harness.contract.specs import TokenInput
from harness.contract.task import Baseline
from harness.data.sources import GeneratedSource, Source
from harness.errors import DataError
from harness.metrics.ratios import percentage, total
from harness.targets import TaggingTarget

HARNESS_CONTRACT = 2

PAIRS = ("()", "[]", "{}", "<>")


def _right(prediction: Prediction, example: Example) -> Statistics:
    """Positions that an answer of another length leaves out are wrong."""
    pairs = zip(prediction.output, example.target.tolist(), strict=False)
    return {"right": sum(answer == depth for answer, depth in pairs), "positions": len(example.target)}


BRACKET_ACCURACY = Metric(
    name="bracket_accuracy",
    unit="%",
    higher_is_better=True,
    statistics=_right,
    aggregate=lambda rows: percentage(total(rows, "right"), total(rows, "positions")),
    description="Share of brackets whose depth is right.",
)
STRING_ACCURACY = Metric(
    name="string_accuracy",
    unit="%",
    higher_is_better=True,
    statistics=_right,
    aggregate=lambda rows: percentage(sum(row["right"] == row["positions"] for row in rows), len(rows)),
    description="Share of strings of which every bracket's depth is right.",
)


@dataclass(frozen=True)
class Brackets(Preprocessing):
    """Strings to symbols: 0 padding, 1 to k opening, k + 1 to 2 k closing; depths as people count them.

    Attributes:
        kinds: k.
    """

    takes: ClassVar[str] = "a string of brackets"

    kinds: int

    def encode(self, source: Any) -> np.ndarray:
        """int64 (T,) of a string such as "([])".

        Raises:
            DataError: it is no string of these brackets.
        """
        symbols = [pair[closing] for closing in (0, 1) for pair in PAIRS[: self.kinds]]
        if not isinstance(source, str) or not source or not set(source) <= set(symbols):
            raise DataError(f"{source!r} is no string of the brackets {' '.join(symbols)}.")
        return np.array([1 + symbols.index(bracket) for bracket in source], dtype=np.int64)

    def encode_target(self, answer: Any) -> np.ndarray:
        """int64 (T,): classes of depths as `decode` writes them."""
        return np.array([int(depth) - 1 for depth in answer.split()], dtype=np.int64)

    def decode(self, ids: Sequence[int]) -> str:
        """Depths as a person reads them, the outermost pair being 1."""
        return " ".join(str(int(i) + 1) for i in ids)

    def save(self, folder: Path) -> None:
        """Write `vocabulary.json`."""
        (folder / "vocabulary.json").write_text(json.dumps({"kinds": self.kinds}), encoding="utf-8")


@dataclass
class BracketDepth(Task):
    """Name the depth of each bracket (T,) of a string: 1 for the outermost pairs.

    Splits share no nesting: a string whose brackets are of other kinds, but open and close where those of a training
    string do, has the same answer and would be known.

    Fields:
        kinds: of brackets, 1 to 4.
        max_depth: the deepest nesting.
        shortest, longest: strings, in brackets; even numbers.
        train_strings, val_strings, test_strings: how many are generated.
        data_seed: of the generator.
    """

    name: ClassVar[str] = "bracket_depth"
    input_type: ClassVar[type[TokenInput]] = TokenInput
    target_type: ClassVar[type[TaggingTarget]] = TaggingTarget
    metrics: ClassVar[tuple[Metric, ...]] = (BRACKET_ACCURACY, STRING_ACCURACY)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=32))
    kinds: int = 3
    max_depth: int = 8
    shortest: int = 32
    longest: int = 96
    train_strings: int = 2_000
    val_strings: int = 200
    test_strings: int = 400
    data_seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.kinds <= len(PAIRS):
            raise ValueError(f"task.kinds is {self.kinds}; there are 1 to {len(PAIRS)} kinds of brackets.")
        for name in ("max_depth", "train_strings", "val_strings", "test_strings"):
            if getattr(self, name) < 1:
                raise ValueError(f"task.{name} is {getattr(self, name)}; it must be at least 1.")
        if not 2 <= self.shortest <= self.longest or self.shortest % 2 or self.longest % 2:
            raise ValueError(
                f"task.shortest and task.longest are {self.shortest} and {self.longest}; "
                "both must be even and at least 2, in that order."
            )

    @property
    def dataset_name(self) -> str:
        """The language: "dyck-3-8"."""
        return f"dyck-{self.kinds}-{self.max_depth}"

    @property
    def synthetic(self) -> bool:
        """The strings are generated."""
        return True

    def sources(self) -> tuple[Source, ...]:
        """A grammar."""
        names = ("kinds", "max_depth", "shortest", "longest", "train_strings", "val_strings", "test_strings")
        recipe = {name: getattr(self, name) for name in names} | {"seed": self.data_seed, "preparation": 1}
        return (GeneratedSource(self.dataset_name, recipe, "Well-formed strings of brackets."),)

    def setup(self) -> TaskData:
        """Strings as `Brackets` encodes them; class = depth - 1.

        Raises:
            DataError: there are not enough different strings of the lengths and depth asked for.
        """
        sizes = (self.train_strings, self.val_strings, self.test_strings)
        brackets = Brackets(self.kinds)
        parts = _cut(self._raw(sum(sizes)), sizes)
        train, val, test = (ListSplit([brackets.example(raw) for raw in part]) for part in parts)
        return TaskData(
            train=train,
            val=val,
            test=test,
            input_spec=TokenInput(2 * self.kinds + 1),
            target_spec=TaggingTarget(self.max_depth),
            preprocessing=brackets,
        )

    def load_preprocessing(self, folder: Path) -> Brackets:
        """The brackets."""
        return Brackets(**json.loads((folder / "vocabulary.json").read_text(encoding="utf-8")))

    def raw_examples(self, split: str) -> list[RawExample]:
        """Strings and their depths."""
        sizes = (self.train_strings, self.val_strings, self.test_strings)
        parts = dict(zip(("train", "val", "test"), _cut(self._raw(sum(sizes)), sizes), strict=True))
        return parts[split]

    def tiny(self) -> BracketDepth:
        """Two kinds, three deep, short strings."""
        sizes = {"train_strings": 64, "val_strings": 16, "test_strings": 16}
        return replace(self, kinds=2, max_depth=3, shortest=10, longest=20, loader=Loader(batch_size=8), **sizes)

    def baselines(self) -> tuple[Baseline, ...]:
        """What knows the symbol, but not what came before it."""
        return (Baseline("usual_depth", "The depth most frequent for each bracket in training strings.", _usual_depth),)

    def _raw(self, count: int) -> list[RawExample]:
        """So many strings of different nesting and their depths, in the order in which they were drawn."""
        draw = np.random.default_rng(self.data_seed)
        found: dict[bytes, RawExample] = {}
        for _ in range(20 * count):
            pairs = int(draw.integers(self.shortest // 2, self.longest // 2 + 1))
            opens, depths = _nesting(pairs, self.max_depth, draw)
            kinds = _kinds(opens, draw.integers(self.kinds, size=len(opens)))
            source = "".join(PAIRS[k][int(not o)] for k, o in zip(kinds, opens, strict=True))
            raw = RawExample(f"string-{len(found)}", source, " ".join(map(str, depths)))
            found.setdefault(opens.tobytes(), raw)
            if len(found) == count:
                return list(found.values())
        raise DataError(
            f"Only {len(found):,} strings of {self.shortest} to {self.longest} brackets, nested {self.max_depth} deep "
            f"at most, were found where {count:,} are wanted. Raise task.longest or task.max_depth, or ask for fewer."
        )


def _nesting(pairs: int, deepest: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Where brackets open, bool (T,), and the depth of each, int64 (T,), of a random string of so many pairs."""
    opens, depths, depth = [], [], 0
    for left in range(2 * pairs, 0, -1):
        # Forced at the bottom and at the top, and where only as many brackets are left as stand open.
        opening = depth == 0 or (depth < min(deepest, left) and bool(draw.integers(2)))
        depths.append(depth + 1 if opening else depth)
        depth += 1 if opening else -1
        opens.append(opening)
    return np.array(opens), np.array(depths, dtype=np.int64)


def _kinds(opens: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The kind of each bracket: the drawn one where it opens, that of its partner where it closes; int64 (T,)."""
    stack: list[int] = []
    kinds = []
    for opening, kind in zip(opens, drawn.tolist(), strict=True):
        if opening:
            stack.append(kind)
        kinds.append(kind if opening else stack.pop())
    return np.array(kinds, dtype=np.int64)


def _cut(examples: list[RawExample], sizes: Sequence[int]) -> list[list[RawExample]]:
    ends = np.cumsum(sizes).tolist()
    return [examples[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _usual_depth(data: TaskData, seed: int) -> list[Prediction]:
    assert isinstance(data.input_spec, TokenInput)
    assert isinstance(data.target_spec, TaggingTarget)
    counts = np.zeros((data.input_spec.vocab_size, data.target_spec.num_classes), dtype=np.int64)
    for i in range(len(data.train)):
        np.add.at(counts, (np.asarray(data.train[i].input), np.asarray(data.train[i].target)), 1)
    usual = counts.argmax(1)
    tests = [data.test[i] for i in range(len(data.test))]
    answers = [usual[e.input].tolist() for e in tests]
    text = data.decode or str
    return [Prediction(e.id, a, text(a), count=len(a)) for e, a in zip(tests, answers, strict=True)]


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [BracketDepth]
