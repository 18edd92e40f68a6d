"""Trained models: a run's folder alone gives the run's outputs; every way in which it cannot is said in a sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from harness_models.lstm import LSTM
from harness_tasks.translation import Translation
from predicted_again import differences, read_raw, write_raw
from tiny_run import tiny_run

import harness
from harness.cleaning.removal import remove_files
from harness.cleaning.run_files import models
from harness.config import compose, to_settings
from harness.config.identity import run_plan
from harness.data.sources import FileSource
from harness.errors import UserError
from harness.inference.examples import raw_split
from harness.inference.trained_model import TrainedModel
from harness.store import Store, query
from harness.store.records import RunSummary
from harness.training import model_files
from harness.training.execute import execute, execute_baseline
from harness.training.model_files import checksum, write_model

SMALL = ("model.hidden_size=8", "trainer.embedding_dim=8", "trainer.validations=1", "trainer.device=cpu")
SHORT = "decoding.max_length=6"
CIPHER = (
    "task=translation",
    "task.dataset=cipher",
    "task.vocab_size=330",
    "model=lstm",
    "budget=steps:4",
    SHORT,
    *SMALL,
)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder of one tiny run on speech."""
    place = tmp_path_factory.mktemp("speech")
    tiny_run(place)
    return place


@pytest.fixture
def folder(speech: Path, tmp_path: Path) -> Path:
    """A copy of the run's folder, elsewhere."""
    (run,) = (speech / "runs").iterdir()
    return Path(shutil.copytree(run, tmp_path / "moved"))


def _refusal(run: str | Path, **options: Any) -> str:
    with pytest.raises(UserError) as refused:
        harness.load(run, **options)
    return str(refused.value)


def test_the_folder_holds_the_model_and_no_checkpoint(folder: Path) -> None:
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files >= {"model.safetensors", "specs.json", "config.json", "README.md", "predictions.jsonl"}
    assert files >= {"preprocessing/normalisation.json", "preprocessing/vocabulary.json"}
    assert not [name for name in files if name.endswith((".ckpt", ".partial", ".pkl", ".pt"))]
    specs = json.loads((folder / "specs.json").read_text())
    assert (specs["input"]["class"], specs["target"]["class"]) == ("FrameInput", "harness.targets.ctc:CTCTarget")
    card = (folder / "README.md").read_text()
    for said in (
        "# lstm on speech_recognition",
        "tones",
        "none needed (generated)",
        specs["key"],
        "| wer |",
        "harness.load",
    ):
        assert said in card, said


def test_stored_outputs_come_again_from_the_folder_alone(folder: Path, tmp_path: Path) -> None:
    model = harness.load(folder)
    write_raw(raw_split(model.config.task), tmp_path / "raw")
    found = differences(folder, read_raw(tmp_path / "raw"))
    assert found["examples"] == 8
    assert (found["other"], found["flipped"]) == (0, 0)
    assert found["nats"] < 1e-5


def test_a_cleaned_model_is_gone(speech: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(speech, tmp_path / "copy"))
    with Store.open(f"sqlite:///{place}/store.db") as store:
        views = query.runs(store)
    (found,) = models(views, place / "runs", "none")
    remove_files(found)
    (run,) = (place / "runs").iterdir()
    assert "holds no trained model" in _refusal(run)
    assert not (run / model_files.WEIGHTS).exists()
    assert not (run / model_files.PREPROCESSING).exists()
    assert (run / "predictions.jsonl").is_file()


