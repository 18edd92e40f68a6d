"""The model contract's mutation score: models with one deliberate fault each, and the clause that must catch it."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple
from unittest import mock

import pytest
import torch
from model_mutants import SHOWN, Mutant, RunningSum, Unstated

from harness.testing import cases
from harness.testing.clause import Clause
from harness.testing.examination import Finding, examine
from harness.testing.model_checks import CLAUSES
from harness.testing.model_subject import ModelSubject, subjects

CLASSES = "FrameInput-ClassTarget"
SPEECH = "FrameInput-CTCTarget"
TAGS = "TokenInput-TaggingTarget"
TEXT = "TokenInput-NextTokenTarget"
PAIRS = "TokenInput-TokenSequenceTarget"


class Entry(NamedTuple):
    """A fault, the kind of task that shows it, the clause that must catch it, and what its message must say."""

    fault: str
    case: str
    clause: str
    message: str


MUTANTS = (
    Entry("a tuple", CLASSES, "shapes", "must return an EncoderOutput; found tuple"),
    Entry("narrow summary", TEXT, "shapes", r"shape of summary: expected \(1, 16\), found \(1, 8\)"),
    Entry("double summary", CLASSES, "shapes", "type of summary: expected torch.float32, found torch.float64"),
    Entry("int32 lengths", CLASSES, "shapes", "type of lengths: expected torch.int64, found torch.int32"),
    Entry("infinite at the padding", CLASSES, "shapes", "features hold figures that are not finite"),
    Entry("undeclared subsampling", CLASSES, "shapes", "shape of features: expected"),
    Entry("rounds lengths down", SPEECH, "lengths", r"lengths for inputs of \[3\]: expected \[2\], found \[1\]"),
    Entry("lengths of the padded size", CLASSES, "lengths", r"expected \[1, 2\], found \[2, 2\]"),
    Entry("summary at the padding", CLASSES, "padding_invariance", "padding changes the summary"),
    Entry("mean over the padding", CLASSES, "padding_invariance", "padding changes the summary"),
    Entry("counts from the end", CLASSES, "padding_invariance", "padding changes the features"),
    Entry("sees the neighbours", TEXT, "batch_invariance", "other rows of the batch change the features"),
    Entry("batch statistics", CLASSES, "batch_invariance", "other rows of the batch change the features"),
    Entry("batch normalisation", CLASSES, "training_mode", "in training mode, padding changes the features"),
    Entry("batch normalisation", TAGS, "training_mode", "in training mode, padding changes the features"),
    Entry("batch normalisation and dropout", CLASSES, "training_mode", "a row depend on the other rows of the batch"),
    Entry("attends to padding in training", CLASSES, "training_mode", "in training mode, padding changes the features"),
    Entry("sees the future", TEXT, "causality", "declared causal, but features change"),
    Entry("sees one step ahead", TEXT, "causality", "declared causal, but features change"),
    Entry("causal and silent about it", CLASSES, "causality", "declare it"),
    Entry("short context", TEXT, "context", "more than context=2 back change the features"),
    Entry("writes into the state", TEXT, "carried_state", "writes into the state"),
    Entry("fixed longest input", TEXT, "lengths", "positions for 48 steps only"),
    Entry("forgets the state", TEXT, "carried_state", "chunks of 1 with carried state differ"),
    Entry("state without batch first", TEXT, "carried_state", "the batch comes first"),
    Entry("number in the state", TEXT, "carried_state", "must hold tensors only"),
    Entry("no state, no memory", TEXT, "carried_state", "no state is returned"),
    Entry("state at the padding", TEXT, "carried_state", "not the one at its true end"),
    Entry("small state", TEXT, "state_size", "after 1 positions: expected 3, found 16"),
    Entry("state of nobody", CLASSES, "state_size", "state_size is 16, but no state is carried"),
    Entry("decoder sees later symbols", PAIRS, "decoder", "step 0 of the decoder differs"),
    Entry("attends to padding", PAIRS, "decoder", "attention falls on padding"),
    Entry("nameless decoder", PAIRS, "decoder", "name must not be empty"),
    Entry("explains unasked", CLASSES, "explain", "although nobody asked"),
    Entry("explained otherwise", CLASSES, "explain", "returns other features than forward"),
    Entry("explanation without time", CLASSES, "explain", r"shape of explanation 'first': expected \(1, 2\) first"),
    Entry("explanation of padding", CLASSES, "explain", "padding changes the explanation 'first'"),
    Entry("explanation not finite", CLASSES, "explain", "explanation 'first' holds figures that are not finite"),
    Entry("decoder explained otherwise", PAIRS, "explain", "Decoder.explain returns other features than step"),
    Entry("unused parameter", CLASSES, "gradients", "'encoder.extra.weight' gets no gradient"),
    Entry(
        "parameter without gradient",
        CLASSES,
        "gradients",
        "'encoder.linear.weight' has requires_grad=False, .* fixed weights are buffers .self.register_buffer",
    ),
    Entry("undeclared subsampling", TAGS, "shapes", "shape of features: expected"),
    Entry("cuts the gradient", CLASSES, "gradients", "gets no gradient"),
    Entry("infinite gradient", CLASSES, "gradients", "is not finite"),
    Entry("parameter in no group", CLASSES, "parameter_groups", "'encoder.linear.bias' is in no group"),
    Entry("parameter in two groups", PAIRS, "parameter_groups", "is in group 'biases' and in group 'all'"),
    Entry("parameter of nobody", CLASSES, "parameter_groups", "is no parameter of encoder or decoder"),
    Entry("frozen parameter in a group", CLASSES, "parameter_groups", "which is not trained"),
    Entry("two groups of one name", CLASSES, "parameter_groups", "two groups are called 'all'"),
    Entry("replaces a weight", CLASSES, "after_step", "replaces parameter 'encoder.linear.weight'"),
    Entry("weights not finite", CLASSES, "after_step", "'encoder.linear.weight' is not finite"),
    Entry("auxiliary loss undeclared", CLASSES, "auxiliary", r"holds \['other'\], while .* declares \['guess'\]"),
    Entry("auxiliary loss in eval mode", CLASSES, "auxiliary", "in eval mode the encoder returns auxiliary losses"),
    Entry("auxiliary loss of padding", CLASSES, "auxiliary", "padding changes the sum of auxiliary loss 'guess'"),
    Entry("auxiliary loss without gradient", CLASSES, "auxiliary", "has no gradient"),
    Entry("auxiliary loss of a mean", CLASSES, "auxiliary", "must be a pair .sum, count."),
    Entry("blind", CLASSES, "overfitting", "steps on one batch bring the loss from"),
    Entry("unseeded weights", CLASSES, "seeding", "the same seed gives other weights: encoder.linear.bias"),
    Entry("seeds before building", CLASSES, "seeding", "another seed gives the encoder the same weights"),
    Entry("seeds before building", CLASSES, "global_state_kept", "seeds torch's global generator"),
    Entry("seeds after building", CLASSES, "global_state_kept", "seeds torch's global generator"),
    Entry("draws from numpy", CLASSES, "global_state_kept", "building the network changed numpy's global generator"),
    Entry("default dtype", CLASSES, "global_state_kept", "torch's default dtype .expected torch.float32, found"),
    Entry("environment in capabilities", CLASSES, "global_state_kept", "capabilities.. changed the generator of"),
    Entry("draws in eval mode", CLASSES, "global_state_kept", "a forward pass in eval mode changed torch's global"),
    Entry("draws in eval mode", CLASSES, "isolation", "the same input again gives other outputs"),
    Entry("keeps its attention", CLASSES, "isolation", r"in eval mode leaves a tensor of shape \(.* as 'encoder.atten"),
    Entry("keeps a list of attention", TAGS, "isolation", "leaves a tensor of shape .* behind as 'encoder.seen'"),
    Entry("keeps its attention while training", CLASSES, "isolation", "in training mode leaves a tensor of shape"),
    Entry("keeps its attention on the class", CLASSES, "isolation", "behind as 'encoder.RunningSum.shown'"),
    Entry("keeps its attention in the module", CLASSES, "isolation", "behind as 'encoder.model_mutants.SHOWN'"),
    Entry("keeps its attention in an object", CLASSES, "isolation", "behind as 'encoder.recorder'"),
    Entry("attention in a buffer", CLASSES, "isolation", "changes the buffer 'encoder.attention'"),
    Entry("remembers the last call", CLASSES, "isolation", "the same input again gives other outputs"),
    Entry("one layer for all", CLASSES, "isolation", "building another network changes the outputs"),
    Entry("counts calls of all", CLASSES, "isolation", "running another network changes the outputs"),
    Entry("weights in a list", CLASSES, "weights_saved", "loaded into a network of another seed give other outputs"),
    Entry("sparse buffer", CLASSES, "weights_saved", "'encoder.reservoir' of the network is sparse"),
    Entry("shape from the seed", CLASSES, "weights_saved", "shapes must follow from options"),
    Entry("grows when read", CLASSES, "configuration", "through YAML the configuration changes"),
    Entry("refuses odd sizes", CLASSES, "hidden_size", r"refuses hidden_size=17: .*Capabilities.size_step=N"),
    Entry("hidden_size without effect", CLASSES, "hidden_size", "expected more at every step"),
    Entry(
        "no such field", CLASSES, "hidden_size", "size_field is 'units'; the fields of the model are fault, hidden_size"
    ),
    Entry("tiny is another class", CLASSES, "tiny", "returns a Other, not a Mutant"),
    Entry("tiny is large", CLASSES, "tiny", "the model itself"),
    Entry("mixes types", CLASSES, "autocast", "dtype"),
    Entry("other when compiled", CLASSES, "compiled", "torch.compile changes the features"),
    Entry("changed by moving", CLASSES, "devices", "cpu differs from the CPU"),
    Entry("unstated contract", CLASSES, "contract_version", "does not state HARNESS_CONTRACT"),
)
BY_NAME = {one.name: one for one in CLAUSES}


@cache
def _finding(number: int) -> Finding:
    """What the suite says of a mutant; asked once, for its own test and for the score."""
    entry = MUTANTS[number]
    RunningSum.shared = RunningSum.shown = None
    RunningSum.calls.clear()
    SHOWN.clear()
    model = Unstated() if entry.fault == "unstated contract" else Mutant(entry.fault)
    return _on_an_accelerator(BY_NAME[entry.clause], ModelSubject(model.tiny(), cases.named(entry.case), model))


def _on_an_accelerator(one: Clause[ModelSubject], subject: ModelSubject) -> Finding:
    """Checked as where there is one; the CPU stands in for it, where only the clause on devices looks."""
    if one.name != "devices":
        return examine(one, subject)
    cpu = torch.device("cpu")
    with (
        mock.patch("torch.accelerator.is_available", return_value=True),
        mock.patch("torch.accelerator.current_accelerator", return_value=cpu),
    ):
        return examine(one, subject)


@pytest.mark.parametrize("one", CLAUSES, ids=lambda c: c.name)
def test_a_sound_model_passes(one: Clause[ModelSubject]) -> None:
    for each in subjects(Mutant()):
        finding = _on_an_accelerator(one, each)
        assert finding.held is not False, f"{each.case_name}: {finding.report}"


@pytest.mark.parametrize("entry", MUTANTS, ids=lambda e: f"{e.fault}: {e.clause}".replace(" ", "_"))
def test_a_mutant_is_caught(entry: Entry) -> None:
    finding = _finding(MUTANTS.index(entry))
    assert finding.held is False, "the fault was not found"
    assert re.search(entry.message, finding.message), finding.report
    assert finding.advice


def test_every_clause_has_a_mutant() -> None:
    assert {entry.clause for entry in MUTANTS} == set(BY_NAME)


def test_the_mutation_score(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m pytest tests/unit/testing -k mutation_score` prints it."""
    written = {entry.fault for entry in MUTANTS}
    caught = {entry.fault for number, entry in enumerate(MUTANTS) if _finding(number).held is False}
    with capsys.disabled():
        print(f"\nmodel contract: {len(written)} mutants written, {len(caught)} caught")
    assert caught == written
