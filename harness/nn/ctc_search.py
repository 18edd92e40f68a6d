"""Greedy and prefix beam search for CTC.

Source: Graves et al. 2006, "Connectionist Temporal Classification", section 3.2; the prefix beam as in Hannun
et al. 2014, "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs",
algorithm 1, without a language model. All in float64 on the CPU, for a whole batch at once: its rows go through the
frames together, and no step loops over rows or prefixes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

_NONE = -1  # no label
_ROOT, _DEAD, _NO_PARENT = (np.uint64(n) for n in (1, 2, 3))  # keys: of the empty prefix, of an empty slot, of nothing
_NARROW = 16  # up to here, taking the maximum repeatedly is cheaper than sorting


def ctc_greedy(log_probs: Tensor, lengths: Tensor, blank: int = 0) -> list[list[int]]:
    """The labels of the most likely path: repeats joined, blanks removed.

    Args:
        log_probs: (B, T, V).
        lengths: int64 (B,), frames of each row; frames beyond are not read.
        blank: id of the blank.
    """
    paths, frames = log_probs.argmax(dim=-1).cpu().numpy(), lengths.cpu().numpy()
    return [_collapse(path[:n], blank) for path, n in zip(paths, frames, strict=True)]


def _collapse(path: np.ndarray, blank: int) -> list[int]:
    """Labels of one path (T,)."""
    changed = np.ones(len(path), dtype=bool)
    changed[1:] = path[1:] != path[:-1]
    return path[changed & (path != blank)].tolist()


def ctc_prefix_beam(log_probs: Tensor, lengths: Tensor, blank: int = 0, beam_size: int = 8) -> list[list[int]]:
    """The most likely labelling found, each labelling summed over the paths that lead to it.

    If the beam holds every prefix, the result is the exact maximum.

    Args:
        log_probs: (B, T, V).
        lengths: int64 (B,), frames of each row; frames beyond are not read.
        blank: id of the blank.
        beam_size: prefixes kept after each frame.

    Raises:
        ValueError: `beam_size` below 1.
    """
    if beam_size < 1:
        raise ValueError(f"beam_size must be at least 1; given {beam_size}")
    counts = lengths.cpu().numpy()
    order = np.argsort(-counts, kind="stable")  # longest first: the rows that still read are the first ones
    counts = counts[order]
    frames = log_probs.detach().cpu().numpy()[order].transpose(1, 0, 2)  # (T, B, V)
    beam = _Beam(len(order), int(counts.max(initial=0)), beam_size, blank)
    for t in range(beam.frames):
        reading = int(np.searchsorted(-counts, -t))  # rows of more than t frames
        frame = frames[t, :reading].astype(np.float64)
        frame[np.isnan(frame)] = -np.inf  # a diverged model: nothing is possible
        beam.advance(t, frame)
    found = beam.best()
    return [found[row] for row in np.argsort(order, kind="stable")]


class _Beam:
    """The live prefixes of every row, and how each arose.

    A prefix is identified by a 64-bit key, mixed from its parent's key and its last label, because a dropped prefix may
    come back while a longer one that started with it is alive. Two prefixes of a row share a key with
    probability 2**-64.

    Attributes:
        frames: their maximum number.
        key, parent: uint64 (B, K), the keys of each live prefix and of its parent; _DEAD in empty slots.
        last: (B, K), its last label.
        in_blank, in_label: (B, K) log-probability of the prefix over paths that end in a blank, in a label.
        origins, labels: (T, B, K), the slot of a prefix before a frame, and the label it then got, or _NONE.
    """

    def __init__(self, rows: int, frames: int, width: int, blank: int) -> None:
        shape = (rows, width)
        self.frames, self.blank = frames, blank
        self.key = np.full(shape, _DEAD)
        self.key[:, 0] = _ROOT
        self.parent = np.full(shape, _NO_PARENT)
        self.last = np.full(shape, _NONE)
        self.in_blank = np.full(shape, -np.inf)
        self.in_blank[:, 0] = 0.0
        self.in_label = np.full(shape, -np.inf)
        self.origins = np.broadcast_to(np.arange(width, dtype=np.int32), (frames, *shape)).copy()  # kept but not read
        self.labels = np.full((frames, *shape), _NONE, dtype=np.int32)

    def advance(self, t: int, frame: np.ndarray) -> None:
        """Read frame `t`, (A, V), of the first A rows."""
        rows = len(frame)
        key, parent, last = self.key[:rows], self.parent[:rows], self.last[:rows]  # (A, K)
        in_blank, in_label = self.in_blank[:rows], self.in_label[:rows]
        total = np.logaddexp(in_blank, in_label)
        width, vocabulary = key.shape[1], frame.shape[1]

        has_last = last != _NONE
        label = np.where(has_last, last, self.blank)
        repeat = np.take_along_axis(frame, label, axis=1)  # (A, K): of each prefix's own last label
        stay_blank = total + frame[:, [self.blank]]
        stay_label = np.where(has_last, in_label + repeat, -np.inf)

        candidates = np.empty((rows, width + width * vocabulary))
        longer = candidates[:, width:].reshape(rows, width, vocabulary)  # a view
        np.add(total[:, :, None], frame[:, None, :], out=longer)
        # A label repeated is a new label only after a blank. (The empty prefix writes to the blank, which goes next.)
        np.put_along_axis(longer, label[:, :, None], (in_blank + repeat)[:, :, None], axis=2)
        longer[:, :, self.blank] = -np.inf

        # A prefix that its live parent also reaches is the same prefix: merge the two.
        a, child, origin = np.nonzero(parent[:, :, None] == key[:, None, :])
        again = last[a, child]
        stay_label[a, child] = np.logaddexp(stay_label[a, child], longer[a, origin, again])
        longer[a, origin, again] = -np.inf

        candidates[:, :width] = np.logaddexp(stay_blank, stay_label)
        chosen, score = _best(candidates, width)  # (A, K)
        grows = chosen >= width
        origin = np.where(grows, (chosen - width) // vocabulary, chosen)
        label = np.where(grows, (chosen - width) % vocabulary, _NONE)
        self.origins[t, :rows], self.labels[t, :rows] = origin, label

        def old(values: np.ndarray) -> np.ndarray:
            return np.take_along_axis(values, origin, axis=1)

        from_key, dead = old(key), ~(score > -np.inf)
        self.in_blank[:rows] = np.where(grows | dead, -np.inf, old(stay_blank))
        self.in_label[:rows] = np.where(dead, -np.inf, np.where(grows, score, old(stay_label)))
        self.parent[:rows] = np.where(dead, _NO_PARENT, np.where(grows, from_key, old(parent)))
        self.last[:rows] = np.where(dead, _NONE, np.where(grows, label, old(last)))
        self.key[:rows] = np.where(dead, _DEAD, np.where(grows, _mixed(from_key, label), from_key))

    def best(self) -> list[list[int]]:
        """Labels of each row's most likely prefix."""
        score = np.logaddexp(self.in_blank, self.in_label)
        slot, rows = score.argmax(axis=1), np.arange(len(score))
        possible = score[rows, slot] > -np.inf
        labels = np.full((self.frames, len(slot)), _NONE)
        for t in reversed(range(self.frames)):
            labels[t] = np.where(possible, self.labels[t, rows, slot], _NONE)
            slot = self.origins[t, rows, slot]
        return [path[path != _NONE].tolist() for path in labels.T]


def _best(candidates: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions and values (A, count) of the largest of (A, N), best first, ties by position; may modify the input."""
    if count > _NARROW:
        chosen = np.argsort(-candidates, axis=1, kind="stable")[:, :count]
        return chosen, np.take_along_axis(candidates, chosen, axis=1)
    rows = np.arange(len(candidates))
    chosen = np.empty((len(candidates), count), dtype=np.int64)
    score = np.empty(chosen.shape)
    for rank in range(count):
        best = candidates.argmax(axis=1)
        chosen[:, rank], score[:, rank] = best, candidates[rows, best]
        candidates[rows, best] = -np.inf
    return chosen, score


def _mixed(key: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Keys of the prefixes `key` grown by `label`, as splitmix64 mixes (Steele et al. 2014)."""
    z = key + (label.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
