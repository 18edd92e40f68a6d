"""`harness export RUN`: what a run answered, as files that other tools score, or its model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from harness.contract.hypotheses import AnsweredText, Content
    from harness.store import RunView


def command(
    run: Annotated[str, typer.Argument(help="The run's key, or as much of its beginning as is unique.")],
    hypotheses: Annotated[
        bool, typer.Option("--hypotheses", help="Export the answers to the test examples beside the right ones.")
    ] = False,
    folder: Annotated[
        str | None,
        typer.Option("--to", metavar="FOLDER", help="Where answers go. Default: hypotheses-KEY in the working folder."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="Export the model: onnx, torch-export, safetensors or hub."),
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", metavar="FOLDER", help="Where the model goes: a new folder.")
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="With onnx: a graph of 8-bit weights beside.")] = False,
    test: Annotated[bool, typer.Option("--test", help="Score an exported graph on the test split.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="RUN is an exported folder: check that it is whole, by its checksums.")
    ] = False,
) -> None:
    """Write a run's model for other programs, or its answers in the formats of other tools.

    With --format, the trained model with its preprocessing and a model card. With --hypotheses, the answers, so that
    scores can be computed a second way: sentences and transcripts are line-aligned texts (sacreBLEU, jiwer),
    transcripts also NIST trn; classes are a CSV; tags are columns (conlleval, seqeval); captions with several
    references are COCO's JSON (pycocoevalcap); forecasts are a CSV in units of the data, with the scale of each
    variable beside it.
    """
    from harness.cli import output
    from harness.errors import UserError
    from harness.places import user_path
    from harness.store import Store, query

    if verify:
        _verify(run)
        return
    if kind is not None or out is not None:
        if hypotheses:
            raise UserError("Export one thing at a time: --hypotheses (with --to), or --format with --out.")
        _export_model(run, kind, out, int8, test)
        return
    if not hypotheses:
        raise UserError(
            "Say what to export: harness export RUN --hypotheses, or harness export RUN --format FORMAT --out FOLDER."
        )
    with Store.open(create=False) as store:
        view = query.run(store, run)
        found = _answered(view, query.predictions(store, view.id))
    files = _files(view, found)
    place = user_path(folder, "--to") if folder is not None else Path(f"hypotheses-{view.key[:12]}")
    _write(place, files)
    output.say(f"{len(found):,} answers of {view.task} × {view.model}, seed {view.seed}: {', '.join(files)} in {place}")
    for name, value in (view.summary.metrics if view.summary else {}).items():
        declared = view.units.get(name.removeprefix("test/"))
        if name.startswith("test/") and declared:
            signature = declared.get("signature")
            output.say(f"  {name} {value:.4f} {declared.get('unit', '')}" + (f" ({signature})" if signature else ""))


def _verify(folder: str) -> None:
    """Say that an exported folder is whole.

    Raises:
        UserError: it is not; names the file.
    """
    from harness.cli import output
    from harness.exporting.manifest import read_manifest
    from harness.places import user_path

    found = read_manifest(user_path(folder, "The folder"))
    output.say(
        f"Whole: {found['format']} of run {found['run'][:12]}, {len(found['files'])} files as they were written."
    )


def _export_model(run: str, kind: str | None, out: str | None, int8: bool, test: bool) -> None:
    """Write the model, and say what was written.

    Raises:
        UserError: half of what is needed was said.
    """
    from harness.cli import output
    from harness.cli.explaining import attended
    from harness.errors import UserError
    from harness.places import user_path

    if kind is None or out is None:
        raise UserError("A model needs a format and a new folder: harness export RUN --format onnx --out FOLDER.")
    from harness.exporting import export_model

    with attended("Exporting the model ..."):
        made = export_model(run, kind, user_path(out, "--out"), int8=int8, test=test)
    output.say(f"{', '.join(made.files)} in {made.folder}")
    for line in made.lines():
        output.say(f"  {line}")


def _answered(view: RunView, rows: list) -> list[AnsweredText]:
    """The stored answers.

    Raises:
        UserError: the run has none, and why.
    """
    from harness.contract.hypotheses import AnsweredText
    from harness.errors import UserError

    if view.status != "finished":
        raise UserError(f"The run {view.key[:12]} is {view.status}; only a finished run has answers to export.")
    found = [AnsweredText(r.example_id, r.source, (r.reference, *r.others), r.output) for r in rows]
    if not any(one.references[0] or one.text for one in found):
        raise UserError(
            f"The run {view.key[:12]} answers nothing as text: {view.task} scores the data itself, as a model of "
            "text does."
        )
    return found


def _files(view: RunView, found: list[AnsweredText]) -> dict[str, Content]:
    """Content by name, as the task's kind of answer has it; lines where the task is not installed.

    Raises:
        UserError: a file of the run's folder is needed and missing.
    """
    from harness.contract.hypotheses import lines
    from harness.registry.discovery import load_task, registry
    from harness.store.engine import results_folder

    if view.task not in registry().names("task"):
        return lines(found)
    # The key may come from an untrusted store; only its last part can name a folder.
    kept = results_folder() / "runs" / Path(view.key).name / "answers"
    return load_task(view.task).target_type.hypothesis_files(found, kept)


def _write(place: Path, files: dict[str, Content]) -> None:
    """Write the files into the folder, made where it is missing.

    Raises:
        UserError: it cannot be made or written to.
    """
    from harness.errors import UserError

    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            # A byte of a file's name that is no UTF-8 becomes an escape.
            with (place / name).open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
                file.writelines([content] if isinstance(content, str) else content)
    except OSError as error:
        raise UserError(f"Cannot write into '{place}': {error.strerror}. Choose another folder with --to.") from error
