"""precision=auto from the command line to the store: the check is made, recorded, and leaves no trace in the run."""

from __future__ import annotations

from typing import Any

from harness.store import Store, query

SMALL = (
    *("task=text_generation", "task.dataset=counting", "task.generated_characters=20000", "trainer.embedding_dim=64"),
    *("model=lstm", "model.hidden_size=128", "budget=steps:12", "trainer.validations=2", "trainer.log_every=1"),
    *("decoding.samples=1", "decoding.sample_length=5", "trainer.head_dropout=0.3"),
)


def _recorded(cli: Any) -> tuple[query.RunView, list[tuple[Any, ...]]]:
    """The one run of the store, and all that it logged but for seconds, which are measured."""
    with Store.open(f"sqlite:///{cli.folder}/results/store.db") as store:
        (view,) = query.runs(store)
        rows = query.metrics(store, view.id)
    return view, [(row.name, row.step, row.value, row.epoch, row.examples) for row in rows]


def test_a_run_whose_precision_was_checked_equals_one_that_was_told_it_to_the_last_digit(
    cli: Any, make_cli: Any, tmp_path: Any
) -> None:
    said = cli("run", *SMALL, "precision=auto")
    chosen, rows = _recorded(cli)
    assert chosen.summary is not None
    became = chosen.summary.details["precision"]
    assert became in ("fp32", "bf16")  # as the machine has it
    reason = chosen.summary.details["precision_chosen"]
    assert reason.startswith("auto: ")
    assert "could not be made" not in reason
    assert f"{became}, by auto:" in " ".join(said.stdout.split())
    assert f"{became}, by auto:" in " ".join(cli("show", chosen.key[:12]).stdout.split())

    other = make_cli(tmp_path / "told")
    other("run", *SMALL, f"trainer.precision={became}")
    told, told_rows = _recorded(other)
    assert told.summary is not None
    assert chosen.key == told.key
    assert rows == told_rows
    assert chosen.summary.metrics == told.summary.metrics
    assert "precision_chosen" not in told.summary.details

    again = cli("run", *SMALL, "precision=auto")
    assert "finished already" in again.stdout
    assert _recorded(cli)[0].started_at == chosen.started_at


def test_a_sweep_refuses_to_choose(cli: Any) -> None:
    for command in (("sweep",), ("run", "-m")):
        message = cli(*command, *SMALL, "seed=0,1", "precision=auto", code=2).stderr
        assert message == (
            "Error: precision=auto is for single runs ('harness run'), and the runs of a sweep have one precision: "
            "write precision=fp32 or precision=bf16.\n"
        )
    assert not (cli.folder / "results").exists()
