"""Commands in processes that are forked from one that has torch loaded, so that a test does not wait for its import.

Each command is a process of its own that leaks nothing into the next, as one started by a shell is; only third-party
libraries and the modules that `harness.sweeping.launchers.preload` names are there already. What depends on a cold
start (import times, what is imported, variables that libraries read as they load) is tested with `cold=True`, and so is
everything with `--all`.

    Warm().run(["-m", "harness", "list", "tasks"], cwd=folder, env=environment)

A sweep starts one more interpreter, multiprocessing's fork server, which would import everything again: each command
gets a second process that is forked with it and becomes that server when it is asked for.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

READ_AT_IMPORT = ("OMP_", "MKL_", "GOMP_", "ATEN_", "PYTHON", "LD_")
"""Variables that the loaded process has read already; a command that sets them otherwise starts cold."""

_EMBRYO_FD = 250  # beyond every descriptor that a fork server is told to use


class Process:
    """A command that runs: the part of `subprocess.Popen` that tests use, in text mode."""

    def __init__(self, pid: int, status: socket.socket, stdout: IO[str] | None, stderr: IO[str] | None) -> None:
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self.returncode: int | None = None
        self._status = status

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            with selectors.DefaultSelector() as ready:
                ready.register(self._status, selectors.EVENT_READ)
                if not ready.select(timeout):
                    raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            self.returncode = int(self._status.recv(64))
            self._status.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it printed until its end, the first time; raises subprocess.TimeoutExpired."""
        said = ["", ""]

        def read(number: int, pipe: IO[str]) -> None:
            with pipe:
                said[number] = pipe.read()

        pipes = [(n, pipe) for n, pipe in enumerate((self.stdout, self.stderr)) if pipe is not None and not pipe.closed]
        threads = [threading.Thread(target=read, args=each, daemon=True) for each in pipes]
        for thread in threads:
            thread.start()
        self.wait(timeout)
        for thread in threads:
            thread.join(timeout)
            if thread.is_alive():  # something that it started holds the pipe
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return said[0], said[1]


