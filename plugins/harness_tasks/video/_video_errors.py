"""The error of a video file that cannot be used."""

from __future__ import annotations

from pathlib import Path

from harness.data.foreign import shown
from harness.errors import DataError

NO_VIDEO, CUT_OFF, DAMAGED = "no video", "cut off", "damaged"


class UnreadableVideoError(DataError):
    """The file cannot be used as a video: no video, not decodable, damaged, or cut off; the message names it.

    Attributes:
        reason: in a few words, by which files are counted.
    """

    def __init__(self, path: Path, what: str, reason: str = NO_VIDEO) -> None:
        """Make the message of the file's name and what is to be said of it ("is empty")."""
        super().__init__(f"{shown(path)} {what}.")
        self.reason = reason
