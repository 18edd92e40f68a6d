"""A results folder with small trained models that can be asked: of texts and of recordings. They know nothing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from harness.config import compose, to_settings
from harness.config.identity import run_plan
from harness.store import Store
from harness.training.execute import execute

CIPHER = (
    "task=translation",
    "task.dataset=cipher",
    "task.vocab_size=330",
    "task.loader.batch_size=64",
    "decoding.max_length=6",
)
SMALL = (
    "model=lstm",
    "model.hidden_size=8",
    "trainer.embedding_dim=8",
    "trainer.validations=1",
    "trainer.device=cpu",
    "trainer.latency_s=0.01",
    "budget=steps:4",
)


def sound(number: int) -> bytes:
    """Half a second of noise as a WAV file."""
    wave = np.random.default_rng(number).normal(0, 0.1, 8_000).astype(np.float32)
    content = io.BytesIO()
    soundfile.write(content, wave, 16_000, format="WAV")
    return content.getvalue()


def train_models(place: Path) -> str:
    """Two seeds of a translation model, and a model of recordings; the store's URL."""
    sounds, url = place / "sounds", f"sqlite:///{place}/store.db"
    sounds.mkdir()
    for number, split in enumerate(("train", "train", "train", "val", "test")):
        (sounds / f"{number}.wav").write_bytes(sound(number))
        with (sounds / f"{split}.tsv").open("a") as lines:
            lines.write(f"{number}.wav\tone {number}\n")
    speech = ("task=speech_recognition", "task.dataset=folder", f"task.root={sounds}", "task.feature_count=8")
    for words in ((*CIPHER, "seed=0"), (*CIPHER, "seed=1"), speech):
        made = to_settings(compose([*words, *SMALL]), threads=1)
        with Store.open(url) as store:
            execute(made, run_plan(made), store=store, results=place)
    return url
