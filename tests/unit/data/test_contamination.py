"""The contamination guard: every kind of copy it should find, on every type of data, and no other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flat_task import flat_task
from harness_tasks.action_recognition import ActionRecognition
from harness_tasks.speech_recognition import SpeechRecognition
from harness_tasks.text_generation import TextGeneration
from harness_tasks.translation import Translation
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.batch import Example, ListSplit
from harness.contract.specs import FrameInput, GraphSeriesInput, InputSpec, TokenInput, VideoInput
from harness.contract.target import Target
from harness.contract.task import Task, TaskData
from harness.data.contamination import FRAMES_IN_A_ROW, PASSAGE, Findings, examine, plain, rolling
from harness.targets import ClassTarget, CTCTarget, ForecastTarget, NextTokenTarget, TokenSequenceTarget

DRAW = np.random.default_rng


def _found(inputs: InputSpec, target: Target, **splits: list[Example]) -> Findings:
    parts = {name: ListSplit(splits.get(name, [])) for name in ("train", "val", "test")}
    return examine(TaskData(**parts, input_spec=inputs, target_spec=target))


def _token(name: str, ids: list[int], source: str = "", references: tuple[str, ...] = ()) -> Example:
    return Example(name, np.array(ids), np.array([3, 2]), references, source)


def _frames(name: str, values: np.ndarray) -> Example:
    return Example(name, values.astype(np.float32), 0)


def _document(name: str, text: str) -> Example:
    return Example(name, None, np.array([ord(c) for c in text]), (text,))


def _letters(count: int, seed: int) -> str:
    return "".join("abcdefgh "[i] for i in DRAW(seed).integers(9, size=count))


# -- whole examples ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "shape"),
    [
        (FrameInput(3), (5, 3)),
        (VideoInput(3, 8, 8), (4, 3, 8, 8)),
        (GraphSeriesInput(2, 3), (6, 2, 3)),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("target", [ClassTarget(2), ForecastTarget(1, 1), CTCTarget(3)], ids=lambda t: type(t).__name__)
@pytest.mark.parametrize(("held", "earlier"), [("test", "train"), ("test", "val"), ("val", "train")])
def test_an_input_that_stands_in_an_earlier_split_is_found(
    spec: InputSpec, shape: tuple[int, ...], target: Target, held: str, earlier: str
) -> None:
    made = {split: [_frames(f"{split}{i}", DRAW(i + 10 * n).normal(size=shape)) for i in range(3)]
            for n, split in enumerate(("train", "val", "test"))}  # fmt: skip
    assert _found(spec, target, **made).duplicates == ()
    assert made[earlier][1].input is not None
    made[held][2] = _frames("copy", made[earlier][1].input)
    (one,) = _found(spec, target, **made).duplicates
    assert (one.id, one.split, one.twin, one.twin_split, one.what) == ("copy", held, f"{earlier}1", earlier, "input")
    assert str(one) == f"'copy' of {held} has the input of '{earlier}1' of {earlier}"


def test_repetition_within_a_split_is_no_contamination() -> None:
    twice = [_token("a", [4, 5]), _token("b", [4, 5])]
    assert _found(TokenInput(9), ClassTarget(2), train=twice, test=[_token("c", [4, 6])]).duplicates == ()


def test_zeros_of_either_sign_are_the_same_input() -> None:
    train, test = [_frames("a", np.array([[0.0], [1.0]]))], [_frames("b", np.array([[-0.0], [1.0]]))]
    assert len(_found(FrameInput(1), ClassTarget(2), train=train, test=test).duplicates) == 1


@pytest.mark.parametrize("again", ["Turn it OFF!", "turn   it off", "Turn-it-off", "Ｔurn it off"])
def test_a_source_spelled_otherwise_is_the_same_source(again: str) -> None:
    train, test = [_token("a", [4, 5], "Turn it off.")], [_token("b", [6, 7], again)]
    (one,) = _found(TokenInput(9), TokenSequenceTarget(9), train=train, test=test).duplicates
    assert one.what == "text"


def test_the_same_answer_to_another_question_is_no_copy() -> None:
    train, test = [_token("a", [4], "yes", ("ja",))], [_token("b", [5], "yeah", ("ja",))]
    assert _found(TokenInput(9), TokenSequenceTarget(9), train=train, test=test).duplicates == ()


def test_text_without_letters_is_compared_as_it_is() -> None:
    assert plain("?!") == "?!"
    assert plain("?") != plain("!")
    assert plain("A b\tC-1") == "abc1"


# -- recordings within recordings ----------------------------------------------------------------------


def test_an_empty_sentence_is_no_copy_of_another() -> None:
    empty, same = _token("a", [2], references=("x",)), _token("b", [2], references=("y",))
    assert not _found(TokenInput(9), TokenSequenceTarget(9), val=[empty], test=[same]).duplicates


def test_a_recording_used_again_within_another_is_found() -> None:
    old, new = DRAW(1).normal(size=(12, 2)), DRAW(2).normal(size=(20, 2))
    new[7 : 7 + FRAMES_IN_A_ROW] = old[2 : 2 + FRAMES_IN_A_ROW]
    (one,) = _found(FrameInput(2), CTCTarget(3), train=[_frames("a", old)], test=[_frames("b", new)]).duplicates
    assert (one.id, one.what) == ("b", "frames")
    new[7] += 1
    assert not _found(FrameInput(2), CTCTarget(3), train=[_frames("a", old)], test=[_frames("b", new)]).duplicates


def test_silence_is_no_recording_and_forecasts_may_overlap() -> None:
    silent = [np.concatenate([DRAW(i).normal(size=(5, 2)), np.zeros((20, 2))]) for i in range(2)]
    parts = {"train": [_frames("a", silent[0])], "test": [_frames("b", silent[1])]}
    assert not _found(FrameInput(2), CTCTarget(3), **parts).duplicates
    series = DRAW(3).normal(size=(40, 2))
    parts = {"train": [_frames("a", series[:30])], "test": [_frames("b", series[10:])]}
    assert _found(FrameInput(2), ClassTarget(3), **parts).duplicates
    assert not _found(FrameInput(2), ForecastTarget(1, 2), **parts).duplicates


def test_data_whose_inputs_count_as_a_whole_may_share_stretches_and_no_whole_input() -> None:
    edge = np.concatenate([np.zeros((20, 1)), np.ones((2, 1))])  # as of a picture that begins with paper
    one, two = (np.concatenate([edge, DRAW(i).normal(size=(9, 1))]) for i in range(2))
    made = TaskData(
        ListSplit([_frames("a", one)]), ListSplit([]), ListSplit([_frames("b", two)]), FrameInput(1), ClassTarget(2)
    )
    assert len(examine(made).duplicates) == 1
    made.whole_inputs = True
    assert examine(made).duplicates == ()
    made.test = ListSplit([_frames("b", one)])
    assert [found.what for found in examine(made).duplicates] == ["input"]


# -- passages ------------------------------------------------------------------------------------------


def test_passages_are_counted_and_a_document_made_of_them_is_a_copy() -> None:
    train = _letters(2_000, 1)
    some = _letters(900, 2) + train[500 : 500 + PASSAGE + 20]
    found = _found(TokenInput(200), NextTokenTarget(200), train=[_document("a", train)], test=[_document("b", some)])
    assert found.duplicates == ()
    assert found.unit == "characters"
    assert found.shared["test"] == pytest.approx(0.118, abs=0.02)
    assert found.shared["val"] == 0
    most = _letters(200, 2) + train[500:1_500]
    (one,) = _found(
        TokenInput(200), NextTokenTarget(200), train=[_document("a", train)], test=[_document("b", most)]
    ).duplicates
    assert str(one) == "'b' of test has the passages of train or val"


def test_a_shorter_phrase_is_no_passage_and_line_breaks_do_not_hide_one() -> None:
    train = _letters(1_000, 1).replace("  ", " ")
    phrase = _letters(300, 2) + train[300 : 300 + PASSAGE - 20] + _letters(300, 3)
    specs = TokenInput(200), NextTokenTarget(200)
    found = _found(*specs, train=[_document("a", train)], test=[_document("b", phrase)])
    assert found.shared["test"] == 0
    wrapped = train[200:600].upper().replace(" ", "\n")
    found = _found(*specs, train=[_document("a", train)], test=[_document("b", wrapped)])
    assert found.shared["test"] > 0.95


def test_documents_without_text_are_compared_by_their_symbols() -> None:
    ids = DRAW(1).integers(3, 50, size=400)
    train, test = [Example("a", None, ids)], [Example("b", None, ids[100:])]
    (one,) = _found(TokenInput(50), NextTokenTarget(50), train=train, test=test).duplicates
    assert one.id == "b"


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=40),
    st.lists(st.integers(0, 3), min_size=1, max_size=40),
    st.integers(1, 6),
)
def test_runs_have_equal_hashes_exactly_where_they_are_equal(one: list[int], two: list[int], length: int) -> None:
    hashes = [rolling(np.array(units, dtype=np.uint64), length) for units in (one, two)]
    runs = [[tuple(units[i : i + length]) for i in range(len(units) - length + 1)] for units in (one, two)]
    assert [len(h) for h in hashes] == [max(0, len(units) - length + 1) for units in (one, two)]
    for i, mine in enumerate(runs[0]):
        assert (hashes[0][i] == 0) == (len(set(mine)) == 1)
        for j, other in enumerate(runs[1]):
            if len(set(mine)) > 1:
                assert (hashes[0][i] == hashes[1][j]) == (mine == other)


def test_every_example_is_counted_for_a_display() -> None:
    seen: list[int] = []
    parts = {name: ListSplit([_token(f"{name}{i}", [i, n]) for i in range(3)])
             for n, name in enumerate(("train", "val", "test"))}  # fmt: skip
    examine(TaskData(**parts, input_spec=TokenInput(9), target_spec=ClassTarget(2)), lambda: seen.append(1))
    assert len(seen) == 9


# -- the built-in data that is generated ---------------------------------------------------------------

GENERATED: dict[str, Task] = {
    "cipher": flat_task(Translation, "cipher", vocab_size=400),
    "counting": flat_task(TextGeneration, "counting"),
    "tones": flat_task(SpeechRecognition, "tones"),
    "tones, alone": flat_task(SpeechRecognition, "tones", strings=False),
    "moving_squares": flat_task(ActionRecognition, "moving_squares", size=16),
}


@pytest.mark.parametrize("name", GENERATED)
def test_no_generated_example_of_test_or_validation_stands_in_an_earlier_split(name: str) -> None:
    task: Any = GENERATED[name]
    for made in (task, task.tiny()):
        made.prepare_data()
        found = examine(made.setup())
        assert found.duplicates == ()
        assert all(count > 0 for count in found.compared.values())
        assert all(share < 0.01 for share in found.shared.values())
