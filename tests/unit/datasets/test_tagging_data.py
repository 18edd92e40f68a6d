"""Data sets of tagging: templates that become sentences, and files in columns, CoNLL-U and SNIPS' JSON."""

from __future__ import annotations

import json
import random

import pytest
from harness_datasets.tagging import home_assistant_slots
from harness_datasets.tagging._sentence_templates import draw, lists_of, parse
from harness_datasets.tagging._tagged_rows import SlotPiece, tagged
from harness_datasets.tagging.bio_columns import BioColumns
from harness_datasets.tagging.conllu import ConllU
from harness_datasets.tagging.home_assistant_slots import HomeAssistantSlots
from harness_datasets.tagging.snips import INTENTS, Snips

from harness.errors import DataError

RULES = {"the": "(the|my)", "in": "in [<the>]"}


def drawn(template: str, count: int = 60) -> set[str]:
    """Everything that draws of a template say, slots in braces."""
    generator = random.Random(0)
    made = set()
    for _ in range(count):
        pieces = draw(parse(template), RULES, lambda name, generator: f"{name}s|{name}[s]"[: len(name) + 1], generator)
        made.add(" ".join("".join(f"{{{p.text}}}" if p.slot else p.text for p in pieces).split()))
    return made


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("turn on [the] lamp[s]", {"turn on lamp", "turn on lamps", "turn on the lamp", "turn on the lamps"}),
        ("(open|shut) it", {"open it", "shut it"}),
        ("[a|b] c", {"a c", "b c", "c"}),
        ("(a;b [c]) d", {"a b d", "a b c d", "b a d", "b c a d"}),
        ("go <in> {area}", {"go in {areas}", "go in the {areas}", "go in my {areas}"}),
    ],
)
def test_a_template_says_what_it_may_say_and_nothing_else(template: str, expected: set[str]) -> None:
    assert drawn(template) == expected


@pytest.mark.parametrize("template", ["a (b", "a [b)", "a] b", "{area"])
def test_a_template_whose_brackets_do_not_match_is_refused(template: str) -> None:
    with pytest.raises(DataError, match=r"The template .* (lacks|too many)"):
        parse(template)


def test_lists_are_found_inside_rules() -> None:
    assert lists_of(parse("<a> {x:y}"), {"a": "[{z}|<b>]", "b": "{w}"}) == {"x", "z", "w"}
    with pytest.raises(DataError, match="rule '<c>'"):
        lists_of(parse("<c>"), {})


def test_a_word_belongs_to_the_slot_that_has_some_of_it_and_signs_are_words() -> None:
    pieces = [
        SlotPiece("add "),
        SlotPiece("10", "minutes"),
        SlotPiece("-minutes to my "),
        SlotPiece("living room", "area"),
        SlotPiece("."),
    ]
    sentence = tagged(pieces)
    assert sentence.text == "add 10-minutes to my living room ."
    assert " ".join(sentence.tags) == "O B-minutes O O B-area I-area O"
    apart = tagged([SlotPiece("a", "x"), SlotPiece(" "), SlotPiece("b", "x"), SlotPiece(" 13:19, ok")])
    assert apart.words == ("a", "b", "13:19", ",", "ok")
    assert apart.tags == ("B-x", "B-x", "O", "O", "O")


@pytest.fixture
def templates(monkeypatch):
    """Forty templates with a slot that a home fills, and one that the file fills."""
    sentences = [f"say{i} [the] {{area}} now {{percent}}" for i in range(40)]
    content = {
        "intents": {"One": {"data": [{"sentences": sentences}]}, "Two": {"data": [{"sentences": ["set {percent}"]}]}},
        "lists": {"percent": {"range": {"from": 0, "to": 100, "step": 5}}},
        "expansion_rules": {},
    }
    monkeypatch.setattr(home_assistant_slots, "read_language", lambda language: content)


def test_a_template_stands_in_one_split_and_some_made_up_names_are_new_in_test(templates) -> None:
    raw = HomeAssistantSlots().read()
    first = {name: {one.input.split()[0] for one in getattr(raw, name)} for name in ("train", "val", "test")}
    assert not first["train"] & (first["val"] | first["test"])
    assert not first["val"] & first["test"]
    assert all("B-percent" in one.target for one in raw.train)
    assert len(raw.train) > 300
    areas = {
        name: {
            w
            for one in getattr(raw, name)
            for w, t in zip(one.input.split(), one.target.split(), strict=True)
            if t == "B-area"
        }
        for name in ("train", "test")
    }
    assert areas["test"] - areas["train"]
    assert [one.input for one in HomeAssistantSlots().read().test] == [one.input for one in raw.test]


def test_templates_that_nothing_fills_are_left_out_of_other_languages(templates) -> None:
    with pytest.raises(DataError, match="Only 1 templates of 'xx' have slots that the wheel itself fills"):
        HomeAssistantSlots(language="xx").read()


CONLLU = """# text = a
1-2	du	_	_	_	_	_	_	_	_
1	de	_	ADP	IN	_	_	_	_	_
2	{}	_	DET	DT	_	_	_	_	_
2.1	x	_	X	_	_	_	_	_	_

"""


def treebank(folder, *parts: str) -> None:
    for number, part in enumerate(parts):
        rows = "".join(CONLLU.format(f"w{number}x{i}") for i in range(30))
        (folder / f"xx_toy-ud-{part}.conllu").write_text(rows, encoding="utf-8")


