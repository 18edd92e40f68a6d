"""`harness export --format safetensors|hub`: a folder that loads, its card, and every refusal in a sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny_run import tiny_run

import harness as package
from harness.exporting import export_model


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with one tiny finished run on speech, of 16 test examples."""
    place = tmp_path_factory.mktemp("results")
    tiny_run(place, "task.test_strings=16")
    return place


@pytest.fixture
def run(results: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the run, whose results are the process's."""
    monkeypatch.setenv("HARNESS_RESULTS", str(results))
    monkeypatch.setenv("HARNESS_STORE", f"sqlite:///{results}/store.db")
    (folder,) = (results / "runs").iterdir()
    return folder


@pytest.mark.parametrize("kind", ["safetensors", "hub"])
def test_the_folder_loads_and_predicts_as_the_run(run: Path, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "new" / "folder"
    made = export_model(run.name[:12], kind, place)
    assert {"model.safetensors", "README.md", "export.json", "preprocessing/vocabulary.json"} <= set(made.files)
    assert (".gitattributes" in made.files) == (kind == "hub")
    assert package.load(place).config.model.name == "lstm"
    assert json.loads((place / "export.json").read_text())["format"] == kind


def test_the_card_has_the_hubs_header_and_the_stores_scores(run: Path, tmp_path: Path) -> None:
    export_model(run, "hub", tmp_path / "x")
    _, header, text = (tmp_path / "x" / "README.md").read_text().split("---\n", 2)
    fields = yaml.safe_load(header)
    assert fields["pipeline_tag"] == "automatic-speech-recognition"
    assert fields["library_name"] == "sequence-harness"
    (index,) = fields["model-index"]
    scores = {m["type"]: m["value"] for m in index["results"][0]["metrics"]}
    assert set(scores) == set(fields["metrics"])
    assert "wer" in scores
    for said in ("Licence of the data", "16 examples", " to ", "parameters", "## Intended use", "## Limits"):
        assert said in text


def test_a_truncated_export_is_named(run: Path, tmp_path: Path, harness: Any) -> None:
    place = tmp_path / "x"
    export_model(run, "safetensors", place)
    assert "Whole: safetensors of run" in harness("export", str(place), "--verify")[1]
    weights = place / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    code, _, err = harness("export", str(place), "--verify")
    assert (code, "model.safetensors is damaged or cut off" in err) == (2, True)
    weights.unlink()
    assert "not whole: model.safetensors is missing" in " ".join(harness("export", str(place), "--verify")[2].split())
    (place / "export.json").unlink()
    assert "no finished export" in " ".join(harness("export", str(place), "--verify")[2].split())


def test_what_cannot_be_exported_is_said(run: Path, tmp_path: Path, harness: Any) -> None:
    unfinished = Path(shutil.copytree(run, tmp_path / "unfinished"))
    (unfinished / "specs.json").unlink()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for words, said in (
        ((str(unfinished), "--format", "hub", "--out", str(tmp_path / "a")), "its run is not finished"),
        ((str(run), "--format", "hub"), "needs a format and a new folder"),
        ((str(run), "--format", "zip", "--out", str(tmp_path / "a")), "There is no format 'zip'"),
        ((str(run), "--format", "hub", "--out", str(tmp_path / "full")), "exists already"),
        ((str(run), "--format", "hub", "--out", "/dev/null/x"), "Choose another folder with --out"),
    ):
        code, _, err = harness("export", *words)
        assert code == 2
        assert said in " ".join(err.split())
    assert not (tmp_path / "a").exists()


def test_the_command_says_what_it_wrote(run: Path, tmp_path: Path, harness: Any) -> None:
    code, out, err = harness("export", str(run), "--format", "hub", "--out", str(tmp_path / "x"))
    assert (code, err) == (0, "")
    assert "model.safetensors" in out
    assert json.loads((tmp_path / "x" / "export.json").read_text())["run"] == run.name
