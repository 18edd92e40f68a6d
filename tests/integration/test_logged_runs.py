"""A run that also logs to TensorBoard has the same figures, and TensorBoard has the store's."""

from __future__ import annotations

from typing import Any

TINY = (
    *("task=text_generation", "task.dataset=counting", "task.generated_characters=2000", "trainer.embedding_dim=16"),
    *("model=lstm", "model.hidden_size=8", "budget=steps:6", "trainer.validations=2", "decoding.samples=1"),
)


def test_tensorboard_gets_what_the_store_gets_and_changes_nothing(cli: Any, make_cli: Any, tmp_path: Any) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    cli("run", *TINY)
    (plain,) = cli.runs()
    other = make_cli(tmp_path / "other")
    other("run", *TINY, "logger=tensorboard")
    (logged,) = other.runs()
    assert logged["key"] == plain["key"]
    assert logged["metrics"] == plain["metrics"]
    events = EventAccumulator(str(other.folder / "results" / "runs" / logged["key"] / "tensorboard"))
    events.Reload()
    tags = set(events.Tags()["scalars"])
    assert {"val/loss", "test/loss", "test/bits_per_character"} <= tags
    (final,) = events.Scalars("test/bits_per_character")
    assert abs(final.value - logged["metrics"]["test/bits_per_character"]) < 1e-5
    assert [event.step for event in events.Scalars("val/loss")] == [3, 6]
