"""Runs' stored test outputs held against those of their folders, loaded in a process that has no data.

    python predicted_again.py move RESULTS PLACE    copies run folders, and writes their raw test examples beside them
    python predicted_again.py compare PLACE         prints the differences of each as a line of JSON

The second reads nothing but PLACE, so it can run without data, its cache, the store and the network.
"""

from __future__ import annotations

import json
import math
import pickle
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import harness
from harness.config.typed import settings_from_plain
from harness.contract.raw import RawExample
from harness.inference.examples import raw_split


def write_raw(examples: Sequence[RawExample], folder: Path) -> None:
    """The examples of any task, pickled: only this file's own second process reads them."""
    folder.mkdir(parents=True)
    (folder / "raw.pickle").write_bytes(pickle.dumps(list(examples)))


def read_raw(folder: Path) -> list[RawExample]:
    """What `write_raw` wrote."""
    examples: list[RawExample] = pickle.loads((folder / "raw.pickle").read_bytes())
    return examples


def differences(folder: Path, raw: Sequence[RawExample]) -> dict[str, Any]:
    """How predictions of a run's folder differ from those that the run stored.

    Returns:
        examples; other: stored rows that the run's own batches do not give to the last digit; flipped: outputs that
        differ when each source is predicted alone, without its answer; nats: the largest difference of a likelihood
        when each example is alone, per target unit; scores: of class scores; samples: generated texts that differ.
    """
    model = harness.load(folder)
    stored = [json.loads(line) for line in (folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]
    own = model.evaluate(raw)
    rows = [
        {"example_id": p.id, "output": p.text, "statistics": json.loads(json.dumps(row))}
        for p, row in zip(own.predictions, own.rows, strict=True)
    ]
    other = sum(any(row[name] != was[name] for name in row) for row, was in zip(rows, stored, strict=True))
    found = {"examples": len(raw), "other": other, "flipped": 0, "nats": 0.0, "scores": 0.0, "samples": 0}
    streams = model.target_spec.needs.streams
    for one, prediction in zip(raw, own.predictions, strict=True):
        alone = model.evaluate([one]).predictions[0]
        if prediction.nats is not None and alone.nats is not None and math.isfinite(prediction.nats):
            found["nats"] = max(found["nats"], abs(alone.nats - prediction.nats) / max(1, prediction.count))
        if streams:
            continue
        unknown = model.predict([one.input])[0]
        found["flipped"] += unknown.text != prediction.text
        pairs = zip(unknown.scores, prediction.scores, strict=True)
        found["scores"] = max(found["scores"], *(abs(a - b) for a, b in pairs), 0.0)
    if streams:
        samples = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
        again = model.predict([sample["source"] for sample in samples])
        found["samples"] = sum(p.text != sample["output"] for p, sample in zip(again, samples, strict=True))
    return found


def move(results: Path, place: Path) -> None:
    """Copy every trained model of a results folder to PLACE/TASK.MODEL, and raw test examples to PLACE/raw."""
    written: dict[str, Path] = {}
    for run in sorted(path.parent for path in (results / "runs").glob("*/specs.json")):
        config = json.loads((run / "config.json").read_text(encoding="utf-8"))
        task = settings_from_plain(config).task
        about = json.dumps(config["task"])
        if about not in written:
            written[about] = place / "raw" / str(len(written))
            known = json.loads((run / "specs.json").read_text(encoding="utf-8"))["preprocessing"]
            write_raw(raw_split(task) if known else [], written[about])
        copy = shutil.copytree(run, place / f"{config['task']['name']}.{config['model']['name']}")
        (copy / "raw").write_text(str(written[about]), encoding="utf-8")


def compare(place: Path) -> Iterator[dict[str, Any]]:
    """Differences of every model of PLACE, with its name and the bytes of its folder."""
    for folder in sorted(path.parent for path in place.glob("*/specs.json")):
        raw = read_raw(Path((folder / "raw").read_text(encoding="utf-8")))
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        weights = (folder / "model.safetensors").stat().st_size
        found = differences(folder, raw) if raw else {}
        yield {"name": folder.name, "bytes": size, "weights": weights, **found}


def table(found: Sequence[dict[str, Any]]) -> str:
    """The differences for people to read."""
    head = f"{'task.model':<34}{'examples':>9}{'other':>6}{'flipped':>8}{'nats':>9}{'scores':>9}{'samples':>8}{'MB':>7}"
    rows = [
        f"{one['name']:<34}{one['examples']:>9}{one['other']:>6}{one['flipped']:>8}{one['nats']:>9.1e}"
        f"{one['scores']:>9.1e}{one['samples']:>8}{one['bytes'] / 1e6:>7.2f}"
        for one in found
        if "examples" in one
    ]
    return "\n".join([head, *rows])


if __name__ == "__main__":
    if sys.argv[1] == "move":
        move(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        for line in compare(Path(sys.argv[2])):
            print(json.dumps(line), flush=True)
