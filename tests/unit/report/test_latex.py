"""Tables as LaTeX, read back by pylatexenc, which is a parser of its own."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pylatexenc import latex2text, latexwalker, macrospec

from harness.report import build
from harness.report.latex import LONGEST_FLOAT, escape, latex
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.terminal import one_line

_COMMANDS = {"textquotedbl": '"', "textless": "<", "textgreater": ">", "textbar": "|"}
_MACROS = ("otherscript", *_COMMANDS)


def _unicode_engine(node, l2tobj):
    """What LuaLaTeX and XeLaTeX make of it."""
    return l2tobj.nodelist_to_text([node.nodeargd.argnlist[0]])


def _pdflatex(node, l2tobj):
    return l2tobj.nodelist_to_text([node.nodeargd.argnlist[1]])


def parse(text):
    context = latexwalker.get_default_latex_context_db()
    known = [macrospec.MacroSpec("otherscript", "{{"), *(macrospec.MacroSpec(m, "") for m in _COMMANDS)]
    known += [macrospec.std_macro(m, None, n) for m, n in (("multicolumn", 3), ("caption", 1))]
    context.add_context_category("ours", prepend=True, macros=known)
    walker = latexwalker.LatexWalker(text, latex_context=context, tolerant_parsing=False)
    return walker.get_latex_nodes()[0]


def shown(text, engine=_unicode_engine):
    """The text that a reader sees."""
    context = latex2text.get_default_latex_context_db()
    macros = [latex2text.MacroTextSpec(m, simplify_repl=t) for m, t in _COMMANDS.items()]
    macros.append(latex2text.MacroTextSpec("otherscript", simplify_repl=engine))
    context.add_context_category("ours", prepend=True, macros=macros)
    reader = latex2text.LatexNodes2Text(latex_context=context, math_mode="text", strict_latex_spaces=True)
    return reader.nodelist_to_text(parse(text))


def expected(text):
    """Spaces count once and are all the same; what the reader writes with signs of its own is put back."""
    plain = unicodedata.normalize("NFC", one_line(text))
    plain = "".join(f"[U+{ord(c):04X}]" if unicodedata.category(c) in ("Cn", "Co") else c for c in plain)
    return alike(plain)


def alike(text):
    for one, other in (("★", "⋆"), ("−", "-"), ("^", "ˆ"), ("·", "⋅"), ("ϕ", "φ"), ("ε", "ϵ")):
        text = text.replace(one, other)
    return " ".join(re.sub(r"[\s\u00a0\u2009\u202f]+", " ", text).split())


SPECIAL = r"\ { } $ & # _ % ~ ^ < > | ` ' [ ] * -- --- '' ,, ?` !` << >> \\[1em] \\* %comment $x_1^2$ \input{x}"
texts = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="\\{}$&#_%~^<>|\"`'[]*-,?! abä\u202f±−–—∞★→", max_size=60),
    st.text(alphabet=st.characters(categories=("Cc", "Cf", "Cs", "Co", "Cn", "Lo", "Mn", "So")), max_size=20),
)


@given(texts)
@example(SPECIAL)
@example("31.02 ± 0.12, −∞ to ★, 12\u202f345 → 5 %, “quoted”, naïve Größe, Łódź, χ² and μ")
@example("مرحبا \u202e\u202c שלום 你好 🙂 e\u0301 \ue000 \uffff \ud800 \x1b[0m a\nb\tc")
def test_any_text_is_read_back_as_it_was(text):
    assert alike(shown(escape(text))) == expected(text)


@given(texts)
def test_pdflatex_meets_no_character_that_it_does_not_know(text):
    """Outside the part that it skips, only ASCII and letters of font encoding T1 are left, and nothing is active."""
    taken = re.sub(r"\\otherscript\{(?:[^{}]|\{[^{}]*\})*\}", "", escape(text))
    for character in {c for c in taken if not c.isascii()} - set("¡¿«»£§"):
        assert "LATIN" in unicodedata.name(character)
    assert all(character.isprintable() for character in taken)
    bare = re.sub(r"\\(?:[a-zA-Z]+|[{}$&#_%,])", "", taken)
    assert not set("\\&#_%^") & set(bare)
    assert bare.count("$") % 2 == 0


def test_pdflatex_says_what_it_cannot_set():
    assert shown(escape("say 你好"), _pdflatex) == "say [2 characters from U+4F60]"
    assert shown(escape("say 你好")) == "say 你好"


@pytest.mark.parametrize("text", ["--", "---", "''", ",,"], ids=["dash", "long dash", "quotes", "commas"])
def test_ligatures_are_taken_apart(text):
    assert text not in escape(text)
    assert shown(escape(text + "–" + text)) == text + "–" + text


def made(text="x", rows=2, footnotes=(), prose=False):
    columns = [Column(text, "unit " + text), Column("plain", numeric=False)]
    table = Table("name-é", "Caption " + text, "Model " + text, columns, prose=prose, footnotes=list(footnotes))
    for i in range(rows):
        cells = [
            TableCell(text, 1.0, note="n" + text, mark="best" if i == 0 else ""),
            TableCell(text, footnote=bool(footnotes) * 1),
        ]
        table.rows.append(TableRow(TableCell(text), cells, "" if i == 0 else "Group " + text, ""))
    return table


def environments(nodes):
    """Names of all environments, outer ones first."""
    found = []
    for node in nodes:
        if node.isNodeType(latexwalker.LatexEnvironmentNode):
            found += [node.environmentname, *environments(node.nodelist)]
    return found


@given(texts, st.booleans(), st.sampled_from([0, 2, LONGEST_FLOAT + 1]))
def test_any_text_leaves_a_table_whole(text, prose, rows):
    """It parses strictly, environments and braces close, and each line has as many cells as there are columns."""
    source = latex(made(text, rows, [text], prose))
    found = environments(parse(source))
    long = rows > LONGEST_FLOAT
    parts = found.count("longtable" if long else "tabular")
    assert found == (["longtable"] * parts if long else ["table", *["tabular"] * parts]) + ["minipage"]
    assert parts in (1, 2)  # of two columns
    lines = [line for line in source.splitlines() if line.endswith(r"\\")]
    cells = [line for line in lines if not re.match(r"\\(multicolumn\{\d\}\{l\}|caption)", line)]
    # Notes have lines of their own; a second part, which has the plain column alone, has none.
    assert len(cells) == (2 * rows + 2 * (1 + long)) + (parts - 1) * (rows + 1 + long)
    assert {len(re.findall(r"(?<!\\)&", line)) for line in cells} == {3 - parts}
    assert all(not line.lstrip().startswith(("[", "*")) for line in source.splitlines())


def wide(columns, rows=3, prose=False):
    titles = [Column(f"title {k}", numeric=not prose) for k in range(columns)]
    table = Table("wide", "Many columns", "Model", titles, prose=prose)
    for i in range(rows):
        table.rows.append(TableRow(TableCell(f"model {i}"), [TableCell(f"r{i}c{k};") for k in range(columns)]))
    return table


@pytest.mark.parametrize("prose", [False, True], ids=["numbers", "prose"])
@pytest.mark.parametrize("rows", [3, LONGEST_FLOAT])
def test_a_table_wider_than_a_page_is_set_in_parts_that_hold_every_column_once(rows, prose):
    source = latex(wide(24, rows, prose=prose))
    kind = "longtable" if rows == LONGEST_FLOAT else "tabular"
    parts = environments(parse(source)).count(kind)
    assert parts > 2
    for k in range(24):
        assert source.count(f"r0c{k};") == 1
    assert source.count("model 0 &") == parts
    assert source.count(r"\label{tab:wide}") == 1
    assert source.count("(continued)") == source.count(r"\addtocounter") == (parts - 1) * (kind == "longtable")
    assert max(line.count("&") for line in source.splitlines()) < 9


def test_a_narrow_table_is_set_in_the_size_of_the_text():
    assert "footnotesize" not in latex(wide(5))
    assert r"\centering\footnotesize" in latex(wide(7))
    assert latex(wide(7)).count(r"\begin{tabular}") == 1


def test_long_texts_wrap():
    table = wide(2)
    table.columns[1] = Column("why", numeric=False)
    table.rows[0].cells[1] = TableCell("a reason of many words that would be wider than a page if it were on one line")
    assert r"\begin{tabular}{lrp{0.4\linewidth}}" in latex(table)


def test_a_table_in_full():
    table = Table("scores", "Scores & intervals", "Model", [Column("BLEU", "↑", has_interval=True)])
    table.rows = [
        TableRow(TableCell("a_b"), [TableCell("31.0 ± 0.1", 31.0, 0.1, mark="best", note="3 seeds")]),
        TableRow(TableCell("c"), [TableCell("n/a", mark="na", footnote=table.footnote("failed at 50 %"))]),
        TableRow(TableCell("copy"), [TableCell("14.3", 14.3)], "Baselines", "baseline"),
    ]
    assert latex(table).splitlines()[2:] == [
        r"\begin{table}",
        r"\centering",
        r"\caption{Scores \& intervals}",
        r"\label{tab:scores}",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"Model & \multicolumn{1}{r}{BLEU} \\",
        r" & \multicolumn{1}{r}{{\footnotesize $\uparrow$}} \\",
        r"\midrule",
        r"a\_b & \textbf{31.0 $\pm$ 0.1} \\",
        r" & {\footnotesize 3 seeds} \\",
        r"c & n/a\textsuperscript{1} \\",
        r"\midrule",
        r"\multicolumn{2}{l}{\emph{Baselines}} \\",
        r"copy & 14.3 \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\smallskip",
        r"\noindent\begin{minipage}{\linewidth}\footnotesize\raggedright",
        r"\textsuperscript{1} failed at 50 \%\par",
        r"\end{minipage}",
        r"\end{table}",
    ]


def test_a_long_table_repeats_its_head_and_may_break():
    source = latex(made(rows=LONGEST_FLOAT + 1))
    assert source.count(r"\toprule") == 2
    assert source.index(r"\endfirsthead") < source.index(r"\endhead") < source.index(r"\endfoot")
    assert r"\usepackage{longtable}" in source
    assert r"\begin{table}" not in source


def test_labels_hold_letters_that_every_engine_reads():
    assert r"\label{tab:name-u00e9}" in latex(made())


def test_signs_are_explained():
    table = Table(
        "t",
        "Outputs",
        "",
        [Column("text", numeric=False)],
        [TableRow(TableCell("a"), [TableCell("yes", mark="right")])],
    )
    assert r"a & yes $\surd$ \\" in latex(table)
    assert r"$\surd$ exactly right" in latex(table)


def test_every_table_of_a_report_is_written_and_parses(filled, tmp_path):
    build(filled, tmp_path, formats=("csv", "tex"))
    written = {p.suffix: {q.stem for q in tmp_path.glob(f"tables/*{p.suffix}")} for p in tmp_path.glob("tables/*")}
    assert written[".tex"] == written[".csv"]
    assert len(written[".tex"]) > 20
    for path in tmp_path.glob("tables/*.tex"):
        assert environments(parse(path.read_text(encoding="utf-8")))
