"""Many writers at once, servers that go away, disks that fill up: no update is lost and no driver's error is shown."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest
import sqlalchemy as sa
from postgresql_server import POSTGRESQL, PostgresqlServer

from harness.errors import StoreError
from harness.store import AlreadyRunning, Store, query, schema, transactions
from harness.store.records import EnvironmentRecord, MetricRow

PROCESSES, ROUNDS = 8, 25

WRITER = """
import os, sys
from harness.store import AlreadyFinished, AlreadyRunning, Store, schema
from harness.store.records import EnvironmentRecord, MetricRow, PredictionRow, RunPlan, RunSummary, SampleRow
import sqlalchemy as sa

url, number, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
environment = EnvironmentRecord("e" * 64, {"processor": "made up"})
meta = schema.meta.c

def plan(seed):
    return RunPlan(key=f"{seed:064x}", sweep="all", task="t", dataset="d", model="m", seed=seed, config={})

def count(connection, unsure):
    # Reads, then writes what follows from it: the update that SQLite's default loses without a word.
    value = connection.execute(sa.select(meta.value).where(meta.name == "counter").with_for_update()).scalar_one()
    connection.execute(sa.update(schema.meta).where(meta.name == "counter").values(value=str(int(value) + 1)))

with Store.open(url) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    transactions, started = 0, 0
    for i in range(rounds):
        store.write(count)
        shared = plan(10_000 + i)  # every process wants it; one gets it
        try:
            run_id = store.start(shared, environment, owner_pid=os.getpid())
            started += 1
            store.finish(run_id, RunSummary({"test/m": 1.0}, 1.0, 1, 1, {}, 1.0, 1.0), [], [])
            transactions += 1
        except (AlreadyRunning, AlreadyFinished):
            pass
        own = plan(number * 100 + i)
        store.plan(own)
        run_id = store.start(own, environment, owner_pid=os.getpid())
        store.log_metrics(run_id, [MetricRow("train/loss", step, 1.0, 0.0, step, 0.1) for step in range(20)])
        store.heartbeat(run_id)
        rows = [PredictionRow(str(j), "", "", "x", {}) for j in range(10)]
        samples = [SampleRow("a", "b", "c", "d")]
        store.finish(run_id, RunSummary({"test/m": 1.0}, 1.0, 1, 1, {}, 1.0, 1.0), rows, samples)
        transactions += 7
    print(transactions, started, flush=True)
