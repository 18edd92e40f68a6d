r"""Tables as LaTeX: booktabs, with every character escaped so that any engine can typeset it.

A file needs `\usepackage{booktabs}`, a long table `\usepackage{longtable}` too, and pdfLaTeX
`\usepackage[T1]{fontenc}`; its first line says so. LuaLaTeX and XeLaTeX typeset other scripts if the font has them.
pdfLaTeX, which would stop at them, prints the number of characters and the first one's code point.

A table too wide for a page is set in smaller type and, if that is not enough, split into parts below each other, each
with some of the columns and the row headers: that needs no package, no rotated page and no scaled type.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.report.tables import Column, Table, TableCell
from harness.terminal import one_line

LONGEST_FLOAT = 40
"""Lines on one page; a table with more of them may break across pages."""

_PAGE = 345.0  # points: the text width of the class article on A4 and letter paper
_WRAPPED, _LONGEST_CELL = 0.4, 30  # share of the page width to which longer texts are wrapped
_PROSE_HEADER, _PROSE = 0.2, 0.24  # shares of the row headers and, at least, of each text in a table of running text
_OTHER_SCRIPT = (
    r"\providecommand{\otherscript}[2]"
    r"{\ifdefined\directlua#1\else\ifdefined\XeTeXversion#1\else#2\fi\fi}"
)

_NAMED = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}",
    "[": "{[}", "]": "{]}", "*": "{*}",  # else read as an argument of the preceding line break
    "\u00a0": "~", "\u202f": r"\,", "\u2009": r"\,",
    "–": r"\textendash{}", "—": r"\textemdash{}", "…": r"\ldots{}", "‘": r"\textquoteleft{}", "’": r"\textquoteright{}",
    "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}", "„": r"\quotedblbase{}", "‚": r"\quotesinglbase{}",
    "‹": r"\guilsinglleft{}", "›": r"\guilsinglright{}", "•": r"\textbullet{}", "€": r"\texteuro{}",
    "°": r"\textdegree{}", "©": r"\textcopyright{}", "®": r"\textregistered{}", "²": r"\texttwosuperior{}",
    "³": r"\textthreesuperior{}", "¹": r"\textonesuperior{}", "µ": r"\textmu{}",
    "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "÷": r"$\div$", "·": r"$\cdot$", "∞": r"$\infty$", "★": r"$\star$",
    "≤": r"$\leq$", "≥": r"$\geq$", "≠": r"$\neq$", "≈": r"$\approx$", "√": r"$\surd$", "→": r"$\rightarrow$",
    "←": r"$\leftarrow$", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "↔": r"$\leftrightarrow$",
}  # fmt: skip

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ζ": "zeta", "η": "eta", "θ": "theta", "ι": "iota",
    "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau",
    "υ": "upsilon", "χ": "chi", "ψ": "psi", "ω": "omega", "ε": "varepsilon", "φ": "varphi", "Γ": "Gamma",
    "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi",
    "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip

_LETTERS = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ¡¿«»£§"
    "ĂăĄąĆćČčĎďĐđĘęĚěĞğİıĹĺĽľŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž"
)
"""Characters of font encoding T1 beyond ASCII, which need no command."""

_COMMANDS = str.maketrans(_NAMED | {letter: rf"$\{name}$" for letter, name in _GREEK.items()})
_UNKNOWN = re.compile(f"[^ -~{''.join(sorted(_LETTERS))}]+")  # what is left after `_COMMANDS`
_LIGATURES = re.compile(r"(?<=([-',]))(?=\1)")  # two hyphens would become a dash, two commas a quotation mark


@dataclass(frozen=True)
class _Size:
    """A font size: its command, and the width in points of a letter and of the space on one side of a column."""

    command: str
    letter: float
    space: float


_NORMAL, _SMALL = _Size("", 5.2, 6.0), _Size(r"\footnotesize\setlength{\tabcolsep}{3pt}", 4.5, 3.0)


def latex(table: Table) -> str:
    """A float with caption, label `tab:NAME` and notes; a `longtable` if it has more than `LONGEST_FLOAT` lines."""
    size = _NORMAL if len(_parts(table, _NORMAL)) == 1 else _SMALL
    parts = _parts(table, size)
    bodies = [list(_body(table, part)) for part in parts]
    long = sum(map(len, bodies)) > LONGEST_FLOAT
    packages = r"\usepackage{booktabs}" + (r"\usepackage{longtable}" if long else "")
    lines = [f"% Needs {packages}; with pdfLaTeX also \\usepackage[T1]{{fontenc}}.", _OTHER_SCRIPT]
    caption, label = escape(table.caption), rf"\label{{tab:{_label(table.name)}}}"
    notes = list(_notes(table))
    if long:
        lines += [r"\begingroup" + size.command] if size.command else []
        for number, (part, body) in enumerate(zip(parts, bodies, strict=True)):
            header = list(_header(table, part))
            title = rf"\caption[]{{{caption} (continued)}}" if number else rf"\caption{{{caption}}}{label}"
            lines += [
                *([r"\addtocounter{table}{-1}"] if number else []),
                rf"\begin{{longtable}}{{{_layout(table, part, size)}}}",
                rf"{title} \\",
                *header,
                r"\endfirsthead",
                *header,
                r"\endhead",
                r"\bottomrule",
                r"\endfoot",
                *body,
                r"\end{longtable}",
            ]
        lines += [*([r"\endgroup"] if size.command else []), *notes]
    else:
        lines += [r"\begin{table}", r"\centering" + size.command, rf"\caption{{{caption}}}", label]
        for number, (part, body) in enumerate(zip(parts, bodies, strict=True)):
            lines += [
                *([r"\par\medskip"] if number else []),
                rf"\begin{{tabular}}{{{_layout(table, part, size)}}}",
                *_header(table, part),
                *body,
                r"\bottomrule",
                r"\end{tabular}",
            ]
        lines += [*([r"\par\smallskip", *notes] if notes else []), r"\end{table}"]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text that LaTeX typesets literally, on one line: without commands, and with characters every engine knows."""
    named = unicodedata.normalize("NFC", one_line(text)).translate(_COMMANDS)
    return _UNKNOWN.sub(_other_script, _LIGATURES.sub("{}", named))


