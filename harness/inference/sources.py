"""Arguments of a command line as sources of a task: texts, lines of files and of standard input, files, folders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np

from harness.contract.specs import TokenInput
from harness.data.text_files import decode, read_lines
from harness.errors import ConfigError, DataError
from harness.places import user_path

if TYPE_CHECKING:
    from harness.inference.trained_model import TrainedModel

STANDARD_INPUT = "-"
_A_FILE = re.compile(r"(?:\.{0,2}/\S*|\S+\.(?:txt|csv|tsv|jsonl?|gz|wav|flac|mp3|ogg|mp4|avi|mov|mkv|webm))", re.I)
"""What a text looks like that is more likely the name of a file."""


@dataclass(frozen=True)
class Given:
    """Something to predict, as a user gave it.

    Attributes:
        where: it stands, for messages: "lines.txt, line 3", "argument 2", or the path of a file.
        written: the text, or the path.
        source: for `Preprocessing.encode`; None where it could not be read.
        problem: why it could not be read; empty: it could.
        note: what is said of how it was understood.
    """

    where: str
    written: str
    source: Any
    problem: str = ""
    note: str = ""


def given_as(model: TrainedModel) -> Literal["text", "file"]:
    """How a model's sources are given: its task's preprocessing says, or the kind of its input."""
    said = "" if model.preprocessing is None else model.preprocessing.given_as
    return said or ("text" if isinstance(model.input_spec, TokenInput) else "file")


def texts(arguments: Sequence[str], standard_input: BinaryIO) -> Iterator[Given]:
    """The texts that arguments mean, one after the other, read when they are asked for.

    Args:
        arguments: texts; names of files, of which each line is a text; "-" for the lines of standard input.
        standard_input: in bytes.
    """
    for number, argument in enumerate(arguments, start=1):
        if argument == STANDARD_INPUT:
            yield from _lines_of(standard_input)
            continue
        path = _existing(argument)
        if path is None:
            doubt = f"there is no file '{argument}', so it is taken as a text" if _A_FILE.fullmatch(argument) else ""
            yield Given(f"argument {number}", argument, argument, note=doubt)
        elif path.is_dir():
            yield Given(argument, argument, None, "it is a folder; give texts, or files of which each line is one.")
        else:
            yield from _lines_in(path, argument)


def files(arguments: Sequence[str], standard_input: BinaryIO) -> Iterator[Given]:
    """The files that arguments mean.

    Args:
        arguments: paths of files, also of arrays (.npy); folders, of which all files are taken, by name; "-" for the
            paths that standard input has, one a line.
        standard_input: in bytes.
    """
    for argument in arguments:
        if argument == STANDARD_INPUT:
            for line in _lines_of(standard_input):
                yield from [line] if line.problem else files([line.written], standard_input)
            continue
        path = _existing(argument)
        if path is None:
            yield Given(argument, argument, None, "there is no such file.")
        elif path.is_dir():
            found = sorted(inner for inner in path.rglob("*") if inner.is_file() and not inner.name.startswith("."))
            if not found:
                yield Given(argument, argument, None, "the folder holds no files.")
            yield from (_file(inner, str(inner)) for inner in found)
        else:
            yield _file(path, argument)


def _file(path: Path, argument: str) -> Given:
    """A file; of one in numpy's format, the array that it holds."""
    try:
        if path.stat().st_size == 0:
            return Given(argument, argument, None, "the file is empty.")
        array = np.load(path, allow_pickle=False) if path.suffix == ".npy" else None
    except (OSError, ValueError) as error:
        return Given(argument, argument, None, f"the file cannot be read ({error}).")
    return Given(argument, argument, path if array is None else array)


def _existing(argument: str) -> Path | None:
    """The file or folder of that name; None where there is none, or what is written can be no name."""
    try:
        path = user_path(argument, "INPUT")
        return path if path.exists() else None
    except (ConfigError, OSError):  # a text that is empty or too long for a name
        return None


def _lines_in(path: Path, argument: str) -> Iterator[Given]:
    try:
        found = read_lines(path)
    except DataError as error:
        yield Given(argument, argument, None, str(error))
        return
    if not found:
        yield Given(argument, argument, None, "the file is empty.")
    yield from (Given(f"{argument}, line {number}", line, line) for number, line in enumerate(found, start=1))


def _lines_of(stream: BinaryIO) -> Iterator[Given]:
    """The lines of a stream as they come."""
    for number, line in enumerate(stream, start=1):
        where = f"standard input, line {number}"
        try:
            text = decode(line, where).removesuffix("\n")
        except DataError as error:
            yield Given(where, "", None, str(error))
        else:
            yield Given(where, text, text)
