"""Tables: dialects, kinds of columns, missing cells, what is odd, and what is refused."""

import gzip

import numpy as np
import pytest

from harness.data.tables import read_table, roles
from harness.errors import DataError, UnknownNameError


@pytest.fixture
def table(tmp_path):
    def made(content, name="table.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(path, **options)

    return made


def kinds(table):
    return {column.name: column.kind for column in table.columns}


REVIEWS = 'label,text\npos,"a film, as it ""should"" be,\nand more"\nneg,a waste of two good hours\n'


class TestDialects:
    def test_quoted_separators_quotes_and_line_ends_belong_to_the_cell_and_lines_are_the_files(self, table):
        read = table(REVIEWS + "pos,a third line of words\n")
        assert read.texts("text")[0] == 'a film, as it "should" be,\nand more'
        assert read.lines.tolist() == [2, 4, 5]

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_marks_and_line_ends_do_not_matter(self, table, encoding, end):
        read = table(
            "text;größe\nein grünes Haus am See;1,5\nnoch eins am Fluss;2,25\n".replace("\n", end).encode(encoding)
        )
        assert read.names == ("text", "größe")
        assert read.numbers("größe").tolist() == [1.5, 2.25]

    def test_gzip_by_content(self, table):
        assert len(table(gzip.compress(REVIEWS.encode()), "reviews.csv.gz")) == 2

    @pytest.mark.parametrize("first", ["sep=;", '"sep=;"'])
    def test_excels_first_line_names_the_separator_and_is_no_row(self, table, first):
        read = table(f"{first}\r\na;b\r\n1;2\r\n3;4\r\n")
        assert read.numbers("b").tolist() == [2, 4]
        assert read.lines.tolist() == [3, 4]

    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    def test_the_separator_is_found_and_can_be_said(self, table, separator):
        text = "a,b,c\n1,x y,2\n3,z w,4\n".replace(",", separator)
        assert table(text).numbers("c").tolist() == [2, 4]
        assert table(text, delimiter=separator).names == ("a", "b", "c")

    def test_a_decimal_comma_is_no_separator(self, table):
        assert table("a;b;c\n1,5;2,5;3,5\n4,5;5,5;6,5\n").numbers("b").tolist() == [2.5, 5.5]
        assert table("wert\n1,5\n2,5\n").numbers("wert").tolist() == [1.5, 2.5]

    def test_lines_of_text_are_one_column(self, table):
        read = table("The cat, the dog.\nA bird; a fish, a cow, and more.\nNo\nWell, yes.\n", "lines.txt")
        assert read.names == ("column1",)
        assert len(read) == 4

    @pytest.mark.parametrize("quotes", ['"so it is\tpos\nnever"\tneg\n', 'he said "no\tpos\nas "never" was\tneg\n'])
    def test_quotes_that_are_words_stay(self, table, quotes):
        read = table(f"text\tlabel\n{quotes}", "tweets.tsv")
        assert len(read) == 2
        assert sum(cell.count('"') for cell in read.texts("text")) == quotes.count('"')

    @pytest.mark.parametrize("label", ["pos", "3"])
    def test_cells_over_lines_whose_lines_look_like_rows_are_cells(self, table, label):
        rows = "".join(f'"film {i}; good\nand {i}";{label if i % 2 else 0}\n' for i in range(9))
        read = table(f"text;score\n{rows}", "films.csv")
        assert (len(read), read.texts("text")[2]) == (9, "film 2; good\nand 2")

    def test_backslashes_before_quotes(self, table):
        assert table('a,b\n1,"x \\"y\\", z"\n2,"w"\n').texts("b") == ['x "y", z', "w"]

    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("I love it very much\tpos\nI do not\tneg\nMe neither\tneg\n", ("column1", "column2")),
            ("Wow, nice place\t1\nCrust is not good\t0\n", ("column1", "column2")),
            ("sentence\tlabel\nI love it\tpos\n", ("sentence", "label")),
            ("temperature,humidity\n1,2\n3,4\n", ("temperature", "humidity")),
            (",open\n0,3\n1,4\n", ("column1", "open")),
        ],
    )
    def test_whether_the_first_row_is_a_header(self, table, text, names):
        assert table(text).names == names

    def test_the_header_can_be_said(self, table):
        assert table("2019,2020\n1,2\n", header=True).names == ("2019", "2020")
        assert len(table("temperature,humidity\n1,2\n", header=False)) == 2

    def test_comments_at_the_top_are_passed_over(self, table):
        read = table("# station 7\n# hourly\na,b\n1,2\n3,4\n")
        assert read.names == ("a", "b")
        assert read.lines.tolist() == [4, 5]

    @pytest.mark.parametrize(
        ("text", "rows"),
        [
            ("#love it\tpos\nnot me\tneg\nnor you\tneg\nbut her\tpos\n", 4),
            ("#id,name\n1,a\n2,b\n", 2),
            ("#so it is\nand so\n", 2),
        ],
    )
    def test_rows_that_begin_with_a_hash_are_rows(self, table, text, rows):
        assert len(table(text)) == rows


