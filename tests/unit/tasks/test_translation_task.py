"""The translation task: what it makes of data sets, its options, and its baseline."""

import gzip

import numpy as np
import pytest
from flat_task import flat_task
from harness_datasets.translation import cipher, interface_strings
from harness_datasets.translation.interface_strings import InterfaceStrings
from harness_datasets.translation.multi30k import Multi30k
from harness_datasets.translation.parallel import ParallelFolder
from harness_tasks.text._copy_nearest import COPY_NEAREST_NEIGHBOUR
from harness_tasks.text._prepared_pairs import Pairs
from harness_tasks.translation import Translation

from harness.contract.metric import aggregate
from harness.contract.raw import RawData, RawExample
from harness.errors import DataError, UnknownNameError
from harness.metrics.translation import BLEU, CHRF

CAPTIONS = {"train": 60, "val": 8, "test_2016_flickr": 10}


@pytest.fixture
def captions(tmp_path):
    """A folder in Multi30k's published layout, with toy sentences."""
    folder = tmp_path / "multi30k"
    folder.mkdir()
    rows = cipher.make_rows(5, *CAPTIONS.values())
    for stem, part in zip(CAPTIONS, rows.values(), strict=True):
        for language, side in (("en", 1), ("de", 2)):
            text = "".join(f"{row[side].capitalize()}.\n" for row in part)
            (folder / f"{stem}.{language}.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def de_en(folder, **options) -> Translation:
    data = Multi30k(root=folder, source_language="de", target_language="en")
    return Translation(dataset=data, vocab_size=300, **options)


def test_multi30k_keeps_its_official_split(captions):
    task = de_en(captions)
    task.prepare_data()
    data = task.setup()
    assert [len(part) for part in (data.train, data.val, data.test)] == list(CAPTIONS.values())
    example = data.test[0]
    assert example.references[0] == example.references[0].lower()
    assert example.input.dtype == np.int64
    assert example.input[-1] == example.target[-1] == data.target_spec.eos_id
    assert data.decode(example.input) == example.source
    assert data.decode(example.target) == example.references[0]
    assert data.input_spec.vocab_size == data.target_spec.vocab_size <= 300
    assert data.notes["case"] == "lower-cased"


def test_what_is_held_out_stands_in_no_earlier_split(captions):
    task = de_en(captions)
    task.prepare_data()
    before = task.setup()
    sources = {name: [e.source for e in getattr(before, name)] for name in ("train", "val", "test")}
    for language, copies in (("de", [sources["test"][0].upper(), sources["val"][1]]), ("en", ["one", "two"])):
        file = captions / f"train.{language}.gz"
        lines = gzip.decompress(file.read_bytes()).decode() + "".join(f"{line}\n" for line in copies)
        file.write_bytes(gzip.compress(lines.encode()))
    file = captions / "val.de.gz"
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    file.write_bytes(gzip.compress("".join(f"{line}\n" for line in [sources["test"][3] + "!", *lines[1:]]).encode()))
    task = de_en(captions)
    task.prepare_data()
    after = task.setup()
    assert [e.source for e in after.train] == sources["train"]
    assert [e.source for e in after.val] == sources["val"][1:]
    assert [e.source for e in after.test] == sources["test"]
    assert after.notes["training pairs left out, whose source stands in validation or test"] == 2
    assert after.notes["validation pairs left out, whose source stands in test"] == 1


def test_case_is_part_of_the_data_sets_name(captions):
    assert de_en(captions).dataset_name == "multi30k.de-en"
    cased = de_en(captions, lowercase=False)
    assert cased.dataset_name == "multi30k.de-en.cased"
    assert cased.setup().test[0].source[0].isupper()
    assert Translation(lowercase=True).dataset_name == "interface_strings.en-de.lower-cased"
    assert {r.dataset for r in cased.references} == {"multi30k.de-en"}
    assert not Translation().references


def test_prepared_data_is_built_once_and_serves_without_its_source(captions, monkeypatch):
    task = de_en(captions)
    task.prepare_data()
    first = task.setup()
    monkeypatch.setattr(Multi30k, "read", lambda _: pytest.fail("prepared twice"))
    again = de_en(captions).setup()
    assert [e.id for e in first.test] == [e.id for e in again.test]
    assert all((a.target == b.target).all() for a, b in zip(first.train, again.train, strict=True))


def test_changed_files_are_other_data(captions):
    before = de_en(captions)
    fingerprint, data = before.data_fingerprint(), before.setup()
    (captions / "val.de.gz").write_bytes(gzip.compress(("Keso.\n" * CAPTIONS["val"]).encode()))
    assert de_en(captions).data_fingerprint() != fingerprint
    assert de_en(captions).setup().val[0].source != data.val[0].source


def test_the_vocabulary_is_fitted_on_training_text_only(captions):
    before = de_en(captions).setup()
    (captions / "test_2016_flickr.de.gz").write_bytes(gzip.compress(("Qqqq qqqq.\n" * 10).encode()))
    after = de_en(captions).setup()
    assert after.target_spec == before.target_spec
    assert len(after.test[0].input) > 8  # spelt out: no merge was learnt from it
    assert (after.train[0].input == before.train[0].input).all()


def test_any_parallel_folder(captions):
    for file in captions.glob("test_2016_flickr.*"):
        file.rename(captions / file.name.replace("_2016_flickr", ""))
    task = flat_task(Translation, "parallel", root=str(captions), vocab_size=300)
    assert task.dataset_name == "parallel-multi30k.en-de"
    assert len(task.setup().test) == 10


def test_long_pairs_leave_training_but_never_the_test(captions):
    data = de_en(captions, max_length=5).setup()
    assert len(data.train) < CAPTIONS["train"]
    assert len(data.test) == CAPTIONS["test_2016_flickr"]
    assert max(data.train.target_lengths) <= 5
    assert max(data.test.target_lengths) == 5
    cut = data.test[int(np.argmax(data.test.target_lengths))]
    assert cut.references[0].startswith(data.decode(cut.target))
    assert data.notes["test pairs over 5 subwords, cut"] > 0


@pytest.mark.parametrize("dataset", ["multi30k", "parallel"])
def test_folders_that_are_missing_or_empty(tmp_path, dataset):
    with pytest.raises(DataError, match=r"task\.root=FOLDER"):
        flat_task(Translation, dataset).prepare_data()
    with pytest.raises(DataError, match=r"does not exist.*train\.en"):
        flat_task(Translation, dataset, root=tmp_path / "nowhere").prepare_data()
    (tmp_path / "void").mkdir()
    with pytest.raises(DataError, match="is empty"):
        flat_task(Translation, dataset, root=tmp_path / "void").prepare_data()


def test_unequal_files_leave_nothing_prepared(captions, tmp_path):
    (captions / "val.de.gz").write_bytes(gzip.compress(b"Eins.\n"))
    with pytest.raises(DataError, match=r"val\.de\.gz has 1 lines but val\.en\.gz has 8"):
        de_en(captions).prepare_data()
    assert not [p for p in (tmp_path / "data" / "translation").iterdir() if not p.name.endswith(".lock")]


def test_wrong_options_are_refused_at_once():
    with pytest.raises(UnknownNameError, match="Did you mean 'multi30k'"):
        flat_task(Translation, "multi3k")
    for option in ({"target_language": "en"}, {"vocab_size": 100}, {"max_length": 1}, {"similarity": 0.0}):
        with pytest.raises(ValueError, match=next(iter(option))):
            flat_task(Translation, **option)


def test_the_toy_language_needs_nothing_and_is_the_same_every_time():
    task = Translation().tiny()
    assert task.synthetic
    task.prepare_data()
    first, second = task.setup(), task.setup()
    assert [e.source for e in first.train] == [e.source for e in second.train]
    sources = [{e.source for e in part} for part in (first.train, first.val, first.test)]
    assert sum(map(len, sources)) == len(set.union(*sources)) == 200
    assert all(e.references == (cipher.translate(e.source),) for e in first.test)


def test_the_baseline_copies_the_nearest_training_target():
    task = Translation().tiny()
    data = task.setup()
    (baseline,) = task.baselines()
    predictions = baseline.predict(data, 0)
    assert [p.id for p in predictions] == [e.id for e in data.test]
    targets = {e.references[0]: e for e in data.train}
    for prediction, example in zip(predictions, data.test, strict=True):
        copied = targets[prediction.text]
        assert data.decode(prediction.output) == prediction.text
        assert set(copied.source.split()) & set(example.source.split())
    scores = aggregate(task.metrics, task.evaluate(predictions, list(data.test)))
    assert 0 < scores["bleu"] < 100
    assert np.isnan(scores["token_perplexity"])


def test_a_training_sentence_asked_for_again_is_copied_whole():
    task = Translation().tiny()
    data = task.setup()
    data.test = data.train
    predictions = task.baselines()[0].predict(data, 0)
    same = sum(p.text == e.references[0] for p, e in zip(predictions, data.test, strict=True))
    assert same >= 0.9 * len(predictions)  # not all: 4-grams do not tell every order of words apart


def _tokeniser(code, **options):
    return Translation(dataset=ParallelFolder(target_language=code), **options).metrics[0].signature.split("|")[3]


def test_bleus_tokens_follow_the_language_unless_told_otherwise():
    assert {code: _tokeniser(code) for code in ("zh", "zh_CN", "jpn", "de", "ko", "tgt")} == {
        "zh": "tok:zh",
        "zh_CN": "tok:zh",
        "jpn": "tok:char",
        "de": "tok:13a",
        "ko": "tok:13a",
        "tgt": "tok:13a",
    }
    assert _tokeniser("zh", bleu_tokenize="char") == _tokeniser("de", bleu_tokenize="char") == "tok:char"
    assert Translation().metrics == Translation.metrics
    with pytest.raises(ValueError, match="bleu_tokenize is 'ja-mecab'; it must be one of 13a, intl, zh, char, none"):
        Translation(bleu_tokenize="ja-mecab")


@pytest.mark.parametrize(
    ("code", "options", "line", "note"),
    [
        ("de", {}, "ein Haus", None),
        ("zh_CN", {}, "房子", "zh ('zh_CN' is zh-CN, script Hans)"),
        ("de", {"bleu_tokenize": "intl"}, "ein Haus", "intl (task.bleu_tokenize)"),
        ("tgt", {}, "ein Haus", "13a ('tgt' is no language whose script is known)"),
        (
            "de",
            {},
            "红色的房子",
            "13a ('de' is de, script Latn; most references are written without blanks: set task.bleu_tokenize=char, "
            "or zh for Chinese)",
        ),
    ],
)
def test_the_notes_say_which_tokens_and_why(tmp_path, monkeypatch, code, options, line, note):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "cache"))
    for number, split in enumerate(("train", "val", "test")):
        (tmp_path / f"{split}.en").write_text(f"house {number}\n")
        (tmp_path / f"{split}.{code}").write_text(f"{line}\n")
    data = Translation(dataset=ParallelFolder(root=tmp_path, target_language=code), vocab_size=300, **options).setup()
    assert data.notes.get("BLEU's tokeniser") == note


