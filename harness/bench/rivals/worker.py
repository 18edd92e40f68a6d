"""The script of a process that is timed: builds once what it is told to, then answers line by line.

    python worker.py MODULE SETTINGS

MODULE has `build(settings)`, which returns what there is to say of it and a function that answers a request. SETTINGS,
requests and answers are JSON objects, one a line on standard input and output. The first answer says what was built;
the process ends with its input. Only the standard library is needed here: the interpreter need not know the harness.
"""

from __future__ import annotations

import importlib
import json
import os
import sys


def confine(threads: int) -> None:
    """Leave this process as many cores as it has threads, since not every library lets its threads be counted."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def main() -> None:
    """Serve until the input ends."""
    settings = json.loads(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not come between the answers
    if "threads" in settings:
        confine(settings["threads"])
    about, answer = importlib.import_module(sys.argv[1]).build(settings)
    print(json.dumps(about), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
