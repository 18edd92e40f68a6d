"""Data sources: a file in a wheel or an installed package, a URL, the user's own folder or file, or a generator."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.contract.source import Source
from harness.data._file import FileSource
from harness.data._folder import FolderSource
from harness.data._installed import InstalledSource
from harness.data._url import UrlSource
from harness.data._wheel import WheelSource
from harness.data.cache import cache_dir

__all__ = ["FileSource", "FolderSource", "GeneratedSource", "InstalledSource", "Source", "UrlSource", "WheelSource"]


@dataclass(frozen=True)
class GeneratedSource:
    """Data made by a formula or a simulator.

    Attributes:
        name: of the data set.
        recipe: everything that decides its content (generator version, sizes, data seed), JSON-serialisable.
        description: one sentence.
        licence: of the generated data.
    """

    name: str
    recipe: dict[str, Any]
    description: str = ""
    licence: str = "none needed (generated)"
    kind: str = field(default="generated", init=False)
    synthetic: bool = field(default=True, init=False)

    @property
    def origin(self) -> str:
        """Where it comes from, for lists and reports."""
        return "generated (synthetic)"

    @property
    def size_mb(self) -> None:
        """Nothing is downloaded."""
        return None

    def fingerprint(self) -> str:
        """Digest of the recipe."""
        text = json.dumps(self.recipe, sort_keys=True, default=str)
        return f"generated:{self.name}:{hashlib.sha256(text.encode()).hexdigest()}"

    def fetch(self) -> Path:
        """The cache folder reserved for this recipe; the task fills it with `build_once`, if at all."""
        return cache_dir() / "generated" / f"{self.name}-{self.fingerprint().rsplit(':', 1)[1][:16]}"

    def cached(self) -> bool:
        """Always: a generator needs no network."""
        return True

    def verify(self) -> None:
        """Does nothing: there is no published checksum."""
