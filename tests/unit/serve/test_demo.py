"""The demonstration: every trained model answers a question from this page alone, and nothing of it is kept."""

from __future__ import annotations

import http.client
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from asked_models import sound, train_models
from serving import in_thread

import harness
from harness.report.load import RunSelection
from harness.serve import demo as demos
from harness.serve.demo import Demo
from harness.serve.server import Server
from harness.serve.watch import StoreWatch
from harness.store import Store, query

OURS = {"Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of small trained models."""
    place = tmp_path_factory.mktemp("demo")
    train_models(place)
    return place


class Asked:
    """A server with a demonstration, and what it answers."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.origin = f"http://127.0.0.1:{server.port}"

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        return self._send("GET", path, None, headers)

    def post(self, content: bytes, headers: dict[str, str] | None = None, **query: str) -> tuple[int, bytes]:
        sent = {"Origin": self.origin, **OURS} if headers is None else headers
        return self._send("POST", f"/demo/answer?{urlencode(query)}", content, sent)

    def answers(self, content: bytes, **query: str) -> Any:
        status, found = self.post(content, **query)
        assert status == 200
        return json.loads(found)

    def _send(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found


@pytest.fixture
def asked(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where questions lie until they are answered
    with Store.open(f"sqlite:///{results}/store.db", read_only=True) as store:
        demo = Demo(store, RunSelection(), results / "runs")
        with Server(StoreWatch(store, RunSelection()), 0, demo) as server, server.watch, in_thread(server):
            yield Asked(server)


def _model(results: Path, task: str) -> Any:
    with Store.open(f"sqlite:///{results}/store.db", read_only=True) as store:
        views = query.runs(store, task=task)
    best = min(views, key=lambda view: view.validation_rank)
    return best, harness.load(results / "runs" / best.key)


def test_a_text_gets_the_answer_of_the_best_seed(asked: Asked, results: Path) -> None:
    tasks = json.loads(asked.get("/demo.json")[1])
    assert {(one["name"], one["kind"], *one["models"]) for one in tasks} == {
        ("translation", "text", "lstm"),
        ("speech_recognition", "file", "lstm"),
    }
    (said,) = asked.answers(b"red house sings", task="translation")["answers"]
    run, model = _model(results, "translation")
    assert (said["model"], said["seed"]) == ("lstm", run.seed)
    assert said["text"] == model.predict(["red house sings"])[0].text
    assert said["ms"] > 0


def test_a_file_is_answered_and_not_kept(asked: Asked, results: Path, tmp_path: Path) -> None:
    (said,) = asked.answers(sound(9), task="speech_recognition", file="../../me.wav")["answers"]
    assert list(tmp_path.glob("**/*.wav")) == []
    (tmp_path / "me.wav").write_bytes(sound(9))
    _, model = _model(results, "speech_recognition")
    assert said["text"] == model.predict([tmp_path / "me.wav"])[0].text


def test_what_cannot_be_answered_is_said(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no text in UTF-8" in asked.answers(b"\xff\xfe", task="translation")["error"]
    assert "empty" in asked.answers(b"  ", task="translation")["error"]
    assert "task 'nothing'" in asked.answers(b"x", task="nothing")["error"]
    (said,) = asked.answers(b"no sound", task="speech_recognition", file="x.wav")["answers"]
    assert said["error"]
    assert "Traceback" not in said["error"]
    assert "at most 20,000 bytes" in asked.answers(b"x" * 20_001, task="translation")["error"]


def test_one_model_that_breaks_leaves_the_others_their_answers(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Demo, *_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(demos.Demo, "_loaded", broken)
    (said,) = asked.answers(b"red house", task="translation")["answers"]
    assert said["error"] == "RuntimeError: out of memory"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example", **OURS},
        OURS,
        {"Origin": "http://127.0.0.1:{port}", "Content-Type": "text/plain"},
        {"Origin": "http://evil.example", "Host": "evil.example", **OURS},
    ],
    ids=["another origin", "no origin", "a form's type", "another host"],
)
def test_other_sites_cannot_ask(asked: Asked, headers: dict[str, str]) -> None:
    sent = {name: value.format(port=asked.server.port) for name, value in headers.items()}
    assert asked.post(b"red house", sent, task="translation")[0] == 403


def test_a_report_without_a_demonstration_has_none(results: Path) -> None:
    with (
        Store.open(f"sqlite:///{results}/store.db", read_only=True) as store,
        Server(StoreWatch(store, RunSelection()), 0) as server,
        server.watch,
        in_thread(server),
    ):
        plain = Asked(server)
        found = plain.get("/demo.html")[0], plain.get("/demo.json")[0], plain.post(b"x", task="translation")[0]
    assert found == (404, 404, 405)
