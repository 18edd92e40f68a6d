r"""Tables as LaTeX: booktabs, with every character of a text escaped so that any engine sets it.

A file needs `\usepackage{booktabs}`, a long table `\usepackage{longtable}` too, and pdfLaTeX
`\usepackage[T1]{fontenc}`; its first line says so. LuaLaTeX and XeLaTeX set other scripts as far as the font has them.
pdfLaTeX, which would stop at them, sets how many characters stand there and the first one's code point.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from harness.report.tables import Cell, Column, Table
from harness.terminal import one_line

LONGEST_FLOAT = 40
"""Rows on one page; a table with more of them may break across pages."""

_WIDE, _NARROW = 6, r"\footnotesize\setlength{\tabcolsep}{3pt}"  # from so many columns a table is set smaller
_OTHER_SCRIPT = (
    r"\providecommand{\otherscript}[2]"
    r"{\ifdefined\directlua#1\else\ifdefined\XeTeXversion#1\else#2\fi\fi}"
)

_NAMED = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}",
    "[": "{[}", "]": "{]}", "*": "{*}",  # else taken for an argument of the end of the line before
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
"""What font encoding T1 holds beside ASCII, so that it needs no command."""

_COMMANDS = str.maketrans(_NAMED | {letter: rf"$\{name}$" for letter, name in _GREEK.items()})
_UNKNOWN = re.compile(f"[^ -~{''.join(sorted(_LETTERS))}]+")  # what is left after `_COMMANDS`
_LIGATURES = re.compile(r"(?<=([-',]))(?=\1)")  # two hyphens would become a dash, two commas a quotation mark


def latex(table: Table) -> str:
    """A float with caption, label `tab:NAME` and notes; a `longtable` where it has more than `LONGEST_FLOAT` rows."""
    long = len(table.rows) > LONGEST_FLOAT
    packages = r"\usepackage{booktabs}" + (r"\usepackage{longtable}" if long else "")
    lines = [f"% Needs {packages}; with pdfLaTeX also \\usepackage[T1]{{fontenc}}.", _OTHER_SCRIPT]
    caption, label = rf"\caption{{{escape(table.caption)}}}", rf"\label{{tab:{_label(table.name)}}}"
    layout, header, body = _layout(table), list(_header(table)), list(_body(table))
    notes = list(_notes(table))
    if long:
        lines += [
            rf"\begin{{longtable}}{{{layout}}}",
            rf"{caption}{label} \\",
            *header,
            r"\endfirsthead",
            *header,
            r"\endhead",
            r"\bottomrule",
            r"\endfoot",
            *body,
            r"\end{longtable}",
            *notes,
        ]
    else:
        lines += [
            r"\begin{table}",
            r"\centering" + (_NARROW if len(table.columns) >= _WIDE else ""),
            caption,
            label,
            rf"\begin{{tabular}}{{{layout}}}",
            *header,
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            *([r"\par\smallskip", *notes] if notes else []),
            r"\end{table}",
        ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text that LaTeX sets as it is, on one line: nothing in it is a command, and every engine knows each character."""
    named = unicodedata.normalize("NFC", one_line(text)).translate(_COMMANDS)
    return _UNKNOWN.sub(_other_script, _LIGATURES.sub("{}", named))


def _other_script(found: re.Match[str]) -> str:
    """Characters for engines that read Unicode, and words for pdfLaTeX; unassigned ones are words in both."""
    run = found[0]
    words = f"{{[}}{len(run)} character{'' if len(run) == 1 else 's'} from U+{ord(run[0]):04X}{{]}}"
    shown = "".join(f"{{[}}U+{ord(c):04X}{{]}}" if unicodedata.category(c) in ("Cn", "Co") else c for c in run)
    return rf"\otherscript{{{shown}}}{{{words}}}"


def _label(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else f"u{ord(c):04x}" for c in name)


# -- parts of a table --------------------------------------------------------------------------------


def _layout(table: Table) -> str:
    """Numbers to the right; running text in columns of equal width, which wrap."""
    if not table.prose:
        return "l" + "".join("r" if c.numeric else "l" for c in table.columns)
    texts = sum(not c.numeric for c in table.columns)
    wide = rf"p{{{0.72 / max(texts, 1):.2f}\linewidth}}"
    return r"p{0.2\linewidth}" + "".join("r" if c.numeric else wide for c in table.columns)


def _header(table: Table) -> Iterator[str]:
    """Titles, and their second lines where there are any, between rules."""
    yield r"\toprule"
    yield _line([escape(table.corner), *(_title(c.title, c) for c in table.columns)])
    if any(c.note for c in table.columns):
        yield _line(["", *(_title(c.note, c, small=True) for c in table.columns)])
    yield r"\midrule"


def _title(text: str, column: Column, *, small: bool = False) -> str:
    shown = escape(text)
    if small and shown:
        shown = rf"{{\footnotesize {shown}}}"
    return rf"\multicolumn{{1}}{{r}}{{{shown}}}" if column.numeric else shown


def _body(table: Table) -> Iterator[str]:
    """Rows, with a rule and its title before every group but the first; the first has a title where it is named."""
    for number, (group, rows) in enumerate(table.groups()):
        if number:
            yield r"\midrule"
        if group:
            yield rf"\multicolumn{{{len(table.columns) + 1}}}{{l}}{{\emph{{{escape(group)}}}}} \\"
        for row in rows:
            cells = [row.header, *row.cells]
            yield _line([_cell(c) for c in cells])
            if any(c.note for c in cells):  # on a line of their own, so that numbers stay aligned
                yield _line([rf"{{\footnotesize {escape(c.note)}}}" if c.note else "" for c in cells])


def _cell(cell: Cell) -> str:
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
        yield r"\begin{minipage}{\linewidth}\footnotesize\raggedright"
        for number, text in enumerate(table.footnotes, 1):
            yield rf"\textsuperscript{{{number}}} {escape(text)}\par"
        if right:
            yield r"$\surd$ exactly right\par"
        yield r"\end{minipage}"
