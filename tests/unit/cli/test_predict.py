"""`harness predict`: answers in the order of the inputs, one bad input named and the rest done, in text and in JSON."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from tiny_run import tiny_run

import harness as package
from harness.config import compose, to_settings
from harness.config.identity import run_plan
from harness.errors import UserError
from harness.inference.streaming import Streamed
from harness.store import Store
from harness.training.execute import execute

SMALL = (
    "model.hidden_size=8",
    "trainer.embedding_dim=8",
    "trainer.validations=1",
    "trainer.device=cpu",
    "trainer.latency_s=0.01",
)
TASKS = {
    "translation": ("task.dataset=cipher", "task.vocab_size=330", "decoding.max_length=6"),
    "text_classification": ("task.dataset=colours",),
    "text_generation": ("task.dataset=counting", "decoding.sample_length=8"),
    "forecasting": ("task.dataset=waves", "task.lookback=12", "task.horizon=3", "task.quantiles=[0.1,0.5,0.9]"),
    "music": ("task.dataset=toy_chords", "model=attention_lstm"),  # which carries its state
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder of a few runs of two steps, one a task."""
    place = tmp_path_factory.mktemp("results")
    with Store.open(f"sqlite:///{place}/store.db") as store:
        for task, words in TASKS.items():
            model = () if any(word.startswith("model=") for word in words) else ("model=lstm",)
            made = compose([f"task={task}", *words, *model, *SMALL, "budget=steps:2", "task.eval_limit=20"])
            settings = to_settings(made, threads=1)
            execute(settings, run_plan(settings), store=store, results=place)
    tiny_run(place / "speech")
    return place


@pytest.fixture
def folder(results: Path) -> Any:
    """The folder of a task's run."""

    def of(task: str) -> str:
        runs = [path for path in results.glob("**/runs/*") if (path / "specs.json").is_file()]
        (found,) = (path for path in runs if json.loads((path / "specs.json").read_text())["task"] == task)
        return str(found)

    return of


