"""The command `harness`: its subcommands, and the handling of errors."""

from __future__ import annotations

import gc
import os
import sys

import typer

from harness.cli import (
    bench,
    check,
    clean,
    data,
    diff,
    doctor,
    explain,
    export,
    listing,
    matrix,
    new,
    predict,
    report,
    run,
    serve,
    show,
    store,
    sweep,
    tune,
)
from harness.cli.streams import lost_output, prepare_streams
from harness.errors import HarnessError, PluginError, UserError
from harness.terminal import harmless

app = typer.Typer(
    name="harness",
    help="Which sequence model should I use for this task, and what does it cost?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_HYDRA_WORDS = {"ignore_unknown_options": True}

app.command("run", context_settings=_HYDRA_WORDS, add_help_option=False)(run.command)
app.command("sweep", context_settings=_HYDRA_WORDS, add_help_option=False)(sweep.command)
app.command("report")(report.command)
app.command("serve")(serve.command)
app.add_typer(listing.app, name="list")
app.command("matrix")(matrix.command)
app.add_typer(data.app, name="data")
app.command("check")(check.command)
app.add_typer(new.app, name="new")
app.command("tune")(tune.command)
app.command("show")(show.command)
app.command("diff")(diff.command)
app.command("export")(export.command)
app.command("predict")(predict.command)
app.add_typer(explain.app, name="explain")
app.command("clean")(clean.command)
app.add_typer(store.app, name="store")
app.command("doctor")(doctor.command)
app.command("bench", hidden=not bench.AVAILABLE)(bench.command)


_BRIEF = ("list", "show", "diff", "report", "matrix", "doctor")


def entry_point() -> None:
    """Run the command line.

    Exit codes: 0 done; 1 some runs failed, a plug-in breaks its contract, data is contaminated, or a benchmark got
    worse; 2 the input of the user or a plug-in is wrong (one message, no traceback); 130 stopped with Ctrl-C.
    """
    prepare_streams()
    if sys.platform == "win32":
        print("harness runs on Linux and macOS; on Windows, use it inside WSL.", file=sys.stderr)
        raise SystemExit(2)
    try:
        os.getcwd()
    except OSError as error:
        print(f"Error: The working folder cannot be used ({error.strerror}): change to another one.", file=sys.stderr)
        raise SystemExit(2) from None
    if sys.argv[1:2] and sys.argv[1] in _BRIEF:
        gc.disable()  # they keep what they load; collecting garbage would take an eighth of their time
    code: str | int | None = 0
    try:
        app(prog_name="harness")
    except HarnessError as error:
        print(f"Error: {harmless(str(error))}", file=sys.stderr)
        code = 2 if isinstance(error, UserError | PluginError) else 1
    except SystemExit as ended:
        code = ended.code
    lost = lost_output()
    if lost:
        print(f"Error: The output could not be written ({lost}); what the command did is done.", file=sys.stderr)
    raise SystemExit(code or (1 if lost else 0))
