"""Two predictors that cannot know the order of frames: one sees the last frame only, the other a heap of them.

Both are small convolutional networks, trained for a fixed number of epochs (no clock, so that the same seed
gives the same answers) and tested with the weights that were best on validation. Where they do as well as a
sequence model, the data set does not need one.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.contract.batch import Example, Split, gatherer, without_input
from harness.contract.metric import Prediction
from harness.contract.specs import VideoInput
from harness.contract.task import TaskData
from harness.targets import ClassTarget


@dataclass(frozen=True)
class Fit:
    """How a baseline is trained: AdamW, warm-up over 5 % of the steps, cosine decay to zero.

    Attributes:
        epochs, batch_size, lr: as usual; lr is the peak.
        pool: pixels are averaged over squares of this side first, which buys epochs.
        channels: of the first convolution; each of the three halves height and width.
        hidden: features of a frame.
    """

    epochs: int
    batch_size: int = 16
    lr: float = 2e-3
    pool: int = 1
    channels: int = 24
    hidden: int = 128


class Clips(Protocol):
    """A split as a baseline sees it: inputs (N, T', C, Y, X) by position, and labels."""

    labels: Tensor

    def __len__(self) -> int: ...

    def inputs(self, rows: Sequence[int]) -> Tensor:
        """float32 (B, T', C, Y, X)."""
        ...


class WholeClips:
    """All frames as the models get them."""

    def __init__(self, dataset: Split) -> None:
        self._dataset = dataset
        self.labels = torch.tensor([int(_described(dataset, i).target) for i in range(len(dataset))])

    def __len__(self) -> int:
        return len(self._dataset)

    def inputs(self, rows: Sequence[int]) -> Tensor:
        """float32 (B, T, C, Y, X)."""
        gather = gatherer(self._dataset)
        found = None if gather is None else gather(np.asarray(rows, dtype=np.int64), 0, 0)
        if found is None:
            return torch.stack([torch.from_numpy(self._dataset[int(i)].input) for i in rows])
        return torch.from_numpy(found.inputs)


class LastFrames:
    """Only the last frame of every clip, as it looks.

    The clip's mean is *not* taken off: the mean would tell a single frame what the others looked like.
    """

    def __init__(self, dataset: Split, frames: Callable[[str], np.ndarray]) -> None:
        described = [_described(dataset, i) for i in range(len(dataset))]
        examples = [(e.id, int(e.target)) for e in described]
        self.labels = torch.tensor([label for _, label in examples])
        self.pictures = torch.stack([torch.from_numpy(frames(name)[-1:].copy()) for name, _ in examples])

    def __len__(self) -> int:
        return len(self.labels)

    def inputs(self, rows: Sequence[int]) -> Tensor:
        """float32 (B, 1, C, Y, X)."""
        return self.pictures[torch.as_tensor(np.asarray(rows))]


class FrameAverage(nn.Module):
    """One network for every frame, the mean of its features over time, one hidden layer, class scores.

    Any order of the frames gives the same answer: (B, T, C, Y, X) -> (B, K).
    """

    def __init__(self, spec: VideoInput, classes: int, fit: Fit) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.AvgPool2d(fit.pool)] if fit.pool > 1 else []
        before, y, x = spec.channels, spec.height // fit.pool, spec.width // fit.pool
        for after in (fit.channels, 2 * fit.channels, 2 * fit.channels):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.ReLU()]
            before, y, x = after, math.ceil(y / 2), math.ceil(x / 2)
        self.frame = nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * y * x, fit.hidden), nn.ReLU())
        self.frame.to(memory_format=torch.channels_last)
        self.head = nn.Sequential(nn.Linear(fit.hidden, fit.hidden), nn.ReLU(), nn.Linear(fit.hidden, classes))

    def forward(self, clips: Tensor) -> Tensor:
        """Class scores (B, K) of clips (B, T, C, Y, X)."""
        frames = clips.flatten(0, 1).contiguous(memory_format=torch.channels_last)  # (B*T, C, Y, X)
        features = self.frame(frames).unflatten(0, clips.shape[:2])  # (B, T, H)
        return self.head(features.mean(dim=1))


def _described(dataset: Split, index: int) -> Example:
    """An example, without its clip where that can be."""
    return without_input(dataset, index) or dataset[index]


def predict_last_frame(data: TaskData, seed: int, frames: Callable[[str], np.ndarray], fit: Fit) -> list[Prediction]:
    """Train on last frames only and answer for the test split; `frames` gives a clip as it looks by id."""
    train, val, test = (LastFrames(split, frames) for split in (data.train, data.val, data.test))
    level, spread = train.pictures.mean(), train.pictures.std()
    for split in (train, val, test):
        split.pictures = (split.pictures - level) / spread
    return _predict(data, train, val, test, seed, fit)


def predict_mean_of_frames(data: TaskData, seed: int, fit: Fit) -> list[Prediction]:
    """Train on all frames without their order and answer for the test split."""
    return _predict(data, WholeClips(data.train), WholeClips(data.val), WholeClips(data.test), seed, fit)


def _predict(data: TaskData, train: Clips, val: Clips, test: Clips, seed: int, fit: Fit) -> list[Prediction]:
    assert isinstance(data.input_spec, VideoInput)
    assert isinstance(data.target_spec, ClassTarget)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = FrameAverage(data.input_spec, data.target_spec.num_classes, fit)
    _train(network, train, val, seed, fit)
    scores = _scores(network, test)
    names = data.target_spec.class_names
    answers = []
    for row, log_probabilities in enumerate(scores.tolist()):
        best = int(np.argmax(log_probabilities))
        actual = int(test.labels[row])
        text = names[best] if names else str(best)
        answers.append(
            Prediction(
                _described(data.test, row).id,
                best,
                text,
                tuple(log_probabilities),
                nats=-log_probabilities[actual],
                count=1,
            )
        )
    return answers


def _train(network: nn.Module, train: Clips, val: Clips, seed: int, fit: Fit) -> None:
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=fit.lr, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    per_epoch = math.ceil(len(train) / fit.batch_size)
    total = fit.epochs * per_epoch
    warm_up = max(1, total // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min(1.0, (s + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * s / total))
    )
    best, kept = -math.inf, copy.deepcopy(network.state_dict())
    for _ in range(fit.epochs):
        network.train()
        for rows in torch.randperm(len(train), generator=generator).split(fit.batch_size):
            loss = functional.cross_entropy(network(train.inputs(rows.tolist())), train.labels[rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        quality = -float(functional.nll_loss(_scores(network, val), val.labels))
        if quality > best:
            best, kept = quality, copy.deepcopy(network.state_dict())
    network.load_state_dict(kept)


@torch.no_grad()
def _scores(network: nn.Module, clips: Clips) -> Tensor:
    """Log-probabilities (N, K) of a split."""
    network.eval()
    rows = range(len(clips))
    parts = [network(clips.inputs(rows[i : i + 64])).log_softmax(dim=1) for i in range(0, len(clips), 64)]
    return torch.cat(parts)
