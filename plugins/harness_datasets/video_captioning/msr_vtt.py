"""MSR-VTT (Xu et al. 2016): the user's films or features, with the published JSON files of captions and splits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.data.foreign import shown
from harness.data.text_files import read_text
from harness.errors import DataError
from harness_datasets.video_captioning._captioned_films import Captioned, CaptionedFilms

HARNESS_CONTRACT = 2

_SPLITS = {"train": "train", "validate": "val", "test": "test"}


@dataclass
class MsrVtt(CaptionedFilms):
    """10,000 films with twenty captions each: 6,513 for training, 497 for validation, 2,990 for test.

    The JSON files (train_val_videodatainfo.json and test_videodatainfo.json, or one with all) hold `videos` with
    `video_id` and `split`, and `sentences` with `video_id` and `caption`.
    """

    name: ClassVar[str] = "msr_vtt"
    tried: ClassVar[bool] = False

    @property
    def lists(self) -> tuple[str, ...]:
        """The JSON files."""
        return ("**/*videodatainfo*.json",)

    @property
    def expected(self) -> str:
        """What the folder holds."""
        return (
            "train_val_videodatainfo.json and test_videodatainfo.json, and the films (video0.mp4 ...) or their features"
        )

    def listed(self, root: Path) -> list[Captioned]:
        """All films with their captions.

        Raises:
            DataError: no JSON file is there, or one is not as published.
        """
        files = [path for path in self._folder().files() if path.suffix == ".json"]
        if not files:
            raise DataError(f"{shown(str(root))} has no *videodatainfo*.json. Expected: {self.expected}.")
        split: dict[str, str] = {}
        captions: dict[str, list[str]] = {}
        for path in files:
            content = _content(path)
            for number, video in enumerate(content["videos"]):
                name, part = _field(path, "videos", number, video, "video_id", "split")
                if part not in _SPLITS:
                    raise DataError(
                        f"{shown(path)}, videos[{number}]: the split is '{shown(part)}', not {', '.join(_SPLITS)}."
                    )
                if split.setdefault(name, _SPLITS[part]) != _SPLITS[part]:
                    raise DataError(f"{shown(path)}, videos[{number}]: '{shown(name)}' is in two splits.")
            for number, sentence in enumerate(content["sentences"]):
                name, text = _field(path, "sentences", number, sentence, "video_id", "caption")
                if text.strip():
                    captions.setdefault(name, []).append(" ".join(text.split()))
        lacking = next((name for name in split if name not in captions), None)
        if lacking is not None:
            raise DataError(f"'{shown(lacking)}' in {shown(str(root))} has no caption among `sentences`.")
        return [Captioned(name, name, part, tuple(captions[name])) for name, part in split.items()]


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise DataError(f"{shown(path)}, line {error.lineno}: it is no JSON ({error.msg}).") from error
    if not isinstance(content, dict) or not all(isinstance(content.get(k), list) for k in ("videos", "sentences")):
        raise DataError(f"{shown(path)} is not as published: expected an object with lists `videos` and `sentences`.")
    return content


def _field(path: Path, kind: str, number: int, record: Any, *names: str) -> list[str]:
    values = [record.get(name) if isinstance(record, dict) else None for name in names]
    if not all(isinstance(value, str) and value for value in values):
        raise DataError(f"{shown(path)}, {kind}[{number}]: expected texts {' and '.join(names)}.")
    return [str(value) for value in values]


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [MsrVtt]
