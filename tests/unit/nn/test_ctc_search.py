"""CTC search against torch's CTC loss over all labellings, and against a plain prefix beam."""

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.nn.ctc_search import ctc_greedy, ctc_prefix_beam


def _log_probs(seed: int, rows: int, frames: int, vocabulary: int, sharpness: float = 1.5) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return (sharpness * torch.randn(rows, frames, vocabulary, generator=random, dtype=torch.float64)).log_softmax(-1)


def _nats(log_probs: torch.Tensor, labels: list[int], blank: int) -> float:
    """Negative log-likelihood of a labelling under one row (T, V), by torch."""
    loss = torch.nn.functional.ctc_loss(
        log_probs[:, None], torch.tensor([labels], dtype=torch.long), [len(log_probs)], [len(labels)], blank, "none"
    )
    return loss.item()


def _collapse(path, blank):
    return [k for k, _ in itertools.groupby(path) if k != blank]


def plain_prefix_beam(frames: np.ndarray, blank: int, width: int) -> list[int]:
    """Hannun's algorithm with a dictionary from prefix to probabilities, not logarithms."""
    beam = {(): (1.0, 0.0)}
    for frame in np.exp(frames):
        following = defaultdict(lambda: [0.0, 0.0])
        for prefix, (in_blank, in_label) in beam.items():
            following[prefix][0] += (in_blank + in_label) * frame[blank]
            for k, p in enumerate(frame):
                if k == blank:
                    continue
                if prefix and k == prefix[-1]:
                    following[prefix][1] += in_label * p
                    following[(*prefix, k)][1] += in_blank * p
                else:
                    following[(*prefix, k)][1] += (in_blank + in_label) * p
        ranked = sorted(following.items(), key=lambda item: -sum(item[1]))
        beam = {prefix: tuple(both) for prefix, both in ranked[:width] if sum(both) > 0}
    return list(max(beam.items(), key=lambda item: sum(item[1]))[0])


@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.parametrize("seed", range(5))
def test_a_beam_that_holds_every_prefix_finds_the_most_likely_labelling(seed, blank):
    log_probs = _log_probs(seed, 3, 4, 3)
    labels = [k for k in range(3) if k != blank]
    found = ctc_prefix_beam(log_probs, torch.tensor([4, 4, 4]), blank, beam_size=50)
    for row, answer in zip(log_probs, found, strict=True):
        every = [list(c) for n in range(5) for c in itertools.product(labels, repeat=n)]
        assert answer == min(every, key=lambda c: _nats(row, c, blank))


def test_it_sums_over_paths_where_greedy_takes_one():
    # The blank leads in both frames, but the label 1 is reached by three of the four paths.
    log_probs = torch.tensor([[[0.55, 0.45], [0.55, 0.45]]]).log()
    lengths = torch.tensor([2])
    assert ctc_greedy(log_probs, lengths) == [[]]
    assert ctc_prefix_beam(log_probs, lengths) == [[1]]  # 1 - 0.55^2 = 0.6975 against 0.3025


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(2, 5), st.integers(0, 4), st.integers(1, 14))
def test_any_width_equals_the_plain_prefix_beam(seed, width, vocabulary, blank, frames):
    blank %= vocabulary
    log_probs = _log_probs(seed, 3, frames, vocabulary)
    lengths = [frames, (frames + 1) // 2, 1]
    found = ctc_prefix_beam(log_probs, torch.tensor(lengths), blank, width)
    expected = [plain_prefix_beam(row[:n].numpy(), blank, width) for row, n in zip(log_probs, lengths, strict=True)]
    assert found == expected


@pytest.mark.parametrize("seed", [91, 231, 399, 481])
def test_a_prefix_that_was_dropped_and_comes_back_is_the_same_prefix(seed):
    # In these four a longer prefix outlives its own beginning, which then returns and reaches it once more.
    log_probs = _log_probs(seed, 1, 16, 4)
    assert ctc_prefix_beam(log_probs, torch.tensor([16]), 0, 3)[0] == plain_prefix_beam(log_probs[0].numpy(), 0, 3)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 8), st.integers(1, 10))
