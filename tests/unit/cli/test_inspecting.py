"""`harness data inspect`: what is printed, and what ends with 2."""

import json


def test_a_command_is_printed_for_each_data_set_that_is_installed(harness, tmp_path):
    (tmp_path / "my text.txt").write_text("Once upon a time there was a house.\n" * 20)
    code, out, _ = harness("data", "inspect", "my text.txt")
    assert code == 0
    assert "running text" in out
    assert (
        "harness sweep task=text_generation task.dataset=text 'task.root=\"my text.txt\"' model=lstm,stacked_lstm"
        in out
    )
    code, out, _ = harness("data", "inspect", "my text.txt", "--json")
    assert json.loads(out)[0]["facts"]["lines"] == "20"


def test_what_is_unreadable_ends_with_2_and_a_sentence(harness, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"")
    code, _, err = harness("data", "inspect", "a.csv")
    assert code == 2
    assert "a.csv is empty" in err
