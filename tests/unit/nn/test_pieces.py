"""Where a padded batch is cut in time."""

from hypothesis import given
from hypothesis import strategies as st

from harness.nn.pieces import WORTH, Piece, plan

MANY = 10_000_000  # weights, beside which a call costs little


@given(
    lengths=st.lists(st.integers(0, 40), min_size=1, max_size=30),
    extra=st.integers(0, 10),
    weights=st.integers(1, MANY),
)
def test_pieces_hold_every_real_position_and_save_what_they_must(lengths, extra, weights):
    size = max(*lengths, 1) + extra
    found = plan(lengths, size, weights)
    if found is None:
        return
    longest_first = sorted(lengths, reverse=True)
    assert [piece.begin for piece in found] == [0, *(piece.end for piece in found[:-1])]
    for piece in found:
        assert piece.begin < piece.end
        assert all((length > piece.begin) == (row < piece.rows) for row, length in enumerate(longest_first))
    assert found[-1].end == longest_first[0]
    assert sum((p.end - p.begin) * p.rows for p in found) <= (1 - WORTH) * len(lengths) * size


def test_little_padding_and_small_layers_keep_the_batch_whole():
    assert plan([100, 98, 97, 100], 100, MANY) is None
    assert plan([100, 50, 60, 90], 100, 1) is None
    assert plan([0, 0], 7, MANY) is None


def test_rows_that_end_early_are_left_out():
    assert plan([200] + [20] * 31, 200, MANY) == [Piece(0, 20, 32), Piece(20, 200, 1)]
    assert plan([30] * 8, 60, MANY) == [Piece(0, 30, 8)]
