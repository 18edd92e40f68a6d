"""`match=params:N` and `match=total:N`: the hidden size at which a model has N parameters.

The network is built on torch's meta device, which has shapes but no memory, at one size after another. What a model
reads and answers has its sizes only once data is loaded; encoder and decoder rarely depend on them, so for `params`
two made-up sizes are tried first, and data is prepared only where they disagree (a model that reads raw video) and for
`total`, which counts embedding and head.

Importing this module imports no torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.config.plain import canonical
from harness.config.settings import plain_section
from harness.contract.signature import TaskSignature
from harness.contract.specs import FrameInput, GraphSeriesInput, InputSpec, TokenInput, VideoInput
from harness.contract.target import Target
from harness.data.progress import waiting
from harness.errors import ConfigError
from harness.registry.compatibility import Compatibility, check

if TYPE_CHECKING:
    from harness.config.settings import RunSettings
    from harness.contract.model import Model

TOLERANCE = 0.02
"""By how much of N the parameters may differ from N."""

PREFERRED_STEP = 8
"""Widths that are multiples of it are taken where one is near enough: vector units compute them no slower."""

_LARGEST = 1 << 20  # a size beyond which nobody looks
_COUNTED = {"params": "parameters in encoder and decoder", "total": "parameters, embedding and head included"}


class MatchError(ConfigError):
    """No width of this model gives N parameters on this task; the message names the nearest that exist."""


@dataclass(frozen=True)
class Match:
    """A parsed `match`.

    Attributes:
        kind: "params" (encoder and decoder) or "total" (embedding and head too).
        amount: N.
    """

    kind: str
    amount: int

    @classmethod
    def parse(cls, text: str) -> Match:
        """Read "KIND:N"; N may be written 500000, 500_000 or 5e5.

        Raises:
            ConfigError: unknown kind, or N is no positive whole number.
        """
        kind, _, amount = str(text).partition(":")
        if kind not in _COUNTED:
            raise ConfigError(f"match={text!r} is not understood: write params:N or total:N, as in params:500000.")
        try:
            value = float(amount)
        except ValueError:
            value = -1.0
        if not 1 <= value < float("inf") or value != int(value):
            raise ConfigError(
                f"match={text!r} is not understood: '{amount}' is not a positive whole number, as in "
                f"'match={kind}:500000'."
            )
        return cls(kind, int(value))

    def counted(self, total: int, encoder: int) -> int:
        """The one of the two counts that this match is about."""
        return encoder if self.kind == "params" else total

    def near(self, count: int) -> bool:
        """Whether a count is within the tolerance of N."""
        return abs(count - self.amount) <= TOLERANCE * self.amount

    def __str__(self) -> str:
        return f"{self.kind}:{self.amount}"


class MatchedSize(NamedTuple):
    """A hidden size and the parameters that it gives."""

    hidden_size: int
    parameters: int


# -- a run's settings ----------------------------------------------------------------------------------


def fit(settings: RunSettings) -> tuple[RunSettings, Compatibility]:
    """Whether a run's model fits its task, and the settings with the width that `match` asks for.

    A size that cannot be reached is a pair that does not fit, with that reason. Prepares data where the size depends
    on it.

    Raises:
        DataError: the data that the size depends on is missing or out of reach.
    """
    signature = settings.task.signature
    found = check(signature, settings.model.name, settings.model.capabilities(signature))
    if not found.compatible:
        return settings, found
    try:
        return matched(settings), found
    except MatchError as error:
        return settings, Compatibility(False, str(error).removesuffix("."))


def matched(settings: RunSettings) -> RunSettings:
    """The settings with the hidden size that `match` asks for, if any.

    Raises:
        MatchError: the model names no hidden_size, or none of its widths is near enough.
        DataError: as `fit`.
    """
    if not settings.asked.match:
        return settings
    match = Match.parse(settings.asked.match)
    signature, model = settings.task.signature, settings.model
    name = model.capabilities(signature).size_field

    def solved(inputs: InputSpec, target: Target) -> int:
        def count(hidden_size: int) -> int:
            return match.counted(*weight_counts(resized(model, name, hidden_size), settings, inputs, target))

        return solve(match, model, signature, count).hidden_size

    # One network serves a whole family of targets, so the sizes are made up as long as they make no difference.
    hidden_size = None
    if match.kind == "params" and signature.input_type not in model.capabilities(signature).reads:
        few, many = (_made_up(signature, size) for size in (3, 40))
        hidden_size = solved(*few)
        small, large = (weight_counts(resized(model, name, hidden_size), settings, *specs)[1] for specs in (few, many))
        hidden_size = hidden_size if small == large else None
    if hidden_size is None:
        hidden_size = solved(*_specifications(settings))
    return replace(settings, model=resized(model, name, hidden_size))


def verify(match: str | None, model: Model, counts: tuple[int, int]) -> None:
    """Refuse a network whose parameters are not those that `match` asks for.

    Args:
        match: as the configuration has it; None: anything goes.
        model: for the message.
        counts: weights of the whole network, and of encoder and decoder.

    Raises:
        MatchError: they differ from N by more than the tolerance.
    """
    if not match:
        return
    wanted = Match.parse(match)
    count = wanted.counted(*counts)
    if not wanted.near(count):
        raise MatchError(
            f"match={wanted}: model '{model.name}' has {count:,} {_COUNTED[wanted.kind]}, which is not "
            f"within {TOLERANCE * 100:g} % of {wanted.amount:,}. Its size depends on the data in a way that was not "
            "foreseen; set its hidden_size by hand, without match."
        )


# -- the search ----------------------------------------------------------------------------------------


def solve(match: Match, model: Model, signature: TaskSignature, count: Callable[[int], int]) -> MatchedSize:
    """The width whose parameters are nearest to N: a multiple of 8 if one is near enough, else of the model's step.

    Args:
        match: N and what it counts.
        model: whose capabilities name the field of its size and its granularity.
        signature: of the task.
        count: hidden size -> parameters; grows with it. A ValueError means that the model refuses the size.

    Raises:
        MatchError: the model names no size field, the field does not decide its size, or no size is near enough.
    """
    capabilities = model.capabilities(signature)
    name, step = capabilities.size_field, capabilities.size_step
    if not isinstance(getattr(model, name, None), int):
        raise MatchError(
            f"match={match}: model '{model.name}' names '{name}' as the option that sets its size "
            "(Capabilities.size_field), but has no such option with a whole number."
        )
    around: list[MatchedSize] = []
    for granularity in dict.fromkeys((math.lcm(step, PREFERRED_STEP), step)):
        around = _around(match, model.name, name, granularity, count)
        best = min(around, key=lambda size: abs(size.parameters - match.amount))
        if match.near(best.parameters):
            return best
    nearest = " and ".join(
        f"{name}={s.hidden_size} with {s.parameters:,} ({100 * (s.parameters / match.amount - 1):+.2f} %)"
        for s in around
    )
    raise MatchError(
        f"match={match}: no {name} of model '{model.name}' on task '{signature.task}' gives {match.amount:,} "
        f"{_COUNTED[match.kind]}, to within {TOLERANCE * 100:g} %. The nearest are {nearest}; "
        f"{name} is a multiple of {step}."
    )


def _around(match: Match, model: str, name: str, step: int, count: Callable[[int], int]) -> list[MatchedSize]:
    """The two neighbouring multiples of the step between whose sizes N lies; the two smallest if N is below all."""
    low = _smallest(match, model, name, step, count)
    high = MatchedSize(low.hidden_size + step, _refusing(match, model, name, low.hidden_size + step, count))
    while high.parameters < match.amount:
        if high.hidden_size > _LARGEST or high.parameters < low.parameters:
            raise MatchError(
                f"match={match}: the option '{name}' of model '{model}', which it names as its size field, does not "
                f"decide its size: {low.hidden_size} gives {low.parameters:,} parameters and {high.hidden_size} gives "
                f"{high.parameters:,}."
            )
        hidden_size = 2 * high.hidden_size
        low, high = high, MatchedSize(hidden_size, _refusing(match, model, name, hidden_size, count))
    while high.hidden_size - low.hidden_size > step:
        hidden_size = (low.hidden_size + high.hidden_size) // 2 // step * step
        middle = MatchedSize(hidden_size, _refusing(match, model, name, hidden_size, count))
        low, high = (middle, high) if middle.parameters < match.amount else (low, middle)
    return [low, high]


def _smallest(match: Match, model: str, name: str, step: int, count: Callable[[int], int]) -> MatchedSize:
    """The smallest width that the model accepts."""
    refusal: ValueError | None = None
    for hidden_size in range(step, 17 * step, step):
        try:
            return MatchedSize(hidden_size, count(hidden_size))
        except ValueError as error:
            refusal = error
    raise MatchError(f"match={match}: model '{model}' accepts no small {name}: {refusal}.")


def _refusing(match: Match, model: str, name: str, hidden_size: int, count: Callable[[int], int]) -> int:
    try:
        return count(hidden_size)
    except ValueError as error:
        raise MatchError(
            f"match={match}: model '{model}' refuses {name}={hidden_size}, although its size_step allows it: {error}."
        ) from error


# -- networks without memory ---------------------------------------------------------------------------


def resized(model: Model, field: str, hidden_size: int) -> Model:
    """The same model at another width.

    Raises:
        ValueError: the model refuses the hidden_size.
    """
    options: dict[str, Any] = {field: hidden_size}
    return replace(model, **options)


def weight_counts(model: Model, settings: RunSettings, inputs: InputSpec, target: Target) -> tuple[int, int]:
    """Weights, trained and fixed, of the whole network and of encoder and decoder."""
    import torch

    from harness.nn.network import Network

    with torch.device("meta"):
        network = Network(model, settings.task.signature, inputs, target, settings.trainer)
    whole, own = network.weight_counts()
    return whole.total, own.total


def _made_up(signature: TaskSignature, size: int) -> tuple[InputSpec, Target]:
    """Specifications of the signature's types; `size` stands for every size that data would decide."""
    inputs: dict[type, InputSpec] = {
        TokenInput: TokenInput(size),
        FrameInput: FrameInput(size),
        VideoInput: VideoInput(3, 8 * size, 8 * size),
        GraphSeriesInput: GraphSeriesInput(size, size, tuple((i, (i + 1) % size) for i in range(size))),
    }
    return inputs[signature.input_type], signature.target_type.made_up(size, signature.max_subsampling)


_known: dict[str, tuple[InputSpec, Target]] = {}


def _specifications(settings: RunSettings) -> tuple[InputSpec, Target]:
    """The task's specifications with their sizes; its data is prepared and loaded for them, once a process."""
    task = settings.task
    key = canonical([task.data_fingerprint(), plain_section("task", task)])
    if key not in _known:
        with waiting(f"Preparing data of {task.name} ({task.dataset_name}), on which the model's size depends"):
            task.prepare_data()
            data = task.setup()
        _known[key] = data.input_spec, data.target_spec
    return _known[key]
