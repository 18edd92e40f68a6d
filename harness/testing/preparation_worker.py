"""A process of its own that prepares and loads a task's data, watched and without a network.

    python -m harness.testing.preparation_worker REQUEST.json ANSWER.json

`task_preparation` runs it. The request holds the pickled task with the modules of its classes, and at which operation
on the data folder to stop: "kill" ends the process there as if it had been killed, "pause" says so and waits for a
line on standard input.
Operations are those that Python announces to audit hooks (opening a file to write, making, renaming and removing
files and folders); the stop comes right after the operation is done, before the next thing happens.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import importlib.util
import json
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "sqlite3.connect")
STARTED, TOUCHED, PAUSED = "started", "touched ", "paused"


class PreparationWatch:
    """Counts operations on a folder, and acts after a given one.

    Attributes:
        count: operations that were done.
        network: addresses that the process tried to reach.
    """

    def __init__(self, folder: str, at: int, act: Callable[[], None]) -> None:
        self._folder, self._at, self._act = os.path.realpath(folder), at, act
        self._pending = False
        self.count = 0
        self.network: list[str] = []

    def start(self) -> None:
        """From now on; there is no end, since audit hooks cannot be removed."""
        sys.addaudithook(self._announced)
        threading.setprofile(self._profiled)
        sys.setprofile(self._profiled)

    def _announced(self, event: str, args: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.getaddrinfo"):
            self.network.append(str(args[1] if event == "socket.connect" else args[0]))
            raise OSError("the network is out of reach")
        writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if not writes and event not in CHANGES:
            return
        path = args[0]
        if isinstance(path, str | bytes | os.PathLike) and self._inside(os.fsdecode(path)):
            print(f"{TOUCHED}{os.fsdecode(path)}", flush=True)
            self._pending = True

    def _inside(self, path: str) -> bool:
        return os.path.realpath(path).startswith(self._folder)

    def _profiled(self, frame: object, event: str, arg: object) -> None:
        if self._pending and event in ("c_return", "c_exception"):
            self._pending = False
            self.count += 1
            if self.count == self._at:
                self._act()


def main(request_file: str, answer_file: str) -> None:
    """Prepare and load twice, and write down what came of it."""
    from harness.testing.task_subject import digests

    request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    task = load(request)
    folder = os.environ["HARNESS_DATA"]
    watch = PreparationWatch(folder, request["at"], _kill if request["stop"] == "kill" else _pause)
    print(STARTED, flush=True)
    watch.start()
    answer: dict[str, Any] = {}
    for turn in ("first", "second") if request["twice"] else ("first",):
        task.prepare_data()
        answer[turn] = {"digests": digests(task.setup()), "files": files(Path(folder)), "operations": watch.count}
    sys.setprofile(None)
    answer["network"] = watch.network
    Path(answer_file).write_text(json.dumps(answer), encoding="utf-8")


def load(request: dict[str, Any]) -> Any:
    """The task, once the modules of its classes are there: by name, or by file where that is not on the path."""
    for name, file in request["modules"]:
        try:
            importlib.import_module(name)
        except ImportError:
            spec = importlib.util.spec_from_file_location(name, file)
            assert spec is not None
            assert spec.loader is not None
            module = sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
    return pickle.loads(base64.b64decode(request["task"]))


def files(folder: Path) -> dict[str, str]:
    """Digest of every file by its path, without lock files and remembered hashes, which come and go."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".lock"]
    found = [path for path in paths if path.parent != folder / "hashes"]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _pause() -> None:
    print(PAUSED, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(*sys.argv[1:])
