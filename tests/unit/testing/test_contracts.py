"""The shipped suites as an outside author's test file uses them, and what the clauses are as data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.testing import ModelContract, TaskContract, model_checks, task_checks
from harness.testing.clause import clause
from harness.testing.contracts import options_of
from harness.testing.examination import examine, pairs
from harness.testing.model_subject import subjects

MODULE = '''
from dataclasses import dataclass
from typing import ClassVar
import torch
from torch import nn
from harness import Capabilities, Encoder, EncoderOutput, Model
from harness.nn.masking import last_valid, zero_padding

HARNESS_CONTRACT = 2


@dataclass
class Bag(Model):
    """The mean of everything so far, in any order: a baseline without weights of its own where it is plain."""

    name: ClassVar[str] = "bag"
    hidden_size: int = 16
    plain: bool = False
    fault: str = ""

    def capabilities(self, signature):
        return Capabilities(causal=True)

    def build(self, input_spec, target_spec):
        return BagEncoder(input_spec.dim, self)

    def tiny(self):
        return self


class BagEncoder(Encoder):
    def __init__(self, dim, model):
        super().__init__()
        self.linear = nn.Identity() if model.plain else nn.Linear(dim, model.hidden_size)
        self.feature_dim = self.summary_dim = dim if model.plain else model.hidden_size
        self.fault = model.fault

    def forward(self, x, lengths, state=None):
        steps = torch.arange(1, x.shape[1] + 1).unsqueeze(1)
        features = self.linear(x.cumsum(1) / steps)
        summary = features[:, -1] if self.fault else last_valid(features, lengths)
        return EncoderOutput(features, lengths, summary)
'''
TESTS = """
from harness.testing import ModelContract, TaskContract
from bag import Bag

class TestBag(ModelContract):
    model = Bag({options})
    variants = ({variants})
"""


def _run(folder: Path, options: str = "", variants: str = "", *words: str) -> str:
    """What pytest says of an author's test file, warnings being errors."""
    (folder / "bag.py").write_text(MODULE)
    (folder / "test_bag.py").write_text(TESTS.format(options=options, variants=variants))
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\npythonpath = .\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


@pytest.mark.exhaustive
def test_a_model_that_is_blind_to_order_passes_everything_in_two_processes(tmp_path: Path) -> None:
    said = _run(
        tmp_path,
        "",
        "Bag(plain=True),",
        "-n",
        "2",
        "-rs",
        "-k",
        "overfitting and CTC or hidden_size or carried_state or variants",
    )
    assert " failed" not in said, said
    assert "error" not in said, said
    assert " passed" in said, said
    assert "carried_state does not apply: declares no carried state" in said
    assert "hidden_size does not apply: the encoder has no weights" in said


def test_a_failure_says_what_on_which_example_and_what_to_change(tmp_path: Path) -> None:
    said = _run(
        tmp_path, 'fault="x"', "Bag(hidden_size=24),", "-vv", "-k", "padding_invariance and FrameInput-ClassTarget"
    )
    assert "1 failed, 1 passed" in said
    assert "TestBag::test_clause[padding_invariance-fault=x-FrameInput-ClassTarget] FAILED" in said
    assert "TestBag::test_clause[padding_invariance-hidden_size=24-FrameInput-ClassTarget] PASSED" in said
    assert "::ModelContract" not in said
    assert "padding changes the summary: by up to" in said
    assert 'smallest example that fails: cases.batch(cases.named("FrameInput-ClassTarget"), (1,))' in said
    assert "what to change: Mask padded positions" in said


def test_a_variant_whose_tiny_form_is_that_of_the_defaults_is_named() -> None:
    suite = type("Same", (ModelContract,), {"model": _lstm(), "variants": (_lstm(hidden_size=128),)})
    with pytest.raises(
        AssertionError, match=r"'hidden_size=128' equals that of 'the defaults'.*Let tiny\(\) keep the options"
    ):
        suite().test_variants_stay_different()


def test_a_suite_without_a_plugin_says_what_is_missing() -> None:
    class Forgotten(ModelContract):
        __test__ = False

    with pytest.raises(Exception, match=r"class Forgotten must say what to check: model = Mine\(\)"):
        Forgotten.subject()


@pytest.mark.parametrize("suite", [ModelContract, TaskContract])
def test_only_derived_classes_are_tests(suite: type) -> None:
    assert not vars(suite)["__test__"]
    assert type("Derived", (suite,), {}).__test__ is True  # type: ignore[attr-defined]


def test_importing_the_package_needs_neither_pytest_nor_torch() -> None:
    program = "import sys, harness.testing, harness.testing.contracts; print({'torch', 'pytest'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("one", [*model_checks.CLAUSES, *task_checks.CLAUSES], ids=lambda c: c.name)
def test_a_clause_is_data(one) -> None:  # type: ignore[no-untyped-def]
    assert one.promise.endswith(".")
    assert "\n" not in one.promise
    assert one.advice


def test_the_smallest_batch_that_fails_for_the_same_reason_is_found() -> None:
    @clause("Read short inputs too.")
    def short(subject) -> None:  # type: ignore[no-untyped-def]
        """Inputs are shorter than three."""
        longest = int(subject.batch().input_lengths.max())
        if longest == 1:
            raise AssertionError("another reason: 1")
        if longest >= 3:
            raise AssertionError(f"too long: {longest}")

    (subject, *_) = subjects(_lstm())
    finding = examine(short, subject, "model.lstm")
    assert finding.message == "too long: 3"
    assert finding.example == 'cases.batch(cases.named("TokenInput-ClassTarget"), (3,)): inputs [[5, 5, 5]]'
    assert finding.as_json() == {
        "plugin": "model.lstm",
        "clause": "short",
        "case": "TokenInput-ClassTarget",
        "held": False,
        "message": finding.message,
        "example": finding.example,
        "advice": "Read short inputs too.",
    }


def test_a_clause_that_applies_nowhere_is_not_forgotten() -> None:
    by_clause = {one.name: reason for one, _, reason in pairs(model_checks.CLAUSES, subjects(_lstm()))}
    assert set(by_clause) == {one.name for one in model_checks.CLAUSES}
    assert by_clause["context"] == "declares no limited context"


def test_options_are_named_the_same_in_every_process() -> None:
    from harness.registry.discovery import load_model

    cls = load_model("attention_lstm")
    assert options_of(cls()) == ""
    bahdanau = type(cls().attention)["bahdanau"]  # type: ignore[attr-defined]
    assert options_of(cls(attention=bahdanau, layers=2)) == "layers=2,attention=bahdanau"  # type: ignore[call-arg]


def _lstm(**options: object) -> Any:
    from harness.registry.discovery import load_model

    return load_model("lstm")(**options)
