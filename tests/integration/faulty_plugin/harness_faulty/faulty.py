"""The task `first_symbol`, going wrong where told; it needs harness-toy."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import ClassVar

from harness_toy.first_symbol import FirstSymbol

from harness import Task, TaskData, hookimpl
from harness.errors import DataError

HARNESS_CONTRACT = 1


class Fault(Enum):
    """What goes wrong."""

    nothing = "nothing"
    preparation = "preparation"
    loading = "loading"
    killed = "killed"


@dataclass
class Faulty(FirstSymbol):
    """Goes wrong until the file named by HARNESS_TEST_HEALED exists.

    Fields:
        fault: preparation: the data is missing; loading: a bug; killed: the process ends without a word, once.
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
        return super().setup()


def _healed() -> Path:
    return Path(os.environ["HARNESS_TEST_HEALED"])


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [Faulty]