def _other_script(found: re.Match[str]) -> str:
    """Characters for Unicode engines and a description for pdfLaTeX; unassigned characters are described in both."""
    run = found[0]
    words = f"{{[}}{len(run)} character{'' if len(run) == 1 else 's'} from U+{ord(run[0]):04X}{{]}}"
    shown = "".join(f"{{[}}U+{ord(c):04X}{{]}}" if unicodedata.category(c) in ("Cn", "Co") else c for c in run)
    return rf"\otherscript{{{shown}}}{{{words}}}"


def _label(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else f"u{ord(c):04x}" for c in name)


# -- parts of a table --------------------------------------------------------------------------------


def _parts(table: Table, size: _Size) -> list[list[int]]:
    """Column numbers of each part, so that each part fits the page width if possible."""
    header = _width(table, None, size)
    parts: list[list[int]] = [[]]
    used = header
    for number in range(len(table.columns)):
        width = _width(table, number, size)
        if used + width > _PAGE and parts[-1]:
            parts.append([])
            used = header
        parts[-1].append(number)
        used += width
    return parts


def _width(table: Table, number: int | None, size: _Size) -> float:
    """Width of a column in points (None: the row headers), with space on both sides; the minimum for running text."""
    if table.prose and (number is None or not table.columns[number].numeric):
        return (_PROSE_HEADER if number is None else _PROSE) * _PAGE + 2 * size.space
    letters = _longest_header(table) if number is None else _longest(table, number)
    return (letters * size.letter if letters <= _LONGEST_CELL else _WRAPPED * _PAGE) + 2 * size.space


