"""`match=params:N` and `match=total:N`: the width at which a model has N parameters.

The network is built on torch's meta device, which has shapes but no memory, at one width after another. What a model
reads and answers has its sizes only once data is loaded; encoder and decoder rarely depend on them, so for `params`
two made-up sizes are tried first, and data is prepared only where they disagree (a model that reads raw video) and
for `total`, which counts embedding and head.

Importing this module imports no torch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.contract.specs import (
    ClassTarget,
    CTCTarget,
    ForecastTarget,
    FrameInput,
    FrameTarget,
    GraphSeriesInput,
    InputSpec,
    NextTokenTarget,
    TargetSpec,
    TaskSignature,
    TokenInput,
    TokenSequenceTarget,
    VideoInput,
)
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

_LARGEST = 1 << 20  # a width beyond which nobody looks
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


class Size(NamedTuple):
    """A width and the parameters that it gives."""

    width: int
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
    """The settings with the width, in the model and in the stored configuration, that `match` asks for, if it does.

    Raises:
        MatchError: the model names no width, or none of its widths is near enough.
        DataError: as `fit`.
    """
    if not settings.config.get("match"):
        return settings
    match = Match.parse(settings.config["match"])
    signature, model = settings.task.signature, settings.model
    name = model.capabilities(signature).width_field

    def solved(inputs: InputSpec, target: TargetSpec) -> int:
        def count(width: int) -> int:
            return match.counted(*parameter_counts(resized(model, name, width), settings, inputs, target))

        return solve(match, model, signature, count).width

    # One network serves a whole family of targets, so the sizes are made up as long as they make no difference.
    width = None
    if match.kind == "params" and signature.input_type not in model.capabilities(signature).reads:
        few, many = (_made_up(signature, size) for size in (3, 40))
        width = solved(*few)
        small, large = (parameter_counts(resized(model, name, width), settings, *specs)[1] for specs in (few, many))
        width = width if small == large else None
    if width is None:
        width = solved(*_specifications(settings))
    config = {**settings.config, "model": {**settings.config["model"], name: width}}
    return replace(settings, model=resized(model, name, width), config=config)


def verify(match: str | None, model: Model, counts: tuple[int, int]) -> None:
    """Refuse a network whose parameters are not those that `match` asks for.

    Args:
        match: as the configuration has it; None: anything goes.
        model: for the message.
        counts: as `Network.parameter_counts` returns them.

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
            "foreseen; set its width by hand, without match."
        )


# -- the search ----------------------------------------------------------------------------------------


def solve(match: Match, model: Model, signature: TaskSignature, count: Callable[[int], int]) -> Size:
    """The width whose parameters are nearest to N: a multiple of 8 if one is near enough, else of the model's step.

    Args:
        match: N and what it counts.
        model: whose capabilities name the width and its granularity.
        signature: of the task.
        count: width -> parameters; grows with the width. A ValueError means that the model refuses the width.

    Raises:
        MatchError: the model names no width, its width does not decide its size, or no width is near enough.
    """
    capabilities = model.capabilities(signature)
    name, step = capabilities.width_field, capabilities.width_step
    if not isinstance(getattr(model, name, None), int):
        raise MatchError(
            f"match={match}: model '{model.name}' names '{name}' as the option that sets its size "
            "(Capabilities.width_field), but has no such option with a whole number."
        )
    around: list[Size] = []
    for granularity in dict.fromkeys((math.lcm(step, PREFERRED_STEP), step)):
        around = _around(match, model.name, name, granularity, count)
        best = min(around, key=lambda size: abs(size.parameters - match.amount))
        if match.near(best.parameters):
            return best
    nearest = " and ".join(
        f"{name}={s.width} with {s.parameters:,} ({100 * (s.parameters / match.amount - 1):+.2f} %)" for s in around
    )
    raise MatchError(
        f"match={match}: no {name} of model '{model.name}' on task '{signature.task}' gives {match.amount:,} "
        f"{_COUNTED[match.kind]}, to within {TOLERANCE * 100:g} %. The nearest are {nearest}; "
        f"{name} is a multiple of {step}."
    )


