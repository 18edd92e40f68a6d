"""Small generated problems, one for every kind of task, on which a model's contract is checked.

Axes: B batch, T input time, U target time, F features, K classes, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from harness.config.settings import TrainerSettings
from harness.contract.batch import Batch, Example
from harness.contract.model import Model
from harness.contract.signature import TaskSignature
from harness.contract.specs import FrameInput, GraphSeriesInput, InputSpec, TokenInput, VideoInput
from harness.contract.target import Needs, Target
from harness.errors import UnknownNameError
from harness.nn import promises
from harness.nn.network import Network
from harness.registry.compatibility import check
from harness.targets import BUILT_IN
from harness.training.collate import collate
from harness.training.seeding import seed_global

SYMBOLS = 12
"""Size of the vocabulary, three special symbols included."""

CLASSES = 3
"""Classes that an input can show."""

TRAINER = TrainerSettings(embedding_dim=16, head_dropout=0.0)
"""The engine's part of the networks under test: small, and without noise."""


@dataclass(frozen=True)
class Case:
    """A kind of task with sizes.

    Attributes:
        inputs, target: the specifications.
    """

    inputs: InputSpec
    target: Target

    @property
    def name(self) -> str:
        """For messages and test ids: "FrameInput-CTCTarget"."""
        return f"{type(self.inputs).__name__}-{type(self.target).__name__}"

    @property
    def signature(self) -> TaskSignature:
        """What compatibility is decided on."""
        return TaskSignature(self.name, type(self.inputs), type(self.target), self.target.max_subsampling)


def of_target(target: type[Target]) -> tuple[Case, ...]:
    """The cases that a target brings."""
    return tuple(Case(inputs, spec) for inputs, spec in target.cases())


def _distinct(cases: Iterable[Case]) -> tuple[Case, ...]:
    """The first of all cases between which a model cannot tell: of one input, with needs and a rank in common."""
    found: dict[tuple[type, Needs, bool], Case] = {}
    for case in cases:
        found.setdefault((type(case.inputs), case.target.needs, case.target.layout.shape == ()), case)
    return tuple(found.values())


CASES = _distinct(case for target in BUILT_IN for case in of_target(target))
"""Every combination of types that a plug-in is likely to meet."""


def named(name: str) -> Case:
    """The case of that name, "FrameInput-CTCTarget".

    Raises:
        UnknownNameError: there is none; lists those that exist.
    """
    for case in CASES:
        if case.name == name:
            return case
    raise UnknownNameError("case", name, [case.name for case in CASES], "harness.testing.cases.CASES")


def fitting(model: Model) -> list[Case]:
    """The cases that the model can do, by its own declaration."""
    return [c for c in CASES if check(c.signature, model.name, model.capabilities(c.signature)).compatible]


def network(model: Model, case: Case, seed: int = 0) -> Network:
    """The whole network around the model for a case, its weights drawn from the seed, in eval mode."""
    seed_global(seed, "initialisation")
    return Network(model, case.signature, case.inputs, case.target, TRAINER).eval()


def batch(case: Case, lengths: tuple[int, ...] = (12, 7, 9, 10), *, steady: bool = False) -> Batch:
    """Examples of the given input lengths whose targets follow from their inputs; the same at every call.

    Args:
        case: the kind of task.
        lengths: T of each row.
        steady: a row shows one class throughout, neighbouring rows different ones: the target then follows from
            the set of what is shown, so that a model which is blind to order can learn it as well.
    """
    return collate(examples(case, lengths, steady=steady), case.inputs, case.target)


def examples(case: Case, lengths: tuple[int, ...] = (12, 7, 9, 10), *, steady: bool = False) -> list[Example]:
    """The examples of `batch`."""
    draw = np.random.default_rng(0)
    return [_example(case, row, n, draw, steady) for row, n in enumerate(lengths)]


def noise(case: Case, shape: tuple[int, ...], seed: int = 1) -> torch.Tensor:
    """Inputs of (B, T) as they never occur, for positions that nothing may read: random and large."""
    draw = torch.Generator().manual_seed(seed)
    match case.inputs:
        case TokenInput():
            return promises.noise(shape, draw, range(3, SYMBOLS))
        case FrameInput():
            rest: tuple[int, ...] = (case.inputs.feature_dim,)
        case VideoInput():
            rest = (case.inputs.channels, case.inputs.height, case.inputs.width)
        case GraphSeriesInput():
            rest = (case.inputs.nodes, case.inputs.features)
    return promises.noise((*shape, *rest), draw)


def _example(case: Case, row: int, length: int, draw: np.random.Generator, steady: bool) -> Example:
    """The class of every time step is drawn, the input shows it, the target asks for it."""
    classes = np.repeat(draw.integers(0, CLASSES, length), 3)[:length]  # each stays for three steps
    if steady:
        classes = np.full(length, row % CLASSES)
    if case.target.needs.streams:
        start, pace = (row, 0) if steady else (draw.integers(SYMBOLS), 1)
        symbols = 3 + (start + pace * np.arange(length + 1)) % (SYMBOLS - 3)
        return Example(f"e{row}", symbols[:-1], symbols[1:])
    return Example(f"e{row}", _shown(case, classes), case.target.answer_for(classes))


def _shown(case: Case, classes: np.ndarray) -> np.ndarray:
    """An input (T, ...) in which the class of each step can be seen."""
    match case.inputs:
        case TokenInput():
            return 3 + classes
        case FrameInput():
            return np.eye(case.inputs.feature_dim, dtype=np.float32)[classes]
        case VideoInput():
            frames = np.zeros((len(classes), case.inputs.channels, case.inputs.height, case.inputs.width), np.float32)
            frames[np.arange(len(classes)), classes % case.inputs.channels] = 1.0
            return frames
        case GraphSeriesInput():
            return np.tile(classes[:, None, None].astype(np.float32), (1, case.inputs.nodes, case.inputs.features))
