"""What `harness data inspect` says of a folder of `save_to_disk` that is damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.data.inspection.saved import inspect_saved
from harness.errors import DataError


def written(folder: Path, splits: Any, features: Any) -> Path:
    (folder / "train").mkdir()
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": splits}), encoding="utf-8")
    (folder / "train" / "dataset_info.json").write_text(json.dumps({"features": features}), encoding="utf-8")
    return folder


def test_columns_are_named_with_their_kind(tmp_path: Path) -> None:
    features = {"text": {"dtype": "string"}, "label": {"names": ["bad", "good"], "_type": "ClassLabel"}, "odd": [{}]}
    found = inspect_saved(written(tmp_path, ["train"], features))
    assert found is not None
    assert ("column 'label'", "label, 2 classes: bad, good") in found.facts
    assert [command.dataset for command in found.commands] == ["text_classification.huggingface"]


@pytest.mark.parametrize(("splits", "features"), [([1], {}), ("train", {}), (["train"], ["text"]), (["train"], "x")])
def test_damage_is_said(tmp_path: Path, splits: Any, features: Any) -> None:
    with pytest.raises(DataError, match="is damaged"):
        inspect_saved(written(tmp_path, splits, features))
