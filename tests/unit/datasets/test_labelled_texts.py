"""Published layouts of labelled texts, made small, with one defect of each kind."""

from __future__ import annotations

import json
import zipfile

import pytest
from harness_datasets.text_classification import film_sentences
from harness_datasets.text_classification._labelled_texts import Row, in_folds, without_held_out
from harness_datasets.text_classification.ag_news import AgNews
from harness_datasets.text_classification.clinc150 import Clinc150
from harness_datasets.text_classification.cr import Cr
from harness_datasets.text_classification.film_sentences import FilmSentences
from harness_datasets.text_classification.snips import SnipsIntents
from harness_datasets.text_classification.sst2 import Sst2
from harness_datasets.text_classification.subj import Subj

from harness.data.sources import WheelSource
from harness.errors import DataError

CLINC150 = {
    "train": [["hi there", "greeting"], ["book a flight", "travel"]],
    "val": [["hey", "greeting"], ["fly me home", "travel"]],
    "test": [["hello", "greeting"], ["a ticket", "travel"]],
    "oos_train": [["how deep is the sea", "oos"]],
    "oos_val": [["who won", "oos"]],
    "oos_test": [["why", "oos"], ["what", "oos"]],
}


def pairs(part):
    return [(one.input, one.target) for one in part]


class TestSplits:
    def test_what_is_held_out_stands_in_no_earlier_split(self):
        rows = {
            "train": [Row(1, "One!", "a"), Row(2, "two", "a"), Row(3, "three", "b"), Row(4, "", "b")],
            "val": [Row(1, "two", "a"), Row(2, "four", "b"), Row(3, "", "a")],
            "test": [Row(1, "one", "a"), Row(2, "Four", "b"), Row(3, "", "b")],
        }
        kept, notes = without_held_out(rows)
        assert kept == {"train": rows["train"][2:], "val": [rows["val"][0], rows["val"][2]], "test": rows["test"]}
        assert notes == {
            "validation texts left out, which stand in test": 1,
            "training texts left out, which stand in validation or test": 2,
        }

    def test_each_text_is_test_once_in_ten_folds_and_copies_stay_together(self):
        rows = [Row(n, f"text {n // 2}{'!' * (n % 2)}", "ab"[n // 2 % 2]) for n in range(200)]
        folds = [in_folds(rows, fold) for fold in range(10)]
        assert sorted(row for parts in folds for row in parts["test"]) == rows
        for fold, parts in enumerate(folds):
            assert [len(parts[name]) for name in ("train", "val", "test")] == [160, 20, 20]
            assert parts["val"] == folds[(fold + 1) % 10]["test"]
            assert {row.number // 2 for row in parts["test"]}.isdisjoint(row.number // 2 for row in parts["train"])

    def test_folds_do_not_depend_on_the_order_of_lines(self):
        rows = [Row(n, f"text {n}", "a") for n in range(50)]
        assert sorted(in_folds(rows[::-1], 2)["test"]) == in_folds(rows, 2)["test"]


class TestLinesWithLabels:
    def test_sst_keeps_the_published_split(self, tmp_path):
        for name, text in {"train": "1 fine\n0 awful .\n1 odd\n", "dev": "0 bad\n", "test": "1 good\n1 odd\n"}.items():
            (tmp_path / f"stsa.binary.{name}").write_text(text)
        data = Sst2(root=tmp_path).read()
        assert pairs(data.train) == [("fine", "positive"), ("awful .", "negative")]
        assert [one.id for one in data.test] == ["test-000001", "test-000002"]
        assert data.labels == ("negative", "positive")
        assert data.notes["training texts left out, which stand in validation or test"] == 1

    def test_a_line_without_a_label_is_named(self, tmp_path):
        for name in ("train", "dev", "test"):
            (tmp_path / f"stsa.binary.{name}").write_text("1 fine\n2 odd\n")
        with pytest.raises(DataError, match=r"Line 2 of .*stsa.binary.train does not begin with a label \(0, 1\)"):
            Sst2(root=tmp_path).read()
        (tmp_path / "stsa.binary.train").write_text("\n")
        with pytest.raises(DataError, match="Line 1"):
            Sst2(root=tmp_path).read()
        (tmp_path / "stsa.binary.train").unlink()
        with pytest.raises(DataError, match=r"stsa.binary.train"):
            Sst2(root=tmp_path).read()

    def test_latin_1_and_other_line_ends_than_newlines_are_part_of_a_text(self, tmp_path):
        lines = [f"{n % 2} caf\xe9 {n}\x85 end" for n in range(40)]
        (tmp_path / "subj.all").write_bytes("\n".join(lines).encode("latin-1"))
        data = Subj(root=tmp_path, fold=3).read()
        assert len(data.train) + len(data.val) + len(data.test) == 40
        assert all(one.input.startswith("caf\xe9 ") for one in data.test)
        assert {one.target for one in data.test} == {"subjective", "objective"}

    def test_an_empty_text_is_a_text(self, tmp_path):
        (tmp_path / "custrev.all").write_text("0 bad\n1 \n1 good\n")
        data = Cr(root=tmp_path).read()
        assert sum(one.input == "" for part in (data.train, data.val, data.test) for one in part) == 1

    def test_a_fold_beyond_the_last_is_refused(self):
        with pytest.raises(ValueError, match="0 to 9"):
            Subj(fold=10)


class TestClinc150:
    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "data_full.json").write_text(json.dumps(CLINC150))
        (tmp_path / "domains.json").write_text(json.dumps({"small talk": ["greeting"], "trips": ["travel"]}))
        return tmp_path

    def test_queries_out_of_scope_are_left_out_or_a_class(self, folder):
        without, with_them = Clinc150(root=folder), Clinc150(root=folder, out_of_scope="a_class")
        assert [len(part) for part in (without.read().train, without.read().test)] == [2, 2]
        assert "1/1/2" in without.read().notes["queries out of scope, left out"]
        data = with_them.read()
        assert pairs(data.test)[2:] == [("why", "oos"), ("what", "oos")]
        assert len({one.id for one in data.test}) == 4
        assert (without.label, with_them.label) == ("clinc150", "clinc150.with_oos")

    def test_domains_take_the_place_of_intents(self, folder):
        domains = Clinc150(root=folder, level="domain")
        assert [one.target for one in domains.read().train] == ["small talk", "trips"]
        assert domains.label == "clinc150.domains"
        (folder / "domains.json").write_text(json.dumps({"trips": ["travel"]}))
        with pytest.raises(DataError, match=r"Intent 'greeting' \(item 1 of 'train'\) is in no domain"):
            domains.read()
        with pytest.raises(ValueError, match="it is no domain"):
            Clinc150(out_of_scope="a_class", level="domain")

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("[1]", "holds a list; expected an object"),
            ("{", "cannot be read as JSON"),
            ('{"train": 3}', r"has no list 'train'; it has 'train'"),
            ('{"train": [["a"]]}', "Item 1 of 'train' .* is no pair"),
        ],
    )
    def test_another_layout_is_named(self, folder, content, message):
        (folder / "data_full.json").write_text(content)
        with pytest.raises(DataError, match=message):
            Clinc150(root=folder).read()


class TestSnips:
    @pytest.fixture
    def folder(self, tmp_path):
        for intent, encoding in (("GetWeather", "utf-8"), ("PlayMusic", "latin-1")):
            (tmp_path / intent).mkdir()
            for name, count in ((f"train_{intent}_full", 40), (f"validate_{intent}", 3)):
                queries = [
                    {"data": [{"text": f"{intent} {name} "}, {"text": f"caf\xe9 {n}", "entity": "x"}]}
                    for n in range(count)
                ]
                content = json.dumps({intent: queries}, ensure_ascii=False)
                (tmp_path / intent / f"{name}.json").write_bytes(content.encode(encoding))
        return tmp_path

    def test_the_published_validation_files_are_test(self, folder):
        data = SnipsIntents(root=folder).read()
        assert [len(part) for part in (data.train, data.val, data.test)] == [76, 4, 6]
        assert pairs(data.test)[0] == ("GetWeather validate_GetWeather caf\xe9 0", "GetWeather")
        assert {one.target for one in data.val} == {"GetWeather", "PlayMusic"}

    def test_what_is_missing_or_broken_is_named(self, folder):
        file = folder / "PlayMusic" / "validate_PlayMusic.json"
        file.write_text('{"PlayMusic": [{"text": "a"}]}')
        with pytest.raises(DataError, match=r"validate_PlayMusic.json cannot be read as queries"):
            SnipsIntents(root=folder).read()
        file.write_text("{}")
        with pytest.raises(DataError, match="no object with one intent"):
            SnipsIntents(root=folder).read()
        for path in folder.glob("*/validate_*"):
            path.unlink()
        with pytest.raises(DataError, match=r"holds no validate_INTENT\.json"):
            SnipsIntents(root=folder).read()


class TestAgNews:
    def write(self, folder, train, test):
        (folder / "train.csv").write_text(train)
        (folder / "test.csv").write_text(test)
        return AgNews(root=folder)

    def test_titles_and_descriptions_are_joined_and_validation_taken_from_training(self, tmp_path):
        train = "".join(f'"{1 + n % 4}","Title {n}","It said ""no"" to\\{n},\nnow"\n' for n in range(80))
        data = self.write(tmp_path, train, '"3","Oil","Up again."\n').read()
        assert [len(part) for part in (data.train, data.val, data.test)] == [76, 4, 1]
        assert pairs(data.test) == [("Oil Up again.", "Business")]
        assert ('Title 1 It said "no" to 1, now', "Sports") in pairs(data.train) + pairs(data.val)
        assert data.labels == ("World", "Sports", "Business", "Sci/Tech")

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ('"5","a","b"', "Line 1 of .*train.csv is not a class of 1 to 4"),
            ('"1","a"', "Line 1 of .*train.csv is not a class"),
            ('"Class Index","Title","Description"', "Line 1"),
            ('"1","a","b', "cannot be read as CSV"),
        ],
    )
    def test_another_layout_is_named(self, tmp_path, line, message):
        with pytest.raises(DataError, match=message):
            self.write(tmp_path, line, '"3","Oil","Up again."\n').read()

    def test_a_missing_file_is_named(self, tmp_path):
        data = self.write(tmp_path, '"3","Oil","Up again."\n', "")
        (tmp_path / "test.csv").unlink()
        with pytest.raises(DataError, match=r"has no test\.csv"):
            data.read()


