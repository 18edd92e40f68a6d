"""Clauses of the model contract on side effects: no network, and no part of the process, feels another network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from harness.nn.network import Network
from harness.testing import global_state
from harness.testing.clause import clause
from harness.testing.comparison import near
from harness.testing.kept_tensors import kept_tensors
from harness.testing.model_subject import ModelSubject


@clause(
    "Keep what a forward pass computes in local variables, in the `state` or in the `explain` that it returns: nothing "
    "on the encoder, on the class or in the module may change from one call to the next. A tensor kept there holds the "
    "memory of a whole batch, and in training its graph. No random draw in eval mode."
)
def isolation(subject: ModelSubject) -> None:
    """The same input gives the same output again, whatever else was computed meanwhile, and no call leaves a trace."""
    net, data = subject.network(), subject.batch()
    others = subject.even_batch(2, 11)

    @torch.no_grad()
    def outputs() -> torch.Tensor:
        return net(data.inputs, data.input_lengths, data.targets)[0].clone()

    buffers = {name: buffer.clone() for name, buffer in net.named_buffers()}
    before = kept_tensors(net)
    first = outputs()
    near(outputs(), first, "the same input again gives other outputs")
    with torch.no_grad():
        net(others.inputs, others.input_lengths, others.targets)
    near(outputs(), first, "another input in between changes the outputs")
    for name, buffer in net.named_buffers():
        same = name in buffers and torch.equal(buffers[name], buffer)
        assert same, f"a forward pass in eval mode changes the buffer '{name}': it must leave nothing behind"
    _keeps_nothing(net, before, "in eval mode")
    other = subject.network(seed=1)
    near(outputs(), first, "building another network changes the outputs")
    before = kept_tensors(other)
    with torch.no_grad():
        other(others.inputs, others.input_lengths, others.targets)
    other.train()(data.inputs, data.input_lengths, data.targets)
    near(outputs(), first, "running another network changes the outputs")
    _keeps_nothing(other, before, "in training mode")


def _keeps_nothing(net: Network, before: dict[str, list[object]], mode: str) -> None:
    after = kept_tensors(net)
    for place, tensors in after.items():
        old = before.get(place, [])
        new = [t for t in tensors if not any(t is known for known in old)]
        assert not new, (
            f"a forward pass {mode} leaves {_said(new[0])} behind as '{place}': "
            "the memory of a batch, and state from one call to the next"
        )


def _said(kept: Any) -> str:
    return f"{'a tensor' if isinstance(kept, torch.Tensor) else 'an array'} of shape {tuple(kept.shape)}"


@clause(
    "Change no global state: draw from torch's global generator while weights are initialised and in training mode "
    "only, never seed any generator, and leave dtype, threads, gradient mode, environment and the rest as they are."
)
def global_state_kept(subject: ModelSubject) -> None:
    """Building draws from torch's generator and seeds nothing; nothing else of the process changes, ever.

    A generator that was seeded inside stands at the same place whatever its state was before.
    """
    data = subject.batch()
    settings = global_state.read(global_state.SETTINGS)
    try:
        with global_state.own_generators():
            everything = global_state.SETTINGS | global_state.GENERATORS
            before = global_state.read(everything)
            subject.model.capabilities(subject.case.signature)
            _unchanged(before, "capabilities() changed")
            net = subject.network()
            del before["torch's global generator"]
            _unchanged(before, "building the network changed")
            with torch.no_grad():
                before = global_state.read(everything)
                net(data.inputs, data.input_lengths, data.targets)
                _unchanged(before, "a forward pass in eval mode changed")
            _seeds_nothing(subject)
    finally:
        _put_back(settings)


def _unchanged(before: dict[str, object], what: str) -> None:
    parts = global_state.SETTINGS | global_state.GENERATORS
    notes = global_state.changed(before, global_state.read({name: parts[name] for name in before}))
    assert not notes, f"{what} {'; '.join(notes)}"


def _seeds_nothing(subject: ModelSubject) -> None:
    ends = []
    for seed in (0, 1):
        subject.network(seed)
        ends.append(torch.get_rng_state())
    assert not torch.equal(*ends), "building the network seeds torch's global generator: it must not"


def _put_back(before: dict[str, object]) -> None:
    """Settings that a faulty model changed must not reach the next check."""
    after = global_state.read(global_state.SETTINGS)
    writers: dict[str, Callable[[Any], object]] = {
        "torch's default dtype": torch.set_default_dtype,
        "torch's gradient mode": torch.set_grad_enabled,
        "torch's number of threads": torch.set_num_threads,
        "torch's deterministic algorithms": torch.use_deterministic_algorithms,
    }
    for name, write in writers.items():
        if after[name] != before[name]:
            write(before[name])
