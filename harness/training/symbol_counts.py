"""Counts symbols in the training data, for output layers that treat frequent ones differently."""

from __future__ import annotations

import numpy as np

from harness.contract.batch import Split
from harness.contract.task import TaskData
from harness.nn.heads import TokenHead
from harness.nn.network import Network


def order_symbols(network: Network, data: TaskData) -> None:
    """Tell an adaptive or sampled softmax which symbols are frequent; vocabularies number them in many ways.

    Counts the training split only. Does nothing for a full softmax.
    """
    head, words = network.head, data.target_spec.vocabulary
    if not isinstance(head, TokenHead) or words is None:
        return
    if head.output.by_frequency:
        head.output.order_by_frequency(count_symbols(data.train, words.size))


def count_symbols(split: Split, symbols: int) -> np.ndarray:
    """int64 (V,): occurrences of each symbol in the targets of a split; symbols: V."""
    counts = np.zeros(symbols, dtype=np.int64)
    for index in range(len(split)):
        counts += np.bincount(np.asarray(split[index].target, dtype=np.int64), minlength=symbols)
    return counts
