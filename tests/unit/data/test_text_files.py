"""Bytes to text: encodings, line ends, NULs, gzip and the normal form."""

import gzip
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.text import normal_form
from harness.data.text_files import decode, lines, read_lines, read_text, with_line_feeds
from harness.errors import DataError

TEXT = "the red house\ndas grüne Haus\n红色的房子\n"
NOT_ENDS = "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e\x1f"


@pytest.fixture
def file(tmp_path):
    def write(content, name="some.txt"):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


class TestEncodings:
    @pytest.mark.parametrize(
        "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
    )
    def test_utf8_and_whatever_has_a_mark_are_read(self, encoding):
        mark = "\ufeff" if encoding.endswith("e") else ""
        assert decode((mark + TEXT).encode(encoding), "a") == TEXT

    @pytest.mark.parametrize("text", [TEXT, "a\n", "naïve\r\n", "红色的房子\n绿色的河流，新的城市\n"])
    @pytest.mark.parametrize("encoding", ["UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE"])
    def test_without_a_mark_they_are_refused_with_the_command_that_converts(self, encoding, text):
        with pytest.raises(DataError, match=rf"some text.*NUL.*line .*iconv -f {encoding} -t UTF-8 'some text' > NEW"):
            decode(text.encode(encoding), "some text")

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            pytest.param("a\nFüße".encode("latin-1"), "byte 3 is 0xfc, in line 2.*Convert it first", id="latin-1"),
            pytest.param("a\r好".encode("gb18030"), "byte 2 is 0xba, in line 2", id="gb18030"),
            pytest.param(b"a\n\xc0\xafb", "byte 2 is 0xc0", id="overlong"),
            pytest.param(b"a\xed\xa0\xbd\xed\xb8\x80", "byte 1 is 0xed.*surrogate", id="surrogates"),
            pytest.param("a\n好".encode()[:-1], "byte 2 .*cuts off. Restore", id="cut off"),
            pytest.param("ab".encode("utf-16")[:-1], "UTF-16.*byte-order mark says", id="half a unit"),
            pytest.param(b"\xff\xfe\x00\xd8a\0", "UTF-16.*cannot be decoded", id="lone surrogate"),
            pytest.param("a\n".encode("utf-16-le") + b"\0" * 900, "NUL bytes.*line 1", id="utf-16 and zeros"),
            pytest.param(
                "\ufeffa\n".encode("utf-16-le") + "\ufeffb".encode("utf-16-be"), "byte order in line 2", id="joined"
            ),
            pytest.param("\ufeffa\n\0".encode("utf-16-le"), "NUL characters, the first in line 2", id="marked NUL"),
            pytest.param(b"a\nb\n" + b"\0" * 4092, "byte 4 in line 3, and nothing else follows.*Restore", id="zeros"),
            pytest.param(b"a\nb\0c\n", "byte 3 in line 2: it is no text, or was damaged", id="NUL inside"),
            pytest.param("a\n日本".encode("iso2022_jp"), "in line 2, as ISO-2022 does", id="iso-2022-jp"),
            pytest.param("한국".encode("iso2022_kr"), "in line 1, as ISO-2022 does", id="iso-2022-kr"),
            pytest.param(bytes(range(256)), "first is byte 0 in line 1: it is no text", id="binary"),
            pytest.param(b"PK\x03\x04\x14\0\0", "is a ZIP archive, not text", id="zip"),
            pytest.param(gzip.compress(b"a"), "is a gzip file, not text", id="gzip twice"),
        ],
    )
    def test_what_is_no_text_is_named_with_the_place(self, content, message):
        with pytest.raises(DataError, match=f"^some.txt .*{message}"):
            decode(content, "some.txt")

    @given(content=st.binary(max_size=60))
    def test_bytes_are_text_without_nuls_or_a_sentence(self, content):
        try:
            text = decode(content, "a")
        except DataError:
            return
        assert not set(text) & {"\0", "\ufeff", "\r"}
        assert text == normal_form(text)
        text.encode("utf-8")

    def test_marks_inside_are_what_joining_files_left(self):
        assert decode("\ufeff\ufeffone\n\ufefftwo\nthr\ufeffee".encode(), "a") == "one\ntwo\nthree"


class TestLines:
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n", "\n\r"])
    @pytest.mark.parametrize("last", [True, False])
    def test_any_end_that_a_file_has_throughout(self, end, last):
        content = end.join(["one", "", "three", *([""] if last else [])])
        assert lines(with_line_feeds(content)) == ["one", "", "three"]

    def test_a_cr_among_lfs_is_a_blank(self):
        assert with_line_feeds("a\rb\nc\r\nd\r") == "a b\nc\nd "

    @pytest.mark.parametrize("character", NOT_ENDS)
    def test_nothing_else_ends_a_line(self, file, character):
        assert read_lines(file(f"a{character}b\nc\n".encode())) == [f"a{character}b", "c"]

    @given(parts=st.lists(st.text(st.characters(exclude_characters="\n\r\0\ufeff", codec="utf-8"), max_size=5)))
    def test_lines_come_back_whatever_stands_in_them(self, parts):
        parts = [normal_form(part) for part in parts]
        assert lines(decode("".join(f"{part}\n" for part in parts).encode(), "a")) == parts

    @given(text=st.text(alphabet="\r\na"))
    def test_made_twice_they_are_as_made_once(self, text):
        assert with_line_feeds(with_line_feeds(text)) == with_line_feeds(text)

    def test_many_crs_take_no_time(self):
        assert len(lines(with_line_feeds("\r" * 200_000 + "x\n"))) == 1


class TestFiles:
    def test_gzip_is_told_by_content_or_name(self, file):
        packed = gzip.compress(b"one\r\n", mtime=0) + gzip.compress(b"two\r\n", mtime=0)
        assert read_text(file(packed, "a.gz")) == read_text(file(packed, "b.txt")) == "one\ntwo\n"

    @pytest.mark.parametrize("content", [b"", b"no gzip", gzip.compress(b"text" * 50, mtime=0)[:-9], b"\x1f\x8b"])
    def test_a_broken_gzip_file_is_named(self, file, content):
        with pytest.raises(DataError, match=r"a\.gz is no complete gzip file"):
            read_text(file(content, "a.gz"))

    def test_what_cannot_be_opened_is_named(self, tmp_path):
        with pytest.raises(DataError, match="cannot be read as a text file: Is a directory"):
            read_text(tmp_path)

    def test_names_in_lists_keep_their_form(self, file):
        word = unicodedata.normalize("NFD", "café")
        path = file(f"\ufeff{word}.wav\n".encode())
        assert read_lines(path, form=False) == [f"{word}.wav"]
        assert read_lines(path) == [unicodedata.normalize("NFC", f"{word}.wav")]


@given(text=st.text())
def test_the_normal_form_is_reached_at_once(text):
    assert normal_form(normal_form(text)) == normal_form(text)
    assert normal_form(unicodedata.normalize("NFD", text)) == normal_form(text)


def test_the_end_mark_of_dos_is_no_line():
    assert lines(decode(b"one\r\ntwo\r\n\x1a", "file")) == ["one", "two"]
    assert decode("zwei\x1a".encode("utf-16"), "file") == "zwei"
    assert decode(b"in the \x1a middle", "file") == "in the \x1a middle"
