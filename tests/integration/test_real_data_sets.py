"""Built-in data sets on their real files: the data set contract, and no held-out example among what is learned from.

Needs the data cache or the network for those in wheels, HARNESS_SHARED_DATA for those in the user's folders.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.config.task_options import options_class, to_task
from harness.data.contamination import examine as compare
from harness.registry.discovery import load_task
from harness.testing import dataset_checks
from harness.testing.dataset_subject import DatasetSubject, real_subjects
from harness.testing.examination import examine

OURS: dict[str, tuple[str, dict[str, Any]]] = {
    "interface strings": ("translation.interface_strings", {}),
    "interface strings, backwards": (
        "translation.interface_strings",
        {"source_language": "de", "target_language": "en"},
    ),
    "king james": ("text_generation.king_james", {}),
    "digit strings": ("speech_recognition.digit_strings", {}),
    "digits alone": ("speech_recognition.digit_strings", {"strings": False}),
    "film sentences": ("text_classification.film_sentences", {}),
    "film sentences, on tweets": ("text_classification.film_sentences", {"test_on": "tweets"}),
    "film sentences, on products": ("text_classification.film_sentences", {"test_on": "products"}),
    "film sentences, on editorials": ("text_classification.film_sentences", {"test_on": "editorials"}),
    "digit commands": ("spoken_commands.digit_commands", {"running_minutes": 1.0}),
    "babyai missions": (
        "video_captioning.babyai_missions",
        {"train_clips": 160, "val_clips": 24, "test_clips": 24},
    ),
    # Noise would hide that two clips show the same scene.
    "minigrid actions": ("action_recognition.minigrid_actions", {"noise": 0.0}),
    "home assistant slots": ("tagging.home_assistant_slots", {}),
    "japanese vowels": ("series_classification.japanese_vowels", {}),
    "digits of 8 by 8": ("series_classification.digits8", {"order": "permuted"}),
    "5,000 of mnist": ("series_classification.mnist_5k", {}),
    "basic motions, ten a second": ("series_classification.basic_motions", {}),
    "pedestrians": ("forecasting.pedestrians", {"first_year": 2025}),
    "air quality, hourly": ("forecasting.air_quality", {}),
    "appliances, every ten minutes": ("forecasting.appliances", {}),
    "stocks, monthly": ("forecasting.stocks", {}),
    "seattle weather, daily": ("forecasting.seattle_weather", {}),
    "bach chorales": ("music.bach_chorales", {}),
}

COPIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "multi30k": (
        "translation.multi30k",
        "translation/multi30k",
        {"source_language": "de", "target_language": "en"},
    ),
    "penn treebank": ("text_generation.penn_treebank", "language-modelling/penn-treebank", {}),
    "tiny shakespeare": ("text_generation.tinyshakespeare", "language-modelling/tinyshakespeare", {}),
    "an4": ("speech_recognition.an4", "speech/an4", {}),
    "an4, audio": ("speech_recognition.an4", "speech/an4-wav-sample/asr", {"audio": True}),
    "fsdd": ("speech_recognition.fsdd", "speech/fsdd/recordings", {}),
    "fsdd, alone": ("speech_recognition.fsdd", "speech/fsdd/recordings", {"strings": False}),
    "sst-2": ("text_classification.sst2", "sentiment/sst", {}),
    "sst-5": ("text_classification.sst5", "sentiment/sst", {}),
    "subj": ("text_classification.subj", "classification/subjectivity-and-reviews", {}),
    "subj, another fold": ("text_classification.subj", "classification/subjectivity-and-reviews", {"fold": 9}),
    "cr": ("text_classification.cr", "classification/subjectivity-and-reviews", {}),
    "clinc150": ("text_classification.clinc150", "intents/clinc150", {}),
    "clinc150, domains": ("text_classification.clinc150", "intents/clinc150", {"level": "domain"}),
    "clinc150, with what is out of scope": (
        "text_classification.clinc150",
        "intents/clinc150",
        {"out_of_scope": "a_class"},
    ),
    "snips": ("text_classification.snips", "intents/snips", {}),
    "atis": ("tagging.conllu", "tagging/ud-english-atis", {}),
    "ewt, dev and test": ("tagging.conllu", "tagging/ud-english-ewt-dev-test", {}),
    "wnut17": ("tagging.bio_columns", "tagging/wnut17", {}),
    "snips slots": ("tagging.snips", "intents/snips", {}),
    "fsdd commands": ("spoken_commands.fsdd", "speech/fsdd/recordings", {"running_minutes": 1.0}),
    "fsdd commands, official split": ("spoken_commands.fsdd", "speech/fsdd/recordings", {"held_out": "recordings"}),
    "ett": ("forecasting.ett", "forecasting/ett", {}),
    "mnist, test part": (
        "series_classification.mnist",
        "mnist/idx-test-only",
        {"parts": "test", "pool": 2, "order": "permuted"},
    ),
    "exchange rate, daily": ("forecasting.exchange_rate", "forecasting/exchange-rate", {}),
    "jsb chorales": ("music.jsb_chorales", "music/jsb-chorales-json", {}),
    "videos": ("action_recognition.folder", "video-action/surveillance-fight", {}),
    "videos, a fold": ("action_recognition.surveillance_fight", "video-action/surveillance-fight", {"fold": 3}),
}

BOILERPLATE = {"penn treebank": 0.02}
"""The share of held-out characters in passages that training holds too, where the published split has such. Penn
Treebank's newspaper repeats the explanations under its daily tables of interest rates: 1.5 % of validation, 1.2 % of
test."""

COMPARED = ("near_duplicates", "copies")
"""Clauses that ask what `_sound` asks itself, once, with how much is shared."""


QUICK = {
    *("interface strings", "film sentences", "minigrid actions", "babyai missions", "home assistant slots"),
    *("digit commands", "multi30k", "tiny shakespeare", "sst-2", "atis", "an4", "japanese vowels", "videos"),
}
"""One or two of each kind of data, which take no more than some seconds; the others are checked with `--all`."""


def _marked(name: str) -> Any:
    return pytest.param(name, marks=() if name in QUICK else pytest.mark.exhaustive)


def test_the_quick_ones_are_known() -> None:
    assert OURS.keys() | COPIES.keys() >= QUICK


def _subject(name: str, options: dict[str, Any]) -> DatasetSubject:
    task, _, dataset = name.partition(".")
    (subject,) = real_subjects(to_task(options_class(load_task(task), dataset)(**options)).dataset)
    return subject


def _sound(subject: DatasetSubject, shared: float = 0.001) -> None:
    findings = [examine(one, subject) for one in dataset_checks.CLAUSES if one.name not in COMPARED]
    assert [f"{finding.clause}: {finding.report}" for finding in findings if finding.held is False] == []
    assert {finding.clause for finding in findings if finding.held} >= {"verified", "raw_examples", "specifications"}
    found = compare(subject.data)
    assert found.duplicates == (), f"{found.duplicates[0]} and {len(found.duplicates) - 1} more"
    assert all(share < shared for share in found.shared.values()), found.shared


@pytest.mark.parametrize("name", [_marked(name) for name in OURS])
def test_a_data_set_that_is_fetched_or_simulated_keeps_its_contract(name: str) -> None:
    _sound(_subject(*OURS[name]))


@pytest.mark.shared_data
@pytest.mark.parametrize("name", [_marked(name) for name in COPIES])
def test_a_standard_data_set_keeps_its_contract(name: str, shared_data: Path) -> None:
    dataset, folder, options = COPIES[name]
    _sound(_subject(dataset, {"root": shared_data / folder, **options}), BOILERPLATE.get(name, 0.001))


@pytest.mark.shared_data
def test_the_one_validation_caption_that_multi30k_trains_on_is_left_out_of_training(shared_data: Path) -> None:
    dataset, folder, options = COPIES["multi30k"]
    data = _subject(dataset, {"root": shared_data / folder, **options}).data
    assert (len(data.train), len(data.val), len(data.test)) == (28_999, 1_014, 1_000)
    assert data.notes["training pairs left out, whose source stands in validation or test"] == 1
