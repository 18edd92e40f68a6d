"""`FileSource`: one file of the user's, such as pretrained weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.data.content_hash import sha256_of
from harness.data.remembered_hashes import digest_of
from harness.errors import DataError
from harness.places import user_path


@dataclass(frozen=True)
class FileSource:
    """A file that the user brings; it is read and never written.

    Attributes:
        name: what it is, in a word or two ("pretrained weights").
        path: the file, or None where the user has not said.
        option: the option that names it ("model.weights"), for messages.
        licence: as far as known.
        description: what the file should hold.
    """

    name: str
    path: Path | None
    option: str
    licence: str = "unknown"
    description: str = ""
    kind: str = field(default="file", init=False)
    synthetic: bool = field(default=False, init=False)

    @property
    def origin(self) -> str:
        """Where it comes from, for lists and reports: no path, which would name this machine."""
        return f"the user's own file ({self.option})"

    @property
    def size_mb(self) -> None:
        """Nothing is downloaded."""
        return None

    def fetch(self) -> Path:
        """The file.

        Raises:
            DataError: no file was given, or it does not exist.
        """
        expected = f" Expected: {self.description.rstrip('.')}." if self.description else ""
        if self.path is None:
            raise DataError(f"The {self.name} are read from a file: give it as {self.option}=FILE.{expected}")
        path = user_path(self.path, self.option).absolute()
        if not path.is_file():
            state = "is a folder" if path.is_dir() else "does not exist"
            raise DataError(f"The file of the {self.name} {state}: {path}. Set {self.option}=FILE.{expected}")
        return path

    def cached(self) -> bool:
        """Whether the file is there."""
        return self.path is not None and user_path(self.path, self.option).is_file()

    def verify(self) -> None:
        """Read the file once.

        Raises:
            DataError: it cannot be read.
        """
        sha256_of(self.fetch())

    def fingerprint(self) -> str:
        """Digest of the content, wherever the file lies.

        Raises:
            DataError: as `fetch`, or the file cannot be read.
        """
        return f"file:{self.name}:{digest_of(self.fetch())}"