class Warm:
    """Starts commands from a process that has torch loaded, which begins with the first of them.

    Args:
        cold: start each command in an interpreter of its own instead.
    """

    def __init__(self, cold: bool = False) -> None:
        self.cold = cold
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def start(self, words: Sequence[str], *, cwd: Path, env: Mapping[str, str], quiet: bool = False) -> Any:
        """Start `python WORDS...`, where the words are a script or `-m MODULE`, and what follows.

        Args:
            words: of the command line, without the interpreter.
            cwd, env: its folder, and all of its environment.
            quiet: nobody reads what it prints.

        Returns:
            A `Process`, or a `subprocess.Popen` where it starts cold.
        """
        pipe = subprocess.DEVNULL if quiet else subprocess.PIPE
        if self.cold or _differs(env):
            return subprocess.Popen([sys.executable, *words], cwd=cwd, env=env, stdout=pipe, stderr=pipe, text=True)
        with socket.socket(socket.AF_UNIX) as client, open(os.devnull, "rb") as nothing:
            client.connect(self._running())
            ends = [] if quiet else [os.pipe(), os.pipe()]
            own = [os.fdopen(read, encoding="utf-8") for read, _ in ends] or [None, None]
            theirs = [os.open(os.devnull, os.O_WRONLY)] * 2 if quiet else [write for _, write in ends]
            request = json.dumps({"words": list(words), "cwd": str(cwd), "env": dict(env)}).encode()
            client.sendall(len(request).to_bytes(4, "big"))
            socket.send_fds(client, [b"."], [nothing.fileno(), *theirs])
            client.sendall(request)
            for descriptor in set(theirs):
                os.close(descriptor)
            pid = int.from_bytes(_receive(client, 4), "big")
            return Process(pid, client.dup(), *own)

    def run(
        self, words: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float = 540
    ) -> subprocess.CompletedProcess[str]:
        """Start a command and wait for its end; raises subprocess.TimeoutExpired."""
        process = self.start(words, cwd=cwd, env=env)
        try:
            out, err = process.communicate(timeout)
        except BaseException:
            process.kill()
            raise
        return subprocess.CompletedProcess(list(words), process.returncode, out, err)

    def close(self) -> None:
        """End the process that has torch loaded."""
        if self._server is not None:
            assert self._server.stdin is not None
            self._server.stdin.close()
            self._server.wait()
            self._server = None
        if self._folder is not None:
            self._folder.cleanup()

    def _running(self) -> str:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="warm-")
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(f"{self._folder.name}/socket")
                listener.listen()
                self._server = subprocess.Popen(
                    [sys.executable, __file__, str(listener.fileno())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[listener.fileno()],
                )
        return f"{self._folder.name}/socket"


def _differs(env: Mapping[str, str]) -> bool:
    """Whether a command has other variables of those that are read only once."""
    names = {name for name in {*env, *os.environ} if name.startswith(READ_AT_IMPORT)}
    return any(env.get(name) != os.environ.get(name) for name in names - {"PYTHONPATH", "PYTHONWARNINGS"})


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError("the other side is gone")
        data += more
    return data


class _Fork(Exception):
    """Raised in the process that is to be a command, so that it leaves the loop below."""

    def __init__(self, request: dict[str, Any], descriptors: list[int]) -> None:
        self.request, self.descriptors = request, descriptors


def _serve(listener: socket.socket) -> None:
    """Fork a process for each request until standard input is closed; raises _Fork in each of them."""
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    running: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as ready:
        for source in (listener, woken, 0):
            ready.register(source, selectors.EVENT_READ)
        while True:
            sources = [key.fileobj for key, _ in ready.select()]
            if 0 in sources:
                return
            if woken in sources:
                with suppress(BlockingIOError):
                    os.read(woken, 4096)
                _report_ends(running)
            if listener in sources:
                connection, _ = listener.accept()
                size = int.from_bytes(_receive(connection, 4), "big")
                _, descriptors, _, _ = socket.recv_fds(connection, 1, 3)
                request = json.loads(_receive(connection, size))
                pid = os.fork()
                if pid == 0:
                    raise _Fork(request, descriptors)
                for descriptor in descriptors:
                    os.close(descriptor)
                connection.sendall(pid.to_bytes(4, "big"))
                running[pid] = connection


def _report_ends(running: dict[int, socket.socket]) -> None:
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with running.pop(pid) as connection, suppress(OSError):
                connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _become(words: list[str], cwd: str, env: dict[str, str], descriptors: Sequence[int]) -> None:
    """Make this process what one started with these words would be, and run them."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    tempfile.tempdir = None
    import importlib
    import runpy
    import warnings

    if "PYTHONWARNINGS" in env:
        warnings.simplefilter(env["PYTHONWARNINGS"])  # type: ignore[arg-type]
    module = words[0] == "-m"
    added = [folder for folder in env.get("PYTHONPATH", "").split(os.pathsep) if folder and folder not in sys.path]
    sys.path[:0] = [cwd if module else str(Path(words[0]).parent), *added]
    importlib.invalidate_caches()
    _prepare_fork_server()
    sys.argv = words[1:] if module else words
    try:
        if module:
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(words[0], run_name="__main__")
        code = 0
    except KeyboardInterrupt:
        sys.excepthook(*sys.exc_info())
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever waits sees by what it ended, as of an interpreter
        os.kill(os.getpid(), signal.SIGINT)
        code = 1
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    _exit(code)


def _exit(code: int) -> None:
    """End as an interpreter does, but for taking a million objects apart one by one."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with suppress(OSError):  # nobody reads any more
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _prepare_fork_server() -> None:
    """Fork what becomes multiprocessing's fork server when this process starts one, instead of a new interpreter."""
    from multiprocessing import util

    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        os.dup2(theirs.fileno(), _EMBRYO_FD)
        _wait_to_serve(_EMBRYO_FD)
    theirs.close()
    os.dup2(ours.fileno(), _EMBRYO_FD)
    ours.close()
    os.set_inheritable(_EMBRYO_FD, False)
    original: Callable[..., int] = util.spawnv_passfds
    unused = [pid]

    def spawn(path: bytes, args: Sequence[str], passed: Sequence[int]) -> int:
        if not unused or "multiprocessing.forkserver" not in args[-1]:
            return original(path, args, passed)
        ignored = [n for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) == signal.SIG_IGN]
        order = {"code": args[-1], "cwd": os.getcwd(), "env": dict(os.environ), "fds": list(passed), "ignored": ignored}
        with socket.socket(fileno=_EMBRYO_FD) as to:
            message = json.dumps(order).encode()
            to.sendall(len(message).to_bytes(4, "big"))
            socket.send_fds(to, [b"."], [0, 1, 2, *passed])
            to.sendall(message)
        return unused.pop()

    util.spawnv_passfds = spawn


def _wait_to_serve(descriptor: int) -> None:
    """Wait, with nothing open, for the order to be a fork server; ends this process."""
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, os.sysconf("SC_OPEN_MAX"))
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.close(nothing)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    code = 0
    try:
        with socket.socket(fileno=descriptor) as order:
            size = int.from_bytes(_receive(order, 4), "big")
            _, received, _, _ = socket.recv_fds(order, 1, 16)
            asked = json.loads(_receive(order, size))
        moved = _moved_up(received)
        for number, each in zip([0, 1, 2, *asked["fds"]], moved, strict=True):
            os.dup2(each, number)
            os.close(each)
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["env"])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in asked["ignored"]:
            signal.signal(number, signal.SIG_IGN)
        exec(asked["code"], {"__name__": "__main__"})
    except EOFError:  # the command has ended without one
        pass
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    os._exit(code)


def _moved_up(descriptors: Sequence[int]) -> list[int]:
    """The same files under numbers that are in nobody's way."""
    import fcntl

    moved = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, _EMBRYO_FD + 1) for each in descriptors]
    for each in descriptors:
        os.close(each)
    return moved


def _main() -> None:
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        sys.path.pop(0)  # this folder, which a command does not have
        import harness.sweeping.launchers.preload  # noqa: F401

        try:
            _serve(listener)
        except _Fork as fork:
            request, descriptors = fork.request, fork.descriptors
        else:
            return
    _become(request["words"], request["cwd"], request["env"], descriptors)


if __name__ == "__main__":
    _main()
