"""`InstalledSource`: a data file that lies in an installed package, so that nothing is downloaded."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path

from harness.data._verified import check, check_cached
from harness.errors import DataError


@dataclass(frozen=True)
class InstalledSource:
    """A file of a package that the harness depends on anyway; it is only read, and the package is not imported.

    Attributes:
        name: of the data set.
        package: as it is imported ("sklearn").
        member: the file's path in the package, with "/" ("datasets/data/digits.csv.gz").
        sha256: hex digest of the file, checked before it is read; the same for every version of the package that has
            this file.
        licence: of the data.
        description: one sentence.
    """

    name: str
    package: str
    member: str
    sha256: str
    licence: str
    description: str = ""
    kind: str = field(default="installed", init=False)
    synthetic: bool = field(default=False, init=False)

    @property
    def origin(self) -> str:
        """Where it comes from, for lists and reports; no path, which would name this machine."""
        return f"{self.member} of the installed package {self.package}"

    @property
    def size_mb(self) -> None:
        """Nothing is downloaded."""
        return None

    def fingerprint(self) -> str:
        """Known without reading the file."""
        return f"installed:{self.package}/{self.member}:sha256:{self.sha256}"

    def cached(self) -> bool:
        """Whether the file is there."""
        path = self._path()
        return path is not None and path.is_file()

    def fetch(self) -> Path:
        """The file, with its digest checked.

        Raises:
            ChecksumError: its content is not the published one.
            DataError: the package is not installed, or has no such file.
        """
        path = self._existing()
        check_cached(path, self.sha256, self._advice)
        return path

    def verify(self) -> None:
        """Hash the file again.

        Raises:
            ChecksumError, DataError: as `fetch`.
        """
        check(self._existing(), self.sha256, self._advice)

    @property
    def _advice(self) -> str:
        return f"Install the package {self.package} again."

    def _existing(self) -> Path:
        path = self._path()
        if path is None or not path.is_file():
            state = "is not installed" if path is None else f"has no file {self.member}"
            raise DataError(f"Data set '{self.name}' is a file of the package {self.package}, which {state}.")
        return path

    def _path(self) -> Path | None:
        found = importlib.util.find_spec(self.package)  # imports nothing, as the name has no dot
        folders = None if found is None else found.submodule_search_locations
        return Path(folders[0], *self.member.split("/")) if folders else None
