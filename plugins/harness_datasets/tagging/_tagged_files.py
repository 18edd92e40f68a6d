"""Which file of a folder is which split, told by its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.data.foreign import shown
from harness.errors import DataError

_NAMES = {"val": ("testa", "dev", "val"), "test": ("test",), "train": ("train",)}
"""What the names of a split's files hold; "testa" is validation in CoNLL-2003."""


def by_split(files: Sequence[Path], expected: str) -> dict[str, Path]:
    """Files by "train", "val" and "test"; by "all" where there is one file.

    Args:
        files: of the folder.
        expected: in words, for messages.

    Raises:
        DataError: two files are of one split, or none says what it is.
    """
    found: dict[str, Path] = {}
    for path in files:
        split = next((name for name, words in _NAMES.items() if any(w in path.name.lower() for w in words)), "")
        if split in found:
            raise DataError(
                f"{shown(found[split].name)} and {shown(path.name)} are both files of {split}. Keep one of them in the "
                f"folder. Expected: {expected}."
            )
        if split:
            found[split] = path
    if len(files) == 1:
        return {"all": files[0]}
    if not found:
        names = ", ".join(shown(path.name) for path in files[:5])
        raise DataError(f"No file name says train, dev or test: {names}. Expected: {expected}.")
    return found
