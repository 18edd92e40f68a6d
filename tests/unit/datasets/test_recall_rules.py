"""Data sets for recall: each answer against the rule, worked out from the text by other means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from harness_datasets.recall._words import distinct
from harness_datasets.recall.associative_recall import AssociativeRecall
from harness_datasets.recall.copy_memory import CopyMemory
from harness_datasets.recall.fuzzy_recall import FuzzyRecall
from harness_datasets.recall.induction_heads import InductionHeads
from harness_datasets.recall.memorization import Memorization
from harness_datasets.recall.mqar import MQAR
from harness_datasets.recall.selective_copying import SelectiveCopying
from harness_tasks.symbol_strings import SymbolStrings


def copied(words: list[str]) -> list[str]:
    pause = len(words) - 20
    assert words[10:] == ["blank"] * (pause - 1) + ["go"] + ["blank"] * 10
    return ["-"] * (len(words) - 10) + words[:10]


def looked_up(words: list[str]) -> list[str]:
    known: dict[str, str] = {}
    found = ["-"] * len(words)
    for n in range(0, len(words) - 1, 2):
        key, value = words[n : n + 2]
        if key.startswith("k"):
            if key in known:
                assert known[key] == value
                found[n] = value
            known[key] = value
    found[-1] = known[words[-1]]
    return found


def several_queries(words: list[str]) -> list[str]:
    known = {words[0]: words[1], words[2]: words[3]}
    assert all(key[0] == "k" and value[0] == "v" for key, value in known.items())
    return ["-"] * 4 + [known.get(word, "-") if n % 2 == 0 else "-" for n, word in enumerate(words[4:])]


def after_special(words: list[str]) -> list[str]:
    first, last = (n for n, word in enumerate(words) if word == "special")
    assert last == len(words) - 1
    return ["-"] * last + [words[first + 1]]


def without_blanks(words: list[str]) -> list[str]:
    kept = [word for word in words if word not in ("blank", "out")]
    assert words[-2:] == ["out", "out"]
    return ["-"] * (len(words) - 2) + kept


def fuzzy(words: list[str]) -> list[str]:
    text = " ".join(word for word in words if word != "pad")
    filling = len(words) - len(text.split())
    known: dict[str, str] = {}
    found = ["-"] * filling
    groups = re.findall(r"((?:k\d ?)+)((?:v\d ?)*)", text)
    for number, (raw_key, raw_value) in enumerate(groups):
        key, value = raw_key.strip(), raw_value.strip()
        found += ["-"] * (len(key.split()) - 1)
        if number == len(groups) - 1:
            assert known[key].split()[:-1] == value.split()
            found += known[key].split()
        elif key in known:
            assert known[key] == value
            found += [*value.split(), "-"]
        else:
            found += ["-"] * (len(value.split()) + 1)
        known.setdefault(key, value)
    return found


RULES: list[tuple[SymbolStrings, Callable[[list[str]], list[str]]]] = [
    (CopyMemory(), copied),
    (AssociativeRecall(), looked_up),
    (AssociativeRecall(noise=0.3), looked_up),
    (InductionHeads(), after_special),
    (SelectiveCopying(), without_blanks),
    (FuzzyRecall(), fuzzy),
]


@pytest.mark.parametrize(("data", "rule"), RULES, ids=lambda one: getattr(one, "label", getattr(one, "__name__", "")))
def test_every_answer_follows_the_rule(data: SymbolStrings, rule: Callable[[list[str]], list[str]]) -> None:
    raw = replace(data.tiny(), train_examples=60, test_max_length=30).read()
    for one in (*raw.train, *raw.val, *raw.test):
        assert one.target.split() == rule(one.input.split()), one.input


def test_each_key_of_mqar_is_asked_once_and_its_value_is_the_answer() -> None:
    raw = MQAR().tiny().read()
    for one in (*raw.train, *raw.val, *raw.test):
        words, answers = one.input.split(), one.target.split()
        asked = {n: answer for n, answer in enumerate(answers) if answer != "-"}
        assert {words[n]: answer for n, answer in asked.items()} == dict(zip(words[:4:2], words[1:4:2], strict=True))
        assert all(several_queries(words)[n] == answer for n, answer in asked.items())


def test_gaps_of_mqar_follow_the_power_law() -> None:
    """One pair in a string of 18 symbols has 8 places; p(gap) ~ gap^(a - 1)."""
    drawn = MQAR(pairs=1, power=0.5).draw(18, 20_000, np.random.default_rng(0))
    gaps = (drawn.answers >= 0).argmax(1) // 2
    expected = np.arange(1, 9) ** -0.5
    np.testing.assert_allclose(np.bincount(gaps, minlength=9)[1:] / 20_000, expected / expected.sum(), atol=0.012)


def test_memorized_values_are_those_of_one_map_in_all_splits() -> None:
    raw = Memorization().tiny().read()
    pairs = set()
    for one in (*raw.train, *raw.val, *raw.test):
        words, answers = one.input.split(), one.target.split()
        assert set(words[1::2]) == {"insert"}
        assert set(answers[::2]) == {"-"}
        pairs |= set(zip(words[::2], answers[1::2], strict=True))
    assert len(pairs) == len(dict(pairs)) == len({value for _, value in pairs}) == 8


def test_asked_at_the_end_alone_there_is_one_answer() -> None:
    for one in AssociativeRecall(ask="last").tiny().read().train:
        assert one.target.split()[:-1] == ["-"] * (len(one.target.split()) - 1)
        assert one.target.split()[-1] == looked_up(one.input.split())[-1]


@pytest.mark.parametrize("population", [5, 4000])
def test_distinct_numbers_are_distinct_and_all_occur(population: int) -> None:
    found = distinct(np.random.default_rng(0), 500, 5, population)
    assert all(len(set(row)) == 5 for row in found.tolist())
    assert found.min() >= 0
    assert found.max() < population
    assert len(np.unique(found[:, 0])) > min(population, 400) * 0.9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pairs": 20}, "task.pairs=20: must be at most 16, a quarter of the least length 64"),
        ({"vocabulary": 6}, "must be at most 3, the keys of task.vocabulary=6"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MQAR(**options)


def test_symbols_that_do_not_fit_into_a_string_are_refused() -> None:
    with pytest.raises(ValueError, match="must be at most 8, the least length"):
        SelectiveCopying(min_length=8)
    with pytest.raises(ValueError, match="need 11 symbols; the shortest strings have 8"):
        FuzzyRecall(min_length=8)
    with pytest.raises(ValueError, match=r"task\.key_size=3: must be at most task\.keys=2"):
        FuzzyRecall(keys=2)
