"""`harness serve`: the report in a browser on this machine, kept up to date while a sweep runs."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.report import Models, Since, Sweep, Tasks, selection


def command(
    port: Annotated[int, typer.Option("--port", help="Port to listen on; 0: any free port.")] = 8000,
    sweep: Sweep = None,
    task: Tasks = None,
    model: Models = None,
    since: Since = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Add a page on which every trained model answers what you type or drop.")
    ] = False,
) -> None:
    """Show the report at http://127.0.0.1:8000/ and follow a running sweep, until Ctrl-C.

    Only this machine can connect, and the store is opened read-only. Questions to --demo are not kept.
    """
    import signal
    import sys
    from contextlib import ExitStack

    chosen = selection(sweep, task, model, since)
    from harness.cli.output import say, waiting
    from harness.serve.demo import Demo
    from harness.serve.server import Server
    from harness.serve.watch import StoreWatch
    from harness.store import Store
    from harness.store.place import results_folder

    try:
        with ExitStack() as opened:
            before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up when stopped by a supervisor
            opened.callback(signal.signal, signal.SIGTERM, before)
            store = opened.enter_context(Store.open(read_only=True))
            asked = Demo(store, chosen, results_folder() / "runs") if demo else None
            server = opened.enter_context(
                Server(StoreWatch(store, chosen), port, asked)
            )  # first: its port may be taken
            with waiting("Making the report ..."):
                opened.enter_context(server.watch)
            say(f"The report is at {server.address} (Ctrl-C ends it)")
            if demo:
                say(f"The models answer at {server.address}demo.html")
            sys.stdout.flush()  # whoever reads a pipe waits for the address
            server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        say("\nStopped.")
