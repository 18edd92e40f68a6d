"""Folders that `save_to_disk` of the package datasets has written, read without that package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.data.foreign import shown
from harness.data.inspection.finding import Command, Inspected, listed
from harness.errors import DataError

_TEXT_MODELS = ("lstm", "bilstm")


def inspect_saved(root: Path) -> Inspected | None:
    """What such a folder holds; None for another folder.

    Raises:
        DataError: it is one, and a file of it cannot be read.
    """
    if (root / "dataset_dict.json").is_file():
        splits: list[str] = list(_json(root / "dataset_dict.json").get("splits", []))
    elif (root / "state.json").is_file() and (root / "dataset_info.json").is_file():
        splits = []
    else:
        return None
    first = root / splits[0] if splits else root
    features = _json(first / "dataset_info.json").get("features") or {}
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
    if names := feature.get("names"):
        return f"label, {len(names)} classes: {shown(listed(names))}"
    if languages := feature.get("languages"):
        return f"texts in {shown(listed(languages))}"
    if "feature" in feature:
        return f"a list of {_kind(feature['feature'])}"
    return shown(str(feature.get("dtype") or feature.get("_type", "")))


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{shown(path)} cannot be read: {error}.") from error
    if not isinstance(found, dict):
        raise DataError(f"{shown(path)} holds no JSON object.")
    return found