"""


def start_writer(url: str, number: int, rounds: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(number), str(rounds)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


@contextmanager
def running(writers: list[subprocess.Popen[str]]) -> Iterator[list[subprocess.Popen[str]]]:
    """The processes; none of them outlives the block."""
    try:
        yield writers
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()


def let_go(writers: list[subprocess.Popen[str]]) -> None:
    """Start all of them when all have the store open."""
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n", writer.communicate()[1]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()


def test_eight_processes_that_write_everything_at_once_lose_nothing(url: str):
    with Store.open(url) as store:
        store.write(lambda c, _: c.execute(sa.insert(schema.meta).values(name="counter", value="0")).close())
    counts = []
    with running([start_writer(url, i, ROUNDS) for i in range(PROCESSES)]) as writers:
        let_go(writers)
        began = time.perf_counter()
        for writer in writers:
            output, errors = writer.communicate(timeout=300)
            assert (writer.returncode, errors) == (0, ""), errors
            counts.append(tuple(map(int, output.split())))
        took = time.perf_counter() - began
    done = sum(transactions for transactions, _ in counts)
    print(
        f"\n{url.partition(':')[0]}: {done} transactions of {PROCESSES} processes in {took:.2f} s, {done / took:.0f}/s"
    )
    assert sum(started for _, started in counts) == ROUNDS
    with Store.open(url, create=False) as store:
        counter = store.read(
            lambda c: c.execute(sa.select(schema.meta.c.value).where(schema.meta.c.name == "counter")).scalar_one()
        )
        assert int(counter) == PROCESSES * ROUNDS
        views = query.runs(store, sweep="all", status="finished")
        assert len({v.key for v in views}) == len(views) == (PROCESSES + 1) * ROUNDS
        assert all(v.attempts == 1 for v in views)
        totals = {
            table.name: store.read(
                lambda c, table=table: c.execute(sa.select(sa.func.count()).select_from(table)).scalar()
            )
            for table in (schema.metrics, schema.final_metrics, schema.predictions, schema.samples)
        }
        own = PROCESSES * ROUNDS
        assert totals == {"metrics": 20 * own, "final_metrics": own + ROUNDS, "predictions": 10 * own, "samples": own}


def test_of_two_starts_at_once_one_gets_the_run(url: str, make_plan, environment):
    plan = make_plan()
    barrier = threading.Barrier(4)

    def start(_number: int) -> str:
        with Store.open(url) as store:
            barrier.wait()
            try:
                store.start(plan, environment, owner_pid=os.getpid())
                return "started"
            except AlreadyRunning:
                return "already running"

    Store.open(url).close()
    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(start, range(4)))
    assert found == ["already running"] * 3 + ["started"]


def test_two_environments_that_want_one_planned_run_both_get_a_row(url: str, make_plan, environment):
    plan = make_plan()
    environments = [environment, EnvironmentRecord("f" * 64, {"processor": "another"})]
    barrier = threading.Barrier(2)

    def start(where: EnvironmentRecord) -> int:
        with Store.open(url) as store:
            barrier.wait()
            return store.start(plan, where, owner_pid=os.getpid())

    with Store.open(url) as store:
        store.plan(plan)
        with ThreadPoolExecutor(2) as pool:
            assert len(set(pool.map(start, environments))) == 2
        assert {v.environment for v in query.runs(store)} == {e.hash for e in environments}


def test_a_lock_that_is_held_for_a_while_is_waited_for(sqlite_url: str, make_plan, monkeypatch):
    monkeypatch.setattr("harness.store.engine.LOCK_TIMEOUT_S", 0.01)  # SQLite itself gives up at once
    with Store.open(sqlite_url) as holder, Store.open(sqlite_url) as waiter:
        held, tried = threading.Event(), threading.Event()
        passing = transactions.is_passing

        def seen(error: sa.exc.DBAPIError, attempt: int = 1) -> bool:
            tried.set()
            return passing(error, attempt)

        monkeypatch.setattr(transactions, "is_passing", seen)

        def hold(_connection: sa.Connection, _unsure: bool) -> bool:
            held.set()
            return tried.wait(60)

        with ThreadPoolExecutor(1) as pool:
            holding = pool.submit(holder.write, hold)
            assert held.wait(60)
            waiter.plan(make_plan())
            assert holding.result()
        assert len(query.runs(waiter)) == 1


def test_a_lock_that_is_never_given_up_is_one_message(sqlite_url: str, make_plan, monkeypatch):
    monkeypatch.setattr("harness.store.engine.LOCK_TIMEOUT_S", 0.01)
    monkeypatch.setattr(transactions, "PATIENCE_S", 0.1)
    with Store.open(sqlite_url) as holder, Store.open(sqlite_url) as waiter:

        def hold(_connection: sa.Connection, _unsure: bool) -> None:
            with pytest.raises(StoreError, match=r"database is locked.*Another process"):
                waiter.plan(make_plan())

        holder.write(hold)


def test_a_full_disk_is_one_message_and_the_store_stays_whole(sqlite_url: str, make_plan, environment):
    with Store.open(sqlite_url) as store:
        run_id = store.start(make_plan(), environment, owner_pid=os.getpid())

        def fill(connection: sa.Connection, _unsure: bool) -> None:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")  # what a full disk answers
            rows = [{"run_id": run_id, "position": i, "title": "", "source": "x" * 500, "reference": "", "output": ""}
                    for i in range(200)]  # fmt: skip
            connection.execute(sa.insert(schema.samples), rows)

        with pytest.raises(StoreError, match=r"full.*make room and start the command again; finished runs are kept"):
            store.write(fill)
        assert query.samples(store, run_id) == []
    with Store.open(sqlite_url) as store:
        store.log_metrics(run_id, [MetricRow("val/loss", 1, 1.0, 0.1, 4, 0.5)])
        assert len(query.metrics(store, run_id)) == 1


class TestServer:
    """A PostgreSQL server that is restarted, crashes, or is not there."""

    pytestmark: ClassVar = POSTGRESQL

    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["shutdown", "crash"])
    def test_writers_outlast_a_restart(self, postgresql_server: PostgresqlServer, postgresql_url: str, how):
        with Store.open(postgresql_url) as store:
            store.write(lambda c, _: c.execute(sa.insert(schema.meta).values(name="counter", value="0")).close())
            with running([start_writer(postgresql_url, i, ROUNDS) for i in range(3)]) as writers:
                let_go(writers)
                for _ in range(2):
                    seen = len(query.runs(store, status="finished"))
                    while len(query.runs(store, status="finished")) == seen and any(w.poll() is None for w in writers):
                        pass
                    postgresql_server.restart(how)
                for writer in writers:
                    _, errors = writer.communicate(timeout=300)
                    assert (writer.returncode, errors) == (0, ""), errors
            views = query.runs(store, sweep="all", status="finished")
            assert len({v.key for v in views}) == len(views) == (3 + 1) * ROUNDS
            assert all(len(query.metrics(store, v.id)) == 20 for v in views if v.seed < 10_000)
            assert all(v.attempts == 1 for v in views)

    def test_an_answer_that_was_lost_does_not_count_twice(
        self, postgresql_url: str, make_plan, environment, summary, outputs, monkeypatch
    ):
        """The transaction was committed, but the connection broke before the client heard of it."""
        commits = itertools.count()

        def losing(connection: Any) -> None:
            connection.commit()
            if next(commits) % 2 == 0:
                raise psycopg.OperationalError("server closed the connection unexpectedly")

        plan = make_plan()
        with Store.open(postgresql_url) as store:
            with monkeypatch.context() as patched:
                patched.setattr(store._engine.dialect, "do_commit", losing)
                run_id = store.start(plan, environment, owner_pid=os.getpid())
                store.finish(run_id, summary, *outputs)
            assert next(commits) == 4
            view = query.run(store, plan.key)
            assert (view.status, view.attempts, view.history) == ("finished", 1, [])
            assert query.predictions(store, run_id) == outputs[0]

    def test_a_server_that_is_not_there_is_one_message(self, tmp_path: Path, monkeypatch):
        monkeypatch.setattr(transactions, "OPENING_PATIENCE_S", 0.1)
        with pytest.raises(StoreError, match=r"server does not answer: check that it runs") as caught:
            Store.open(f"postgresql+psycopg://me:hidden@/results?host={tmp_path}")
        assert "hidden" not in str(caught.value)

    def test_a_database_that_is_not_there_is_one_message(self, postgresql_server: PostgresqlServer, postgresql_url):
        with pytest.raises(StoreError, match=r'"nowhere" does not exist'):
            Store.open(f"postgresql+psycopg://postgres@/nowhere?host={postgresql_server.folder}")

    def test_the_short_form_of_the_address_works(self, postgresql_url: str):
        for scheme in ("postgres", "postgresql"):
            Store.open(postgresql_url.replace("postgresql+psycopg", scheme)).close()

    def test_a_user_without_rights_is_told_so(
        self, postgresql_server: PostgresqlServer, postgresql_url: str, make_plan
    ):
        with Store.open(postgresql_url) as store:
            for statement in (
                "DROP ROLE IF EXISTS reader",
                "CREATE ROLE reader LOGIN",
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
            ):
                store.write(lambda c, _, text=statement: c.exec_driver_sql(text).close())
            store.plan(make_plan())
        with Store.open(postgresql_url.replace("postgres@", "reader@")) as store:
            assert len(query.runs(store)) == 1
            with pytest.raises(StoreError, match="permission denied"):
                store.plan(make_plan(seed=1))
