"""Claims for continuous integration: what they mean, and what they say where they do not hold."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from harness.errors import ConfigError, UnknownNameError
from harness.report.exchange.claims import Claim, PairResult, failures, parse


@dataclass
class Made:
    """A comparison with known tests."""

    heading: str = "Translation (30 s of training)"
    task: str = "translation"
    models: tuple[str, ...] = ("lstm", "rnn", "lstm [width=64]")
    baselines: tuple[str, ...] = ("copy",)
    best: str | None = None
    verdict: str = "lstm has the best mean, but rnn cannot be told from it."
    shown: dict[tuple[str, str], PairResult] = field(default_factory=dict)

    def pair(self, first: str, second: str) -> PairResult:
        """As given; otherwise nothing is shown."""
        return self.shown.get((first, second), PairResult(False, False, "undecided: 2 seeds, at least 3 are needed"))


BETTER, WORSE = PairResult(True, False, "better"), PairResult(False, True, "1.20 below, p = 0.01")


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("translation: lstm > rnn", ("translation", "", "lstm", ">", "rnn")),
        ("  translation:lstm>=rnn ", ("translation", "", "lstm", ">=", "rnn")),
        ("translation (30 s): lstm is  best", ("translation", "30 s", "lstm", "is best", "")),
        ("translation ((bf16)): lstm beats baselines", ("translation", "(bf16)", "lstm", "beats baselines", "")),
        ("translation: lstm [width=64] > rnn [a, b=2]", ("translation", "", "lstm [width=64]", ">", "rnn [a, b=2]")),
        ("translation: is best is best", ("translation", "", "is best", "is best", "")),
    ],
)
def test_a_claim_is_read_as_it_is_meant(text: str, claim: tuple[str, ...]):
    found = parse(text)
    assert (found.task, found.words, found.first, found.kind, found.second) == claim


@pytest.mark.parametrize("text", ["", "translation", "translation: lstm", "lstm > rnn", "a: > b", "a: b >", "a: b < c"])
def test_what_is_no_claim_is_answered_with_the_forms(text: str):
    with pytest.raises(ConfigError, match="is no claim; write 'TASK: A > B'"):
        parse(text)


def check(text: str, *contests: Made) -> list[str]:
    return failures([parse(text)], contests or [Made()])


def test_better_must_be_shown_and_not_worse_must_not_be_refuted():
    shown = Made(shown={("lstm", "rnn"): BETTER, ("rnn", "lstm"): WORSE})
    assert check("translation: lstm > rnn", shown) == check("translation: lstm >= rnn", shown) == []
    assert check("translation: lstm >= rnn", Made()) == []
    assert check("translation: lstm > rnn", Made()) == [
        "Does not hold: translation: lstm > rnn: undecided: 2 seeds, at least 3 are needed (Translation (30 s of "
        "training))."
    ]
    assert "1.20 below, p = 0.01" in check("translation: rnn >= lstm", shown)[0]


def test_best_is_what_the_report_names():
    assert check("translation: lstm is best", Made(best="lstm")) == []
    assert "cannot be told from it" in check("translation: lstm is best")[0]


def test_baselines_must_all_be_beaten_and_there_must_be_one():
    two = Made(baselines=("copy", "last"), shown={("lstm", "copy"): BETTER})
    (said,) = check("translation: lstm beats baselines", two)
    assert "against last: undecided" in said
    assert "against copy" not in said
    assert "there is no baseline" in check("translation: lstm beats baselines", Made(baselines=()))[0]
    assert check("translation: lstm beats baselines", Made(shown={("lstm", "copy"): BETTER})) == []


def test_words_choose_among_comparisons_and_without_them_all_must_hold():
    one, other = Made(shown={("lstm", "rnn"): BETTER}), Made("Translation (5 steps)")
    assert check("translation (30 s): lstm > rnn", one, other) == []
    assert len(check("translation: lstm > rnn", one, other)) == 1
    with pytest.raises(ConfigError, match=r"has 'bf16' in its heading; there are: 'Translation \(30 s"):
        check("translation (bf16): lstm > rnn", one, other)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("translaton: lstm > rnn", "Did you mean 'translation'"),
        ("translation: lstn > rnn", "Did you mean 'lstm'"),
        ("translation: lstm > cop", "Did you mean 'copy'"),
    ],
)
def test_names_that_the_report_does_not_have_are_answered_with_near_ones(text: str, near: str):
    with pytest.raises(UnknownNameError, match=near):
        check(text)


def test_every_claim_is_checked():
    claims = [Claim(f"c{i}", "translation", "", "lstm", ">", "rnn") for i in range(3)]
    assert len(failures(claims, [Made()])) == 3
