"""A sweep's words become cells."""

from __future__ import annotations

from typing import Any

import pytest

from harness.config import compose, expand, split, to_settings
from harness.errors import ConfigError


@pytest.fixture(autouse=True)
def _plugins(site: Any) -> None:
    for name in ("counting", "other"):
        site.task(name)
    for name in ("small", "large"):
        site.model(name)
    text = """
    # @package _global_
    grid: {task: [counting, other], model: "small,large", seed: [1, 2]}
    per_task: {other: {budget: steps:9}}
    """
    more = "# @package _global_\ndefaults: [grid_one, _self_]\ngrid: {seed: [7]}\n"
    files = {"c/__init__.py": "", "c/experiment/grid_one.yaml": text, "c/experiment/grid_two.yaml": more}
    site.install("grids", {"config.grids": "c"}, files)


def test_words_without_lists_are_one_cell() -> None:
    assert split(["task=counting", "model=small"]) == [("task=counting", "model=small")]


def test_lists_choices_and_ranges_multiply_and_the_last_varies_fastest() -> None:
    cells = split(["task=counting,other", "seed=range(2)", "optimizer.lr=choice(0.1,0.2)"])
    assert len(cells) == 8
    assert cells[:3] == [
        ("task=counting", "seed=0", "optimizer.lr=0.1"),
        ("task=counting", "seed=0", "optimizer.lr=0.2"),
        ("task=counting", "seed=1", "optimizer.lr=0.1"),
    ]


def test_the_cells_are_composed() -> None:
    cells = expand(["task=counting", "model=small,large", "budget=steps:2,steps:3"])
    assert [(c.settings.model.name, c.settings.budget) for c in cells] == [
        ("small", "steps:2"),
        ("small", "steps:3"),
        ("large", "steps:2"),
        ("large", "steps:3"),
    ]


def test_a_cell_is_what_its_words_compose_alone() -> None:
    for cell in expand(["experiment=grid_one", "optimizer.lr=0.1,0.2"]):
        assert cell.settings == to_settings(compose(cell.overrides), threads=1)


def test_a_file_that_changes_between_two_sweeps_is_read_again(site: Any) -> None:
    assert {cell.settings.budget for cell in expand(["experiment=grid_one", "task=other"])} == {"steps:9"}
    file = site.folder / "c" / "experiment" / "grid_one.yaml"
    file.write_text(file.read_text().replace("steps:9", "steps:8"))
    assert {cell.settings.budget for cell in expand(["experiment=grid_one", "task=other"])} == {"steps:8"}


def test_an_experiments_grid_is_expanded_with_its_per_task_values() -> None:
    cells = expand(["experiment=grid_one"])
    assert len(cells) == 8
    assert {(c.overrides[1], c.settings.budget) for c in cells} == {
        ("task=counting", "epochs:3"),
        ("task=other", "steps:9"),
    }
    assert all(c.settings.sweep == "grid_one" for c in cells)


def test_the_command_line_replaces_a_key_of_the_grid_and_an_extension_keeps_the_rest() -> None:
    cells = split(["experiment=grid_two", "model=small"])
    assert cells == [
        ("experiment=grid_two", "task=counting", "seed=7", "model=small"),
        ("experiment=grid_two", "task=other", "seed=7", "model=small"),
    ]


GRID_OF_OTHER = """
# @package _global_
defaults: [grid_one, _self_]
grid: {seed: [1]}
per_task: {other: {grid: {model: [small], optimizer.lr: [0.1, 0.2]}}}
"""


def test_the_grid_of_a_task_replaces_options_of_the_common_grid(site: Any) -> None:
    site.install("own", {"config.own": "d"}, {"d/__init__.py": "", "d/experiment/grid_own.yaml": GRID_OF_OTHER})
    name = "experiment=grid_own"
    of_other = [
        (name, "task=other", "model=small", "seed=1", "optimizer.lr=0.1"),
        (name, "task=other", "model=small", "seed=1", "optimizer.lr=0.2"),
    ]
    assert split([name]) == [
        (name, "task=counting", "model=small", "seed=1"),
        (name, "task=counting", "model=large", "seed=1"),
        *of_other,
    ]
    assert [set(words) for words in split([name, "task=other"])] == [set(words) for words in of_other]
    assert ["model=large" in words for words in split([name, "model=large", "optimizer.lr=0.3"])] == [True, True]
    assert [(c.settings.budget, c.settings.optimizer.lr) for c in expand([name, "task=other"])] == [
        ("steps:9", 0.1),
        ("steps:9", 0.2),
    ]


