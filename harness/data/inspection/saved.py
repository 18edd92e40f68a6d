"""Folders that `save_to_disk` of the package datasets has written, read without that package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.data.foreign import shown
from harness.data.inspection.finding import Command, Inspected, listed
from harness.data.json_object import read_object
from harness.errors import DataError

_TEXT_MODELS = ("lstm", "bilstm")


def inspect_saved(root: Path) -> Inspected | None:
    """What such a folder holds; None for another folder.

    Raises:
        DataError: it is one, and a file of it cannot be read.
    """
    if (root / "dataset_dict.json").is_file():
        splits = _strings(root / "dataset_dict.json", "splits")
    elif (root / "state.json").is_file() and (root / "dataset_info.json").is_file():
        splits = []
    else:
        return None
    first = root / splits[0] if splits else root
    features = _features(first / "dataset_info.json")
    facts = [(f"column '{shown(name)}'", _kind(feature)) for name, feature in features.items()]
    commands = _commands(features)
    return Inspected(
        "folder saved by the package datasets",
        (("splits", listed(splits) or "none"), *facts),
        (),
        commands,
        "" if commands else "No column of it looks like a text.",
    )


def _commands(features: dict[str, Any]) -> tuple[Command, ...]:
    kinds = [feature.get("_type") for feature in features.values() if isinstance(feature, dict)]
    pairs = next((f for f in features.values() if isinstance(f, dict) and f.get("_type") == "Translation"), None)
    if pairs is not None and len(pairs.get("languages", [])) >= 2:
        source, target = pairs["languages"][:2]
        languages = (("task.source_language", source), ("task.target_language", target))
        return (Command("translation.huggingface", languages, ("lstm", "attention_lstm")),)
    if sum(kind in ("List", "Sequence", "LargeList") for kind in kinds) >= 2:
        return (Command("tagging.huggingface", (), _TEXT_MODELS),)
    texts = any(isinstance(f, dict) and f.get("dtype") in ("string", "large_string") for f in features.values())
    if texts and (len(features) > 1 or "ClassLabel" in kinds):
        return (Command("text_classification.huggingface", (), _TEXT_MODELS),)
    return (Command("text_generation.huggingface", (), ("lstm", "stacked_lstm")),) if texts else ()


def _kind(feature: Any) -> str:
    if not isinstance(feature, dict):
        return "a table"
    if isinstance(names := feature.get("names"), list):
        return f"label, {len(names)} classes: {shown(listed([str(name) for name in names]))}"
    if isinstance(languages := feature.get("languages"), list):
        return f"texts in {shown(listed(languages))}"
    if "feature" in feature:
        return f"a list of {_kind(feature['feature'])}"
    return shown(str(feature.get("dtype") or feature.get("_type", "")))


def _strings(path: Path, name: str) -> list[str]:
    found = read_object(path).get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise DataError(f"{shown(path)} is damaged: '{name}' is no list of names.")
    return found


def _features(path: Path) -> dict[str, Any]:
    found = read_object(path).get("features") or {}
    if not isinstance(found, dict):
        raise DataError(f"{shown(path)} is damaged: 'features' does not say what each column holds.")
    return found
