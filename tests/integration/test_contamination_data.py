"""No test or validation example of a built-in data set stands in what is learned from. Needs the wheels' data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flat_task import flat_task
from harness_tasks.action_recognition import ActionRecognition
from harness_tasks.speech_recognition import SpeechRecognition
from harness_tasks.text_generation import TextGeneration
from harness_tasks.translation import Translation

from harness.contract.task import Task
from harness.data.contamination import Findings, examine

TASKS: dict[str, Task] = {
    "interface_strings": Translation(),
    "interface_strings, backwards": flat_task(Translation, source_language="de", target_language="en"),
    "king_james": TextGeneration(),
    "digit_strings": SpeechRecognition(),
    "digit_strings, alone": flat_task(SpeechRecognition, strings=False),
    "minigrid_actions": ActionRecognition(),
    # Noise would hide that two clips show the same scene.
    "minigrid_actions, without noise": flat_task(ActionRecognition, noise=0.0),
}

COPIES: dict[str, Callable[[Path], Task]] = {
    "multi30k": lambda root: flat_task(
        Translation, "multi30k", root=root / "translation/multi30k", source_language="de", target_language="en"
    ),
    "penn_treebank": lambda root: flat_task(
        TextGeneration,
        "penn_treebank",
        root=root / "language-modelling/penn-treebank",
    ),
    "tiny shakespeare": lambda root: flat_task(
        TextGeneration,
        "text",
        root=root / "language-modelling/tinyshakespeare",
    ),
    "fsdd": lambda root: flat_task(SpeechRecognition, "fsdd", root=root / "speech/fsdd/recordings"),
    "fsdd, alone": lambda root: flat_task(
        SpeechRecognition,
        "fsdd",
        root=root / "speech/fsdd/recordings",
        strings=False,
    ),
    "videos": lambda root: flat_task(
        ActionRecognition,
        "folder",
        root=root / "video-action/surveillance-fight",
    ),
}


BOILERPLATE = {"penn_treebank": 0.02}
"""The share of held-out characters in passages that training holds too, where the published split has such. Penn
Treebank's newspaper repeats the explanations under its daily tables of interest rates: 1.5 % of validation, 1.2 % of
test."""


def _clean(task: Task, shared: float = 0.001) -> Findings:
    task.prepare_data()
    found = examine(task.setup())
    assert found.duplicates == (), f"{found.duplicates[0]} and {len(found.duplicates) - 1} more"
    assert all(share < shared for share in found.shared.values()), found.shared
    return found


QUICK = ("digit_strings", "minigrid_actions")  # the others take half a minute each


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.exhaustive) for n in TASKS])
def test_a_data_set_that_is_fetched_or_simulated_is_clean(name: str) -> None:
    found = _clean(TASKS[name])
    assert min(found.compared.values()) > 0


@pytest.mark.shared_data
@pytest.mark.parametrize("name", COPIES)
def test_a_standard_data_set_is_clean(name: str, shared_data: Path) -> None:
    _clean(COPIES[name](shared_data), BOILERPLATE.get(name, 0.001))


@pytest.mark.shared_data
def test_the_one_validation_caption_that_multi30k_trains_on_is_left_out_of_training(shared_data: Path) -> None:
    data = COPIES["multi30k"](shared_data).setup()
    assert (len(data.train), len(data.val), len(data.test)) == (28_999, 1_014, 1_000)
    assert data.notes["training pairs left out, whose source stands in validation or test"] == 1
