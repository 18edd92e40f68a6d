"""What a user gets wrong: one message that names it, exit code 2, no traceback, and nothing lost."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TINY = ("budget=steps:1", "model.hidden_size=8", "trainer.embedding_dim=8", "trainer.validations=1")
SPEECH = ("task=speech_recognition", "model=lstm", "task.dataset=fsdd", *TINY)
STRINGS = ("task.train_strings=8", "task.val_strings=2", "task.test_strings=2", "task.max_digits=2")
VIDEOS = ("task=action_recognition", "model=lstm", "task.dataset=folder", "task.frames=4", "task.size=16", *TINY)


def _refused(cli: Any, *words: str) -> str:
    """The one message on standard error."""
    message = cli(*words, code=2).stderr.strip()
    assert message.startswith("Error: "), message
    return message


def _report(cli: Any) -> str:
    """The report as Markdown, its escapes taken off."""
    cli("report")
    return (cli.folder / "results" / "report" / "report.md").read_text(encoding="utf-8").replace("\\", "")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("task=translatoin",), ("'translatoin'", "Did you mean 'translation'?", "first_symbol")),
        (("model=gro",), ("'gro'", "attention_lstm")),
        (("model.wdith=3",), ("wdith", "hidden_size")),
        (("optimizer.lr=fast",), ("optimizer.lr", "fast")),
        (("budget=epochs",), ("'epochs'", "epochs:3")),
        (("budget=hours:1",), ("'hours:1'", "epochs:N")),
        (("trainer.precision=fp8",), ("fp8", "bf16")),
        (("match=hidden_size:9",), ("hidden_size:9", "params:N")),
        (("logger=tensorbord",), ("tensorbord", "Did you mean 'tensorboard'?")),
        (("limits.time=30m",), ("enforced from outside the process", "launcher=local, or 'harness sweep'")),
        (("trainer.early_stopping=0",), ("trainer.early_stopping=0 must be 1 or more",)),
        (("trainer.validations=0",), ("trainer.validations=0 must be 1 or more",)),
        (("experiment=quickstrat",), ("quickstrat", "quickstart")),
        (("task=text_generation", "model=bilstm"), ("must be causal", "Models that fit: ")),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, tuple) and "=" in v[0] else "",
)
def test_wrong_words_are_answered_with_what_exists(cli: Any, words: tuple[str, ...], parts: tuple[str, ...]) -> None:
    message = _refused(cli, "run", *words)
    assert all(part in message for part in parts), message
    assert not (cli.folder / "results" / "runs").exists()


def test_nothing_cached_and_no_network(cli: Any) -> None:
    message = _refused(cli, "run", "task=text_generation", "model=lstm", *TINY)
    assert "HARNESS_OFFLINE" in message
    (run,) = cli.runs()
    assert run["status"] == "failed"


def test_a_folder_that_is_missing_or_empty_is_named(cli: Any) -> None:
    (cli.folder / "empty").mkdir()
    said = _refused(cli, "run", *SPEECH, "task.root=nowhere")
    assert "does not exist" in said
    assert "nowhere" in said
    assert "empty" in _refused(cli, "run", *SPEECH, "task.root=empty")
    assert "empty" in _refused(cli, "run", *VIDEOS, "task.root=empty")


@pytest.fixture
def recordings(cli: Any) -> Path:
    """Digits of two speakers as noise, one of them no audio at all."""
    import soundfile

    folder = cli.folder / "recordings"
    folder.mkdir()
    draw = np.random.default_rng(0)
    for digit in range(10):
        for index in (0, 1, 5, 6, 7, 8, 20, 30):
            soundfile.write(folder / f"{digit}_ann_{index}.wav", 0.1 * draw.normal(size=2400), 8000)
    (folder / "3_ann_7.wav").write_bytes(b"RIFF, but no more")
    return folder


def test_a_corrupt_wav_among_good_ones_is_named_or_skipped_and_counted(cli: Any, recordings: Path) -> None:
    message = _refused(cli, "run", *SPEECH, *STRINGS, "task.root=recordings")
    assert "3_ann_7.wav" in message
    assert "on_corrupt=skip" in message
    done = cli("run", *SPEECH, *STRINGS, "task.root=recordings", "task.on_corrupt=skip")
    assert "wer" in done.stdout.lower()
    assert "files skipped: 1; files skipped, names: 3_ann_7.wav" in done.stdout
    assert "3_ann_7.wav" in _report(cli)


@pytest.fixture
def videos(cli: Any) -> Path:
    """Ten clips of each of two classes, one of them no video at all."""
    import av

    folder = cli.folder / "videos"
    for name, value in (("dark", 20), ("light", 220)):
        (folder / name).mkdir(parents=True)
        for clip in range(10):
            with av.open(str(folder / name / f"clip{clip}.mp4"), "w") as container:
                stream = container.add_stream("mpeg4", rate=10)
                stream.width = stream.height = 32
                for step in range(6):
                    picture = np.full((32, 32, 3), value + clip + step, dtype=np.uint8)
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
                container.mux(stream.encode())
    (folder / "dark" / "clip4.mp4").write_bytes(b"not a video at all")
    return folder


def test_a_corrupt_mp4_among_good_ones_is_named_or_skipped_and_counted(cli: Any, videos: Path) -> None:
    message = _refused(cli, "run", *VIDEOS, "task.root=videos")
    assert "clip4.mp4" in message
    assert "on_corrupt=skip" in message
    done = cli("run", *VIDEOS, "task.root=videos", "task.on_corrupt=skip")
    assert "files skipped: 1; files skipped, names: dark/clip4.mp4" in done.stdout
    assert "clip4.mp4" in _report(cli)


@pytest.mark.unprivileged
def test_a_results_folder_that_cannot_be_written_is_named(cli: Any) -> None:
    results = cli.folder / "results"
    results.mkdir(mode=0o500)
    try:
        message = _refused(cli, "run", "task=first_symbol", "model=mean", *TINY)
        assert "results" in message
        assert os.listdir(results) == []
    finally:
        results.chmod(0o700)


@pytest.mark.unprivileged
def test_a_cache_that_cannot_be_written_is_named(cli: Any, videos: Path) -> None:
    (cli.folder / "data").mkdir(mode=0o500)
    message = _refused(cli, "run", *VIDEOS, "task.root=videos", "task.on_corrupt=skip")
    assert str(cli.folder / "data") in message