class TestJson:
    def test_lines(self, table):
        read = table('{"text": "so it is", "stars": 4.50}\n\n{"text": null, "stars": 1, "tags": ["a"]}\n', "a.jsonl")
        assert read.texts("text") == ["so it is", ""]
        assert read.texts("stars") == ["4.50", "1"]
        assert read.texts("tags") == ["", '["a"]']
        assert read.lines.tolist() == [1, 3]
        assert "not every object has 'tags'" in read.odd

    @pytest.mark.parametrize("text", ['[{"a": 1}, {"a": 2}]', '{"data": [\n{"a": 1},\n {"a": 2}]}'])
    def test_an_array_of_objects(self, table, text):
        assert table(text, "a.json").numbers("a").tolist() == [1, 2]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('{"a": 1}\n{"a": \n', "line 2: it is not JSON"),
            ('{"a": 1}\n[2]\n', r"line 2: found \[2\], which is no object"),
            ('[{"a": 1}, 3]', "element 2 of the array is no object"),
            ('[{"a": 1},\n', "line 2: it is not JSON"),
            ("[]", "no objects"),
            ('{"a": {"b": 1},\n"c": 2}', "is one object with a, c"),
        ],
    )
    def test_what_is_none_is_refused_with_its_place(self, table, text, said):
        with pytest.raises(DataError, match=said):
            table(text, "a.jsonl" if "array" not in said else "a.json")