def test_a_key_finds_its_run(speech: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_RESULTS", str(speech))
    monkeypatch.setenv("HARNESS_STORE", f"sqlite:///{speech}/store.db")
    (run,) = (speech / "runs").iterdir()
    model = harness.load(run.name[:10])
    assert isinstance(model, TrainedModel)
    assert (model.config.model.name, model.network.training, model.device.type) == ("lstm", False, "cpu")
    assert "There is no run named 'abcdef'" in _refusal("abcdef")
    assert "no folder 'not/there'" in _refusal("not/there")


def test_beams_and_other_options_can_be_asked_for(folder: Path) -> None:
    model = harness.load(folder)
    raw = raw_split(model.config.task)
    found = model.predict([one.input for one in raw], method="beam", beam_size=2)
    assert len(found) == len(raw)
    assert all(isinstance(one.text, str) and one.nats is None for one in found)
    assert model.predict([]) == []
    with pytest.raises(UserError, match=r"no decoding option named 'beams'.*beam_size"):
        model.predict([raw[0].input], beams=2)


def test_encoded_inputs_are_those_that_training_read(folder: Path) -> None:
    model = harness.load(folder)
    raw, data = raw_split(model.config.task), model.config.task.setup()
    for index, array in enumerate(model.encode([one.input for one in raw])):
        assert np.array_equal(array, data.test[index].input)
    again = model.predict([data.test[0].input], encoded=True)
    assert again == model.predict([raw[0].input])
    with pytest.raises(UserError, match=r"input 1 of 1 has shape \(3, 2\); this model takes \(T, 8\)"):
        model.predict([np.zeros((3, 2))], encoded=True)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (np.zeros((3, 2), np.float32), r"Source 2 of 2 \(array of shape \(3, 2\)\): .* holds no frames \(T, 8\)"),
        (7, r"Source 2 of 2 \(7\): a model of recordings takes an audio file's path"),
        ("a.wav", r"Source 2 of 2 \('a.wav'\): this model was trained on frames .* ready-made"),
    ],
)
def test_a_source_that_cannot_be_read_is_named(folder: Path, source: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        harness.load(folder).predict([np.ones((3, 8), np.float32), source])


def test_options_may_differ_from_those_of_the_run(folder: Path) -> None:
    model = harness.load(folder, options={"task.loader.batch_size": 3, "decoding.method": "beam"})
    assert (model.config.task.loader.batch_size, model.config.decoding.method) == (3, "beam")
    assert len(model.predict([np.ones((9, 8), np.float32)] * 4)) == 4
    refused = _refusal(folder, options={"model.vectors": "x"})
    assert "no option named 'model.vectors'. Did you mean 'model.layers'?" in refused
    assert "no option named 'modal.layers'" in _refusal(folder, options={"modal.layers": 2})
    assert "do not fit the network" in _refusal(folder, options={"model.hidden_size": 9})


def test_a_file_that_the_model_reads_must_be_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = FileSource("vectors", folder / "gone.txt", "model.vectors")
    monkeypatch.setattr(LSTM, "sources", lambda model: (gone,))
    assert "gone.txt" in _refusal(folder)
    (folder / "gone.txt").write_text("a 1 2\n")
    assert harness.load(folder).predict([np.ones((9, 8), np.float32)])


def test_one_source_is_no_list(folder: Path) -> None:
    with pytest.raises(UserError, match=r"Give a list of sources: \['hello'\]"):
        harness.load(folder).predict("hello")


def _cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])


def _edit(folder: Path, section: str, name: str, value: Any) -> None:
    """Another configuration, with a checksum that fits: what a changed plug-in amounts to."""
    config = json.loads((folder / "config.json").read_text())
    config[section][name] = value
    (folder / "config.json").write_text(json.dumps(config))
    specs = json.loads((folder / "specs.json").read_text())
    specs["files"]["config.json"] = checksum(folder / "config.json")
    (folder / "specs.json").write_text(json.dumps(specs))