@pytest.fixture
def here(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The results store and folder of the runs are those in use."""
    monkeypatch.setenv("HARNESS_RESULTS", str(results))
    monkeypatch.setenv("HARNESS_STORE", f"sqlite:///{results}/store.db")


def _typed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_texts_files_and_standard_input_give_what_python_gives(
    harness: Any, folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = folder("translation")
    (tmp_path / "lines.txt").write_text("green river\r\nsleeps\n")
    _typed(monkeypatch, b"red stone\nriver\n")
    code, out, err = harness("predict", run, "red house sings", str(tmp_path / "lines.txt"), "-")
    model = package.load(run)
    texts = ["red house sings", "green river", "sleeps", "red stone", "river"]
    assert (code, err) == (0, "")
    assert out.splitlines() == [one.text for one in model.predict(texts)]


def test_one_bad_line_is_named_and_keeps_its_place(
    harness: Any, folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _typed(monkeypatch, b"red\n\xe9t\xe9\ngreen\n")
    code, out, err = harness("predict", folder("translation"), "-", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert ["error" in row for row in rows] == [False, True, False]
    assert "standard input, line 2 is not UTF-8 text" in err
    assert "1 of 3 inputs could not be predicted" in err
    (tmp_path / "empty.txt").touch()
    (tmp_path / "sound.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    bad = [str(tmp_path / name) for name in ("empty.txt", "sound.wav", "")]
    code, out, err = harness("predict", folder("translation"), *bad, "red")
    assert code == 1
    assert out.count("\n") == 4
    for said in ("the file is empty", "sound.wav contains NUL bytes", "it is a folder"):
        assert said in err, said


def test_a_text_that_looks_like_a_missing_file_is_said(harness: Any, folder: Any, tmp_path: Path) -> None:
    code, _, err = harness("predict", folder("translation"), "reviews.csv")
    assert code == 0
    assert "there is no file 'reviews.csv', so it is taken as a text" in err
    named = tmp_path / "named.txt"
    named.write_text("two\nlines\n")
    assert harness("predict", folder("translation"), str(named), "--text")[1].count("\n") == 1


def test_classes_have_probabilities_and_unknown_words_are_said(harness: Any, folder: Any) -> None:
    code, out, err = harness("predict", folder("text_classification"), "the red zzz", "--json")
    row = json.loads(out)
    assert code == 0
    assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert row["text"] == max(row["probabilities"], key=row["probabilities"].get)
    assert "never seen in training" in err
    assert row["remarks"] == [err.strip().split(": ", 2)[2]]


def test_texts_go_on_by_seed_whatever_the_batches(harness: Any, folder: Any) -> None:
    run = folder("text_generation")
    prompts = ["one two", "", "three"]
    model = package.load(run)
    texts = [prompt + one.text for prompt, one in zip(prompts, model.predict(prompts, seed=3), strict=True)]
    assert harness("predict", run, *prompts, "--seed", "3")[1] == "".join(f"{text}\n" for text in texts)
    longer = json.loads(harness("predict", run, "one", "--json", "--with", "decoding.sample_length=30")[1])
    assert len(longer["text"]) > 8


def test_a_table_is_forecast_with_quantiles_in_units_of_the_data(harness: Any, folder: Any, tmp_path: Path) -> None:
    rows = [f"2020-01-01T{hour:02}:00,{hour % 5},{40 + hour}" for hour in range(24)]
    (tmp_path / "series.csv").write_text("\n".join(["time,wave,square", *rows]))
    code, out, err = harness("predict", folder("forecasting"), str(tmp_path / "series.csv"), "--json")
    assert (code, err) == (0, "")
    row = json.loads(out)
    assert row["forecast"] == row["quantiles"]["0.5"]
    assert len(row["forecast"]["square"]) == 3
    assert 20 < np.mean(row["forecast"]["square"]) < 100
    (tmp_path / "other.csv").write_text("\n".join(["time,wave", *(row.rsplit(",", 1)[0] for row in rows)]))
    code, out, err = harness("predict", folder("forecasting"), str(tmp_path / "other.csv"))
    assert code == 1
    assert "square" in err


def test_frames_lie_in_files_of_arrays_and_in_folders(harness: Any, folder: Any, tmp_path: Path) -> None:
    frames = np.random.default_rng(0).random((30, 8), dtype=np.float32)
    np.save(tmp_path / "a.npy", frames)
    np.save(tmp_path / "b.npy", frames[:, :7])
    soundfile.write(tmp_path / "c.wav", np.sin(np.arange(8000) / 9), 8000)
    code, out, err = harness("predict", folder("speech_recognition"), str(tmp_path), "nothing.wav")
    assert code == 1
    assert [line.split("\t")[0][-5:] for line in out.splitlines()] == ["a.npy", "b.npy", "c.wav", "g.wav"]
    (expected,) = package.load(folder("speech_recognition")).predict([frames])
    assert out.splitlines()[0].split("\t")[1] == expected.text
    for said in ("of shape (30, 7) holds no frames", "ready-made", "nothing.wav: there is no such file"):
        assert said in err, said


def test_music_is_given_as_text_though_its_input_is_no_symbols(harness: Any, folder: Any) -> None:
    code, out, _ = harness("predict", folder("music"), "C4+E4 G4 -")
    assert code == 0
    assert len(out.split()) == 3


def test_each_word_is_answered_as_it_comes(harness: Any, folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "C4+E4 G4 -\nC4 F4\n"
    _typed(monkeypatch, lines.encode())
    code, out, err = harness("predict", folder("music"), "-", "--stream")
    whole = package.load(folder("music")).predict(lines.splitlines())
    assert code == 0
    assert out.splitlines() == [one.text for one in whole]
    assert "5 steps; from a word to its answer" in err
    _typed(monkeypatch, b"C4 nokey E4")
    code, out, err = harness("predict", folder("music"), "-", "--stream")
    assert (code, len(out.split())) == (1, 2)
    assert "Error: 'nokey': Step 1 of the piece has 'nokey'" in err
    for task, words, said in (
        ("text_classification", ("-", "--stream"), "does not answer a text word by word"),
        ("music", ("C4", "--stream"), "--stream reads standard input"),
    ):
        code, _, err = harness("predict", folder(task), *words)
        assert (code, said in err) == (2, True)


def test_a_model_that_carries_no_state_reads_the_line_again(folder: Any) -> None:
    model = package.load(folder("music"))
    words = ["C4+E4", "G4", "-", "C5"]
    carried = Streamed(model)
    one_by_one = [carried.answer(word) for word in words]
    assert model.network.capabilities.carries_state
    model.network.capabilities = replace(model.network.capabilities, carries_state=False)
    again = Streamed(model)
    assert [again.answer(word) for word in words] == one_by_one
    model.network.capabilities = replace(model.network.capabilities, causal=False)
    with pytest.raises(UserError, match="reads the future"):
        Streamed(model)


@pytest.mark.usefixtures("here")
def test_the_recommended_model_of_a_task_is_used_under_limits(harness: Any, folder: Any) -> None:
    best = ("predict", "--best", "text_classification", "the red one")
    code, out, err = harness(*best, "--max-parameters", "1e6")
    assert code == 0
    assert out == harness("predict", folder("text_classification"), "the red one")[1]
    assert "recommended for colours with parameters at most 1 M" in err
    for words, said in (
        ((*best, "--max-parameters", "5"), "No model can be recommended for text_classification with parameters at"),
        (("predict", "--best", "text_classification:tints", "x"), "no data set named 'tints'"),
        (("predict", "--best", "speech", "x"), "no task named 'speech'"),
        (("predict", "RUN", "x", "--max-latency", "3"), "limit what --best TASK chooses"),
    ):
        code, _, err = harness(*words)
        assert code == 2, words
        assert said in " ".join(err.split()), words


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("task", ["translation", "text_classification", "text_generation", "forecasting"])
def test_the_test_split_scores_as_stored_to_the_last_digit(harness: Any, folder: Any, task: str) -> None:
    code, out, _ = harness("predict", folder(task), "--score", "test", "--json")
    row = json.loads(out)
    assert code == 0
    assert row["metrics"] == row["stored"]
    assert row["outputs_that_differ"] == (None if task == "text_generation" else 0)
    code, out, err = harness("predict", folder(task), "--score", "test")
    assert out.count("the stored value, to the last digit") == len(row["metrics"])
    assert ("20 of 20 outputs are the stored ones" in err) == (task != "text_generation")


def test_examples_of_my_own_are_scored(harness: Any, folder: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("label,text,stars\nred,a red hat,3\nblue,the blue one,4\n")
    run, mine = folder("text_classification"), str(tmp_path / "mine.csv")
    row = json.loads(harness("predict", run, "--score", mine, "--json")[1])
    answers = [one.text for one in package.load(run).predict(["a red hat", "the blue one"])]
    right = sum(text == label for text, label in zip(answers, ("red", "blue"), strict=True))
    assert (row["examples"], row["metrics"]["accuracy"]) == (2, 50 * right)
    assert "stored" not in row
    (tmp_path / "mine.csv").write_text("label,text\nred,a red hat\nmauve,the mauve one\n")
    code, _, err = harness("predict", run, "--score", mine)
    assert code == 2
    assert "mine.csv, line 3': There is no class 'mauve'" in err
    (tmp_path / "mine.csv").write_text("colour,words,n\nred,a red hat,1\n")
    code, _, err = harness("predict", run, "--score", mine)
    assert (code, "must have a column of inputs" in err) == (2, True)
    (tmp_path / "whole.txt").write_text("one two three four\n")
    row = json.loads(harness("predict", folder("text_generation"), "--score", str(tmp_path / "whole.txt"), "--json")[1])
    assert row["metrics"]["perplexity"] > 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Say which run"),
        (("RUN",), "what to predict"),
        (("nowhere", "x"), "no folder 'nowhere'"),
        (("RUN", "x", "--with", "decoding.method"), "not NAME=VALUE"),
        (("RUN", "x", "--with", "decoding.beams=3"), "no option named 'decoding.beams'"),
        (("RUN", "x", "--score", "test"), "leave out 'x'"),
        (("RUN", "--score", "tests"), "There is no file 'tests' to score"),
        (("RUN", "x", "--device", "toaster"), "--device toaster cannot be used here"),
    ],
)
def test_mistakes_are_one_sentence(harness: Any, folder: Any, words: tuple[str, ...], said: str) -> None:
    given = [folder("translation") if word == "RUN" else word for word in words]
    code, _, err = harness("predict", *given)
    assert code == 2
    assert said in " ".join(err.split())
