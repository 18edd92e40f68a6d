"""Which kind of data lies at a path."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath

from harness.data.foreign import shown
from harness.data.inspection.finding import Command, Inspected, counted, listed
from harness.data.inspection.media import (
    AUDIO,
    VIDEO,
    inspect_film,
    inspect_films,
    inspect_recording,
    inspect_recordings,
)
from harness.data.inspection.saved import inspect_saved
from harness.data.inspection.tables import describe_table, inspect_table
from harness.data.inspection.texts import (
    inspect_parallel,
    inspect_split_text,
    inspect_tagged,
    inspect_text,
    tagged_columns,
)
from harness.data.stand_ins import what_lies_at
from harness.data.tables import DataTable, read_table
from harness.data.walking import walk
from harness.errors import DataError

_TABLES = (".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson")
_MUSIC = (".mid", ".midi")
_ARCHIVES = (".zip", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz")
_MOST_TABLES = 5
_LANGUAGE_MODELS = ("lstm", "stacked_lstm")
_CHORALES = re.compile(r"jsb-chorales-(quarter|8th|16th)\.json")
_PUBLISHED = (
    (
        re.compile(r"ptb\.train\.txt|ptb.*\.zip"),
        Command("text_generation.penn_treebank", (), _LANGUAGE_MODELS),
        "Penn Treebank",
    ),
    (re.compile(r"wikitext-2-v1\.zip"), Command("text_generation.wikitext2", (), _LANGUAGE_MODELS), "WikiText-2"),
    (re.compile(r"wikitext-103-v1\.zip"), Command("text_generation.wikitext103", (), _LANGUAGE_MODELS), "WikiText-103"),
    (re.compile(r"wiki\.train\.tokens"), Command("text_generation.wikitext2", (), _LANGUAGE_MODELS), "WikiText"),
    (re.compile(r"enwik8(\.zip)?"), Command("text_generation.enwik8", (), _LANGUAGE_MODELS), "enwik8"),
    (re.compile(r"text8(\.zip)?"), Command("text_generation.text8", (), _LANGUAGE_MODELS), "text8"),
    (re.compile(r".*videodatainfo.*\.json"), Command("video_captioning.msr_vtt", (), ("cnn_lstm", "lstm")), "MSR-VTT"),
    (re.compile(r"train\.tags\..+"), Command("translation.iwslt", (), ("lstm", "attention_lstm")), "IWSLT"),
    (re.compile(r"sents_train_lc_nopunc\.txt"), Command("video_captioning.msvd", (), ("cnn_lstm", "lstm")), "MSVD"),
    (re.compile(r"newstest.+\.sgm"), Command("translation.wmt", (), ("lstm", "attention_lstm")), "WMT"),
)
"""What file names say: the pattern, the data set, and what it is called."""


def inspect(path: Path) -> list[tuple[Path, Inspected]]:
    """What a file or folder holds: itself with a finding, or for tables in a folder each of them with its own.

    Raises:
        DataError: it does not exist, cannot be read, or is nothing that is known; the message says what would be.
    """
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise DataError(f"{shown(path)} does not exist. Give a file or a folder.")
    return [(path, _file(path))]


def _file(path: Path) -> Inspected:
    ending = _ending(path)
    if found := _published([PurePath(path.name)]):
        return found
    if ending in _ARCHIVES:
        raise DataError(f"{shown(path)} is an archive. Unpack it, and inspect the folder.")
    if found := _media_file(path, ending):
        return found
    if ending in _TABLES:
        return _music_json(path) or inspect_table(path)
    if kind := tagged_columns(path):
        return inspect_tagged(path.parent, [PurePath(path.name)], kind)
    try:
        table = read_table(path)
    except DataError:
        return inspect_text(path)  # with its own sentence where that is no text either
    return describe_table(table) if _is_no_prose(table) else inspect_text(path)


def _media_file(path: Path, ending: str) -> Inspected | None:
    if ending in AUDIO:
        return inspect_recording(path)
    if ending in VIDEO:
        return inspect_film(path)
    if ending in _MUSIC:
        return Inspected(
            "music (MIDI)", (("pieces", "1"),), hint="Give a folder with more pieces, or a JSON file of them."
        )
    return _series([path]) if ending == ".ts" else None


def _folder(root: Path) -> list[tuple[Path, Inspected]]:
    if saved := inspect_saved(root):
        return [(root, saved)]
    files = [path for path in walk(root).files if not _is_about(path)]
    if not files:
        raise DataError(f"{shown(root)} holds no files.")
    endings = Counter(_ending(path) for path in files)
    found = _published(files) or _media_folder(root, files, endings) or inspect_parallel(files, root)
    if not found:
        columns = [path for path in files if _ending(path) not in _TABLES and tagged_columns(root / path) == "columns"]
        found = inspect_tagged(root, columns, "columns") if columns else inspect_split_text(root, files)
    if found:
        return [(root, found)]
    texts = [path for path in files if _ending(path) == ".txt"]
    if len(files) == 1 or len(texts) == 1:
        only = root / (texts or files)[0]
        return [(only, _file(only))]
    if tables := [root / path for path in files if _ending(path) in _TABLES]:
        return [(path, _file(path)) for path in tables[:_MOST_TABLES]]
    kinds = listed([f"{ending or 'no ending'} {count:,}" for ending, count in endings.most_common()])
    raise DataError(
        f"{shown(root)} holds {counted(len(files), 'file')} ({kinds}), and nothing of a kind that is known: a table "
        "(.csv, .tsv, .json, .jsonl), text (.txt), parallel text (train.de, train.en), tagged words (.conllu), series "
        f"(.ts), music (.mid), recordings or films.{_instead(root, files)}"
    )


def _published(files: Sequence[PurePath]) -> Inspected | None:
    """A standard data set, by the names of its files."""
    for names, command, kind in _PUBLISHED:
        found = [shown(path.name) for path in files if names.fullmatch(path.name)]
        if found:
            return Inspected(f"{kind}, in its published layout", (("files", listed(found)),), (), (command,))
    return None


def _media_folder(root: Path, files: Sequence[PurePath], endings: Counter[str]) -> Inspected | None:
    """What endings alone tell."""
    if tagged := [path for path in files if _ending(path) in (".conllu", ".conllup")]:
        return inspect_tagged(root, tagged, "conllu")
    if VIDEO & endings.keys():
        return inspect_films(root, files)
    if AUDIO & endings.keys() or endings[".mfc"]:
        return inspect_recordings(root, files)
    if endings[".ts"]:
        return _series([root / path for path in files if _ending(path) == ".ts"])
    pieces = sum(endings[ending] for ending in _MUSIC)
    return _midi(pieces) if pieces else None


def _instead(root: Path, files: Sequence[PurePath]) -> str:
    said = what_lies_at(root / files[0])
    return f" {shown(files[0].name)}: {said}" if said else ""


def _series(paths: Sequence[Path]) -> Inspected:
    """Series with classes in the format of timeseriesclassification.com."""
    from harness.data.text_files import read_lines

    facts = []
    for path in paths[:10]:
        rows = [line for line in read_lines(path) if line.strip() and not line.startswith(("#", "@", "%"))]
        if not rows:
            raise DataError(f"{shown(path)} holds no series after its @data line.")
        classes = Counter(row.rsplit(":", 1)[-1].strip() for row in rows)
        dimensions = rows[0].count(":")
        lengths = [len(row.split(":", 1)[0].split(",")) for row in rows]
        length = f"{min(lengths)}" if min(lengths) == max(lengths) else f"{min(lengths)} to {max(lengths)}"
        facts.append((
            shown(path.name),
            f"{len(rows):,} series of {counted(dimensions, 'dimension')}, {length} steps, {len(classes)} classes: "
            f"{listed([f'{name} {count}' for name, count in classes.most_common()])}",
        ))  # fmt: skip
    return Inspected(
        "series with classes (.ts)", tuple(facts), (), (Command("series_classification.ts", of_folder=True),)
    )


def _music_json(path: Path) -> Inspected | None:
    """Pieces as lists of chords, in splits; None where the JSON is something else."""
    try:
        content = path.read_bytes()
        whole = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    except (ValueError, OSError):
        return None
    if not isinstance(whole, dict) or "train" not in whole or "test" not in whole:
        return None
    facts = []
    for split, pieces in whole.items():
        if (
            not isinstance(pieces, list)
            or not pieces
            or not isinstance(pieces[0], list)
            or not isinstance(pieces[0][0], list)
        ):
            return None
        steps = sum(len(piece) for piece in pieces)
        facts.append((split, f"{counted(len(pieces), 'piece')}, {counted(steps, 'step')}"))
    chorales = _CHORALES.fullmatch(path.name)
    command = Command("music.nottingham", models=_LANGUAGE_MODELS)
    if chorales:
        command = Command("music.jsb_chorales", (("task.step", chorales[1]),), _LANGUAGE_MODELS, of_folder=True)
    return Inspected("music (chords in JSON)", tuple(facts), (), (command,))


def _midi(pieces: int) -> Inspected:
    hint = (
        'MIDI is not read: write the pieces as JSON, {"train": [piece, ...], "valid": [...], "test": [...]}, a piece '
        "being a list of steps and a step the list of MIDI numbers that sound."
    )
    return Inspected("music (MIDI)", (("pieces", f"{pieces:,}"),), hint=hint)


def _is_no_prose(table: DataTable) -> bool:
    """Whether the columns of a file called .txt are no sentences that happen to have as many commas each."""
    if len(table.columns) < 2:
        return False
    return "commas" not in table.written or any(column.kind in ("number", "date") for column in table.columns)


def _ending(path: PurePath) -> str:
    endings = [suffix.lower() for suffix in path.suffixes]
    if endings[-1:] == [".gz"] and len(endings) > 1:
        return endings[-2]
    return endings[-1] if endings else ""


def _is_about(path: PurePath) -> bool:
    return path.name.lower().startswith(("readme", "license", "licence", "source.readme", "source.license"))