def test_a_language_with_too_few_strings_says_so(monkeypatch):
    monkeypatch.setattr(interface_strings.WheelSource, "fetch", lambda self: None)
    rows = cipher.make_rows(0)["train"]
    monkeypatch.setattr(interface_strings, "read_pairs", lambda *_: [row[1:] for row in rows])
    with pytest.raises(DataError, match=r"Only 160 interface strings.*'en' and 'th'.*task\.val_pairs"):
        Translation(dataset=InterfaceStrings(target_language="th")).prepare_data()


def test_empty_lines_are_left_out_of_training_and_scored_in_the_test(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "cache"))
    lines = {"train": ("a b\n\nd\n\n", "x y\nz\n\n\n"), "val": ("a\n", "x\n"), "test": ("\nb\nc\n\n", "x\n\ny\n\n")}
    for split, sides in lines.items():
        for code, text in zip(("en", "de"), sides, strict=True):
            (tmp_path / f"{split}.{code}").write_text(text)
    data = Translation(dataset=ParallelFolder(root=tmp_path), vocab_size=300).setup()
    assert [(e.source, e.references[0]) for e in data.train] == [("a b", "x y")]
    assert [(e.source, e.references[0]) for e in data.test] == [("", "x"), ("b", ""), ("c", "y"), ("", "")]
    assert data.test[3].input.tolist() == data.test[3].target.tolist() == [data.target_spec.eos_id]
    told = {name: count for name, count in data.notes.items() if "empty" in name}
    assert told == {
        f"{split} pairs with empty {side}, {done}": 1
        for split, done in (("train", "left out"), ("test", "kept"))
        for side in ("source", "target", "source and target")
    }
    rows = [
        {m.name: m.statistics(p, e) for m in (BLEU, CHRF)}
        for p, e in zip(COPY_NEAREST_NEIGHBOUR.predict(data, 0), data.test, strict=True)
    ]
    assert rows[3]["bleu"] == {"hypothesis_length": 0, "reference_length": 0, "matches": [0] * 4, "totals": [0] * 4}


def test_files_that_are_not_used_are_named_every_time(captions):
    assert "files not used" not in de_en(captions).setup().notes
    (captions / "train.fr.gz").write_bytes(b"")
    (captions / "val.de").write_bytes(gzip.decompress((captions / "val.de.gz").read_bytes()))
    notes = de_en(captions).setup().notes
    assert notes["files not used"] == 2
    assert notes["files not used, packed, beside the same file unpacked"] == "1: val.de.gz"


def test_a_split_without_a_whole_pair_is_refused():
    data = RawData([RawExample("1", "a", "")], [], [])
    with pytest.raises(DataError, match="train split has no pair with text on both sides"):
        Pairs(data, lowercase=False).fit(300)