def test_a_treebank_without_a_training_file_is_trained_on_dev(tmp_path) -> None:
    treebank(tmp_path, "dev", "test")
    data = ConllU(root=tmp_path)
    raw = data.read()
    assert (data.label, len(raw.train), len(raw.test)) == ("conllu.xx_toy.upos", 26, 30)
    assert str(raw.notes["split"]).startswith("dev stands in for training")
    assert (raw.test[0].input, raw.test[0].target) == ("de w1x0", "ADP DET")
    assert ConllU(root=tmp_path, column="xpos").read().test[0].target == "IN DT"


def test_the_published_split_of_a_treebank_is_kept_and_copies_leave_training(tmp_path) -> None:
    treebank(tmp_path, "train", "dev", "test")
    copied = (tmp_path / "xx_toy-ud-test.conllu").read_text(encoding="utf-8")
    with (tmp_path / "xx_toy-ud-train.conllu").open("a", encoding="utf-8") as file:
        file.write(copied)
    raw = ConllU(root=tmp_path).read()
    assert [len(part) for part in (raw.train, raw.val, raw.test)] == [30, 30, 30]
    assert raw.notes["training sentences left out, which stand in validation or test"] == 30


def test_a_single_file_of_columns_is_split(tmp_path) -> None:
    (tmp_path / "mine.tsv").write_text("".join(f"w{i}\tS-X\nto\tO\n\n" for i in range(50)), encoding="utf-8")
    raw = BioColumns(root=tmp_path).read()
    assert [len(part) for part in (raw.train, raw.val, raw.test)] == [40, 5, 5]
    assert raw.train[0].target == "B-X O"


def test_the_files_of_conll_2003_are_known_by_their_endings(tmp_path) -> None:
    for name, words in (("train", "abc"), ("testa", "def"), ("testb", "ghi")):
        rows = "".join(f"{w} NNP I-NP I-PER\n\n" for w in words)
        (tmp_path / f"eng.{name}").write_text(f"-DOCSTART- -X- O O\n\n{rows}", encoding="utf-8")
    data = BioColumns(root=tmp_path)
    raw = data.read()
    assert [raw.train[0].input, raw.val[0].input, raw.test[0].input] == ["a", "d", "g"]
    assert [one.value for one in data.references] == [88.57]


@pytest.mark.parametrize(
    ("data", "name", "content", "expected"),
    [
        (BioColumns, "a.tsv", "one\tO\ntwo\n", r"a\.tsv, line 2: 'two' has no second column"),
        (BioColumns, "a.tsv", "one\tNOUN\n", r"a\.tsv, line 1: 'NOUN' is no tag of BIO .* task\.spans=false"),
        (BioColumns, "a.tsv", "\n\n", r"a\.tsv holds no sentence"),
        (BioColumns, "a.tsv", "one\tO\n", "1 sentences are too few"),
        (ConllU, "a.conllu", "1\tword\n", r"a\.conllu, line 1: 2 columns between tabs where CoNLL-U has 10"),
        (ConllU, "a.conllu", "1\tw" + "\t_" * 8 + "\n", r"has no tags in column 4.*Choose another task\.column"),
        (ConllU, "a.conllu", "# nothing\n", r"a\.conllu holds no sentence"),
    ],
)
def test_broken_files_are_refused_with_their_line(data, name, content, expected, tmp_path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=expected):
        data(root=tmp_path).read()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("my-train.txt", "train2.txt"), "are both files of train"),
        (("a.txt", "b.txt"), "No file name says train, dev or test: a.txt, b.txt"),
        (("train.txt", "dev.txt"), "There is no test file"),
        (("a.txt", "test.txt"), "There is no training file"),
    ],
)
def test_files_that_are_no_three_splits_are_answered_with_what_is_missing(names, expected, tmp_path) -> None:
    for i, name in enumerate(names):
        (tmp_path / name).write_text(f"w{i} O\n", encoding="utf-8")
    with pytest.raises(DataError, match=expected):
        BioColumns(root=tmp_path).read()


def snips(folder) -> None:
    for n, intent in enumerate(INTENTS):
        (folder / intent).mkdir()
        for name, count in ((f"train_{intent}_full.json", 10), (f"validate_{intent}.json", 2)):
            rows = [
                {"data": [{"text": f"do {name[0]}{n}x{i} "}, {"text": "Café Bar", "entity": "place"}, {"text": "."}]}
                for i in range(count)
            ]
            coding = "latin-1" if intent == "PlayMusic" else "utf-8"
            (folder / intent / name).write_bytes(json.dumps({intent: rows}, ensure_ascii=False).encode(coding))


def test_snips_is_read_in_its_published_layout(tmp_path) -> None:
    snips(tmp_path)
    raw = Snips(root=tmp_path).read()
    assert (len(raw.train) + len(raw.val), len(raw.test)) == (70, 14)
    assert {one.target for one in raw.test} == {"O O B-place I-place O"}
    assert all("Café Bar ." in one.input for one in raw.train)


def test_snips_with_another_layout_is_refused(tmp_path) -> None:
    snips(tmp_path)
    broken = tmp_path / "GetWeather" / "validate_GetWeather.json"
    broken.write_text('{"GetWeather": [{"data": [{"words": "x"}]}]}', encoding="utf-8")
    with pytest.raises(DataError, match=r"utterance 1: 'data' must be a list of pieces"):
        Snips(root=tmp_path).read()
    broken.write_text('{"Other": []}', encoding="utf-8")
    with pytest.raises(DataError, match="no list of utterances under 'GetWeather'"):
        Snips(root=tmp_path).read()
    broken.unlink()
    with pytest.raises(DataError, match=r"There is no GetWeather/validate_GetWeather\.json"):
        Snips(root=tmp_path).read()
