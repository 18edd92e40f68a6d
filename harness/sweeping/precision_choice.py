"""Resolves `precision=auto` for one run, before the run gets a key.

The choice of an earlier process of the same run is kept, so that an interrupted run can resume. Otherwise
`harness.training.precision` decides. Its check trains in a separate process, so the run that follows has the random
numbers, warm-up and memory use of a run with an explicit precision.

    python -P -m harness.sweeping.precision_choice FILE    reads the run from standard input, writes FILE
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from harness.data.progress import waiting

if TYPE_CHECKING:
    from harness.config.settings import RunSettings
    from harness.store import Store
    from harness.training.precision import PrecisionVerdict

LONGEST_S = 900.0
"""Timeout of a check in seconds."""

_COUNTS = ("finished", "running", "interrupted")  # a failed run may choose again


def chosen(settings: RunSettings, store: Store) -> tuple[RunSettings, dict[str, float]]:
    """The settings with "auto" replaced by fp32 or bf16 and the reason added, and seconds spent by phase.

    Args:
        settings: of a single run, with its threads and device resolved.
        store: searched for an interrupted run.
    """
    from harness.measure.clock import PhaseClock
    from harness.training.precision import PrecisionVerdict, obstacle

    earlier = _earlier(settings, store)
    if earlier is not None:
        return earlier, {}
    why_not, clock = obstacle(settings), PhaseClock()
    if why_not:
        return _with(settings, "fp32", f"auto: {why_not}"), {}
    try:
        with clock.phase("data_preparation"), waiting(f"Preparing data of {settings.task.name}"):
            settings.task.prepare_data()
        with clock.phase("setup"), waiting("Checking whether bf16 may be used"):
            verdict = _checked(settings)
    except Exception as error:
        # The run will hit the same problem with its data or model, and record it.
        verdict = PrecisionVerdict("fp32", f"the check could not be made: {type(error).__name__}: {error}")
    spent = clock.totals()
    before = {name: seconds for name, seconds in spent.items() if name in ("data_preparation", "setup")}
    return _with(settings, verdict.precision, f"auto: {verdict.reason}"), before


def _earlier(settings: RunSettings, store: Store) -> RunSettings | None:
    """The settings with the precision chosen earlier for this run in this environment, or None."""
    from harness.config.identity import run_key
    from harness.measure.environment import measure_environment
    from harness.store import query

    possible = {run_key(made): made for made in (_with(settings, name, "") for name in ("fp32", "bf16"))}
    if not any(store.status(key) for key in possible):
        return None
    here = measure_environment(settings.trainer.device, settings.trainer.threads or 1).hash
    found = [
        view
        for view in query.runs(store, task=settings.task.name, model=settings.model.name)
        if view.key in possible and view.environment == here and view.status in _COUNTS and _reason(view.config)
    ]
    if not found:
        return None
    newest = max(found, key=lambda view: view.started_at or 0.0)
    return _with(possible[newest.key], possible[newest.key].trainer.precision, _reason(newest.config))


def _reason(config: dict[str, Any]) -> str:
    """Why the precision of a stored run was chosen; empty if it was requested."""
    return str(config.get("asked", {}).get("precision_reason", ""))


def _with(settings: RunSettings, precision: str, why: str) -> RunSettings:
    asked = replace(settings.asked, precision_reason=" ".join(why.split()))
    return replace(settings, trainer=replace(settings.trainer, precision=precision), asked=asked)


def _checked(settings: RunSettings) -> PrecisionVerdict:
    """The verdict of the check, made in a separate process.

    Raises:
        ChildProcessError: the process ended without one, or timed out.
    """
    from harness.training.precision import PrecisionVerdict

    modules = os.pathsep.join(path or os.getcwd() for path in sys.path)  # for plug-ins that a notebook made importable
    with TemporaryDirectory(prefix="harness-precision-") as folder:
        answer = Path(folder, "verdict.json")
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "harness.sweeping.precision_choice", str(answer)],
                input=json.dumps(settings.plain),
                capture_output=True,
                text=True,
                env=os.environ | {"PYTHONPATH": modules},
                timeout=LONGEST_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ChildProcessError(f"it took more than {LONGEST_S:g} s") from None
        if not answer.exists():
            last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
            raise ChildProcessError(last)
        return PrecisionVerdict(**json.loads(answer.read_text(encoding="utf-8")))


def main() -> None:
    """Check the run described on standard input, and write the verdict."""
    from harness.runtime import tune_allocator

    tune_allocator()  # before anything imports torch
    import torch

    from harness.config import settings_from_plain
    from harness.training.load_data import load_data
    from harness.training.precision import check_curve

    settings = settings_from_plain(json.load(sys.stdin))
    torch.set_num_threads(settings.trainer.threads or 1)
    verdict = check_curve(settings, load_data(settings.task))
    Path(sys.argv[1]).write_text(json.dumps(asdict(verdict)), encoding="utf-8")


if __name__ == "__main__":
    main()
