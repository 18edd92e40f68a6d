"""Greedy and prefix beam search for `CTCTarget`.

Source: Graves et al. 2006, "Connectionist Temporal Classification", section 3.2; the prefix beam as in Hannun
et al. 2014, "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs",
algorithm 1, without a language model. All in float64 on the CPU, for a whole batch at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

_NONE, _NO_PARENT = -1, -2


def ctc_greedy(log_probs: Tensor, lengths: Tensor, blank: int = 0) -> list[list[int]]:
    """The labels of the most likely path: repeats joined, blanks removed.

    Args:
        log_probs: (B, T, V).
        lengths: int64 (B,), frames of each row; what lies beyond is not read.
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

    With a beam that holds every prefix the result is the exact maximum.

    Args:
        log_probs: (B, T, V).
        lengths: int64 (B,), frames of each row; what lies beyond is not read.
        blank: id of the blank.
        beam_size: prefixes kept after each frame.

    Raises:
        ValueError: `beam_size` below 1.
    """
    if beam_size < 1:
        raise ValueError(f"beam_size must be at least 1; given {beam_size}")
    frames = log_probs.detach().cpu().double().numpy()  # (B, T, V)
    frames = np.where(np.isnan(frames), -np.inf, frames)  # a diverged model: nothing is possible
    counts = lengths.cpu().numpy()
    beam = _Beam(len(frames), beam_size, blank)
    for t in range(int(counts.max(initial=0))):
        active = np.flatnonzero(counts > t)
        beam.advance(active, frames[active, t])
    return beam.best()


class _Beam:
    """The live prefixes of every row, as nodes of a trie, so that one prefix is one number.

    Attributes:
        node: (B, K) trie node of each live prefix; _NONE in empty slots.
        parent, last: (B, K) the node's parent and its label.
        in_blank, in_label: (B, K) log-probability of the prefix over paths that end in a blank, in a label.
    """

    def __init__(self, batch_size: int, width: int, blank: int) -> None:
        shape = (batch_size, width)
        self.blank = blank
        self.node = np.full(shape, _NONE)
        self.node[:, 0] = np.arange(batch_size)  # a root of its own for each row
        self.parent = np.full(shape, _NO_PARENT)
        self.last = np.full(shape, _NONE)
        self.in_blank = np.full(shape, -np.inf)
        self.in_blank[:, 0] = 0.0
        self.in_label = np.full(shape, -np.inf)
        self._children: dict[tuple[int, int], int] = {}
        self._parents = [_NO_PARENT] * batch_size
        self._labels = [_NONE] * batch_size

    def advance(self, rows: np.ndarray, frame: np.ndarray) -> None:
        """Read one frame (A, V) of the given rows (A,)."""
        node, parent, last = self.node[rows], self.parent[rows], self.last[rows]  # (A, K)
        in_blank, in_label = self.in_blank[rows], self.in_label[rows]
        total = np.logaddexp(in_blank, in_label)
        width, vocabulary = node.shape[1], frame.shape[1]

        has_last = last != _NONE
        label = np.where(has_last, last, self.blank)
        repeat = np.take_along_axis(frame, label, axis=1)  # (A, K): of each prefix's own last label
        stay_blank = total + frame[:, [self.blank]]
        stay_label = np.where(has_last, in_label + repeat, -np.inf)

        longer = total[:, :, None] + frame[:, None, :]  # (A, K, V)
        # A label repeated is a new label only after a blank.
        a, k = np.nonzero(has_last)
        longer[a, k, last[a, k]] = in_blank[a, k] + repeat[a, k]
        longer[:, :, self.blank] = -np.inf

        # A prefix that its live parent reaches too is one prefix: join them, and take the double away.
        a, child, origin = np.nonzero(parent[:, :, None] == node[:, None, :])
        stay_label[a, child] = np.logaddexp(stay_label[a, child], longer[a, origin, last[a, child]])
        longer[a, origin, last[a, child]] = -np.inf

        stay = np.logaddexp(stay_blank, stay_label)
        candidates = np.concatenate([stay, longer.reshape(len(rows), -1)], axis=1)  # (A, K + K V)
        chosen = np.argsort(-candidates, axis=1, kind="stable")[:, :width]
        score = np.take_along_axis(candidates, chosen, axis=1)
        grows = chosen >= width
        origin = np.where(grows, (chosen - width) // vocabulary, chosen)
        label = (chosen - width) % vocabulary

        def old(values: np.ndarray) -> np.ndarray:
            return np.take_along_axis(values, origin, axis=1)

        from_node = old(node)
        node, parent, last = from_node.copy(), old(parent), old(last)
        in_blank = np.where(grows, -np.inf, old(stay_blank))
        in_label = np.where(grows, score, old(stay_label))
        impossible = ~(score > -np.inf)
        for a, k in zip(*np.nonzero(grows & ~impossible), strict=True):
            parent[a, k], last[a, k] = from_node[a, k], label[a, k]
            node[a, k] = self._child(int(from_node[a, k]), int(label[a, k]))
        node[impossible], parent[impossible], last[impossible] = _NONE, _NO_PARENT, _NONE
        in_blank[impossible] = in_label[impossible] = -np.inf

        self.node[rows], self.parent[rows], self.last[rows] = node, parent, last
        self.in_blank[rows], self.in_label[rows] = in_blank, in_label

    def best(self) -> list[list[int]]:
        """Labels of each row's most likely prefix."""
        slots = np.logaddexp(self.in_blank, self.in_label).argmax(axis=1)
        return [self._spell(int(nodes[slot])) for nodes, slot in zip(self.node, slots, strict=True)]

    def _child(self, node: int, label: int) -> int:
        known = self._children.get((node, label))
        if known is None:
            known = self._children[node, label] = len(self._parents)
            self._parents.append(node)
            self._labels.append(label)
        return known

    def _spell(self, node: int) -> list[int]:
        labels = []
        while node >= 0 and self._labels[node] != _NONE:
            labels.append(self._labels[node])
            node = self._parents[node]
        return labels[::-1]