def _around(match: Match, model: str, name: str, step: int, count: Callable[[int], int]) -> list[Size]:
    """The two neighbouring multiples of the step between whose sizes N lies; the two smallest if N is below all."""
    low = _smallest(match, model, name, step, count)
    high = Size(low.width + step, _refusing(match, model, name, low.width + step, count))
    while high.parameters < match.amount:
        if high.width > _LARGEST or high.parameters < low.parameters:
            raise MatchError(
                f"match={match}: the option '{name}' of model '{model}', which it names as its width, does not decide "
                f"its size: {low.width} gives {low.parameters:,} parameters and {high.width} gives {high.parameters:,}."
            )
        width = 2 * high.width
        low, high = high, Size(width, _refusing(match, model, name, width, count))
    while high.width - low.width > step:
        width = (low.width + high.width) // 2 // step * step
        middle = Size(width, _refusing(match, model, name, width, count))
        low, high = (middle, high) if middle.parameters < match.amount else (low, middle)
    return [low, high]


def _smallest(match: Match, model: str, name: str, step: int, count: Callable[[int], int]) -> Size:
    """The smallest width that the model accepts."""
    refusal: ValueError | None = None
    for width in range(step, 17 * step, step):
        try:
            return Size(width, count(width))
        except ValueError as error:
            refusal = error
    raise MatchError(f"match={match}: model '{model}' accepts no small {name}: {refusal}.")


def _refusing(match: Match, model: str, name: str, width: int, count: Callable[[int], int]) -> int:
    try:
        return count(width)
    except ValueError as error:
        raise MatchError(
            f"match={match}: model '{model}' refuses {name}={width}, although its width_step allows it: {error}."
        ) from error


# -- networks without memory ---------------------------------------------------------------------------


def resized(model: Model, field: str, width: int) -> Model:
    """The same model at another width.

    Raises:
        ValueError: the model refuses the width.
    """
    options: dict[str, Any] = {field: width}
    return replace(model, **options)


def parameter_counts(model: Model, settings: RunSettings, inputs: InputSpec, target: TargetSpec) -> tuple[int, int]:
    """Parameters of the whole network and of encoder and decoder, as `Network.parameter_counts` counts them."""
    import torch

    from harness.nn.network import Network

    with torch.device("meta"):
        network = Network(model, settings.task.signature, inputs, target, settings.trainer)
    return network.parameter_counts()


def _made_up(signature: TaskSignature, size: int) -> tuple[InputSpec, TargetSpec]:
    """Specifications of the signature's types; `size` stands for every size that data would decide."""
    inputs: dict[type, InputSpec] = {
        TokenInput: TokenInput(size),
        FrameInput: FrameInput(size),
        VideoInput: VideoInput(3, 8 * size, 8 * size),
        GraphSeriesInput: GraphSeriesInput(size, size, tuple((i, (i + 1) % size) for i in range(size))),
    }
    targets: dict[type, TargetSpec] = {
        ClassTarget: ClassTarget(size, tuple(map(str, range(size)))),
        FrameTarget: FrameTarget(size),
        CTCTarget: CTCTarget(size, max_subsampling=signature.max_subsampling),
        NextTokenTarget: NextTokenTarget(size),
        TokenSequenceTarget: TokenSequenceTarget(size, max_length=size),
        ForecastTarget: ForecastTarget(size, size),
    }
    return inputs[signature.input_type], targets[signature.target_type]


_known: dict[str, tuple[InputSpec, TargetSpec]] = {}


def _specifications(settings: RunSettings) -> tuple[InputSpec, TargetSpec]:
    """The task's specifications with their sizes; its data is prepared and loaded for them, once a process."""
    task = settings.task
    key = json.dumps([task.data_fingerprint(), settings.config["task"]], sort_keys=True)
    if key not in _known:
        with waiting(f"Preparing data of {task.name} ({task.dataset_name}), on which the model's size depends"):
            task.prepare_data()
            data = task.setup()
        _known[key] = data.input_spec, data.target_spec
    return _known[key]
