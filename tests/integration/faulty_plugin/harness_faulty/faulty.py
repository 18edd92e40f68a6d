"""The task `first_symbol`, going wrong where told; it needs harness-toy."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import ClassVar

from harness_toy.first_symbol import FirstSymbol

from harness import Task, TaskData, hookimpl
from harness.errors import DataError

HARNESS_CONTRACT = 2


class Fault(Enum):
    """What goes wrong."""

    nothing = "nothing"
    preparation = "preparation"
    loading = "loading"
    killed = "killed"
    crashed = "crashed"
    stuck = "stuck"
    deaf = "deaf"
    greedy = "greedy"
    waiting = "waiting"


@dataclass
class Faulty(FirstSymbol):
    """Goes wrong until the file named by HARNESS_TEST_HEALED exists.

    Fields:
        fault: preparation: the data is missing; loading: a bug; killed: the process ends without a word, once; crashed:
            inside a library; stuck: it never goes on; deaf: neither when told to stop; greedy: with much memory;
            waiting: it goes on when healed.
    """

    name: ClassVar[str] = "faulty"

    fault: Fault = Fault.nothing

    def prepare_data(self) -> None:
        """Nothing to prepare.

        Raises:
            DataError: where told.
        """
        if self.fault is Fault.preparation and not _healed().exists():
            raise DataError("the data of 'faulty' is missing on purpose")

    def setup(self) -> TaskData:
        """As `first_symbol`, unless told otherwise."""
        if self.fault is Fault.loading and not _healed().exists():
            raise ZeroDivisionError("a bug on purpose")
        if self.fault is Fault.killed and not _healed().exists():
            _healed().touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault is Fault.crashed and not _healed().exists():
            print("the last words", flush=True)
            ctypes.string_at(0)
        if self.fault in (Fault.stuck, Fault.deaf, Fault.greedy) and not _healed().exists():
            if self.fault is Fault.deaf:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            held = bytearray(800 * 2**20 if self.fault is Fault.greedy else 0)
            held[::4096] = b"x" * len(held[::4096])  # touched, not only promised
            threading.Event().wait()
        while self.fault is Fault.waiting and not _healed().exists():
            threading.Event().wait(0.05)
        return super().setup()


def _healed() -> Path:
    return Path(os.environ["HARNESS_TEST_HEALED"])


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [Faulty]