class TestNumbers:
    @pytest.mark.parametrize(
        ("cells", "values"),
        [
            (["1.5", "-2", "3e2", ".5"], [1.5, -2, 300, 0.5]),
            (["1,5", "2", "0,125"], [1.5, 2, 0.125]),
            (["1.234,5", "2.000", "3"], [1234.5, 2000, 3]),
            (["1,234.5", "2,000", "3"], [1234.5, 2000, 3]),
            (["1 234,5", "2\u00a0000", "\u22123"], [1234.5, 2000, -3]),
            (["1'234.5", "2'000"], [1234.5, 2000]),
            (["1,234,567", "1"], [1234567, 1]),
            (["1.234.567", "1"], [1234567, 1]),
            (["0,123", "1,234", "12,345"], [0.123, 1.234, 12.345]),
        ],
    )
    def test_ways_of_writing(self, table, cells, values):
        read = table("x;y\n" + "".join(f"{cell};a\n" for cell in cells))
        assert read.column("x").kind == "number"
        np.testing.assert_allclose(read.numbers("x"), values)

    def test_what_two_readings_fit_is_said(self, table):
        read = table('a|b\n"1,234"|x\n"5,678"|y\n')
        assert read.numbers("a").tolist() == [1234, 5678]
        assert "'1,234' is read as 1234" in read.column("a").odd[0]

    def test_another_column_settles_it(self, table):
        read = table("a;b\n1,234;0,5\n5,678;0,25\n")
        assert read.numbers("a").tolist() == [1.234, 5.678]

    def test_missing_cells_are_counted_and_become_nan(self, table):
        read = table("x,y\n1,a\nNA,b\n,c\n-,NA\n?,None\n3,a\n")
        assert (read.column("x").missing, read.column("y").missing) == (4, 1)
        assert np.isnan(read.numbers("x")).tolist() == [False, True, True, True, True, False]
        assert read.texts("y") == ["a", "b", "c", "", "None", "a"]

    def test_a_cell_that_is_none_is_said_and_refused_with_its_line(self, table):
        read = table("x,y\n" + "1,2\n" * 30 + "abc,3\n" + "1,2\n" * 30)
        assert read.column("x").kind == "number"
        assert read.column("x").odd[0] == "1 cell is no number, the first 'abc'"
        with pytest.raises(DataError, match=r"table.csv, line 32: 'abc' in column 'x' is not a number"):
            read.numbers("x")

    def test_a_mark_for_missing_is_suspected(self, table):
        assert "-200 occurs 2 times" in table("x,y\n1,a\n-200,b\n-200,b\n7,b\n").column("x").odd[0]


class TestTimes:
    @pytest.mark.parametrize(
        ("cells", "first"),
        [
            (["2020-01-02", "2020-01-03"], "2020-01-02"),
            (["2020/1/2 5:07", "2020/1/3 5:07"], "2020-01-02T05:07"),
            (["2020-01-02T05:07:09.250Z", "2020-01-03T00:00:00Z"], "2020-01-02T05:07:09.250"),
            (["2020-01-02 05:07:09+02:00", "2020-01-03 00:00:00+01:00"], "2020-01-02T03:07:09"),
            (["13/02/2020", "01/03/2020"], "2020-02-13"),
            (["02/13/2020 1:30 PM", "03/01/2020 12:05 am"], "2020-02-13T13:30"),
            (["02.01.2020", "03.01.20"], "2020-01-02"),
            (["31-12-99 23:59:59", "01-01-00 00:00:00"], "1999-12-31T23:59:59"),
            (["Jan 1 2000", "Feb 1 2000"], "2000-01-01"),
            (["1 March 2000", "2 March 2000"], "2000-03-01"),
            (["1577836800", "1577836801"], "2020-01-01"),
            (["1577836800500", "1577836801500"], "2020-01-01T00:00:00.500"),
            (["20200102", "20200103"], "2020-01-02"),
            (["202001020507", "202001030000"], "2020-01-02T05:07"),
            (["20200102050709", "20200103000000"], "2020-01-02T05:07:09"),
            (["2020-01", "2020-02"], "2020-01-01"),
        ],
    )
    def test_ways_of_writing(self, table, cells, first):
        read = table("date;x\n" + "".join(f"{cell};1\n" for cell in cells))
        assert read.column("date").kind == "date"
        assert read.times("date")[0] == np.datetime64(first)
        assert read.times("date")[1] > read.times("date")[0]

    def test_day_and_month_that_could_be_exchanged_are_refused_with_the_option(self, table):
        read = table("date,x\n01/02/2020,1\n05/03/2020,2\n04/05/2020,2\n02/02/2020,2\n")
        with pytest.raises(DataError, match=r"01/02/2020.*task.day_first=true for the day"):
            read.times("date")
        assert "day or the month first" in read.column("date").odd[0]
        assert read.times("date", day_first=True)[0] == np.datetime64("2020-02-01")
        assert read.times("date", day_first=False)[0] == np.datetime64("2020-01-02")

    def test_order_settles_day_and_month(self, table):
        read = table("date,x\n01/11/2020,1\n02/11/2020,2\n03/11/2020,2\n01/12/2020,2\n")
        assert read.times("date")[0] == np.datetime64("2020-11-01")
        assert "only so they are in order" in read.column("date").odd[0]

    def test_no_date_is_refused_with_its_line(self, table):
        read = table("date,x\n" + "2020-01-01,1\n" * 40 + "2020-02-30,2\n,3\n")
        with pytest.raises(DataError, match="line 42: '2020-02-30' in column 'date' is not a date"):
            read.times("date")

    def test_numbers_are_times_only_in_a_column_called_so(self, table):
        assert kinds(table("sales,date\n20200102,20200102\n20200103,20200103\n")) == {"sales": "number", "date": "date"}