def _longest_header(table: Table) -> int:
    """Letters of the longest row header."""
    return max(len(table.corner), *(max(len(r.header.text), len(r.header.note)) for r in table.rows), 0)


def _longest(table: Table, number: int) -> int:
    """Letters of a column's longest text."""
    column, cells = table.columns[number], [row.cells[number] for row in table.rows]
    return max(
        len(column.title), len(column.note), *(max(len(c.text) + bool(c.footnote), len(c.note)) for c in cells), 0
    )


def _layout(table: Table, part: Sequence[int], size: _Size) -> str:
    """Numbers right-aligned; running text in wrapped columns of equal width; long texts elsewhere wrapped too."""
    if not table.prose:
        wrapped = rf"p{{{_WRAPPED}\linewidth}}"
        kinds = [wrapped if _longest_header(table) > _LONGEST_CELL else "l"]
        for number in part:
            long = _longest(table, number) > _LONGEST_CELL
            kinds.append(wrapped if long else "r" if table.columns[number].numeric else "l")
        return "".join(kinds)
    texts = [number for number in part if not table.columns[number].numeric]
    taken = sum(_width(table, number, size) for number in part if number not in texts)
    free = _PAGE * (1 - _PROSE_HEADER) - taken - 2 * size.space * (1 + len(texts))
    wide = rf"p{{{free / _PAGE / max(len(texts), 1):.2f}\linewidth}}"
    kinds = [wide if number in texts else "r" for number in part]
    return rf"p{{{_PROSE_HEADER}\linewidth}}" + "".join(kinds)


def _header(table: Table, part: Sequence[int]) -> Iterator[str]:
    """Titles, and their second lines where there are any, between rules."""
    columns = [table.columns[number] for number in part]
    wraps = [not table.prose and _longest(table, number) > _LONGEST_CELL for number in part]
    yield r"\toprule"
    yield _line([escape(table.corner), *(_title(c.title, c, wraps=w) for c, w in zip(columns, wraps, strict=True))])
    if any(c.note for c in columns):
        notes = (_title(c.note, c, wraps=w, small=True) for c, w in zip(columns, wraps, strict=True))
        yield _line(["", *notes])
    yield r"\midrule"


def _title(text: str, column: Column, *, wraps: bool, small: bool = False) -> str:
    shown = escape(text)
    if small and shown:
        shown = rf"{{\footnotesize {shown}}}"
    return rf"\multicolumn{{1}}{{r}}{{{shown}}}" if column.numeric and not wraps else shown


def _body(table: Table, part: Sequence[int]) -> Iterator[str]:
    """Rows, with a rule and title before every group except the first, which has a title if it is named."""
    for number, (group, rows) in enumerate(table.groups()):
        if number:
            yield r"\midrule"
        if group:
            yield rf"\multicolumn{{{len(part) + 1}}}{{l}}{{\emph{{{escape(group)}}}}} \\"
        for row in rows:
            cells = [row.header, *(row.cells[number] for number in part)]
            yield _line([_cell(c) for c in cells])
            if any(c.note for c in cells):  # on a line of their own, so that numbers stay aligned
                yield _line([rf"{{\footnotesize {escape(c.note)}}}" if c.note else "" for c in cells])


def _cell(cell: TableCell) -> str:
    text = escape(cell.text)
    if cell.mark == "best":
        text = rf"\textbf{{{text}}}"
    elif cell.mark == "right":
        text += r" $\surd$"
    if cell.footnote:
        text += rf"\textsuperscript{{{cell.footnote}}}"
    return text


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _notes(table: Table) -> Iterator[str]:
    """Footnotes under the table, a paragraph each."""
    right = any(c.mark == "right" for r in table.rows for c in r.cells)
    if table.footnotes or right:
        yield r"\noindent\begin{minipage}{\linewidth}\footnotesize\raggedright"
        for number, text in enumerate(table.footnotes, 1):
            yield rf"\textsuperscript{{{number}}} {escape(text)}\par"
        if right:
            yield r"$\surd$ exactly right\par"
        yield r"\end{minipage}"
