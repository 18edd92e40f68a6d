"""Clauses of the model contract on weights: drawn from the seed, saved and loaded whole, more of them when wider."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from harness.errors import PluginError
from harness.nn.network import Network
from harness.nn.saved_weights import load_weights, save_weights
from harness.nn.weights import count_weights
from harness.testing.clause import clause
from harness.testing.comparison import near
from harness.testing.model_subject import ModelSubject


@clause(
    "Draw every initial weight from torch's global generator (torch.nn.init, or a layer's own initialisation), which "
    "the engine has seeded; seed nothing, and use no other source of randomness.",
    shortest=0,
)
def seeding(subject: ModelSubject) -> None:
    """The same seed gives the same weights, another seed gives the encoder others."""
    one, two, other = (subject.network(seed).state_dict() for seed in (0, 0, 1))
    unequal = [name for name in one if not torch.equal(one[name], two[name])]
    assert not unequal, f"the same seed gives other weights: {', '.join(unequal)}"
    # Biases and gains may start from constants, so one that differs is enough.
    own = [name for name in one if name.startswith("encoder.")]
    differ = [name for name in own if not torch.equal(one[name], other[name])]
    assert differ or not own, f"another seed gives the encoder the same weights: {', '.join(own)}"


@clause(
    "Register everything that decides an output: parameters as nn.Parameter, constants as dense buffers whose shapes "
    "follow from options, layers as attributes or in nn.ModuleList (a plain list or dict hides them)."
)
@torch.no_grad()
def weights_saved(subject: ModelSubject) -> None:
    """Weights saved as a trained model's, and loaded into a network of another seed, give the same outputs."""
    net, data = subject.shared, subject.batch()
    other = subject.network(1)
    with TemporaryDirectory() as folder:
        file = Path(folder, "model.safetensors")
        try:
            save_weights(net, file, {})
            missing, unexpected = load_weights(other, file)
        except PluginError as error:
            raise AssertionError(str(error)) from None
        except RuntimeError as error:
            why = str(error).strip().splitlines()[-1].strip()
            raise AssertionError(
                f"weights saved cannot be loaded into a network of another seed: {why} (shapes must follow from "
                "options, not from what was drawn)"
            ) from None
    assert not missing, f"not saved: {', '.join(missing)}"
    assert not unexpected, f"saved, but not part of a network of another seed: {', '.join(unexpected)}"
    found, expected = (n(data.inputs, data.input_lengths, data.targets)[0] for n in (other, net))
    near(found, expected, "weights saved and loaded into a network of another seed give other outputs")


def _no_weights(subject: ModelSubject) -> str:
    return "" if _size(subject.shared) else "the encoder has no weights"


@clause(
    "Name in Capabilities the field that sets the size (`size_field`) and the step in which it may grow "
    "(`size_step`), and let every step add weights to the encoder: parameter matching searches along it.",
    inapplicable=_no_weights,
    once=True,
    shortest=0,
)
def hidden_size(subject: ModelSubject) -> None:
    """Each step of the declared size field gives the encoder more weights, trained or fixed."""
    field, step = subject.capabilities.size_field, subject.capabilities.size_step
    names = [f.name for f in dataclasses.fields(subject.model)]
    assert field in names, f"size_field is '{field}'; the fields of the model are {', '.join(names) or 'none'}"
    assert isinstance(step, int) and step > 0, f"size_step is {step!r}; it must be a positive whole number"  # noqa: PT018
    start = getattr(subject.model, field)
    assert isinstance(start, int), f"the field '{field}' is {start!r}; it must be a whole number"
    values = [start + step * k for k in range(4)]
    sizes = []
    for value in values:
        try:
            sizes.append(_size(subject.network(model=dataclasses.replace(subject.model, **{field: value}))))
        except ValueError as error:
            raise AssertionError(
                f"size_step is {step}, but the model refuses {field}={value}: {error}. Declare the multiples that it "
                "accepts: Capabilities(size_step=N)"
            ) from error
    rising = all(a < b for a, b in pairwise(sizes))
    assert rising, f"{field} of {values} gives the encoder {sizes} weights; expected more at every step"


@clause(
    "Let tiny() return the same class with the same options, made small (16 units, dropout 0): the contract is checked "
    "on it, so options that change the architecture must survive.",
    once=True,
    shortest=0,
)
def tiny(subject: ModelSubject) -> None:
    """tiny() is the same class, no larger than the model, and under 100,000 weights, trained or fixed."""
    model, small = subject.original, subject.model
    assert type(small) is type(model), f"tiny() returns a {type(small).__name__}, not a {type(model).__name__}"
    sizes = [subject.network(model=m).weight_counts()[1].total for m in (model, small)]
    assert sizes[1] <= sizes[0], f"tiny() has {sizes[1]:,} weights, the model itself {sizes[0]:,}"
    assert sizes[1] < 100_000, f"tiny() has {sizes[1]:,} weights; expected fewer than 100,000"


def _size(net: Network) -> int:
    return count_weights([net.encoder]).total