class TestOddities:
    def test_ragged_rows_are_said_with_their_lines(self, table):
        read = table("a,b\n" + "1,2\n" * 30 + "1\n1,2,3\n" + "1,2\n" * 10)
        assert "1 row has more than 2 cells and is left out: line 33" in read.odd
        assert "1 row has fewer than 2 cells: line 32" in read.odd
        assert (len(read), read.lines[-1]) == (41, 43)

    def test_many_long_rows_are_refused(self, table):
        with pytest.raises(DataError, match="line 2: 4 cells where most rows have 2"):
            table("label,text\npos,well, it is, good\nneg,a bad one\nneg,no, no\npos,yes\npos,so\nneg,b\n")

    def test_double_and_unnamed_columns_get_names_of_their_own(self, table):
        read = table("a,a,,b\n1,2,3,4\n", header=True)
        assert read.names == ("a", "a_2", "column3", "b")
        assert any("two columns are called 'a'" in said for said in read.odd)

    def test_copies_few_rows_and_empty_columns(self, table):
        read = table("a,b\nx,\ny,\nx,\n")
        assert kinds(read)["b"] == "empty"
        assert "1 row is a copy of rows before them" in read.odd
        assert "there are only 3 rows" in read.odd

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "empty"),
            (b"\n\n", "empty"),
            (b"label,text\n", "holds a header"),
            (b"sep=;\r\n", "no rows after its first line"),
            (b"caf\xe9,1\n", "iconv|UTF-8"),
            (b"PK\x03\x04 xl/workbook", "workbook.*CSV"),
            (b"PAR1....", "Parquet"),
            (b'label,text\npos,"a\nb, c\nneg,d, e\nneg,f\n', "line 2: .*quote"),
        ],
    )
    def test_what_is_no_table_is_refused(self, table, content, said):
        with pytest.raises(DataError, match=said):
            table(content)

    def test_a_missing_file_and_a_missing_column(self, table, tmp_path):
        with pytest.raises(DataError, match=r"no\.csv"):
            read_table(tmp_path / "no.csv")
        with pytest.raises(UnknownNameError, match=r"column named 'lable'.*'label'"):
            table(REVIEWS).texts("lable")


class TestRoles:
    def test_by_name_and_kind(self, table):
        body = "".join(
            f"2020-01-{i:02},u{i % 3},{'pos' if i % 2 else 'neg'},words number {i} of some,{i}\n" for i in range(1, 20)
        )
        found = roles(table("written,user,opinion,review,n\n" + body))
        assert (found.time, found.group, found.label, found.text) == ("written", "user", "opinion", "review")

    def test_a_label_may_be_a_number_and_have_one_class(self, table):
        found = roles(table("text,label\n" + "".join(f"some words here {i},1\n" for i in range(9))))
        assert (found.text, found.label) == ("text", "label")

    def test_two_rows(self, table):
        found = roles(table("text,label\ngood,pos\nbad,neg\n"))
        assert (found.text, found.label) == ("text", "label")

    def test_numbers_alone_have_no_roles(self, table):
        found = roles(table("a,b\n" + "".join(f"{i},{i * 1.5}\n" for i in range(50))))
        assert (found.text, found.label, found.time, found.group) == (None, None, None, None)
