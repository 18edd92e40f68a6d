"""Data sets for state tracking: each answer against the rule, worked out from the text by other means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from harness_datasets.state_tracking.bucket_sort import BucketSort
from harness_datasets.state_tracking.cycle_navigation import CycleNavigation
from harness_datasets.state_tracking.dyck import Dyck
from harness_datasets.state_tracking.even_pairs import EvenPairs
from harness_datasets.state_tracking.modular_arithmetic import ModularArithmetic
from harness_datasets.state_tracking.modular_arithmetic_brackets import ModularArithmeticBrackets
from harness_datasets.state_tracking.parity import Parity
from harness_datasets.state_tracking.stack_manipulation import StackManipulation
from harness_datasets.state_tracking.word_problem import WordProblem
from harness_tasks.symbol_strings import SymbolStrings

from harness.errors import DataError

SIGNS = {"plus": "+", "minus": "-", "times": "*", "open": "(", "close": ")"}


def parity(words: list[str]) -> list[str]:
    return [("even", "odd")[words[: n + 1].count("1") % 2] for n in range(len(words))]


def even_pairs(words: list[str]) -> list[str]:
    text = "".join(words)
    pairs = [len(re.findall("(?=01|10)", text[: n + 1])) for n in range(len(text))]
    return [("even", "odd")[count % 2] for count in pairs]


def cycle_navigation(words: list[str]) -> list[str]:
    place, found = 0, []
    for word in words:
        place = {"left": (place + 4) % 5, "right": (place + 1) % 5, "stay": place}[word]
        found.append(str(place))
    return found


def arithmetic(words: list[str]) -> list[str]:
    signs = [SIGNS.get(word, word) for word in words]
    return [str(eval("".join(signs[: n + 1])) % 5) if signs[n].isdigit() else "-" for n in range(len(signs))]


def brackets(words: list[str]) -> list[str]:
    signs, found, opened = [SIGNS.get(word, word) for word in words], [], []
    for n, sign in enumerate(signs):
        found.append("-")
        if sign == "(":
            opened.append(n)
        elif sign == ")":
            found[n] = str(eval("".join(signs[opened.pop() : n + 1])) % 5)
    assert not opened
    found[-1] = str(eval("".join(signs)) % 5)
    return found


def word_problem(words: list[str]) -> list[str]:
    found, moved = [], {c: c for c in "12345"}
    for word in words:
        moved = {start: word[int(now) - 1] for start, now in moved.items()}
        found.append("".join(moved[c] for c in "12345"))
    return found


def dyck(words: list[str]) -> list[str]:
    found = []
    for n in range(len(words)):
        text, shorter = "", " ".join(words[: n + 1])
        while text != shorter:
            text, shorter = shorter, re.sub(r" ?open(\d) close\1", "", shorter).strip()
        assert "close" not in text
        assert len(text.split()) <= 5
        found.append(text[-1] if text else "none")
    return found


def stack(words: list[str]) -> list[str]:
    given = words[: words.index("out")]
    assert len(words) == 2 * len(given) + 1
    held: list[str] = []
    for word in given:
        if word == "pop":
            held = held[:-1]
        else:
            held.append(word[-1])
    return (["-"] * len(given) + held[::-1] + ["end"] + ["-"] * len(words))[: len(words)]


def bucket_sort(words: list[str]) -> list[str]:
    given = words[: len(words) // 2]
    assert set(words[len(given) :]) == {"out"}
    return ["-"] * len(given) + sorted(given)


RULES: list[tuple[SymbolStrings, Callable[[list[str]], list[str]]]] = [
    (Parity(), parity),
    (EvenPairs(), even_pairs),
    (CycleNavigation(), cycle_navigation),
    (ModularArithmetic(), arithmetic),
    (ModularArithmeticBrackets(), brackets),
    (ModularArithmeticBrackets(multiplication=False), brackets),
    (WordProblem(), word_problem),
    (WordProblem(group="s5", generators=4), word_problem),
    (Dyck(), dyck),
    (StackManipulation(), stack),
    (BucketSort(), bucket_sort),
]


@pytest.mark.parametrize(("data", "rule"), RULES, ids=lambda one: getattr(one, "label", getattr(one, "__name__", "")))
def test_every_answer_follows_the_rule(data: SymbolStrings, rule: Callable[[list[str]], list[str]]) -> None:
    raw = replace(data.tiny(), train_examples=60, test_max_length=30).read()
    for one in (*raw.train, *raw.val, *raw.test):
        assert one.target.split() == rule(one.input.split()), one.input


def test_lengths_are_those_asked_for_and_no_string_stands_in_two_splits() -> None:
    raw = replace(Parity().tiny(), test_min_length=8, test_max_length=14).read()
    texts = {name: {one.input for one in getattr(raw, name)} for name in ("train", "val", "test")}
    assert not texts["train"] & texts["val"]
    assert not (texts["train"] | texts["val"]) & texts["test"]
    marks: Any = raw.test
    lengths: dict[str, set[int]] = {"within": set(), "beyond": set()}
    for one, mark in zip(raw.test, marks.marks, strict=True):
        lengths[mark].add(len(one.input.split()))
    assert (min(lengths["within"]), max(lengths["within"])) == (3, 10)
    assert (min(lengths["beyond"]), max(lengths["beyond"])) == (8, 14)


def test_the_data_seed_decides_the_strings() -> None:
    one, two, three = (Parity(data_seed=seed).tiny().read().train[:20] for seed in (0, 0, 1))
    assert one == two
    assert one != three


@pytest.mark.parametrize("data", [Parity(ask="last"), ModularArithmetic(ask="last"), Dyck(ask="last")])
def test_asked_at_the_end_there_is_one_answer_and_it_is_the_same(data: Any) -> None:
    pairs = zip(data.tiny().read().train, replace(data, ask="every").tiny().read().train, strict=True)
    for last, every in pairs:
        answers = last.target.split()
        assert answers.count("-") == len(answers) - 1
        assert answers[-1] == every.target.split()[-1]


def test_groups_have_their_size_and_generators_generate_them() -> None:
    sizes = {"s3": 6, "a4": 12, "s4": 24, "a5": 60, "s5": 120, "z60": 60}
    for group, size in sizes.items():
        assert len(set(WordProblem(group=group).answers)) == size
    even = {"".join(p) for p in permutations("12345") if sum(a > b for i, a in enumerate(p) for b in p[i:]) % 2 == 0}
    assert set(WordProblem().answers) == even
    some = WordProblem(generators=3)
    reached, new = set(some.symbols), list(some.symbols)
    while new:
        one = new.pop()
        products = {word_problem([one, other])[-1] for other in some.symbols} - reached
        reached |= products
        new += products
    assert len(some.symbols) == 3
    assert reached == even


def test_sums_modulo_60() -> None:
    for one in WordProblem(group="z60").tiny().read().val:
        assert [int(w) for w in one.target.split()] == (np.cumsum([int(w) for w in one.input.split()]) % 60).tolist()


def test_ranges_and_sizes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match=r"task\.min_length is 9 and task\.max_length is 4"):
        Parity(min_length=9, max_length=4)
    with pytest.raises(ValueError, match=r"task\.ask, 'often', does not exist; choose one of: every, last"):
        Parity(ask="often")
    with pytest.raises(ValueError, match=r"task\.test_examples, 0, must be 1 or more"):
        Parity(test_examples=0)
    with pytest.raises(ValueError, match=r"task\.group, 'a9', does not exist"):
        WordProblem(group="a9")
    with pytest.raises(ValueError, match=r"task\.generators is 1; it must be 0 \(all\), or from 2 to 60"):
        WordProblem(generators=1)
    with pytest.raises(DataError, match="too few different ones exist"):
        Parity(min_length=1, max_length=1, train_examples=10).read()
