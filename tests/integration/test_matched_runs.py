"""`match` from the command line to the store: the solved hidden_size, what the network has, and refusals."""

from __future__ import annotations

from typing import Any

TINY = (
    *("task=text_generation", "task.dataset=counting", "task.generated_characters=2000", "trainer.embedding_dim=16"),
    *("budget=steps:2", "trainer.validations=1", "decoding.samples=1", "decoding.sample_length=5"),
)


def _configuration(cli: Any, key: str) -> str:
    return cli("show", key[:12]).stdout.partition("Configuration:")[2]


def test_a_matched_run_has_the_parameters_that_were_asked_for(cli: Any) -> None:
    done = cli("run", *TINY, "model=stacked_lstm", "match=params:20000")
    (run,) = cli.runs()
    shown = _configuration(cli, run["key"])
    assert "match: params:20000" in shown
    hidden_size = int(shown.partition("  hidden_size: ")[2].split()[0])
    # Two LSTM layers: 4 W (D + W) + 8 W, then 4 W (W + W) + 8 W.
    encoder = 4 * hidden_size * (16 + hidden_size) + 8 * hidden_size + 8 * hidden_size * hidden_size + 8 * hidden_size
    assert abs(encoder - 20_000) <= 400
    assert f"(encoder {encoder:,}, " in done.stdout
    assert run["parameters"] > encoder


def test_the_same_width_by_hand_is_the_same_run(cli: Any) -> None:
    cli("run", *TINY, "model=lstm", "match=total:20000")
    (run,) = cli.runs()
    assert abs(run["parameters"] - 20_000) <= 400
    hidden_size = _configuration(cli, run["key"]).partition("  hidden_size: ")[2].split()[0]
    again = cli("run", *TINY, "model=lstm", f"model.hidden_size={hidden_size}")
    assert "finished already" in again.stdout
    assert len(cli.runs()) == 1


def test_a_size_out_of_reach_is_refused_before_anything_is_written(cli: Any) -> None:
    message = cli("run", *TINY, "model=attention_lstm", "match=params:1000", code=2).stderr
    assert message.startswith("Error: match=params:1000: no hidden_size of model 'attention_lstm'")
    assert "The nearest are hidden_size=8 with 968 (-3.20 %) and hidden_size=12 with 1,740 (+74.00 %)" in message
    assert not (cli.folder / "results").exists()


def test_a_sweep_records_the_model_that_cannot_be_matched_and_runs_the_others(cli: Any) -> None:
    cli("sweep", *TINY, "model=lstm,attention_lstm", "match=params:4000", "--workers", "1")
    runs = {run["model"]: run for run in cli.runs()}
    assert runs["lstm"]["status"] == "finished"
    assert runs["attention_lstm"]["status"] == "incompatible"
    assert (
        "The nearest are hidden_size=20 with 3,860 (-3.50 %) and hidden_size=24 with 5,208"
        in runs["attention_lstm"]["reason"]
    )
    cli("report")
    page = (cli.folder / "results" / "report" / "report.md").read_text().replace("\\", "")
    assert "no hidden_size of model 'attention_lstm'" in page
