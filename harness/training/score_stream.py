"""Scores whole documents under a next-token model: every symbol exactly once.

Models that carry state run through the document in chunks. Others see windows that overlap by half, and only
the second half of each window is scored (the first window whole), so every symbol but the first few has at
least half a window of context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from harness.contract.batch import Example
from harness.contract.metric import Prediction
from harness.contract.target import Target
from harness.contract.task import Loader
from harness.errors import PluginError
from harness.nn.network import Network

CHUNK = 256  # steps of a chunk where state is carried; no effect on the result


def score_documents(
    network: Network,
    documents: Sequence[Example],
    spec: Target,
    loader: Loader,
    device: torch.device,
    on_batch: Callable[[float], None] | None = None,
) -> list[Prediction]:
    """Negative log-likelihood of each document, in the documents' order."""
    order = sorted(range(len(documents)), key=lambda i: len(documents[i].target))
    totals = np.zeros(len(documents))
    for start in range(0, len(order), loader.batch_size):
        rows = order[start : start + loader.batch_size]
        targets = [np.asarray(documents[i].target, dtype=np.int64) for i in rows]
        if network.capabilities.carries_state:
            totals[rows] = _carried(network, targets, spec, device)
        else:
            totals[rows] = [_windowed(network, t, spec, loader, device) for t in targets]
        if on_batch is not None:
            on_batch((start + len(rows)) / len(order))
    return [
        Prediction(id=d.id, output=None, nats=float(n), count=len(d.target))
        for d, n in zip(documents, totals, strict=True)
    ]


def _carried(network: Network, targets: list[np.ndarray], spec: Target, device: torch.device) -> np.ndarray:
    """Nats of each document, chunk after chunk with carried state; rows that have ended are dropped."""
    nats = np.zeros(len(targets))
    state = None
    alive = list(range(len(targets)))  # sorted by length: the shortest rows end first
    longest = max(len(t) for t in targets)
    for begin in range(0, longest, CHUNK):
        kept = [k for k, row in enumerate(alive) if len(targets[row]) > begin]
        if len(kept) < len(alive):
            alive = [alive[k] for k in kept]
            index = torch.tensor(kept, device=device)
            state = torch.utils._pytree.tree_map(lambda t, index=index: t.index_select(0, index), state)
        pieces = [targets[row][begin : begin + CHUNK] for row in alive]
        inputs, wanted, lengths = _shifted(pieces, [_before(targets[row], begin, spec) for row in alive], spec)
        outputs, out_lengths, state = network(inputs.to(device), lengths.to(device), state=state)
        rows = spec.loss_rows(outputs, out_lengths, wanted.to(device), lengths.to(device), head=network.head)
        nats[alive] += rows.double().cpu().numpy()
    return nats


def _windowed(network: Network, target: np.ndarray, spec: Target, loader: Loader, device: torch.device) -> float:
    """Nats of one document in windows overlapping by half."""
    window = 2 * max(1, (network.capabilities.context or loader.bptt) // 2)
    half = window // 2
    spans = list(_spans(len(target), window, half))
    nats = 0.0
    for start in range(0, len(spans), loader.batch_size):
        group = spans[start : start + loader.batch_size]
        pieces = [target[begin:end] for begin, _, end in group]
        inputs, wanted, lengths = _shifted(pieces, [_before(target, begin, spec) for begin, _, _ in group], spec)
        outputs, _, _ = network(inputs.to(device), lengths.to(device))
        logs = outputs.float().log_softmax(-1).gather(-1, wanted.to(device).unsqueeze(-1)).squeeze(-1)  # (B, T)
        for row, (begin, scored, end) in enumerate(group):
            nats -= float(logs[row, scored - begin : end - begin].double().sum())
    return nats


def _spans(length: int, window: int, half: int) -> Iterator[tuple[int, int, int]]:
    """(begin, first scored, end) of each window; the scored parts cover 0..length exactly once."""
    yield 0, 0, min(window, length)
    for scored in range(window, length, half):
        yield scored - half, scored, min(scored + half, length)


def _before(target: np.ndarray, position: int, spec: Target) -> int:
    """The symbol before a position: begin-of-sequence at the start of the document."""
    return int(target[position - 1]) if position else stream_symbols(spec)[0]


def _shifted(
    pieces: list[np.ndarray], before: list[int], spec: Target
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs (B, T), targets (B, T) and lengths (B,) of stretches of documents."""
    lengths = torch.tensor([len(p) for p in pieces])
    shape = (len(pieces), int(lengths.max()))
    inputs = np.full(shape, stream_symbols(spec)[1], dtype=np.int64)
    wanted = inputs.copy()
    for row, (piece, first) in enumerate(zip(pieces, before, strict=True)):
        inputs[row, 0] = first
        inputs[row, 1 : len(piece)] = piece[:-1]
        wanted[row, : len(piece)] = piece
    return torch.from_numpy(inputs), torch.from_numpy(wanted), lengths


def stream_symbols(spec: Target) -> tuple[int, int]:
    """The symbols that begin a document and that pad batches of documents.

    Raises:
        PluginError: the vocabulary of a target whose examples are streams does not define them.
    """
    words = spec.vocabulary
    if words is None or words.bos_id is None or words.pad_id is None:
        raise PluginError(
            f"The examples of target '{spec.name}' are streams, so its 'vocabulary' must say which symbol begins a "
            "document and which is padding. See harness/contract/target.py, class Target."
        )
    return words.bos_id, words.pad_id
