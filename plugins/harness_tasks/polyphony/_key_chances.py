"""Baselines of music that treat each key alone: how often it sounds, and how often it goes on or comes."""

from __future__ import annotations

import numpy as np

from harness.contract.metric import Prediction
from harness.contract.task import Baseline, TaskData


def frequencies(data: TaskData, seed: int) -> list[Prediction]:
    """Each key sounds as often as in training, whatever came before. `seed` changes nothing."""
    sounding = np.concatenate([np.asarray(data.train[i].target) for i in range(len(data.train))])  # (S, K)
    chances = (sounding.sum(0) + 0.5) / (len(sounding) + 1)
    return [_answer(data, i, np.broadcast_to(chances, data.test[i].target.shape)) for i in range(len(data.test))]


def transitions(data: TaskData, seed: int) -> list[Prediction]:
    """Each key goes on, or comes, as often as it does in training. `seed` changes nothing."""
    before = np.concatenate([np.asarray(data.train[i].input) for i in range(len(data.train))]) > 0  # (S, K)
    after = np.concatenate([np.asarray(data.train[i].target) for i in range(len(data.train))])
    stays = ((after * before).sum(0) + 0.5) / (before.sum(0) + 1)
    comes = ((after * ~before).sum(0) + 0.5) / ((~before).sum(0) + 1)
    made = []
    for i in range(len(data.test)):
        made.append(_answer(data, i, np.where(np.asarray(data.test[i].input) > 0, stays, comes)))
    return made


def _answer(data: TaskData, index: int, chances: np.ndarray) -> Prediction:
    example = data.test[index]
    wanted = np.asarray(example.target)
    nats = -float(np.where(wanted > 0, np.log(chances), np.log1p(-chances)).sum())
    output = (chances >= 0.5).astype(int).tolist()
    return Prediction(example.id, output, data.target_spec.text(output), nats=nats, count=len(wanted))


KEY_FREQUENCIES = Baseline("key_frequencies", "Lets each key sound as often as in training.", frequencies)
KEY_TRANSITIONS = Baseline(
    "key_transitions", "Lets each key go on, or come, as often as it does in training.", transitions
)
