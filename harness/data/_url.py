"""`UrlSource`: one published file at an address, fetched through pooch."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from harness.data._verified import check, check_cached
from harness.data.cache import cache_dir, exclusive, offline, partial
from harness.data.progress import waiting
from harness.errors import DataError, OfflineError


@dataclass(frozen=True)
class UrlSource:
    """A file at a URL, with its digest.

    Attributes:
        name: of the data set.
        url: http, https or ftp address.
        sha256: hex digest of the file.
        size_mb: download size, for the user.
        licence: of the data.
        description: one sentence.
    """

    name: str
    url: str
    sha256: str
    size_mb: float
    licence: str
    description: str = ""
    kind: str = field(default="url", init=False)
    synthetic: bool = field(default=False, init=False)

    @property
    def origin(self) -> str:
        """Where it comes from, for lists and reports."""
        return self.url

    def fingerprint(self) -> str:
        """Known before anything is downloaded; a change of address does not affect it."""
        return f"url:{self.name}:sha256:{self.sha256}"

    def cached(self) -> bool:
        """Whether the file is in the cache."""
        return self._path.is_file()

    def verify(self) -> None:
        """Hash the cached file again.

        Raises:
            ChecksumError: its content is not the published one.
            DataError: it is not cached.
        """
        if not self.cached():
            raise DataError(f"Data set '{self.name}' is not cached: no {self._path}.")
        check(self._path, self.sha256)

    def fetch(self) -> Path:
        """The file in the cache, downloaded if necessary, with its digest checked.

        Raises:
            OfflineError: not cached, and the network is off or unreachable.
            ChecksumError: the content is not the published one.
        """
        if not self.cached():
            with exclusive(self._path):
                if not self.cached():
                    self._download()
        check_cached(self._path, self.sha256)
        return self._path

    @property
    def _path(self) -> Path:
        return cache_dir() / "files" / self.name / PurePosixPath(urlsplit(self.url).path).name

    def _download(self) -> None:
        if offline():
            raise OfflineError(self._unreachable("HARNESS_OFFLINE is set"))
        import pooch
        import requests

        with partial(self._path) as temporary:
            file = temporary / self._path.name
            try:
                with waiting(f"Downloading {self._path.name} ({self.size_mb:g} MB)"):
                    pooch.downloaders.choose_downloader(self.url)(self.url, str(file), None)
            except (requests.RequestException, OSError, ValueError) as error:
                raise OfflineError(self._unreachable(f"{type(error).__name__}: {error}")) from error
            check(file, self.sha256, "The download was discarded.")
            os.replace(file, self._path)

    def _unreachable(self, reason: str) -> str:
        return (
            f"Data set '{self.name}' needs {self.url} ({self.size_mb:g} MB), which is not cached "
            f"as {self._path} and could not be downloaded ({reason}): where there is a network, run "
            f"`HARNESS_DATA=FOLDER harness data fetch {self.name}` and copy FOLDER here, "
            "or set HARNESS_DATA to it."
        )
