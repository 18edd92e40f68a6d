"""Arrays of different lengths on disk: what was written comes back, and a file that was cut is refused."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from harness.data.ragged_file import RaggedFile, RaggedWriter
from harness.errors import DataError

ARRAYS = ([], [1, 2, 3], [65_535], [], [7, 7])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with RaggedWriter(tmp_path, "a", np.dtype("<u2")) as writer:
        for array in ARRAYS:
            writer.add(array)
    return tmp_path


def test_every_array_comes_back_also_after_a_journey(folder: Path) -> None:
    written = RaggedFile(folder, "a", np.dtype("<u2"))
    for found in (written, pickle.loads(pickle.dumps(written))):
        assert [found[i].tolist() for i in range(len(found))] == [list(array) for array in ARRAYS]
        assert found.lengths.tolist() == [0, 3, 1, 0, 2]


def test_no_array_at_all(tmp_path: Path) -> None:
    with RaggedWriter(tmp_path, "a", np.dtype(np.uint8)):
        pass
    assert len(RaggedFile(tmp_path, "a", np.dtype(np.uint8))) == 0


@pytest.mark.parametrize("name", ["a.values", "a.ends"])
def test_a_file_that_was_cut_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:-3])
    with pytest.raises(DataError, match="damaged: remove the folder"):
        RaggedFile(folder, "a", np.dtype("<u2"))