def test_the_grid_of_a_task_lists_no_tasks(site: Any) -> None:
    text = "# @package _global_\ngrid: {task: [counting]}\nper_task: {counting: {grid: {task: [other]}}}\n"
    site.install("wrong", {"config.wrong": "d"}, {"d/__init__.py": "", "d/experiment/grid_wrong.yaml": text})
    with pytest.raises(ConfigError, match=r"per_task\.counting in conf/experiment/grid_wrong\.yaml lists tasks"):
        split(["experiment=grid_wrong"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["experiment=grid_one,grid_two"], "a sweep takes one experiment"),
        (["optimizer.lr=interval(0,1)"], "is an interval"),
        (["experiment=nope"], None),
        (["task=counting,nope"], None),
    ],
)
def test_wrong_grids_are_refused(words: list[str], message: str | None) -> None:
    from harness.errors import UserError

    with pytest.raises(ConfigError if message else UserError, match=message):
        expand(words)


def test_the_short_word_for_the_precision_is_the_long_one() -> None:
    cells = split(["task=counting", "precision=fp32,bf16"])
    assert cells == [("task=counting", "trainer.precision=fp32"), ("task=counting", "trainer.precision=bf16")]
    assert [c.settings.trainer.precision for c in expand(["task=counting", "precision=bf16"])] == ["bf16"]


def test_an_experiments_grid_of_precisions_is_overruled_by_either_word(site: Any) -> None:
    text = "# @package _global_\ngrid: {task: [counting], precision: [fp32, bf16]}\n"
    site.install("more", {"config.more": "d"}, {"d/__init__.py": "", "d/experiment/grid_three.yaml": text})
    found = {
        word: [c.settings.trainer.precision for c in expand(["experiment=grid_three", *([word] if word else [])])]
        for word in ("", "precision=bf16", "trainer.precision=bf16")
    }
    assert found == {"": ["fp32", "bf16"], "precision=bf16": ["bf16"], "trainer.precision=bf16": ["bf16"]}


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("seed=range(3,1)", r"'seed=range\(3,1\)' gives no value.*ends before STOP"),
        ("seed=range(0)", "gives no value"),
        ("seed=shuffle()", "gives no value"),
        ("seed=glob(x*)", "gives no value.*for task, model and the like"),
        ("model=glob(z*)", "gives no value.*There are: .*large, .*small"),
        ("seed=range(1,2,0)", "is no list of values: range"),
        ("optimizer.lr=range(0,1,0.0)", "is no list of values"),
        ("optimizer.lr=range(0,nan)", "is no list of values"),
        ("optimizer.lr=range(0,inf)", "gives more than 100,000 values"),
        ("seed=shuffle(range(0,1e12))", "gives more than 100,000 values"),
        ("optimizer.lr=interval(0,1)", "is an interval"),
    ],
)
def test_a_list_of_nothing_is_answered_with_a_sentence(word: str, answer: str) -> None:
    with pytest.raises(ConfigError, match=answer):
        split(["task=counting", word])


def test_a_product_that_is_too_large_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"has 1,000,000 cells \(1000 × 1000\)"):
        split(["seed=range(1000)", "optimizer.lr=range(1000)"])


def test_values_stay_as_they_were_typed() -> None:
    cells = split(["task=counting", "seed=07,1_0", "sweep= x ", "optimizer.lr=choice(1e-3,'a,b')"])
    assert [cell[1] for cell in cells[::2]] == ["seed=07", "seed=1_0"]
    assert cells[0][2:] == ("sweep= x ", "optimizer.lr=0.001")
    assert cells[1][3] == r"optimizer.lr=a\,b"
    assert [cell[0] for cell in split(["seed=sort(3,1,2)"])] == ["seed=1", "seed=2", "seed=3"]
    assert [cell[0] for cell in split(["seed=tag(a,choice(1,2))"])] == ["seed=1", "seed=2"]
