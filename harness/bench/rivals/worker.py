"""The script of a timed process: builds what it is told once, then answers requests line by line.

    python worker.py MODULE SETTINGS

MODULE has `build(settings)`, which returns a description and a function that answers a request. SETTINGS, requests and
answers are JSON objects, one per line on standard input and output. The first answer is the description; the process
ends with its input. Only the standard library is needed: the interpreter need not have the harness installed.
"""

from __future__ import annotations

import importlib
import json
import os
import sys


def confine(threads: int) -> None:
    """Restrict this process to as many cores as threads, since not every library lets its threads be set."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def main() -> None:
    """Serve until the input ends."""
    settings = json.loads(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # library output must not mix with the answers
    if "threads" in settings:
        confine(settings["threads"])
    about, answer = importlib.import_module(sys.argv[1]).build(settings)
    print(json.dumps(about), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