class TestFilmSentences:
    @pytest.fixture
    def wheel(self, tmp_path, monkeypatch):
        """A wheel of few sentences, put into the cache by hand; its digest is not the point here."""
        monkeypatch.setattr(WheelSource, "fetch", lambda self: tmp_path / "toy.whl")
        films = [(f"film &amp;  {n}", (n % 2 or -1) * 2.5) for n in range(60)] + [("so so", 0.2), ("...", 3.0)]
        tweets = [("Film & 3!", 3.0), ("sad", -1.0), ("well", -0.4)]
        with zipfile.ZipFile(tmp_path / "toy.whl", "w") as archive:
            for name, rows in (("movieReviewSnippets", films), ("tweets", tweets)):
                lines = [f"{n}\t{score}\t{text}" for n, (text, score) in enumerate(rows, start=1)]
                content = "\r\n".join(["id\tsentiment\ttext", *lines, ""])
                archive.writestr(film_sentences._MEMBER.format(name), content)
        return tmp_path / "toy.whl"

    def test_the_sign_of_the_score_is_the_class(self, wheel):
        data = FilmSentences().read()
        assert [len(part) for part in (data.train, data.val, data.test)] == [48, 6, 6]
        for one in [*data.train, *data.val, *data.test]:
            assert one.input.startswith("film & ")
            assert one.target == ("positive" if int(one.input[7:]) % 2 else "negative")
        assert data.notes["film sentences left out, near zero"] == 1
        assert len(FilmSentences(neutral=0.0).read().train) > 48

    def test_another_domain_replaces_the_test_split_under_a_label_of_its_own(self, wheel):
        other = FilmSentences(test_on="tweets")
        data = other.read()
        assert pairs(data.test) == [("Film & 3!", "positive"), ("sad", "negative")]
        assert all(one.input != "film & 3" for one in [*data.train, *data.val])
        assert other.label == "film_sentences.on_tweets"
        assert FilmSentences().label == "film_sentences"
        assert other.fingerprint() != FilmSentences().fingerprint()

    def test_a_line_that_is_no_score_is_named(self):
        with pytest.raises(DataError, match=r"Line 3 of x is not an id, a score and a text"):
            film_sentences.read_scored("id\tsentiment\ttext\r\n1\t2\ta\r\n2\tb\r\n".replace("\r\n", "\n"), "x")

    def test_a_band_that_leaves_nothing_is_refused(self):
        with pytest.raises(ValueError, match="below 4"):
            FilmSentences(neutral=4.0)
