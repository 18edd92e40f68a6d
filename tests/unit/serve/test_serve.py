"""The served report: this machine only, read-only, and up to date."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from made_up_results import HERE, finish, plan_of
from postgresql_server import POSTGRESQL
from serving import in_thread

from harness.errors import StoreError, UserError
from harness.report.load import RunSelection
from harness.serve import watch as watching
from harness.serve.progress import progress, state_of
from harness.serve.server import Server
from harness.serve.watch import StoreWatch
from harness.store import Store
from harness.store.records import MetricRow


class Served:
    """A server in a thread, and a client that sends what it is told to."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
        """Status, content and headers of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        found = answer.status, answer.read(), dict(answer.getheaders())
        connection.close()
        return found

    def live(self) -> dict:
        return json.loads(self.ask("/live.json")[1])


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Store]:
    """What a sweep writes to."""
    with Store.open(f"sqlite:///{tmp_path}/results/store.db") as store:
        yield store


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=POSTGRESQL)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store in either database."""
    sqlite = f"sqlite:///{tmp_path}/results/store.db"
    with Store.open(sqlite if request.param == "sqlite" else request.getfixturevalue("postgresql_url")) as store:
        yield store


@contextmanager
def serving(url: str) -> Iterator[Served]:
    """The report of a store, which is only read."""
    with (
        Store.open(url, read_only=True) as read,
        Server(StoreWatch(read, RunSelection()), 0) as server,
        server.watch,
        in_thread(server),
    ):
        yield Served(server)