def _specs(folder: Path, **changed: Any) -> None:
    """Other specifications; None takes one away."""
    specs = json.loads((folder / "specs.json").read_text()) | changed
    kept = {name: value for name, value in specs.items() if value is not None}
    (folder / "specs.json").write_text(json.dumps(kept))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut weights": (_cut, "model.safetensors is damaged or was changed"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "is not whole: model.safetensors is missing"),
    "another vocabulary": (
        lambda f: (f / "preprocessing" / "vocabulary.json").write_text('{"characters": ["z"]}'),
        "vocabulary.json is damaged or was changed",
    ),
    "unfinished": (lambda f: (f / "specs.json").unlink(), "its run is not finished"),
    "no run": (lambda f: (f / "specs.json").unlink() or (f / "config.json").unlink(), "it is no run's folder"),
    "specs cut": (lambda f: (f / "specs.json").write_text("{"), "specs.json cannot be read"),
    "of another format": (lambda f: (f / "specs.json").write_text('{"format": 99}'), "has format 99"),
    "specs without an input": (lambda f: _specs(f, input=None), "it does not say 'input'"),
    "another target": (lambda f: _specs(f, target={"class": "os:system"}), "there is no target 'os:system'"),
    "another input": (lambda f: _specs(f, input={"class": "FrameInput", "bins": 3}), "cannot be made of the stored"),
    "a file outside": (lambda f: _specs(f, files={"../secret": "0"}), "'../secret', which lies outside its folder"),
    "other sizes": (
        lambda f: _edit(f, "model", "hidden_size", 9),
        "do not fit the network that model 'lstm' makes now",
    ),
    "plug-in gone": (lambda f: _edit(f, "model", "name", "no_such_model"), "There is no model named 'no_such_model'"),
    "option gone": (lambda f: _edit(f, "model", "widths", 3), "widths"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_folder_that_cannot_be_used_is_refused_in_a_sentence(folder: Path, damage: str) -> None:
    hurt, said = DAMAGES[damage]
    hurt(folder)
    assert said in _refusal(folder)


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_write_that_ends_half_way_leaves_no_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    model, moves = harness.load(folder), []
    settings, into_place = model.config, model_files._into_place

    def dies(partial: Path, path: Path) -> None:
        if len(moves) == written:
            raise OSError(28, "No space left on device")
        moves.append(path.name)
        into_place(partial, path)

    monkeypatch.setattr(model_files, "_into_place", dies)
    summary = RunSummary({"test/wer": 1.0}, 1.0, 1, 1, {}, 0.0, 0.0)
    whole = folder, settings, run_plan(settings), model.network, settings.task.setup(), summary
    with pytest.raises(OSError, match="No space left"):
        write_model(*whole)
    assert len(moves) == written
    assert "its run is not finished" in _refusal(folder)
    monkeypatch.undo()
    assert write_model(*whole)["model"] == "model.safetensors"
    assert harness.load(folder).predict([np.ones((9, 8), np.float32)])


def test_a_changed_source_is_said_and_not_refused(folder: Path) -> None:
    specs = json.loads((folder / "specs.json").read_text())
    specs["plugins"]["plugin_digests"]["model"] = "0" * 64
    (folder / "specs.json").write_text(json.dumps(specs))
    with pytest.warns(UserWarning, match=r"The source of model \(harness_models.lstm\) has changed since"):
        model = harness.load(folder)
    assert model.notes
    assert model.predict([np.ones((9, 8), np.float32)])


def test_an_unfinished_run_and_a_baseline_are_no_models(tmp_path: Path) -> None:
    settings = to_settings(compose([*CIPHER]), threads=1)
    (baseline, *_) = settings.task.baselines()
    plan, other = run_plan(settings, baseline=baseline), run_plan(settings)
    with Store.open() as store:
        execute_baseline(settings, plan, baseline.name, store=store, results=tmp_path / "results")
        store.plan(other)
    assert "is the baseline 'copy_nearest_neighbour', which leaves no network to load" in _refusal(plan.key)
    assert "is planned, and only a finished run is a model" in _refusal(other.key[:12])
    assert "is not finished, or is a baseline" in _refusal(tmp_path / "results" / "runs" / plan.key)


def test_sampled_continuations_are_those_of_the_run(tmp_path: Path) -> None:
    words = ("task=text_generation", "task.dataset=counting", "task.loader.bptt=16", "decoding.samples=3")
    rest = ("decoding.sample_length=12", "model=lstm", "budget=steps:4", *SMALL)
    run = _run(tmp_path, *words, *rest)
    model = _load(run)
    samples = json.loads((run / "samples.json").read_text())
    found = model.predict([sample["source"] for sample in samples])
    assert [one.text for one in found] == [sample["output"] for sample in samples]
    assert found[0].text != model.predict([samples[0]["source"]], seed=1)[0].text
    assert len(model.predict([""], sample_length=5)[0].output) == 5


def test_weights_that_two_parts_share_are_kept_once(tmp_path: Path) -> None:
    run = _run(tmp_path, *CIPHER, "trainer.tie_embeddings=true")
    model = _load(run)
    table = dict(model.network.named_parameters(remove_duplicate=False))
    shared = {id(value) for value in table.values()}
    assert len(shared) < len(table)
    found = differences(run, raw_split(model.config.task))
    assert (found["other"], found["flipped"]) == (0, 0)


@pytest.mark.parametrize("softmax", ["adaptive", "sampled"])
def test_the_order_of_symbols_comes_with_the_weights(tmp_path: Path, softmax: str) -> None:
    run = _run(tmp_path, *CIPHER, f"trainer.softmax={softmax}")
    model = _load(run)
    assert differences(run, raw_split(model.config.task))["other"] == 0


def test_audio_is_encoded_as_the_files_were(tmp_path: Path) -> None:
    root, random = tmp_path / "audio", np.random.default_rng(0)
    root.mkdir()
    for number, split in enumerate(("train", "train", "train", "val", "test")):
        wave = random.normal(0, 0.1, 8_000).astype(np.float32)
        soundfile.write(root / f"{number}.wav", wave, 16_000)
        with (root / f"{split}.tsv").open("a") as lines:
            lines.write(f"{number}.wav\tone {number}\n")
    run = _run(
        tmp_path, "task=speech_recognition", "task.dataset=folder", f"task.root={root}", "task.feature_count=8",
        "model=lstm", "budget=steps:2", *SMALL,
    )  # fmt: skip
    model = _load(run)
    data = model.config.task.setup()
    wave, rate = soundfile.read(root / "4.wav", dtype="float32")
    from_path, from_wave = model.encode([root / "4.wav", (wave, rate)])
    assert np.array_equal(from_path, data.test[0].input)
    assert np.array_equal(from_wave, data.test[0].input)
    shutil.rmtree(root)
    assert model.predict([(wave, rate)])[0].text == json.loads((run / "predictions.jsonl").read_text())["output"]
    with pytest.raises(UserError, match=r"Source 1 of 1 .* cannot be read as an audio file"):
        model.predict([root / "4.wav"])


def test_a_task_without_preprocessing_runs_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(self: Any) -> Any:
        return replace(plain(self), preprocessing=None)

    plain = Translation.setup
    monkeypatch.setattr(Translation, "setup", without)
    run = _run(tmp_path, *CIPHER)
    assert not (run / "preprocessing").exists()
    assert "raw sources cannot be encoded" in (run / "README.md").read_text()
    model = _load(run)
    with pytest.raises(UserError, match="gave no preprocessing when this model was trained"):
        model.predict(["red house"])
    (found,) = model.predict([np.array([5, 6, 2])], encoded=True)
    assert found.text == " ".join(map(str, found.output))


@pytest.mark.parametrize(
    "words",
    [
        ("task=state_tracking", "task.dataset=parity"),
        ("task=recall", "task.dataset=associative_recall"),
        ("task=series_regression", "task.dataset=adding"),
    ],
    ids=["state tracking", "recall", "adding"],
)
def test_raw_examples_are_scored_as_the_run_was(tmp_path: Path, words: tuple[str, ...]) -> None:
    lengths = ("task.min_length=4", "task.max_length=8", "task.test_min_length=9", "task.test_max_length=12")
    sizes = ("task.train_examples=64", "task.val_examples=8", "task.test_examples=12", "task.in_range_examples=6")
    run = _run(tmp_path, *words, *lengths, *sizes, "model=gru", "budget=steps:2", *SMALL)
    model = _load(run)
    with Store.open(f"sqlite:///{tmp_path}/own.db") as store:
        (view,) = query.runs(store)
    assert view.summary is not None
    for name, value in model.evaluate(raw_split(model.config.task)).metrics.items():
        assert value == view.summary.metrics[f"test/{name}"], name


def _run(place: Path, *words: str) -> Path:
    """The folder of a run of these words alone."""
    settings = to_settings(compose([*words]), threads=1)
    plan = run_plan(settings)
    with Store.open(f"sqlite:///{place}/own.db") as store:
        execute(settings, plan, store=store, results=place)
    return place / "runs" / plan.key


def _load(folder: Path) -> TrainedModel:
    return harness.load(folder)
