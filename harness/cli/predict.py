"""`harness predict RUN INPUT...`: what a trained model makes of texts, recordings, films or series."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from harness.inference.answers import Answered
    from harness.inference.trained_model import TrainedModel


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN] INPUT...",
            help="The run's key, or its beginning, or its folder (not with --best); then what to predict: texts, files "
            "of which each line is a text, or recordings, films, tables and folders of them, as the task takes them; "
            "'-': the lines of standard input.",
            show_default=False,
        ),
    ] = None,
    best: Annotated[
        str | None,
        typer.Option(
            "--best",
            metavar="TASK",
            help="Use the model that the report recommends for this task; TASK:DATASET if there are several data sets.",
        ),
    ] = None,
    max_latency: Annotated[
        float | None,
        typer.Option("--max-latency", metavar="MS", min=0, help="With --best: the most milliseconds for one example."),
    ] = None,
    max_parameters: Annotated[
        float | None,
        typer.Option("--max-parameters", metavar="N", min=0, help="With --best: the most weights, as 2e6."),
    ] = None,
    score: Annotated[
        str | None,
        typer.Option(
            "--score",
            metavar="FILE",
            help="Print the task's metrics instead: of a table with inputs and answers, or of the run's own split "
            "(test, val, train); those of test beside the stored ones.",
        ),
    ] = None,
    json_lines: Annotated[
        bool, typer.Option("--json", help="Print a JSON object a line: input, text, and scores where there are any.")
    ] = False,
    stream: Annotated[
        bool,
        typer.Option(
            "--stream",
            help="Answer each word of standard input as it comes, and say how long that took: for tasks that answer "
            "every step, with a causal model.",
        ),
    ] = False,
    as_texts: Annotated[
        bool, typer.Option("--text", help="Take every INPUT as a text, also where a file has that name.")
    ] = False,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, help="Answer so many at once; default: as the run did.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Of texts that are sampled; default: the run's.")
    ] = None,
    device: Annotated[str, typer.Option("--device", help="Where to compute: cpu, cuda, cuda:1.")] = "cpu",
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="NAME=VALUE",
            help="An option of the run, changed: decoding.method=beam; may be given several times.",
        ),
    ] = None,
) -> None:
    """Predict with a trained model.

    Answers are printed in the order of the inputs, a line each; where inputs are files, after the file's name and a
    tab. An input that cannot be read leaves its line empty, is named on standard error, and the exit code is 1.
    """
    from harness.errors import ConfigError

    if best is None and (max_latency is not None or max_parameters is not None):
        raise ConfigError("--max-latency and --max-parameters limit what --best TASK chooses; a RUN is used as it is.")
    run, *inputs = [*([] if best is None else [""]), *(words or [])] or [""]
    if (best is None and not run) or (score is None and not inputs):
        raise ConfigError(
            "Say which run, and what to predict: harness predict RUN INPUT..., or --best TASK for the RUN, or - for "
            "standard input."
        )
    if stream and (score is not None or json_lines or inputs != ["-"]):
        raise ConfigError("--stream reads standard input and prints text: harness predict RUN - --stream.")
    if score is not None and inputs:
        raise ConfigError(f"--score takes its inputs from '{score}'; leave out '{inputs[0]}'.")
    if best is not None:
        run = _best(best, max_latency, max_parameters)
    changed = _options(options or [])
    if batch_size is not None:
        changed["task.loader.batch_size"] = batch_size
    model = _loaded(run, device, changed)
    if score is not None:
        from harness.cli import scoring

        scoring.score(model, score, json_lines, own_threads=device == "cpu")
        return
    if stream:
        from harness.cli import streaming

        raise SystemExit(streaming.stream(model))
    raise SystemExit(_predict(model, inputs, json_lines, as_texts, batch_size, seed))


def _predict(
    model: TrainedModel,
    inputs: Sequence[str],
    json_lines: bool,
    as_texts: bool,
    batch_size: int | None,
    seed: int | None,
) -> int:
    """Print an answer an input; 1 where one could not be read."""
    from harness.inference import answers, sources

    kind = "text" if as_texts else sources.given_as(model)
    at_once = model.config.task.loader.batch_size * (answers.LONG if kind == "text" else 1)
    if sources.STANDARD_INPUT in inputs and (sys.stdin.isatty() or batch_size == 1):
        at_once = 1  # somebody waits for each answer
    if as_texts:
        given: Iterable[Any] = (sources.Given(f"argument {n}", text, text) for n, text in enumerate(inputs, start=1))
    else:
        given = (sources.texts if kind == "text" else sources.files)(inputs, sys.stdin.buffer)
    began, done, problems = time.perf_counter(), 0, 0
    for few in answers.answered(model, given, at_once, seed):
        _progress("")
        for one in few:
            problems += bool(one.problem)
            _say(one)
            text = answers.as_json(model, one) if json_lines else answers.as_text(model, one, named=kind == "file")
            _write(text, json_lines)
        sys.stdout.flush()
        done += len(few)
        _progress(f"{done:,} done, {done / (time.perf_counter() - began):,.0f} a second")
    _progress("")
    if not done:
        print("Nothing to predict: standard input is empty.", file=sys.stderr)
        return 1
    if problems and done > 1:
        print(f"{problems:,} of {done:,} inputs could not be predicted.", file=sys.stderr)
    return int(problems > 0)


def _best(task: str, latency_ms: float | None, parameters: float | None) -> str:
    """The key of the recommended run, which is said on standard error.

    Raises:
        UserError: there is none.
    """
    from harness.inference.best import best_run
    from harness.report.standing.recommend import CostLimits
    from harness.store import Store

    name, _, dataset = task.partition(":")
    with Store.open(create=False, read_only=True) as store:
        found = best_run(
            store, name, CostLimits(latency_1_ms=latency_ms, parameters=parameters), dataset if dataset else None
        )
    for sentence in found.said:
        print(f"Note: {sentence}", file=sys.stderr)
    return found.key


def _loaded(run: str, device: str, options: dict[str, Any]) -> TrainedModel:
    """The model, with what is said of it on standard error.

    Raises:
        UserError: there is no such model, device or option.
    """
    from harness.runtime import importing, threads_for_one_run, tune_allocator

    tune_allocator()  # before anything imports torch
    with importing():
        import torch

        from harness.inference.loading import load
    import warnings

    from harness.errors import ConfigError

    torch.set_num_threads(threads_for_one_run())
    try:
        place = torch.device(device)
        torch.empty(0, device=place)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise ConfigError(f"--device {device} cannot be used here ({reason}); give cpu, cuda or cuda:1.") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `notes` has them
        model = load(run, device=place, options=options)
    for note in model.notes:
        print(f"Note: {note}", file=sys.stderr)
    return model


def _options(given: Sequence[str]) -> dict[str, Any]:
    """NAME=VALUE as values by name.

    Raises:
        ConfigError: one is not written so.
    """
    import yaml

    from harness.errors import ConfigError

    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise ConfigError(f"--with {text} is not NAME=VALUE, such as decoding.method=beam.")
        try:
            found[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ConfigError(f"--with {text}: the value cannot be read; quote it.") from error
    return found


def _say(one: Answered) -> None:
    """Problem and remarks of an input, on standard error."""
    from harness.terminal import one_line

    where = "" if one.problem.startswith(one.given.where) else f"{one.given.where}: "
    for text in (f"Error: {where}{one.problem}",) if one.problem else [f"Note: {where}{r}" for r in one.remarks]:
        print(one_line(text), file=sys.stderr)


def _write(text: str, json_lines: bool) -> None:
    from harness.terminal import harmless, harmless_json

    print(harmless_json(text) if json_lines else harmless(text))


def _progress(text: str) -> None:
    """Show how far it is, if standard error is a terminal; an empty text takes it away."""
    if sys.stderr.isatty():
        print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)
