"""A model that does not do what it declares is found out before it is trained."""

from __future__ import annotations

from typing import Any

WORDS = (
    *("task=text_generation", "task.dataset=counting", "task.generated_characters=2000", "trainer.embedding_dim=8"),
    *("model=foresight", "budget=steps:4", "sweep=promises"),
)


def test_a_bidirectional_model_that_declares_itself_causal_is_not_trained(cli: Any) -> None:
    said = cli("run", *WORDS, code=2).stderr
    assert "Model 'foresight' breaks a promise" in said
    assert "inputs after t change no features up to t (it declares itself causal), but its features change by" in said
    assert "'harness check model.foresight'" in said
    (run,) = cli.runs()
    assert run["status"] == "failed"
    assert "PromiseError: Model 'foresight'" in run["reason"]
    shown = cli("show", run["key"][:12]).stdout
    assert "Validation" not in shown
    assert "Traceback" not in shown
