"""The plug-ins' own tests: the contracts, as shipped with the harness, and what these plug-ins promise beyond them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from harness_toy.bracket_depth import BracketDepth
from harness_toy.first_symbol import FirstSymbol
from harness_toy.lookahead import Lookahead
from harness_toy.mean import Mean
from harness_toy.numerals import Numerals, said
from harness_toy.transformer import Transformer, past_window, sinusoids

from harness import Example
from harness.errors import DataError
from harness.testing import DatasetContract, ModelContract, TaskContract


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    data = BracketDepth(train_strings=60, val_strings=20, test_strings=20).setup()
    return [split[i] for split in (data.train, data.val, data.test) for i in range(len(split))]


class TestMean(ModelContract):
    model = Mean()


class TestLookahead(ModelContract):
    model = Lookahead()


class TestTransformer(ModelContract):
    model = Transformer()
    variants = (Transformer(layers=3), Transformer(context=6), Transformer(causal=True))

    def test_position_t_is_a_wave_of_every_length(self) -> None:
        waves = sinusoids(50, 8, torch.device("cpu"))
        assert waves.shape == (50, 8)
        assert waves[0].tolist() == [0, 1] * 4
        torch.testing.assert_close(waves[7, 0], torch.tensor(7.0).sin())
        torch.testing.assert_close(waves[7, 5], torch.tensor(7 / 10_000 ** (4 / 8)).cos())

    def test_a_window_holds_the_position_and_those_just_before_it(self) -> None:
        seen = past_window(4, 1, torch.device("cpu")).int().tolist()
        assert seen == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"hidden_size": 30}, "hidden_size=30: must be even and a multiple of heads=4"),
            ({"hidden_size": 9, "heads": 3}, "hidden_size=9: must be even"),
            ({"heads": 0}, "multiple of heads=0"),
            ({"context": 1}, "context=1: must be at least layers=2"),
        ],
    )
    def test_options_that_make_no_network_are_named(self, options: dict[str, int], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            Transformer(**options)


class TestFirstSymbol(TaskContract):
    task = FirstSymbol()


class TestNumerals(DatasetContract):
    dataset = Numerals()
    variants = (Numerals(source_language="de", target_language="en"),)

    @pytest.mark.parametrize(
        ("number", "english", "german"),
        [
            (0, "zero", "null"),
            (7, "seven", "sieben"),
            (21, "twenty one", "ein und zwanzig"),
            (300, "three hundred", "drei hundert"),
            (786, "seven hundred eighty six", "sieben hundert sechs und achtzig"),
        ],
    )
    def test_numbers_are_said_as_they_are(self, number: int, english: str, german: str) -> None:
        assert (said(number, "en"), said(number, "de")) == (english, german)


class TestBracketDepth(TaskContract):
    task = BracketDepth()
    variants = (BracketDepth(data_seed=1),)

    def test_strings_are_well_formed_and_depths_are_those_of_a_stack(self, examples: list[Example]) -> None:
        for example in examples:
            stack: list[str] = []
            for bracket, depth, symbol in zip(example.source, example.target, example.input, strict=True):
                if bracket in "([{<":
                    stack.append(bracket)
                    assert symbol == 1 + "([{<".index(bracket)
                assert depth == len(stack) - 1
                if bracket in ")]}>":
                    assert stack.pop() + bracket in ("()", "[]", "{}", "<>")
                    assert symbol == 1 + 3 + ")]}>".index(bracket)
            assert not stack
            assert example.references == (" ".join(str(d + 1) for d in example.target),)

    def test_no_two_strings_share_their_nesting(self, examples: list[Example]) -> None:
        assert len({tuple(e.input <= 3) for e in examples}) == len(examples) == 100

    def test_lengths_and_depths_are_as_asked_for(self, examples: list[Example]) -> None:
        lengths = [len(e.input) for e in examples]
        assert 32 <= min(lengths) < max(lengths) <= 96
        assert max(int(e.target.max()) for e in examples) == 7

    def test_another_data_seed_gives_other_strings(self) -> None:
        one, two = (BracketDepth(data_seed=seed).tiny().setup().train[0] for seed in (0, 1))
        assert one.source != two.source

    def test_the_baseline_knows_the_bracket_and_not_its_place(self) -> None:
        task = BracketDepth(kinds=1, max_depth=1).tiny()
        (baseline,) = task.baselines()
        data = task.setup()
        answers = baseline.predict(data, 0)
        for prediction, index in zip(answers, range(len(data.test)), strict=True):
            by_symbol = dict(zip(data.test[index].input.tolist(), prediction.output, strict=True))
            assert prediction.output == [by_symbol[s] for s in data.test[index].input.tolist()]
        rows = task.evaluate(answers, [data.test[i] for i in range(len(data.test))])
        assert np.mean([row["bracket_accuracy"]["right"] for row in rows]) > 0

    def test_more_strings_than_there_are_is_an_error_that_says_what_to_do(self) -> None:
        with pytest.raises(DataError, match=r"Only \d+ strings of 2 to 6 brackets.*Raise task\.longest"):
            BracketDepth(shortest=2, longest=6).setup()

    @pytest.mark.parametrize(
        "options", [{"kinds": 5}, {"max_depth": 0}, {"shortest": 3}, {"shortest": 90, "longest": 8}]
    )
    def test_options_that_make_no_string_are_named(self, options: dict[str, int]) -> None:
        with pytest.raises(ValueError, match=next(iter(options))):
            BracketDepth(**options)