def test_impossible_labels_are_never_followed(seed, width, frames):
    log_probs = _log_probs(seed, 1, frames, 4)
    random = torch.Generator().manual_seed(seed)
    out = torch.rand(log_probs.shape, generator=random) < 0.5
    out.scatter_(-1, log_probs.argmax(-1, keepdim=True), False)  # one label a frame stays possible
    log_probs = log_probs.masked_fill(out, -torch.inf)
    found = ctc_prefix_beam(log_probs, torch.tensor([frames]), 0, width)
    assert found == [plain_prefix_beam(log_probs[0].numpy(), 0, width)]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(2, 5))
def test_greedy_collapses_the_best_path(seed, frames, vocabulary):
    log_probs = _log_probs(seed, 2, frames, vocabulary)
    lengths = torch.tensor([frames, max(1, frames - 2)])
    expected = [_collapse(row[:n].argmax(-1).tolist(), 0) for row, n in zip(log_probs, lengths.tolist(), strict=True)]
    assert ctc_greedy(log_probs, lengths) == expected


def test_a_prefix_that_died_and_comes_back_is_counted_once():
    # [3, 1] becomes impossible in the third frame and returns in the fourth, while [3, 1, 2] lives on.
    frames = [[0, 0, 0, 1], [0, 0.5, 0, 0.5], [0, 0, 0.5, 0.5], [0, 0.9, 0.1, 0], [0, 0, 1, 0]]
    log_probs = torch.tensor([frames], dtype=torch.float64).log()
    assert ctc_prefix_beam(log_probs, torch.tensor([5]), 0, 30) == [[3, 1, 2]]  # 0.25; three others 0.225
    assert plain_prefix_beam(log_probs[0].numpy(), 0, 30) == [3, 1, 2]


def test_a_label_twice_needs_a_blank_between():
    path = [1, 1, 0, 1, 2, 2, 0, 0, 2]
    log_probs = torch.full((1, 9, 3), -20.0)
    log_probs[0, range(9), path] = 0.0
    assert ctc_greedy(log_probs, torch.tensor([9])) == [[1, 1, 2, 2]]
    assert ctc_prefix_beam(log_probs, torch.tensor([9])) == [[1, 1, 2, 2]]


def test_the_answer_is_at_least_as_likely_as_greedys():
    for seed in range(10):
        log_probs = _log_probs(seed, 1, 12, 5)
        lengths = torch.tensor([12])
        beam, greedy = ctc_prefix_beam(log_probs, lengths, 0, 16), ctc_greedy(log_probs, lengths)
        assert _nats(log_probs[0], beam[0], 0) <= _nats(log_probs[0], greedy[0], 0) + 1e-9


@pytest.mark.parametrize("search", [ctc_greedy, ctc_prefix_beam])
def test_padding_and_other_rows_change_nothing(search):
    log_probs = _log_probs(3, 4, 10, 5)
    lengths = torch.tensor([10, 7, 4, 0])
    padded = log_probs.clone()
    for row, n in enumerate(lengths.tolist()):
        padded[row, n:] = math.nan
    together = search(padded, lengths)
    for row, n in enumerate(lengths.tolist()):
        assert together[row] == search(log_probs[row : row + 1, :n], torch.tensor([n]))[0]
    assert together[3] == []


def test_a_diverged_model_answers_nothing_and_spoils_no_other_row():
    log_probs = _log_probs(0, 2, 6, 4)
    expected = ctc_prefix_beam(log_probs, torch.tensor([6, 6]))
    log_probs[0, 2:] = math.nan
    assert ctc_prefix_beam(log_probs, torch.tensor([6, 6])) == [[], expected[1]]


def test_long_inputs_do_not_underflow():
    log_probs = _log_probs(0, 1, 3000, 4, sharpness=0.1)
    assert len(ctc_prefix_beam(log_probs, torch.tensor([3000]), 0, 4)[0]) > 0


@pytest.mark.parametrize("search", [ctc_greedy, ctc_prefix_beam])
def test_an_empty_batch(search):
    assert search(torch.zeros(0, 5, 3), torch.zeros(0, dtype=torch.long)) == []


def test_a_beam_of_none_is_refused():
    with pytest.raises(ValueError, match="beam_size must be at least 1; given 0"):
        ctc_prefix_beam(torch.zeros(1, 1, 2), torch.tensor([1]), 0, 0)