@pytest.fixture
def served(written: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The report of the test's own store, followed every hundredth of a second."""
    monkeypatch.setattr(watching, "LOOK_S", 0.01)
    monkeypatch.setattr(watching, "SHORTEST_S", 0.01)
    with serving(written.url) as made:
        yield made


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The report of a store that does not change, for tests that only ask."""
    url = f"sqlite:///{tmp_path_factory.mktemp('still')}/store.db"
    with Store.open(url) as store:
        finish(store, plan_of("translation", "lstm"))
    with serving(url) as made:
        yield made


@pytest.fixture
def filled(written: Store) -> Store:
    finish(written, plan_of("translation", "lstm"))
    finish(written, plan_of("translation", "rnn"))
    return written


def until_version(served: Served, number: int) -> dict:
    """Ask until the report was built so often."""
    end = time.monotonic() + 60
    while (found := served.live())["version"] < number:
        assert time.monotonic() < end, found
    return found


def test_the_report_and_its_files_are_served(still: Served) -> None:
    status, page, headers = still.ask("/")
    assert status == 200
    assert b"lstm" in page
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert still.ask("/index.html")[1] == page
    assert still.ask("/tables/summary.csv")[1].startswith(b"Model,")
    assert still.ask("/report.md")[0] == 200


def test_it_listens_on_the_loopback_address_alone(still: Served) -> None:
    assert still.server.socket.getsockname()[0] == "127.0.0.1"
    assert still.server.address == f"http://127.0.0.1:{still.server.port}/"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW"])
def test_other_methods_are_refused(still: Served, method: str) -> None:
    status, _, headers = still.ask("/", method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_head_is_get_without_its_content(still: Served) -> None:
    status, content, headers = still.ask("/", "HEAD")
    assert (status, content) == (200, b"")
    assert int(headers["Content-Length"]) == len(still.ask("/")[1])


@pytest.mark.parametrize(
    "path",
    [
        "/../store.db", "/..%2fstore.db", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/tables/../../store.db",
        "/tables/", "/tables", "/figures/", "/store.db", "/..\\store.db", "/index.html%00.csv", "/%c3%a9%ff",
    ],
)  # fmt: skip
def test_nothing_but_files_of_the_report_is_there(still: Served, path: str) -> None:
    status, content, _ = still.ask(path)
    assert (status, content) == (404, b"There is no such page.\n")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:PORT", "127.0.0.1", "127.0.0.1:1", "", "localhost.evil.example:PORT"]
)
def test_a_name_that_was_made_to_lead_here_gets_nothing(still: Served, host: str) -> None:
    for path in ("/", "/live.json"):
        status, content, _ = still.ask(path, Host=host.replace("PORT", str(still.server.port)))
        assert status == 403
        assert b"lstm" not in content
    assert still.ask("/", Host=f"LOCALHOST:{still.server.port}")[0] == 200


def test_no_page_from_elsewhere_may_read_or_embed_it(still: Served) -> None:
    headers = still.ask("/live.json", Origin="https://evil.example")[2]
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = still.ask("/")[2]["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_the_page_changes_after_a_run_finishes(filled: Store, served: Served) -> None:
    before = served.ask("/")[1]
    assert served.live()["version"] == 1
    assert b"bilstm" not in before
    finish(filled, plan_of("translation", "bilstm"))
    until_version(served, 2)
    assert b"bilstm" in served.ask("/")[1]


def test_the_store_cannot_be_written_through_it(filled: Store, served: Served) -> None:
    import sqlalchemy as sa

    read = served.server.watch.store
    with pytest.raises(StoreError, match="cannot be written"):
        read.plan(plan_of("translation", "bilstm"))
    with pytest.raises(StoreError, match="readonly"):
        read.read(lambda connection: connection.execute(sa.text("DELETE FROM runs")))
    assert served.live()["states"]["finished"] == 2


def test_an_empty_store_is_a_page_that_waits(written: Store, served: Served) -> None:
    assert b"No runs yet" in served.ask("/")[1]
    finish(written, plan_of("translation", "lstm"))
    until_version(served, 2)
    page = served.ask("/")[1]
    assert b"No runs yet" not in page
    assert b"Comparison of sequence models" in page


def test_a_report_that_cannot_be_built_leaves_the_old_one_and_says_so(
    filled: Store, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise StoreError("The results store answers: no.")

    before = served.ask("/")[1]
    monkeypatch.setattr(watching, "load", broken)
    finish(filled, plan_of("translation", "bilstm"))
    end = time.monotonic() + 60
    while "answers: no" not in served.live()["problem"]:
        assert time.monotonic() < end
    assert served.ask("/")[1] == before


def test_the_panel_tells_where_the_runs_are(either: Store) -> None:
    finish(either, plan_of("translation", "lstm", 0))
    for seed in (1, 2):
        either.plan(plan_of("translation", "lstm", seed))
    begun = either.start(plan_of("translation", "rnn", 0, budget="steps:200"), HERE, owner_pid=os.getpid())
    either.log_metrics(begun, [MetricRow("train/loss", step, 1.0, 0.1, step, 1.0) for step in (10, 50)])
    failed = either.start(plan_of("translation", "bilstm", 0), HERE, owner_pid=os.getpid())
    either.fail(failed, "DivergedError: nan", "", "")
    found = progress(either, RunSelection())
    assert found.states == {"finished": 1, "planned": 2, "running": 1, "failed": 1}
    assert [(c.model, dict(c.states)) for c in found.cells] == [
        ("lstm", {"finished": 1, "planned": 2}), ("rnn", {"running": 1}), ("bilstm", {"failed": 1}),
    ]  # fmt: skip
    (run,) = found.running
    assert (run.model, run.share) == ("rnn", 0.25)
    # One run took 34.4 s; two more wait, and one that has just begun takes as long.
    assert found.left_s == pytest.approx(3 * 34.4, abs=1.0)
    assert [f[3] for f in found.failed] == ["DivergedError: nan"]
    assert progress(either, RunSelection(models=("rnn",))).states == {"running": 1}


def test_nothing_is_guessed_where_nothing_is_known(written: Store) -> None:
    written.start(plan_of("translation", "rnn", 0, budget="tokens:200"), HERE, owner_pid=os.getpid())
    written.plan(plan_of("translation", "lstm"))
    found = progress(written, RunSelection())
    assert (found.running[0].share, found.running[0].left_s, found.left_s) == (None, None, None)


def test_signs_of_life_do_not_rebuild_the_report(either: Store) -> None:
    run = either.start(plan_of("translation", "rnn"), HERE, owner_pid=os.getpid())
    before = state_of(either, RunSelection())
    either.heartbeat(run)
    either.log_metrics(run, [MetricRow("train/loss", 1, 1.0, 0.1, 1, 1.0)])
    assert state_of(either, RunSelection()) == before
    either.fail(run, "stopped", "", "")
    assert state_of(either, RunSelection()) != before


def test_a_run_whose_process_dies_is_noticed(written: Store) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        written.start(plan_of("translation", "rnn"), HERE, owner_pid=process.pid)
        before = state_of(written, RunSelection())
        assert state_of(written, RunSelection()) == before
        assert progress(written, RunSelection()).states == {"running": 1}
    finally:
        process.kill()
        process.communicate()
    assert state_of(written, RunSelection()) != before
    assert progress(written, RunSelection()).states == {"interrupted": 1}


def test_what_somebody_else_wrote_into_the_store_does_not_silence_the_panel(filled: Store, served: Served) -> None:
    run = filled.start(plan_of("translation", "bilstm"), HERE, owner_pid=os.getpid())
    filled.write(
        lambda c, _: c.exec_driver_sql(f"UPDATE runs SET started_at = 'noon', total_s = 9e999 WHERE id = {run}").close()
    )
    end = time.monotonic() + 60
    while "cannot be counted" not in (problem := served.live()["problem"]):
        assert time.monotonic() < end, problem


def test_a_port_in_use_is_one_message(filled: Store) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"Port {port} .* in use .*--port"):
            Server(StoreWatch(filled, RunSelection()), port)
    with pytest.raises(UserError, match="between 0 and 65535"):
        Server(StoreWatch(filled, RunSelection()), 70_000)


def test_a_written_report_asks_nobody(filled: Store, tmp_path: Path) -> None:
    from harness.report import build

    build(filled, tmp_path / "report")
    pages = list((tmp_path / "report").rglob("*.html"))
    assert pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "live.json" not in text
        assert "fetch(" not in text
        assert b"live.json" in watching.with_live_part(text.encode())
