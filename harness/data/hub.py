"""`HubSource`: a data set of the Hugging Face hub at a pinned revision, or a folder saved by `datasets`.

Needs the package `datasets`, which an extra of the harness brings; it is imported when data is read and not before. A
data set that was fetched once lies in the data cache in the form of `DatasetDict.save_to_disk`, and needs no network
any more.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.data.cache import build_once, cache_dir, offline
from harness.data.foreign import shown
from harness.data.sources import FolderSource
from harness.errors import ConfigError, DataError, OfflineError

_REVISION = re.compile("[0-9a-f]{40}")
_REPOSITORY = re.compile(r"(?!\.)[\w.-]+(/(?!\.)[\w.-]+)?")
_FILES = ("dataset_dict.json", "state.json", "dataset_info.json", "*.arrow", "**/*.arrow", "**/*.json")
_INSTALL = "pip install 'sequence-harness[hub]'"

Part = Any
"""A `datasets.Dataset`: rows are mappings, columns are taken by name, `features` says what they are."""


@dataclass(frozen=True)
class HubSource:
    """A data set by its name on the hub.

    Attributes:
        repository: such as "stanfordnlp/sst2".
        subset: where the data set has several; None: its default.
        revision: the commit, 40 hexadecimal digits, so that the same name always means the same data.
        licence: of the data.
    """

    repository: str
    subset: str | None
    revision: str
    licence: str = "as its card on the hub says"
    description: str = "a data set of the Hugging Face hub"
    kind: str = field(default="url", init=False)
    synthetic: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        """The repository."""
        return self.repository

    @property
    def origin(self) -> str:
        """The repository and its commit."""
        return f"huggingface.co/datasets/{self.repository} at {self.revision[:12]}"

    @property
    def size_mb(self) -> None:
        """Not known before it is fetched."""
        return None

    def fetch(self) -> Path:
        """The folder in the data cache, filled from the hub or from the cache of `datasets`.

        Raises:
            DataError: `datasets` is not installed, or there is no such data set.
            OfflineError: the hub is out of reach, and the revision is not in the cache of `datasets`.
        """

        def build(folder: Path) -> None:
            _downloaded(self).save_to_disk(str(folder))

        return build_once(self._folder, build)

    def cached(self) -> bool:
        """Whether it lies in the data cache."""
        return self._folder.is_dir()

    def verify(self) -> None:
        """Fetch it; the data cache verifies its own files."""
        self.fetch()

    def fingerprint(self) -> str:
        """Repository, subset and commit."""
        return f"hub:{self.repository}:{self.subset or ''}:{self.revision}"

    @property
    def _folder(self) -> Path:
        name = "-".join(filter(None, (self.repository.replace("/", "--"), self.subset, self.revision)))
        return cache_dir() / "hub" / re.sub(r"[^\w.-]", "_", name)


def hub_source(
    repository: str | None, subset: str | None, revision: str | None, root: Path | None
) -> HubSource | FolderSource:
    """The source that a data set's options name: a repository at a revision, or a saved folder (perhaps not given yet).

    Raises:
        ConfigError: both are given, or the revision is no commit.
    """
    if repository is None and subset is None and revision is None:
        return FolderSource(
            name="huggingface",
            root=root,
            licence="the user's own",
            description="a folder written by save_to_disk of the Python package datasets; or give "
            "task.repository=OWNER/NAME task.revision=COMMIT in its place",
            patterns=_FILES,
        )
    if repository is None or root is not None:
        raise ConfigError(
            "Give either task.repository=OWNER/NAME with task.revision=COMMIT (and task.subset, where there are "
            "several), for a data set of the Hugging Face hub, or task.root=FOLDER, for one saved with save_to_disk."
        )
    if not _REPOSITORY.fullmatch(repository):
        raise ConfigError(f"task.repository is '{repository}'; expected OWNER/NAME, such as stanfordnlp/sst2.")
    if revision is None or not _REVISION.fullmatch(revision):
        given = "is not given" if revision is None else f"is '{revision}'"
        raise ConfigError(
            f"task.revision {given}; expected a commit of {repository}, 40 hexadecimal digits, so that the name always "
            "means the same data. The page of the data set lists them under 'Files', 'History'."
        )
    return HubSource(repository, subset, revision)


def read_saved(folder: Path) -> dict[str, Part]:
    """The splits of a folder written by `save_to_disk`, by their names; one without splits is "all".

    Raises:
        DataError: `datasets` is not installed, or the folder is none of those.
    """
    datasets = _library()
    try:
        found = datasets.load_from_disk(str(folder))
    except Exception as error:  # many kinds: files that are missing, cut short, or of another program
        raise DataError(
            f"{shown(folder)} cannot be read as a folder of save_to_disk: {_first_line(error)}. Expected "
            "dataset_dict.json with a folder for each split, or dataset_info.json and state.json with .arrow files."
        ) from error
    return dict(found) if isinstance(found, Mapping) else {"all": found}


def _downloaded(source: HubSource) -> Any:
    if offline():  # holds for the hub's client too, which reads its own variable when it is imported
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    datasets = _library()
    try:
        builder = datasets.load_dataset_builder(source.repository, source.subset, revision=source.revision)
        # Out of reach of the hub, `datasets` takes the newest revision in its cache, whatever was asked for.
        if builder.hash != source.revision:
            raise OfflineError(_unreachable(source, f"its cache holds revision {builder.hash} alone"))
        builder.download_and_prepare()
        return builder.as_dataset()
    except (DataError, OfflineError):
        raise
    except (ConnectionError, TimeoutError) as error:
        raise OfflineError(_unreachable(source, _first_line(error))) from error
    except Exception as error:  # what the hub's client raises depends on its version
        raise DataError(
            f"Data set '{source.repository}' at revision {source.revision} could not be loaded: "
            f"{type(error).__name__}: {_first_line(error)}"
        ) from error


def _unreachable(source: HubSource, reason: str) -> str:
    return (
        f"Data set '{source.repository}' at revision {source.revision} is not in the data cache, and the Hugging Face "
        f"hub is out of reach ({reason.rstrip('.')}). Where there is a network, load it with that revision and "
        "save_to_disk(FOLDER), copy FOLDER here, and give task.root=FOLDER instead of task.repository."
    )


def _library() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise DataError(f"Data sets of the Hugging Face hub need the Python package datasets: {_INSTALL}.") from error
    datasets.disable_progress_bars()
    return datasets


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
