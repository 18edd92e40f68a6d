"""Runs that are killed at chosen moments and started again, in processes forked from one that has torch loaded.

    python killed_runs.py FOLDER PLAN.json

The plan is {"words": [...], "rounds": {NAME: [MOMENT, ...]}}; every round is one run, killed at each of its moments in
turn and then left to end. A moment is {"at": "step" | "saving" | "replacing" | "validating" | "testing", "number": N,
"signal": 9, "spoil": "flip" | "cut" | "bomb" | ""}: what is about to happen when the signal comes, and what is done to
the checkpoint before the next start. The answer, JSON on standard output, holds by round what the store and the folder
have at the end, and after each moment.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import traceback
from pathlib import Path
from typing import Any

from harness.config import compose, to_settings
from harness.config.identity import run_plan
from harness.store import Store
from harness.store.query import metrics, runs
from harness.training import callback, checkpoint, execute


class Bomb:
    """Leaves a file where whoever unpickles it runs code."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return open, (self.path, "w")


def start(words: list[str], folder: Path, moment: dict[str, Any] | None) -> int:
    """Run in a forked process; its wait status."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    code = 3
    try:
        settings = to_settings(compose(words), threads=1)
        if moment is not None:
            arm(moment)
        with Store.open(f"sqlite:///{folder}/store.db") as store:
            execute.execute(settings, run_plan(settings), store=store, results=folder)
        code = 0
    except KeyboardInterrupt:
        code = 4
    except BaseException:
        traceback.print_exc()
    os._exit(code)


def arm(moment: dict[str, Any]) -> None:
    """Have this process killed when the moment comes."""
    places = {
        "step": (callback.RunCallback, "after_step"),
        "saving": (checkpoint.AtomicCheckpointIO, "save_checkpoint"),
        "replacing": (checkpoint.os, "replace"),
        "validating": (callback, "evaluate"),
        "testing": (execute, "evaluate"),
    }
    owner, name = places[moment["at"]]
    original, calls = getattr(owner, name), [0]

    def watched(*args: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] == moment["number"]:
            os.kill(os.getpid(), moment["signal"])
        return original(*args, **options)

    setattr(owner, name, watched)


def spoil(kind: str, last: Path) -> None:
    """Damage a checkpoint as a disk, a full disk or an attacker would."""
    whole = bytearray(last.read_bytes())
    if kind == "flip":
        whole[len(whole) // 2] ^= 0xFF
    elif kind == "cut":
        del whole[len(whole) // 2 :]
    elif kind == "bomb":
        whole = bytearray(pickle.dumps(Bomb(str(last.parent / "exploded"))))
    last.write_bytes(whole)


def seen(folder: Path) -> dict[str, Any]:
    """What store and folder have."""
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        (view,) = runs(store)
        rows = [[m.name, m.step, m.value, m.epoch, m.examples, m.seconds] for m in metrics(store, view.id)]
    last = folder / "runs" / view.key / "last.ckpt"
    files = sorted(path.name for path in last.parent.iterdir())
    step = checkpoint.read(last)["global_step"] if last.exists() else None
    summary = view.summary
    return {
        "status": view.status,
        "attempts": view.attempts,
        "rows": rows,
        "files": files,
        "last_step": step,
        "log": (last.parent / "log.txt").read_text(),
        "metrics": summary.metrics if summary else {},
        "checkpoint": summary.checkpoint if summary else {},
        "phases": summary.phases if summary else {},
        "total_s": summary.total_s if summary else None,
        "train_s": summary.train_s if summary else None,
    }


def main() -> None:
    """Do what the plan says."""
    folder, plan = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    answer = {}
    for name, moments in plan["rounds"].items():
        place = folder / name
        parts = []
        for moment in moments:
            status = start(plan["words"], place, moment)
            parts.append({"exit": status, **seen(place)})
            if moment.get("spoil"):
                spoil(moment["spoil"], *place.glob("runs/*/last.ckpt"))
        status = start(plan["words"], place, None)
        answer[name] = {"parts": parts, "exit": status, **seen(place)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
