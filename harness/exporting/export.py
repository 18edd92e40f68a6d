"""A finished run as a folder that other programs read, with its preprocessing and a model card beside."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import harness
from harness.errors import UserError
from harness.exporting.card import card
from harness.exporting.facts import facts_of
from harness.exporting.manifest import new_folder, write_manifest
from harness.inference.folder import ModelFolder, find_folder, read_folder
from harness.inference.loading import load
from harness.inference.trained_model import TrainedModel
from harness.training.model_files import CARD, CONFIG, PREPROCESSING, SPECS, WEIGHTS

FORMATS = ("onnx", "torch-export", "safetensors", "hub")
"""What `harness export --format` takes."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        folder: where.
        files: names of the files in it.
        facts: those of `export.json`, without checksums: versions, and for a graph its inputs, outputs and check.
    """

    folder: Path
    files: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """What a user is told beside the names of the files."""
        found: list[str] = []
        check = self.facts.get("check")
        if check:
            found.append(
                f"checked against torch on {check['cases']} batches: largest difference {check['largest']:.1e} "
                f"(allowed {check['allowed']:.0e})"
            )
        for part in (self.facts, self.facts.get("int8", {})):
            if part.get("test"):
                scores = ", ".join(f"{name} {value:.4f}" for name, value in part["test"].items())
                found.append(f"{part['graph']} on the test split: {scores}")
        return found


def export_model(run: str | Path, kind: str, place: Path, *, int8: bool = False, test: bool = False) -> Exported:
    """Write a run's model; the folder is whole or not there.

    Args:
        run: the beginning of a finished run's key, or its folder.
        kind: one of `FORMATS`.
        place: a new folder.
        int8: write an ONNX graph of 8-bit weights beside.
        test: score graphs on the test split, whose data is read.

    Raises:
        UserError: no such format or run, a run that is not finished, a damaged file, a folder that exists, a package
            that is missing, or a network that cannot be exported; says which.
    """
    if kind not in FORMATS:
        raise UserError(f"There is no format '{kind}': choose one of {', '.join(FORMATS)}.")
    if (int8 and kind != "onnx") or (test and kind not in ("onnx", "torch-export")):
        raise UserError("--int8 is for --format onnx, and --test for --format onnx or torch-export.")
    if kind == "onnx":
        from harness.exporting.onnx_file import need_onnx

        need_onnx()
    source = read_folder(find_folder(run))
    model = load(source.path)
    takes = model.preprocessing.takes if model.preprocessing else ""
    facts = facts_of(source.specs, model.config, takes)
    with new_folder(place) as folder:
        _copy(source, folder, [PREPROCESSING])
        if kind in ("onnx", "torch-export"):
            from harness.exporting.graph_files import write_graph

            use, notes, more = write_graph(kind, model, folder, int8=int8, test=test)
        else:
            use, notes, more = _weights(kind, source, model, folder), [], {}
        (folder / CARD).write_text(card(facts, use, notes), "utf-8")
        write_manifest(folder, {"format": kind, "run": facts.key, "harness": harness.__version__, **more})
    files = sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())
    return Exported(place, tuple(files), more)


def _weights(kind: str, source: ModelFolder, model: TrainedModel, folder: Path) -> list[str]:
    """Write the files that `harness.load` reads: lines of use for the card."""
    _copy(source, folder, [WEIGHTS, SPECS, CONFIG])
    if kind == "hub":  # what the hub itself writes into a new repository
        (folder / ".gitattributes").write_text("*.safetensors filter=lfs diff=lfs merge=lfs -text\n", "utf-8")
    call = "predict([source])" if model.preprocessing else "predict([array], encoded=True)"
    load_it = 'model = harness.load("this folder")'
    return ["```python", "import harness", "", load_it, f"print(model.{call}[0].text)", "```"]


def _copy(source: ModelFolder, folder: Path, names: list[str]) -> None:
    for name in names:
        path = source.path / name
        if path.is_dir():
            shutil.copytree(path, folder / name)
        elif path.is_file():
            shutil.copyfile(path, folder / name)
