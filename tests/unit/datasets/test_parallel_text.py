"""Reading parallel files and interface strings, and the subword vocabulary."""

import gzip
import json
import zipfile

import pytest
from harness_datasets.translation import interface_strings
from harness_datasets.translation._parallel_text import read_splits, without_held_out
from harness_tasks.text._subwords import EOS, SMALLEST, SPECIAL, Subwords
from hypothesis import given
from hypothesis import strategies as st

from harness.data.sources import WheelSource
from harness.errors import DataError, UnknownNameError

STEMS = {"test": "test"}


class TestParallelFiles:
    def write(self, folder, **files):
        for name, content in files.items():
            (folder / name.replace("_", ".")).write_bytes(content)

    def read(self, folder):
        return read_splits(folder, STEMS, "en", "de")["test"]

    def test_rows_are_numbered_by_line_and_cleaned(self, tmp_path):
        left = "one  word\n\nthe\u2028third\nlast".encode()
        self.write(tmp_path, test_en=left, test_de=b"ein Wort\nleer\nder dritte\nletzte\n")
        assert self.read(tmp_path) == [
            (1, "one word", "ein Wort"),
            (2, "", "leer"),
            (3, "the third", "der dritte"),
            (4, "last", "letzte"),
        ]

    def test_gzip_and_windows_line_ends(self, tmp_path):
        (tmp_path / "test.en.gz").write_bytes(gzip.compress(b"\xef\xbb\xbfone\r\ntwo\r\n"))
        (tmp_path / "test.de").write_text("eins\nzwei\n")
        assert self.read(tmp_path) == [(1, "one", "eins"), (2, "two", "zwei")]

    def test_unequal_line_counts_name_both_files_and_counts(self, tmp_path):
        self.write(tmp_path, test_en=b"a\nb\n", test_de=b"a\n")
        with pytest.raises(DataError, match=r"test\.en has 2 lines but test\.de has 1"):
            self.read(tmp_path)

    def test_a_missing_file_is_named_with_what_is_there(self, tmp_path):
        self.write(tmp_path, test_en=b"a\n")
        with pytest.raises(DataError, match=r"no test\.de or test\.de\.gz .*It holds: test\.en"):
            self.read(tmp_path)

    def test_a_file_that_is_no_text_is_named(self, tmp_path):
        self.write(tmp_path, test_en=b"a\nb\n", test_de="eins\nfünf\n".encode("latin-1"))
        with pytest.raises(DataError, match=r"test\.de is not UTF-8 text: .*in line 2"):
            self.read(tmp_path)

    def test_an_empty_source_is_no_copy_of_another(self):
        rows = {"train": [(1, "a", "b"), (2, "", "c")], "val": [(1, "", "d")], "test": [(1, "", "e")]}
        assert without_held_out(rows) == (rows, {})

    def test_a_pair_without_text_is_refused(self, tmp_path):
        self.write(tmp_path, test_en=b"a\n\n", test_de=b"\nb\n")
        with pytest.raises(DataError, match="no line with text on both sides"):
            self.read(tmp_path)


class TestInterfaceStrings:
    @pytest.fixture
    def wheel(self, tmp_path, monkeypatch):
        """A wheel of two components, put into the cache by hand; its digest is not the point here."""
        monkeypatch.setattr(WheelSource, "fetch", lambda self: tmp_path / "toy.whl")
        files = {
            "alarm/translations/en": {"title": "Alarm  panel", "step": {"arm": "Arm {name} now", "only": "English"}},
            "alarm/translations/de": {"title": "Alarmtafel", "step": {"arm": "{name} jetzt aktivieren"}},
            "lamp/translations/en": {
                "same": "Not yet translated",
                "name": "Router",
                "value": "{value}%",
                "again": "Alarm panel",
                "long": "word " * 9,
                "flag": True,
            },
            "lamp/translations/de": {
                "same": "Not yet translated",
                "name": "Router",
                "value": "{value} %",
                "again": "Alarmtafel",
                "long": "Wort " * 9,
                "flag": True,
            },
            "fan/translations/de": {"title": "Ventilator"},
        }
        with zipfile.ZipFile(tmp_path / "toy.whl", "w") as archive:
            for name, content in files.items():
                archive.writestr(f"homeassistant/components/{name}.json", json.dumps(content))
        return tmp_path / "toy.whl"

    def test_pairs_share_a_key_and_are_worth_translating(self, wheel):
        assert interface_strings.read_pairs("en", "de", max_words=8) == [
            ("Alarm panel", "Alarmtafel"),
            ("Arm {name} now", "{name} jetzt aktivieren"),
            ("Router", "Router"),
        ]
        assert len(interface_strings.read_pairs("de", "en", max_words=9)) == 4

    def test_a_language_that_is_not_there_lists_those_that_are(self, wheel):
        with pytest.raises(UnknownNameError, match=r"no language named 'dee'.*Did you mean 'de'.*Available: de, en"):
            interface_strings.read_pairs("en", "dee", max_words=8)

    def test_broken_json_is_named(self, wheel):
        with zipfile.ZipFile(wheel, "a") as archive:
            archive.writestr("homeassistant/components/x/translations/en.json", "{")
            archive.writestr("homeassistant/components/x/translations/de.json", "{}")
        with pytest.raises(DataError, match=r"x/translations/en\.json' is no valid JSON"):
            interface_strings.read_pairs("en", "de", max_words=8)


TRAINING = ["the red house", "the green house", "das rote Haus", "das grüne Haus", "the house sings"] * 3


class TestSubwords:
    @pytest.fixture
    def subwords(self):
        return Subwords.fit(TRAINING, 300)

    @given(text=st.text(max_size=40))
    def test_every_text_comes_back(self, text):
        subwords = Subwords.fit(TRAINING, 300)
        text = " ".join(text.split())
        (ids,) = subwords.encode([text])
        assert all(3 <= i < len(subwords) for i in ids)
        # A carriage return or other control character inside survives too; blanks at the ends do not.
        assert subwords.decode(ids) == text.strip()

    def test_the_same_text_gives_the_same_vocabulary(self, subwords):
        assert Subwords.fit(TRAINING, 300).serialised == subwords.serialised
        assert SMALLEST < len(subwords) <= 300

    def test_words_begin_alike_wherever_they_stand(self, subwords):
        (first,), (second,) = subwords.encode(["house"]), subwords.encode(["the house"])
        assert second[-len(first) :] == first

    @given(words=st.lists(st.sampled_from(["<pad>", "<eos>", *SPECIAL, "a"]), min_size=1, max_size=6))
    def test_the_name_of_a_symbol_in_a_text_is_text_however_often_it_was_seen(self, words):
        text = " ".join(words)
        subwords = Subwords.fit([text] * 9, 400)
        (ids,) = subwords.encode([text])
        assert min(ids) > EOS
        assert subwords.decode(ids) == text

    def test_half_a_surrogate_pair_is_refused(self, subwords):
        with pytest.raises(DataError, match=r"Character 2 of a text is U\+D83D, half of a surrogate pair"):
            subwords.encode(["a\ud83d"])

    def test_special_symbols_are_passed_over(self, subwords):
        (ids,) = subwords.encode(["the house"])
        assert subwords.decode([1, *ids, 2, 0, 0]) == "the house"
