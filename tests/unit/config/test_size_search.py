"""The search for a size: the width whose weights are nearest to N, or a refusal that names the neighbours."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import pytest

from harness.config.size_search import Match, MatchError, solve
from harness.contract.model import Capabilities, Encoder, Model
from harness.contract.signature import TaskSignature
from harness.contract.specs import TokenInput
from harness.targets import ClassTarget

SIGNATURE = TaskSignature("t", TokenInput, ClassTarget)


@pytest.mark.parametrize(
    ("text", "amount"), [("params:500000", 500_000), ("total:5e5", 500_000), ("params:1_000", 1000)]
)
def test_a_match_is_read(text: str, amount: int) -> None:
    assert Match.parse(text).amount == amount
    assert str(Match.parse(text)) == f"{text.partition(':')[0]}:{amount}"


@dataclass
class Odd(Model):
    """What is said of its width is wrong, or narrow."""

    name: ClassVar[str] = "odd"

    units: int = 8
    field: str = "units"
    step: int | None = 1

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        declared = {} if self.step is None else {"size_step": self.step}
        return Capabilities(size_field=self.field, **declared)

    def build(self, input_spec: Any, target_spec: Any) -> Encoder:
        raise NotImplementedError

    def tiny(self) -> Odd:
        return self


def test_a_model_without_the_option_that_it_names_is_refused() -> None:
    with pytest.raises(MatchError, match=r"'odd' names 'hidden_size'.*size_field.*no such option"):
        solve(Match("params", 100), Odd(field="hidden_size"), SIGNATURE, lambda hidden_size: hidden_size)
    assert "hidden_size" not in {f.name for f in fields(Odd)}


def test_a_width_that_decides_nothing_is_refused() -> None:
    with pytest.raises(MatchError, match="does not decide its size"):
        solve(Match("params", 100), Odd(), SIGNATURE, lambda hidden_size: 7)


def test_a_width_that_the_model_refuses_against_its_word_is_named() -> None:
    def count(hidden_size: int) -> int:
        if hidden_size > 100:
            raise ValueError(f"units={hidden_size}: too many")
        return hidden_size

    with pytest.raises(MatchError, match=r"refuses units=\d+, although its size_step allows it: .*too many"):
        solve(Match("params", 1000), Odd(), SIGNATURE, count)


def test_a_model_that_declares_no_step_finds_a_width_wherever_it_is() -> None:
    assert solve(Match("params", 30_000), Odd(step=None), SIGNATURE, lambda units: 77 * units) == (392, 30_184)
    assert solve(Match("params", 700), Odd(step=None), SIGNATURE, lambda units: 77 * units) == (9, 693)


def test_a_model_of_an_undeclared_step_is_told_what_to_declare() -> None:
    def count(units: int) -> int:
        if units % 4:
            raise ValueError(f"units={units}: must be a multiple of 4")
        return 10 * units

    assert solve(Match("params", 800), Odd(step=None), SIGNATURE, count) == (80, 800)
    with pytest.raises(MatchError, match=r"multiple of 4. Its capabilities must say .* Capabilities.size_step=N"):
        solve(Match("params", 120), Odd(step=None), SIGNATURE, count)
    assert solve(Match("params", 120), Odd(step=4), SIGNATURE, count) == (12, 120)


def test_widths_below_the_smallest_that_a_model_accepts_are_passed_over() -> None:
    def count(hidden_size: int) -> int:
        if hidden_size < 5:
            raise ValueError("too few")
        return 10 * hidden_size

    assert solve(Match("params", 70), Odd(), SIGNATURE, count) == (7, 70)
    with pytest.raises(MatchError, match=r"units=5 with 50 .* and units=6 with 60"):
        solve(Match("params", 20), Odd(), SIGNATURE, count)


def test_a_model_that_accepts_no_width_is_refused_with_its_own_words() -> None:
    def count(hidden_size: int) -> int:
        raise ValueError("never")

    with pytest.raises(MatchError, match="accepts no small units: never"):
        solve(Match("params", 20), Odd(), SIGNATURE, count)


@pytest.mark.parametrize("step", [1, 3, 8, 12])
@pytest.mark.parametrize("amount", [9, 10, 1_000, 123_457, 9_999_999])
def test_the_nearest_size_is_found(amount: int, step: int) -> None:
    def count(hidden_size: int) -> int:
        return 3 * hidden_size * hidden_size + 5 * hidden_size

    try:
        found = solve(Match("total", amount), Odd(step=step), SIGNATURE, count)
    except MatchError:
        assert all(abs(count(hidden_size) - amount) > 0.02 * amount for hidden_size in range(step, 4_000, step))
    else:
        assert found.hidden_size % step == 0
        assert abs(found.amount - amount) <= 0.02 * amount
