"""A run trains on the data that it was planned for, or not at all."""

import pytest
from harness_datasets.text_generation.text_folder import TextFolder
from harness_tasks.text_generation import TextGeneration

from harness.errors import DataError
from harness.training.load_data import load_data, understood


def test_data_that_changed_after_planning_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "cache"))
    (tmp_path / "mine").mkdir()
    text = tmp_path / "mine" / "all.txt"
    text.write_text("as it was planned\n" * 40)
    task = TextGeneration(dataset=TextFolder(root=tmp_path / "mine"))
    planned = task.data_fingerprint()
    data = load_data(task, planned)
    assert len(data.train) == 1
    assert understood(task, data).startswith(
        "Data of text_generation (text.character): 1 training, 1 validation and 1 test examples; training characters: "
    )
    text.write_text("as it is by now!!\n" * 40)
    with pytest.raises(DataError, match="changed after this run was planned"):
        load_data(task, planned)
