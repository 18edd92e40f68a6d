"""The probe before a run finds faults on real rows, passes what is sound, and leaves no trace."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from model_mutants import Mutant

from harness.contract.batch import ListSplit
from harness.contract.model import Model
from harness.contract.task import TaskData
from harness.errors import PromiseError
from harness.nn.network import Network
from harness.registry.discovery import load_model, registry
from harness.testing import cases
from harness.testing.cases import CASES, Case
from harness.training.probe import STEPS, probe, two_examples

CLASSES = "FrameInput-ClassTarget"
TEXT = "TokenInput-NextTokenTarget"
PAIRS = "TokenInput-TokenSequenceTarget"


def _data(case: Case, lengths: tuple[int, ...] = (30, 7, 40, 35)) -> TaskData:
    examples = cases.examples(case, lengths)
    if case.target.needs.streams:
        examples = [replace(example, input=None) for example in examples]
    split = ListSplit(examples)
    return TaskData(split, split, split, case.inputs, case.target)


def _probe(model: Model, case: Case) -> Network:
    net = cases.network(model, case)
    probe(net, _data(case), "mutant")
    return net


@pytest.mark.parametrize(
    ("fault", "case", "promise"),
    [
        ("sees the future", TEXT, "inputs after t change no features up to t"),
        ("sees one step ahead", TEXT, "inputs after t change no features up to t"),
        ("sees one step ahead", CLASSES, "inputs after t change no features up to t"),
        ("counts from the end", CLASSES, "padding changes nothing"),
        ("summary at the padding", CLASSES, "padding changes nothing"),
        ("mean over the padding", PAIRS, "padding changes nothing"),
        ("sees the neighbours", CLASSES, "does not depend on the others of its batch"),
        ("draws in eval mode", CLASSES, "in eval mode the same batch gives the same result"),
    ],
)
def test_a_broken_promise_ends_the_run_with_a_sentence(fault: str, case: str, promise: str) -> None:
    with pytest.raises(PromiseError, match=promise) as error:
        _probe(Mutant(fault), cases.named(case))
    said = str(error.value)
    assert said.startswith("Model 'mutant' breaks a promise")
    assert "by up to" in said
    assert "harness check model.mutant" in said


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_sound_model_passes_on_every_kind_of_task(case: Case) -> None:
    _probe(Mutant(), case)


@pytest.mark.parametrize("name", registry().names("model"))
def test_built_in_models_pass(name: str) -> None:
    tiny = load_model(name)().tiny()
    for case in cases.fitting(tiny)[::3]:
        _probe(tiny, case)


def test_it_leaves_modes_buffers_and_random_streams_as_they_were() -> None:
    case = cases.named(CLASSES)
    net = cases.network(Mutant(), case)
    net.train()
    net.head.eval()
    net.register_buffer("count", torch.zeros(1))
    net.encoder.register_forward_pre_hook(lambda *_: _draw_and_count(net))
    modes = [module.training for module in net.modules()]
    torch.manual_seed(3)
    np.random.seed(3)
    random.seed(3)
    expected = torch.rand(1), np.random.rand(), random.random()
    torch.manual_seed(3)
    np.random.seed(3)
    random.seed(3)
    probe(net, _data(case), "mutant")
    assert (torch.rand(1), np.random.rand(), random.random()) == expected
    assert [module.training for module in net.modules()] == modes
    assert float(net.count) == 0.0


def _draw_and_count(net: Network) -> None:
    drawn = torch.rand(1) + np.random.rand() + random.random()
    net.count.add_(drawn)  # type: ignore[operator]


def test_the_examples_are_short_and_of_different_length() -> None:
    for factor, longest in ((1, STEPS), (4, 40)):
        batch = two_examples(_data(cases.named(CLASSES)), factor)
        assert batch.input_lengths.tolist() == [longest, 2 * longest // 3]
    documents = two_examples(_data(cases.named(TEXT)))
    assert torch.equal(documents.inputs[0, 1:], documents.targets[0, :-1]), "the input of a stream is its target, moved"


def test_one_example_of_one_step_is_enough() -> None:
    case = cases.named(CLASSES)
    probe(cases.network(Mutant(), case), _data(case, (1,)), "mutant")
