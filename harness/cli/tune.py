"""`harness tune`: the best trial of each task and model of a search, as a table for conf/tuned/."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    sweep: Annotated[str, typer.Option("--sweep", help="name of the search")] = "tuning",
) -> None:
    """Print tuned defaults, chosen on validation data, as YAML: harness tune > conf/tuned/default.yaml."""
    from omegaconf import OmegaConf

    from harness.config.tuning import tuned_table
    from harness.store import Store
    from harness.store.query import runs

    with Store.open(create=False) as store:
        table = tuned_table(runs(store, sweep=sweep))
    print(f"# Learning rate, clipping and dropout of each model on each task: the best trial of sweep '{sweep}'")
    print("# on validation data. Written by `harness tune`; the search itself is conf/experiment/tuning.yaml.")
    print(OmegaConf.to_yaml(OmegaConf.create(table)), end="")
