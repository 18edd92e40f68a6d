"""`match`: the hidden size at which a model has N parameters (`params:N`, `total:N`) or carries N numbers (`state:N`).

How large its state is, a model declares. To count parameters, the network is built on torch's meta device, which has
shapes but no memory, at one size after another (with memory, where `build` looks at values). What a model reads and
answers has its sizes only once data is loaded; encoder and decoder rarely depend on them, so for `params` two made-up
sizes are tried first, and data is prepared only where they disagree (a model that reads raw video) and for `total`,
which counts embedding and head.

Importing this module imports no torch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.config.plain import canonical
from harness.config.settings import plain_section
from harness.config.size_search import COUNTED, TOLERANCE, Match, MatchError, solve
from harness.contract.signature import TaskSignature
from harness.contract.specs import FrameInput, GraphSeriesInput, InputSpec, TokenInput, VideoInput
from harness.contract.target import Target
from harness.data.progress import waiting
from harness.registry.compatibility import Compatibility, check

if TYPE_CHECKING:
    from harness.config.settings import RunSettings
    from harness.contract.model import Model

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
    if match.kind == "state":
        return replace(settings, model=resized(model, name, _size_of_state(match, model, signature)))

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


def verify(match: str | None, model: Model, counts: tuple[int, int], state_size: int | None = None) -> None:
    """Refuse a network whose size is not the one that `match` asks for.

    Args:
        match: as the configuration has it; None: anything goes.
        model: for the message.
        counts: weights of the whole network, and of encoder and decoder.
        state_size: numbers that the network carries for each row; None: it carries none.

    Raises:
        MatchError: it differs from N by more than the tolerance.
    """
    if not match:
        return
    wanted = Match.parse(match)
    count = wanted.counted(*counts, state_size)
    if not wanted.near(count):
        raise MatchError(
            f"match={wanted}: model '{model.name}' has {count:,} {COUNTED[wanted.kind]}, which is not "
            f"within {TOLERANCE * 100:g} % of {wanted.amount:,}. Its size depends on the data in a way that was not "
            "foreseen; set its hidden_size by hand, without match."
        )


def _size_of_state(match: Match, model: Model, signature: TaskSignature) -> int:
    """The hidden size at which the model declares the state that is asked for."""
    capabilities = model.capabilities(signature)
    if capabilities.state_size is None:
        why = (
            "does not declare the size of its state (Capabilities.state_size)"
            if capabilities.carries_state
            else "carries no state"
        )
        raise MatchError(f"match={match}: model '{model.name}' {why} on task '{signature.task}'.")

    def count(hidden_size: int) -> int:
        return resized(model, capabilities.size_field, hidden_size).capabilities(signature).state_size or 0

    return solve(match, model, signature, count).hidden_size


# -- networks, without memory where possible ------------------------------------------------------------


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

    def built() -> Network:
        return Network(model, settings.task.signature, inputs, target, settings.trainer)

    try:
        with torch.device("meta"):
            network = built()
    except (RuntimeError, TypeError):
        # `build` looks at values (a spectral radius, say), which meta tensors have not. What is wrong with the model
        # itself is raised here again.
        with torch.random.fork_rng(devices=[]):
            network = built()
    whole, own, _ = network.weight_counts()
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
