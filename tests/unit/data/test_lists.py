"""Lists: columns by header or by position, never guessed; quotes; every file once."""

import pytest

from harness.data.lists import ListColumn, Quotes, check_once, read_list
from harness.errors import DataError

COLUMNS = (ListColumn("path", ("path", "file")), ListColumn("text", ("text", "sentence")))


@pytest.fixture
def read(tmp_path):
    def reading(content, quotes=Quotes.refuse):
        (tmp_path / "a.tsv").write_bytes(content.encode() if isinstance(content, str) else content)
        return [(record.line, *record.fields) for record in read_list(tmp_path / "a.tsv", COLUMNS, quotes)]

    return reading


def test_two_columns_without_a_header(read):
    assert read("a.wav\tyes\nb c.wav\tno, not") == [(1, "a.wav", "yes"), (2, "b c.wav", "no, not")]


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("path\tsentence", "a.wav\tyes"),
        ("File\tTEXT", "a.wav\tyes"),
        ("client_id\tpath\tsentence_id\tsentence\tup_votes", "1\ta.wav\t7\tyes\t"),
        ("text\tpath", "yes\ta.wav"),
        ("\ufeffpath\ttext", "a.wav\tyes"),
    ],
)
def test_columns_are_taken_by_the_names_of_a_header(read, header, line):
    assert read(f"{header}\n{line}\n") == [(2, "a.wav", "yes")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_at_line_ends_and_at_nothing_else(read, end):
    texts = ["good\u2028morning", "good\u0085night", "see\x1cyou", "form\x0cfeed", "x\x0by"]
    lines = [f"{k}.wav\t{text}" for k, text in enumerate(texts)]
    assert read(end.join(lines)) == [(k + 1, f"{k}.wav", text) for k, text in enumerate(texts)]


def test_blank_lines_are_passed_over_and_counted(read):
    assert read("\n\na.wav\tyes\n \t \n\nb.wav\tno\n\n") == [(3, "a.wav", "yes"), (6, "b.wav", "no")]
    assert read("") == []


def test_names_stay_in_the_form_they_are_written_in(read):
    assert read("cafe\u0301.wav\tyes") == [(1, "cafe\u0301.wav", "yes")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a.wav yes\n", r"a\.tsv, line 1: expected 'path<TAB>text', with one tab between, found 'a\.wav yes'\."),
        ("# a comment\na.wav\tyes", r"line 1: expected 'path<TAB>text'"),
        ("a.wav\tyes\nb.wav\t\tno\n", r"line 2: 3 columns, one of them empty \(a doubled tab, or one at the end\)"),
        ("a.wav\tyes\t\n", r"line 1: 3 columns, one of them empty"),
        ("a.wav\tann\tyes\n", r"line 1: 3 columns, .* first line must name them, 'path<TAB>text' among others"),
        ("path\tspeaker\tsentence\na.wav\tyes\n", r"line 2: 2 columns, but the header names 3"),
        ("path\ttext\na.wav\tyes\npath\ttext\n", r"line 3: the header stands there again"),
        ("path\tspeaker\n", r"line 1: the header names no column of text; it must name one, as text or sentence"),
        ("path\tfile\ttext\n", r"the header names several columns of path; it must name one, as path or file"),
        ('a.wav\t"yes"\n', r"line 1: '\"yes\"' has quotes around it.* task\.quotes=csv .* task\.quotes=text"),
        ('a.wav\t"yes\nno"\n', r"line 1: '\"yes' has quotes"),
        ("a.wav\tye\0s\n", r"NUL"),
    ],
)
def test_what_is_not_declared_is_refused_with_its_line(read, content, message):
    with pytest.raises(DataError, match=message):
        read(content)


def test_quotes_are_what_the_user_says(read):
    excel = 'a.wav\t"good morning, ""sir"""\n'
    assert read(excel, Quotes.csv) == [(1, "a.wav", 'good morning, "sir"')]
    assert read(excel, Quotes.text) == [(1, "a.wav", '"good morning, ""sir"""')]
    assert read('a.wav\t"yes", he said\n') == [(1, "a.wav", '"yes", he said')]
    with pytest.raises(DataError, match=r"line 1: its quotes are not those of a CSV file"):
        read('a.wav\t"good\nmorning"\n', Quotes.csv)


def test_a_file_is_listed_once(tmp_path):
    (tmp_path / "a.tsv").write_text("a.wav\tyes\n./a.wav\tno\n")
    first, again = read_list(tmp_path / "a.tsv", COLUMNS)
    check_once([("a", "a.wav", first), ("b", "b.wav", again)])
    with pytest.raises(DataError, match=r"^a\.wav is listed twice: in a.tsv, line 1, and .* line 2 as '\./a\.wav'"):
        check_once([("a", "a.wav", first), ("a", "./a.wav", again)])
