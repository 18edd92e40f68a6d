"""Standard texts in their published layouts, made small, and what is said of other ones."""

import zipfile

import pytest
from harness_datasets.text_generation.enwik8 import Enwik8
from harness_datasets.text_generation.text8 import Text8
from harness_datasets.text_generation.tinyshakespeare import TinyShakespeare
from harness_datasets.text_generation.wikitext2 import WikiText2

from harness.errors import DataError

WIKI = " \n = Robert <unk> = \n \n Robert <unk> is an English film , television and theatre actor . \n"


def text(data, split):
    return "".join(one.target for one in getattr(data, split))


class TestWikiText:
    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "wikitext-2").mkdir()
        for split in ("train", "valid", "test"):
            (tmp_path / "wikitext-2" / f"wiki.{split}.tokens").write_text(WIKI * (3 if split == "train" else 1))
        return tmp_path

    def test_lines_are_words_with_single_blanks_and_empty_ones_count(self, folder):
        data = WikiText2(root=folder).read()
        assert text(data, "test").startswith("\n= Robert <unk> =\n\nRobert")
        assert text(data, "val").count("\n") == 4
        assert data.notes["training words, ends of lines counted"] == "60; as published there are 2,088,628"

    @pytest.mark.parametrize("as_file", [True, False])
    def test_the_published_zip(self, folder, tmp_path, as_file):
        archive = tmp_path / "zip" / "wikitext-2-v1.zip"
        archive.parent.mkdir()
        with zipfile.ZipFile(archive, "w") as made:
            for path in (folder / "wikitext-2").iterdir():
                made.write(path, f"wikitext-2/{path.name}")
        read = WikiText2(root=archive if as_file else archive.parent).read()
        assert text(read, "train") == text(WikiText2(root=folder / "wikitext-2").read(), "train")

    def test_a_missing_file_a_second_one_and_the_raw_texts_are_said(self, folder):
        (folder / "wikitext-2" / "wiki.test.tokens").rename(folder / "wikitext-2" / "wiki.test.raw")
        with pytest.raises(
            DataError, match=r"has no wiki.test.tokens. Texts that are not split.*Expected: wikitext-2-v1"
        ):
            WikiText2(root=folder).read()
        (folder / "wiki.train.tokens").write_text("a")
        with pytest.raises(DataError, match=r"wiki.train.tokens lies at .* and .*Set task.root"):
            WikiText2(root=folder).read()

    def test_an_archive_that_is_cut_off(self, tmp_path):
        (tmp_path / "wikitext-2-v1.zip").write_bytes(b"PK\x03\x04 half")
        with pytest.raises(DataError, match="cannot be read as a zip archive"):
            WikiText2(root=tmp_path).read()


class TestHundredMillion:
    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch):
        monkeypatch.setattr("harness_datasets.text_generation._hundred_million.HundredMillion.sizes", (90, 5, 5))

    def test_bytes_are_characters_and_borders_are_exact(self, tmp_path):
        content = "é".encode() * 45 + b"abcde" + b"vwxyz"
        (tmp_path / "enwik8").write_bytes(content)
        data = Enwik8(root=tmp_path).read()
        assert len(text(data, "train")) == 90
        assert (text(data, "val"), text(data, "test")) == ("abcde", "vwxyz")

    def test_the_zip_and_a_file_as_root(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "text8.zip", "w") as archive:
            archive.writestr("text8", "a b c d e " * 10)
        assert len(text(Text8(root=tmp_path / "text8.zip").read(), "train")) == 90

    def test_another_size_is_no_whole_file(self, tmp_path):
        (tmp_path / "text8").write_text("cut off")
        with pytest.raises(DataError, match=r"has 7 bytes; text8 has 100. Fetch it again"):
            Text8(root=tmp_path).read()
        with pytest.raises(DataError, match=r"text8, or text8\.zip, as mattmahoney.net"):
            Text8(root=tmp_path / "nowhere").read()


class TestTinyShakespeare:
    def test_consecutive_shares(self, tmp_path, monkeypatch):
        monkeypatch.setattr("harness_datasets.text_generation.tinyshakespeare._CHARACTERS", 200)
        (tmp_path / "input.txt").write_text("".join(chr(65 + i % 26) for i in range(199)) + "\n")
        data = TinyShakespeare(root=tmp_path).read()
        assert [len(text(data, split)) for split in ("train", "val", "test")] == [180, 10, 10]

    def test_another_text_is_refused(self, tmp_path):
        (tmp_path / "input.txt").write_text("To be")
        with pytest.raises(DataError, match=r"has 5 characters; tinyshakespeare has 1,115,394.*task.dataset=text"):
            TinyShakespeare(root=tmp_path).read()
