"""Greedy and beam search against full enumeration and a plain, one-example beam search."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.nn import search as search_module
from harness.nn.search import beam, best_of, greedy, reorder

BOS, EOS = 0, 1


class RandomDecoder:
    """A recurrent decoder with random weights; each example has a context of its own."""

    def __init__(self, seed: int, vocabulary: int = 4, examples: int = 3, sharpness: float = 2.0) -> None:
        random = torch.Generator().manual_seed(seed)

        def matrix(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, generator=random, dtype=torch.float64)

        self.embedding, self.recurrent = matrix(vocabulary, 6), matrix(6, 6)
        self.output, self.context = sharpness * matrix(6, vocabulary), matrix(examples, 6)
        self.vocabulary, self.examples = vocabulary, examples
        self.rows_seen: list[torch.Tensor] = []

    def start(self, examples):
        return {"hidden": torch.zeros(len(examples), 6, dtype=torch.float64), "extra": (None,)}

    def step(self, tokens, state, rows):
        self.rows_seen.append(rows)
        hidden = torch.tanh(state["hidden"] @ self.recurrent + self.embedding[tokens] + self.context[rows])
        return (hidden @ self.output).log_softmax(-1), {"hidden": hidden, "extra": (None,)}

    def only(self, example):
        """A step for one example alone, as row 0."""
        return lambda tokens, state, rows: self.step(tokens, state, torch.full_like(rows, example))

    def log_probability(self, example, ids):
        state, total = self.start([example]), 0.0
        for before, symbol in zip([BOS, *ids], [*ids, EOS], strict=True):
            log_probs, state = self.step(torch.tensor([before]), state, torch.tensor([example]))
            total += log_probs[0, symbol].item()
        return total

    def search(self, method, max_length, examples=None, **options):
        which = range(self.examples) if examples is None else examples
        start = self.start(list(which))
        return method(self.step, start, len(start["hidden"]), BOS, EOS, max_length, "cpu", **options)


def plain_beam(model, example, max_length, width, alpha):
    """The same search for one example, with Python lists, run to the end."""
    live, finished = [([], 0.0)], []
    for length in range(1, max_length + 2):
        penalty = ((5 + length) / 6) ** alpha
        candidates = []
        for ids, score in live:
            state = model.start([example])
            for before in [BOS, *ids]:
                log_probs, state = model.step(torch.tensor([before]), state, torch.tensor([example]))
            candidates += [(ids, k, score + log_probs[0, k].item()) for k in range(model.vocabulary)]
        if length == max_length + 1:
            finished += [(ids, score / penalty) for ids, k, score in candidates if k == EOS]
            break
        candidates.sort(key=lambda c: -c[2])
        finished += [(ids, score / penalty) for ids, k, score in candidates[:width] if k == EOS]
        live = [([*ids, k], score) for ids, k, score in candidates if k != EOS][:width]
    return max(finished, key=lambda f: f[1])


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.5, -0.5])
@pytest.mark.parametrize("seed", range(4))
def test_a_beam_that_holds_everything_finds_the_best_of_all_sequences(seed, alpha):
    model, longest = RandomDecoder(seed), 3
    results = model.search(beam, longest, beam_size=40, length_penalty=alpha)
    for example, (ids, score) in enumerate(results):
        scored = [
            (model.log_probability(example, list(s)) / ((6 + n) / 6) ** alpha, list(s))
            for n in range(longest + 1)
            for s in itertools.product([k for k in range(model.vocabulary) if k != EOS], repeat=n)
        ]
        best, expected = max(scored)
        assert ids == expected
        assert score == pytest.approx(best, abs=1e-5)


@settings(deadline=None, max_examples=30)
@given(
    st.integers(0, 10_000),
    st.integers(1, 5),
    st.sampled_from([0.0, 0.6, 1.0, 2.0]),
    st.integers(2, 6),
    st.integers(1, 7),
)
def test_beam_equals_a_plain_beam_run_to_the_end(seed, width, alpha, vocabulary, longest):
    model = RandomDecoder(seed, vocabulary)
    for example, (ids, score) in enumerate(model.search(beam, longest, beam_size=width, length_penalty=alpha)):
        expected_ids, expected = plain_beam(model, example, longest, width, alpha)
        assert score == pytest.approx(expected, abs=1e-4)
        assert ids == expected_ids


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 12))
def test_a_beam_of_one_without_penalty_is_greedy(seed, vocabulary, longest):
    model = RandomDecoder(seed, vocabulary)
    simple = model.search(greedy, longest)
    single = model.search(beam, longest, beam_size=1, length_penalty=0.0)
    assert [h.ids for h in simple] == [h.ids for h in single]
    assert [h.score for h in simple] == pytest.approx([h.score for h in single], abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_greedy_takes_the_best_symbol_and_scores_the_whole_sequence(seed):
    model = RandomDecoder(seed)
    for example, (ids, score) in enumerate(model.search(greedy, 6)):
        state, symbols = model.start([example]), [BOS]
        while len(symbols) <= 6:
            log_probs, state = model.step(torch.tensor(symbols[-1:]), state, torch.tensor([example]))
            symbols.append(int(log_probs.argmax()))
            if symbols[-1] == EOS:
                break
        assert ids == [s for s in symbols[1:] if s != EOS]
        assert score == pytest.approx(model.log_probability(example, ids), abs=1e-5)


@pytest.mark.parametrize("method", [greedy, beam])
def test_other_rows_change_nothing(method):
    model = RandomDecoder(1, vocabulary=6, examples=8)
    together = model.search(method, 10)
    for example in range(8):
        (alone,) = method(model.only(example), model.start([example]), 1, BOS, EOS, 10, "cpu")
        assert alone.ids == together[example].ids
        assert alone.score == pytest.approx(together[example].score, abs=1e-6)


def test_a_wider_beam_is_never_worse_than_greedy_at_its_own_measure():
    better = 0
    for seed in range(20):
        model = RandomDecoder(seed, vocabulary=6)
        narrow = model.search(greedy, 8)
        wide = model.search(beam, 8, beam_size=8, length_penalty=0.0)
        better += sum(w.score > n.score + 1e-6 for w, n in zip(wide, narrow, strict=True))
        assert all(w.score >= n.score - 1e-6 for w, n in zip(wide, narrow, strict=True))
    assert better > 0


def test_a_penalty_above_zero_favours_longer_outputs():
    lengths = [
        sum(len(h.ids) for s in range(10) for h in RandomDecoder(s).search(beam, 8, length_penalty=alpha))
        for alpha in (0.0, 2.0)
    ]
    assert lengths[1] > lengths[0]


def _fixed(*steps):
    """A step with given probabilities of (bos, eos, 2, 3) at each position, the last one repeated."""

    def step(tokens, state, rows):
        position = int(state[0])
        probabilities = torch.tensor(steps[min(position, len(steps) - 1)], dtype=torch.float64)
        return probabilities.log().expand(len(tokens), -1), state + 1

    return step, torch.zeros(1, dtype=torch.long)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_long_output_that_only_wins_at_its_end_is_waited_for(width):
    # Ending at once: log 0.6 = -0.51. Five sure symbols more: log 0.4 / (11/6)^2 = -0.27, still -0.67 after one.
    step, start = _fixed([0, 0.6, 0.4, 0], *[[0, 0, 1.0, 0]] * 4, [0, 1.0, 0, 0])
    (found,) = beam(step, start, 1, BOS, EOS, 20, "cpu", beam_size=width, length_penalty=2.0)
    assert found.ids == [2] * 5
    assert found.score == pytest.approx(math.log(0.4) / (11 / 6) ** 2)


def test_a_negative_penalty_is_bounded_by_the_next_length():
    # Ending at once: log 0.45 = -0.80; one symbol more: log 0.55 x 7/6 = -0.70.
    step, start = _fixed([0, 0.45, 0.55, 0], [0, 1.0, 0, 0])
    (found,) = beam(step, start, 1, BOS, EOS, 8, "cpu", beam_size=2, length_penalty=-1.0)
    assert found.ids == [2]
    assert found.score == pytest.approx(math.log(0.55) * 7 / 6)


@pytest.mark.parametrize("method", [greedy, beam])
def test_forbidden_symbols_never_appear(method):
    for seed in range(10):
        for ids, _ in RandomDecoder(seed, vocabulary=5).search(method, 6, forbid=(BOS, 3)):
            assert not {BOS, 3, EOS} & set(ids)


@pytest.mark.parametrize("method", [greedy, beam])
def test_an_output_is_cut_at_the_longest_length(method):
    def step(tokens, state, rows):
        log_probs = torch.tensor([-9.0, -5.0, -0.01, -6.0]).expand(len(tokens), 4)
        return log_probs, state

    (found,) = method(step, None, 1, BOS, EOS, 5, "cpu")
    assert found.ids == [2] * 5


@pytest.mark.parametrize("method", [greedy, beam])
def test_rows_stay_one_object_until_an_example_finishes(method):
    model = RandomDecoder(3, vocabulary=6, examples=8)
    model.search(method, 12)
    seen = model.rows_seen
    changed = sum(a is not b for a, b in itertools.pairwise(seen))
    assert changed < len(seen)
    assert all(len(b) < len(a) for a, b in itertools.pairwise(seen) if a is not b)


@pytest.mark.parametrize("method", [greedy, beam])
def test_an_empty_batch(method):
    model = RandomDecoder(0)
    assert model.search(method, 5, examples=[]) == []


def test_a_beam_of_none_is_refused():
    with pytest.raises(ValueError, match="beam_size must be at least 1; given 0"):
        RandomDecoder(0).search(beam, 5, beam_size=0)


def test_reorder_takes_rows_of_every_tensor_in_the_state():
    state = {"a": torch.arange(6).view(3, 2), "b": [torch.arange(3), None]}
    taken = reorder(state, torch.tensor([2, 2, 0]))
    assert taken["a"].tolist() == [[4, 5], [4, 5], [0, 1]]
    assert taken["b"][0].tolist() == [2, 2, 0]
    assert taken["b"][1] is None


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**16),
    st.integers(1, 5),
    st.integers(700, 3000),
    st.integers(1, 10),
    st.sampled_from([0.0, 0.3, 0.999]),
)
def test_the_best_of_many_values_are_those_of_a_plain_selection(rows, seed, width, count, impossible):
    draw = torch.Generator().manual_seed(seed)
    values = torch.randn(rows % 7 + 1, width, generator=draw, dtype=torch.float64)
    values[torch.rand(values.shape, generator=draw) < impossible] = -torch.inf
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "_MANY", 0)
        found, places = best_of(values, count)
    assert torch.equal(found, values.topk(count).values)
    assert torch.equal(values.gather(1, places), found)
    assert all(len(set(row)) == count for row in places.tolist())


def test_a_beam_over_many_symbols_is_the_beam_of_each_example_alone():
    model = RandomDecoder(3, vocabulary=900, examples=80, sharpness=0.5)
    assert model.examples * 4 * model.vocabulary > search_module._MANY > 4 * model.vocabulary
    together = model.search(beam, 6, beam_size=4, forbid=(0, 2))
    for example in range(0, model.examples, 9):
        alone = beam(model.only(example), model.start([example]), 1, BOS, EOS, 6, "cpu", beam_size=4, forbid=(0, 2))
        assert alone[0].ids == together[example].ids
