"""A PostgreSQL server for the tests, from the programs that the system has, in a folder that goes with the session.

It answers on a Unix socket only. PostgreSQL refuses to run as root, so root starts it as the user `postgres`, whom
the system's package makes. Tests that use it bear the marks in `POSTGRESQL`.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

POSTGRESQL = [pytest.mark.service, pytest.mark.postgresql]
_PATIENCE_S = 60.0


class PostgresqlServer:
    """A server of its own; `database()` gives an empty database of it, `restart` and `crash` do what they say."""

    def __init__(self, *, durable: bool = False) -> None:
        """Make and start it.

        Args:
            durable: write through to the disk, as a real server does; otherwise to the system only, which is quicker
                and outlasts a crash of the server all the same.
        """
        self._programs = programs()
        self._as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] * (os.geteuid() == 0)
        self._safety = [] if durable else ["-c", "fsync=off"]
        self._names = (f"test{i}" for i in itertools.count())
        self._process: subprocess.Popen[bytes] | None = None
        # /tmp, since a socket's path must be short and every user must reach it.
        self.folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
        if self._as_user:
            shutil.chown(self.folder, "postgres", "postgres")
        self._call("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync",
                   "--locale=C")  # fmt: skip
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        import psycopg

        options = ["-D", str(self._data), "-k", str(self.folder), "-c", "listen_addresses=", *self._safety]
        with self._log.open("ab") as log:
            command = [*self._as_user, str(self._programs / "postgres"), *options]
            self._process = subprocess.Popen(command, cwd="/", stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                psycopg.connect(self._address("postgres")).close()
                return
            except psycopg.OperationalError:
                assert self._process.poll() is None, f"PostgreSQL did not start: {self.log()}"
                assert time.monotonic() < deadline, f"PostgreSQL does not answer: {self.log()}"
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT ends sessions and shuts down, SIGQUIT is a crash."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(_PATIENCE_S)

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it and start it again."""
        self.stop(how)
        self.start()

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = next(self._names)
        self._execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = url.partition("@/")[2].partition("?")[0]
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def close(self) -> None:
        """Stop it and remove its folder."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)
        self._log.unlink(missing_ok=True)

    def log(self) -> str:
        """The last lines of the server's log."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])

    @property
    def _log(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.log"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _address(self, database: str) -> str:
        return f"host={self.folder} user=postgres dbname={database}"

    def _execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _call(self, program: str, *words: str) -> None:
        command = [*self._as_user, str(self._programs / program), *words]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def programs() -> Path:
    """The folder with the newest server on this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: float(p.parts[-3]))
    on_path = shutil.which("postgres")
    server = found[-1] if found else Path(on_path or "")
    assert server.name, "tests marked postgresql need PostgreSQL's server (Debian: apt-get install postgresql)"
    return server.parent


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A server that the tests of this process share, each with a database of its own."""
    server = PostgresqlServer()
    yield server
    server.close()


@pytest.fixture
def postgresql_url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """An empty database on the shared server."""
    url = postgresql_server.database()
    yield url
    postgresql_server.drop(url)
