"""Texts for language modelling: any folder of text files, Penn Treebank's layout, and a generated formal language."""

from __future__ import annotations

import random
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from harness.data.sources import FolderSource
from harness.errors import DataError

PIECE = 10_000
"""Characters of an evaluation document, about: long enough that a fresh start of the state costs nothing
measurable, short enough that documents are evaluated side by side."""


@dataclass(frozen=True)
class Document:
    """A contiguous text."""

    id: str
    text: str


@dataclass
class Corpus:
    """A split text.

    Attributes:
        prompts: openings from which samples are generated.
        notes: what the report should say.
    """

    train: list[Document]
    val: list[Document]
    test: list[Document]
    prompts: tuple[str, ...] = ()
    notes: dict[str, str | int | float] = field(default_factory=dict)


def pieces(units: Sequence[str], size: int = PIECE) -> list[str]:
    """Join consecutive units into texts of at least `size` characters; a short rest joins the last one.

    The concatenation of the result is the concatenation of the units.
    """
    found: list[str] = []
    current = ""
    for unit in units:
        current += unit
        if len(current) >= size:
            found.append(current)
            current = ""
    if current and found and len(current) < size // 2:
        found[-1] += current
    elif current:
        found.append(current)
    return found


def documents(split: str, text: str) -> list[Document]:
    """A long text cut at line ends into evaluation documents; lines without end are cut at `PIECE` characters."""
    lines = [line[i : i + PIECE] for line in text.splitlines(keepends=True) for i in range(0, len(line), PIECE)]
    return [Document(f"{split}/{n:04}", piece) for n, piece in enumerate(pieces(lines), start=1)]


def folder_source(root: Path | None) -> FolderSource:
    """Where `text_folder` reads."""
    return FolderSource(
        name="text",
        root=root,
        licence="the user's own",
        description="train.txt, val.txt and test.txt in UTF-8, or one text file, split 90/5/5 without shuffling",
        patterns=("*.txt",),
    )


def text_folder(source: FolderSource) -> Corpus:
    """Any text: three files, or one that is cut into consecutive 90, 5 and 5 %.

    Raises:
        DataError: the folder is missing or empty, its files are not the expected ones, a file is not UTF-8,
            or a split is empty.
    """
    files = {path.stem: path for path in source.files()}
    if "valid" in files and "val" not in files:
        files["val"] = files.pop("valid")
    if {"train", "val", "test"} <= files.keys():
        texts = [_read(files[name]) for name in ("train", "val", "test")]
    elif len(files) == 1:
        texts = _cut(_read(next(iter(files.values()))))
    else:
        raise DataError(
            f"The folder {source.root} holds {', '.join(sorted(p.name for p in source.files()))}; "
            "expected train.txt, val.txt and test.txt, or one text file alone."
        )
    return _corpus(texts, str(source.root))


def penn_treebank_source(root: Path | None) -> FolderSource:
    """Where `penn_treebank` reads."""
    return FolderSource(
        name="penn_treebank",
        root=root,
        licence="LDC (not redistributable); the user's own copy",
        description="ptb.zip, or ptb.train.txt, ptb.valid.txt and ptb.test.txt (Mikolov's preparation)",
        patterns=("ptb*.zip", "ptb.*.txt", "*/ptb.*.txt"),
    )


def penn_treebank(source: FolderSource) -> Corpus:
    """Penn Treebank as Mikolov prepared it: 10,000 words, rare ones already replaced by <unk>.

    Each line loses its outer blanks, so that a line is its words, single blanks between them, and its end.

    Raises:
        DataError: the folder is missing or empty, a file is missing, or the zip cannot be read.
    """
    files = source.files()
    texts = []
    for split in ("train", "valid", "test"):
        name = f"ptb.{split}.txt"
        plain = [path for path in files if path.name == name]
        archives = [path for path in files if path.suffix == ".zip"]
        if not plain and not archives:
            raise DataError(f"The folder {source.root} has no {name}. Expected: {source.description}.")
        text = _read(plain[0]) if plain else _from_zip(archives[0], name)
        texts.append("".join(f"{line.strip()}\n" for line in text.splitlines()))
    corpus = _corpus(texts, str(source.root))
    corpus.prompts = ("the company said ", "mr. <unk> said ", "the stock market ", "in new york ")
    return corpus


def counting_language(characters: int, data_seed: int) -> Corpus:
    """Words aⁿbⁿ with n from 1 to 6, in lines of eight: learnable only by counting; generated."""

    def text(length: int, seed: int) -> str:
        draw = random.Random(f"{data_seed}/{seed}")
        lines: list[str] = []
        while sum(map(len, lines)) < length:
            sizes = [draw.randint(1, 6) for _ in range(8)]
            lines.append(" ".join("a" * n + "b" * n for n in sizes) + "\n")
        return "".join(lines)

    train, val, test = (text(n, seed) for seed, n in enumerate((characters, characters // 10, characters // 10)))
    return Corpus([Document("train", train)], documents("val", val), documents("test", test), prompts=("aaa",))


def _corpus(texts: Sequence[str], where: str) -> Corpus:
    for name, text in zip(("training", "validation", "test"), texts, strict=True):
        if not text.strip():
            raise DataError(f"The {name} text in {where} is empty; a language model needs text in all three splits.")
    train, val, test = texts
    # The first words of the validation text: known to the reader, unseen in training.
    openings = [line[:20].rsplit(" ", 1)[0] + " " for line in val.splitlines() if len(line) > 20]
    prompts = tuple(dict.fromkeys(openings))[:5] or (val[:1],)
    return Corpus([Document("train", train)], documents("val", val), documents("test", test), prompts=prompts)


def _cut(text: str) -> list[str]:
    """Consecutive 90, 5 and 5 %, each border moved to the next line end where one is near."""

    def border(position: int) -> int:
        found = re.compile("\n").search(text, position, position + 1000)
        return found.end() if found else position

    first, second = border(len(text) * 90 // 100), border(len(text) * 95 // 100)
    return [text[:first], text[first:second], text[second:]]


def _read(path: Path) -> str:
    try:
        return _decode(path.read_bytes(), path.name)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def _decode(content: bytes, name: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name} is not UTF-8 text: byte {error.start} is 0x{content[error.start]:02x}. Convert it first."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _from_zip(path: Path, name: str) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.namelist() if PurePosixPath(m).name == name]
            if not members:
                raise DataError(f"{path} holds no {name}. Expected ptb.train.txt, ptb.valid.txt and ptb.test.txt.")
            return _decode(archive.read(members[0]), name)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read as a zip archive: {error}.") from error
