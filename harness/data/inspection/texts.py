"""What text files hold: running text, lines aligned by language, tagged words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath

from harness.data.foreign import shown
from harness.data.inspection.finding import Command, Inspected, counted, listed
from harness.data.text_files import lines, read_lines, read_text
from harness.errors import DataError

_SPLITS = ("train", "val", "valid", "dev", "test")
_ALPHABET_SHOWN = 40
_SAMPLE = 5000
_CONLLU_COLUMNS = 10


def inspect_text(path: Path) -> Inspected:
    """Running text in one file.

    Raises:
        DataError: it is not text, or empty.
    """
    text = read_text(path)
    if not text.strip():
        raise DataError(f"{shown(path)} is empty.")
    return Inspected(
        "running text", tuple(_extent(text)), (), (Command("text_generation.text", models=("lstm", "stacked_lstm")),)
    )


def inspect_split_text(root: Path, files: Sequence[PurePath]) -> Inspected | None:
    """train.txt, val.txt and test.txt; None where the folder has others."""
    texts = {_stem(path): path for path in files if len(path.parts) == 1 and _is_plain_text(path)}
    if not {"train", "test"} <= texts.keys() or not texts.keys() & {"val", "valid"}:
        return None
    facts = []
    for name in ("train", "val" if "val" in texts else "valid", "test"):
        text = read_text(root / texts[name])
        facts.append((texts[name].name, "; ".join(f"{value} {what}" for what, value in _extent(text)[:3])))
    return Inspected("running text in three splits", tuple(facts), (), (Command("text_generation.text"),))


def inspect_parallel(files: Sequence[PurePath], root: Path) -> Inspected | None:
    """Line-aligned files, train.de beside train.en; None where there are none."""
    names = {path.name.removesuffix(".gz"): path for path in files if len(path.parts) == 1}
    codes = sorted(
        {name.partition(".")[2] for name in names if name.startswith("train.")} - {"txt", "tsv", "csv", "json"}
    )
    codes = [code for code in codes if code.replace("_", "").replace("-", "").isalpha() and len(code) <= 8]
    if len(codes) < 2:
        return None
    source, target = codes[:2]
    published = any(name.startswith("test_2016_flickr.") for name in names)
    stems = {"train": "train", "val": "val", "test": "test_2016_flickr" if published else "test"}
    facts, odd = [("languages", ", ".join(codes))], []
    for split in stems.values():
        pair = [names.get(f"{split}.{code}") for code in (source, target)]
        if None in pair:
            odd.append(f"there is no {split}.{source} with {split}.{target}; 'parallel' reads train, val and test")
            continue
        counts = [len(read_lines(root / path)) for path in pair if path]
        facts.append((split, counted(counts[0], "pair")))
        if counts[0] != counts[1]:
            odd.append(
                f"{split}.{source} has {counts[0]:,} lines and {split}.{target} {counts[1]:,}: they are not aligned"
            )
    options = (("task.source_language", source), ("task.target_language", target))
    commands = (
        ()
        if odd
        else (Command(f"translation.{'multi30k' if published else 'parallel'}", options, ("lstm", "attention_lstm")),)
    )
    return Inspected("parallel text, line by line", tuple(facts), tuple(odd), commands)


def tagged_columns(path: Path) -> str:
    """ "conllu" or "columns" where a file has a tagged word on each line; empty for others."""
    if path.suffix.lower() in (".conllu", ".conllup"):
        return "conllu"
    try:
        found = [
            line for line in read_lines(path)[:_SAMPLE] if line.strip() and not line.startswith(("#", "-DOCSTART-"))
        ]
    except DataError:
        return ""
    widths = Counter(len(line.split("\t")) for line in found)
    if found and widths[_CONLLU_COLUMNS] > 0.9 * len(found) and found[0].split("\t")[0].isdigit():
        return "conllu"
    if path.suffix.lower() in (".bio", ".iob", ".iob2", ".conll") and found:
        return "columns"
    last = [line.split()[-1] for line in found if len(line.split()) > 1]
    tags = sum(tag == "O" or tag[:2] in ("B-", "I-", "E-", "S-") for tag in last)
    return "columns" if last and len(last) > 0.9 * len(found) and tags > 0.9 * len(last) else ""


def inspect_tagged(root: Path, files: Sequence[PurePath], kind: str) -> Inspected:
    """CoNLL-U, or a word and its tag in columns, sentences apart by empty lines.

    Raises:
        DataError: a file is not text.
    """
    facts, tags = [], Counter[str]()
    for path in files:
        sentences, words, inside = 0, 0, False
        for line in read_lines(root / path):
            if not line.strip() or line.startswith(("#", "-DOCSTART-")):
                inside = inside and bool(line.strip())
                continue
            sentences += not inside
            inside = True
            cells = line.split("\t") if kind == "conllu" else line.split()
            if kind == "conllu" and not cells[0].isdigit():
                continue  # a range of words or an empty node
            words += 1
            tags[cells[3] if kind == "conllu" and len(cells) > 3 else cells[-1]] += 1
        facts.append((shown(path.as_posix()), f"{counted(sentences, 'sentence')}, {counted(words, 'word')}"))
    facts.append(("tags", f"{len(tags)}: {listed([f'{tag} {count:,}' for tag, count in tags.most_common(8)])}"))
    dataset = "tagging.conllu" if kind == "conllu" else "tagging.bio_columns"
    named = {"conllu": "part of speech, CoNLL-U", "columns": "tagged words in columns"}[kind]
    return Inspected(named, tuple(facts), (), (Command(dataset, models=("bilstm", "lstm")),))


def _extent(text: str) -> list[tuple[str, str]]:
    """Rows on the size of a text."""
    symbols = Counter(text)
    alphabet = "".join(
        symbol for symbol, _ in symbols.most_common(_ALPHABET_SHOWN) if symbol.isprintable() and symbol != " "
    )
    return [
        ("characters", f"{len(text):,}"),
        ("words", f"{len(text.split()):,}"),
        ("lines", f"{len(lines(text)):,}"),
        ("different characters", f"{len(symbols):,}: {alphabet}{' …' if len(symbols) > _ALPHABET_SHOWN else ''}"),
    ]


def _stem(path: PurePath) -> str:
    return path.name.lower().removesuffix(".gz").removesuffix(".txt")


def _is_plain_text(path: PurePath) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(".txt") and not path.stem.lower().startswith(
        ("readme", "licen")
    )
