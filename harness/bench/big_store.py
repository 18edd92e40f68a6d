"""A synthetic results store as large as a year of sweeps, on which listing and reporting are measured.

Sizes of configurations, records and texts are those of real runs of the built-in plug-ins; values are derived from the
run numbers, so two stores of the same size are equal.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from harness.store import Store
from harness.store.bulk import fill
from harness.store.states import FAILED, FINISHED, INCOMPATIBLE, INTERRUPTED, NO_ENVIRONMENT, PLANNED

TASKS = {
    "translation": ("interface_strings", "bleu", "BLEU", "target tokens/s"),
    "text_generation": ("king_james", "bits_per_character", "bits", "target tokens/s"),
    "speech_recognition": ("spoken_digits", "wer", "%", "input frames/s"),
    "action_recognition": ("gridworld", "accuracy", "%", "examples/s"),
}
MODELS = ("rnn", "lstm", "bilstm", "stacked_lstm", "attention_lstm", "cnn_lstm")
ENVIRONMENTS = ("a" * 64, "b" * 64)
BUDGETS = ("epochs:3",)

_BEGAN = 1_750_000_000.0
_VALIDATION_SHARE = 10  # one row in ten is from validation
_CLASSES = {"parts": "class", "confusion": {"labels": list("abcdefgh"), "matrix": [[7] * 8] * 8}}


def make_big_store(
    url: str, runs: int = 2000, rows: int = 1_000_000, predictions: int = 20, budgets: Sequence[str] = BUDGETS
) -> None:
    """Fill a new store.

    Args:
        url: of a store that does not exist yet.
        runs: number of runs; nine in ten are finished, the others in every other state except running.
        rows: metric rows, spread evenly over the finished runs.
        predictions: test examples of a finished run.
        budgets: each gives separate comparisons, one per task and environment.
    """
    with Store.open(url) as store:
        fill(store, lambda: _tables(runs, rows, predictions, budgets))


def _tables(
    runs: int, rows: int, predictions: int, budgets: Sequence[str]
) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    """The rows of every table."""
    yield (
        "environments",
        [
            {"hash": h, "fingerprint": _fingerprint(threads), "first_seen": _BEGAN}
            for threads, h in enumerate(ENVIRONMENTS)
        ],
    )
    made = [_run(i, budgets) for i in range(runs)]
    for columns in dict.fromkeys(tuple(run) for run in made):  # rows of one state have the same columns
        yield "runs", [run for run in made if tuple(run) == columns]
    keys = {run["key"]: i for i, run in enumerate(made)}
    yield (
        "sweep_cells",
        (
            {"sweep": _sweep(i, budgets), "key": key, "position": i, "planned_at": _BEGAN, "looks": 0}
            for key, i in keys.items()
        ),
    )
    finished = [run for run in made if run["status"] == FINISHED]
    per_run = rows // len(finished)
    yield "final_metrics", (row for run in finished for row in _finals(run))
    yield "predictions", (row for run in finished for row in _predictions(run, predictions))
    more = rows - per_run * len(finished)  # the first run takes the remainder
    yield "metrics", (r for i, run in enumerate(finished) for r in _rows(run, per_run + more * (i == 0)))


def _place(number: int, budgets: Sequence[str]) -> tuple[str, str, str, str, int]:
    """Task, model, environment, budget and seed: the grid, its seeds slowest."""
    number, task = divmod(number, len(TASKS))
    number, model = divmod(number, len(MODELS))
    number, environment = divmod(number, len(ENVIRONMENTS))
    seed, budget = divmod(number, len(budgets))
    return list(TASKS)[task], MODELS[model], ENVIRONMENTS[environment], budgets[budget], seed


def _sweep(number: int, budgets: Sequence[str]) -> str:
    return f"sweep-{_place(number, budgets)[4] // 5}"


def _key(number: int, budgets: Sequence[str]) -> str:
    task, model, _, budget, seed = _place(number, budgets)
    return hashlib.sha256(f"{task} {model} {budget} {seed}".encode()).hexdigest()


def _run(number: int, budgets: Sequence[str]) -> dict[str, Any]:
    """A row of `runs`."""
    task, model, environment, budget, seed = _place(number, budgets)
    dataset, metric, unit, throughput = TASKS[task]
    state = (FAILED, INTERRUPTED, INCOMPATIBLE, PLANNED)[number // 10 % 4] if number % 10 == 9 else FINISHED
    ran = state not in (INCOMPATIBLE, PLANNED)
    began = _BEGAN + 100.0 * number
    row: dict[str, Any] = {
        "id": number + 1,
        "key": _key(number, budgets),
        "environment": environment if ran else NO_ENVIRONMENT,
        "status": state,
        "task": task,
        "dataset": dataset,
        "model": model,
        "kind": "model",
        "seed": seed,
        "synthetic": task == "action_recognition",
        "config": _config(task, dataset, model, budget, seed),
        "primary_metric": {"name": metric, "unit": unit, "higher_is_better": metric in ("bleu", "accuracy")},
        "units": {
            name: {"unit": unit, "higher_is_better": name != "loss", "signature": "|nrefs:1|case:mixed|eff:no",
                   "description": "a sentence that says what the metric measures and where it was published"}
            for name in (metric, "chrf", "loss", "perplexity")
        },
        "published": [{"metric": metric, "value": 30.0, "system": "somebody's", "source": "doi:10.0000/made.up"}] * 2,
        "identity": {
            "task_version": "1", "model_version": "1", "engine_digest": "c" * 64, "data_fingerprint": "d" * 64,
            "record_version": 1, "plugin_digests": {task: "e" * 64, model: "f" * 64},
        },
        "tuning": {"trials": 4, "hours": 0.05},
        "command": f"harness run task={task} model={model} budget={budget} seed={seed}",
        "attempts": int(ran),
        "history": [],
        "created_at": began - 50.0,
    }  # fmt: skip
    if state == INCOMPATIBLE:
        row["reason"] = f"task '{task}' predicts the next token, so the model must be causal; '{model}' reads ahead"
    if ran:
        row |= {"started_at": began, "ended_at": began + 90.0, "heartbeat": began + 90.0, "observed": _observed()}
    if state == FAILED:
        row |= {
            "reason": "DivergedError: the training loss became nan by step 120.",
            "traceback": "Traceback (most recent call last):\n" + '  File "harness/training/execute.py", line 1\n' * 20,
            "log_tail": "step 100 loss 9.1\n" * 20,
        }
    return row | (_left_by(number, throughput, metric) if state == FINISHED else {})


def _left_by(number: int, throughput: str, metric: str) -> dict[str, Any]:
    """The columns of a finished run."""
    names = ("setup", "data_preparation", "compile_and_warm_up", "data_wait", "forward", "backward", "optimizer",
             "validation", "checkpoint", "logging", "other")  # fmt: skip
    return {
        "primary_value": _value(number, metric),
        "split": "test",
        "parameters": 1_234_567 + number,
        "fixed_parameters": 0,
        "encoder_parameters": 700_000,
        "decoder_parameters": 89_012,
        "total_s": 90.0,
        "train_s": 60.0 + number % 7,
        "to_target_s": None if number % 3 else 30.0,
        "throughput": 43_210.0 + number,
        "throughput_unit": throughput,
        "memory_peak_bytes": 912_345_678,
        "phases": {name: 90.0 / (len(names) + i) for i, name in enumerate(names)},
        "checkpoint": {"chosen_by": "val/loss", "step": 400, "value": 1.2},
        "details": {"decoder": "lstm", "backend": "torch", "precision": "fp32", "data": {"pairs": "1000 of 1000"},
                    "latency": {"one": {"examples": 1, "calls": 90, "p50_ms": 4.0 + 0.01 * (number % 9), "p95_ms": 5.5},
                                "batch": {"examples": 64, "calls": 20, "p50_ms": 31.5, "p95_ms": 35.0}}},
        "artifacts": {name: f"{name}.file" for name in ("model", "samples", "config", "predictions")},
        "charts": _CLASSES if number % 4 == 3 else {"parts": "length"},
        "memory": {"kind": "pss", "base_bytes": 400_000_000, "training_peak_bytes": 300_000_000,
                   "evaluation_peak_bytes": 250_000_000},
        "machine": {"load_average_mean": 1.5, "load_average_max": 2.5, "other_cpu_share": 0.1, "waiting_share": 0.02,
                    "contended": number % 11 == 0, "exclusive": False, "samples": 18},
        "energy": {},
    }  # fmt: skip


def _config(task: str, dataset: str, model: str, budget: str, seed: int) -> dict[str, Any]:
    """About as many settings as a real run has."""
    return {
        "task": {"name": task, "dataset": dataset, "data_seed": 0, "train_limit": None, "eval_limit": 1000,
                 "loader": {"batch_size": 128, "batch_tokens": 2500, "bptt": 128, "bucket": True},
                 "vocab_size": 4000, "max_length": 100, "val_pairs": 1000, "test_pairs": 1000, "lowercase": None},
        "model": {"name": model, "width": 256, "layers": 1, "dropout": 0.1},
        "optimizer": {"lr": 0.002, "weight_decay": 0.01, "betas": [0.9, 0.98], "warmup": 0.05, "schedule": "cosine",
                      "clip": 1.0, "label_smoothing": 0.0},
        "trainer": {"precision": "fp32", "device": "cpu", "threads": 1, "val_every": None, "validations": 8,
                    "final_split": "test", "early_stopping": None, "checkpoint_every_s": 60.0, "log_every": 50,
                    "embedding_dim": 256, "head_dropout": 0.1, "tie_embeddings": True, "softmax": "full"},
        "decoding": {"method": "greedy", "beam_size": 4, "length_penalty": 0.6, "max_length": None, "samples": 5,
                     "sample_length": 300, "temperature": 0.8, "top_k": 0, "top_p": 1.0},
        "seed": seed, "budget": budget, "target": f"{TASKS[task][1]}:15", "sweep": "made_up",
        "logger": [], "exclusive": False,
        "tuning": {"trials": 4, "hours": 0.05},
        "asked": {"match": None, "precision": "fp32", "precision_reason": "", "device": "auto", "threads": None},
    }  # fmt: skip


def _fingerprint(threads: int) -> dict[str, Any]:
    return {
        "cpu": "a CPU with a long name @ 2.50GHz", "logical_cores": 4, "threads": threads + 1, "memory_gib": 16,
        "accelerator": None, "system": "Linux 6.1", "python": "3.11.7", "blas": "mkl", "isa": "AVX512",
        "libraries": {"torch": "2.14.1", "numpy": "2.4.6", "pytorch_lightning": "2.6.6"},
    }  # fmt: skip


def _observed() -> dict[str, Any]:
    return {"gflops": 80.5, "load_average": 0.5, "commit": "0" * 40, "dirty": False, "governor": "performance"}


def _value(number: int, name: str) -> float:
    """A value between 10 and 30 that depends only on the run and the metric."""
    return 20.0 + 10.0 * math.sin(number * 12.9898 + len(name) * 78.233)


def _finals(run: dict[str, Any]) -> Iterator[dict[str, Any]]:
    metric = run["primary_metric"]["name"]
    for name in (f"test/{metric}", "test/chrf", "test/loss", "val/loss", f"val/{metric}"):
        value = run["primary_value"] if name == f"test/{metric}" else _value(run["id"], name)
        yield {"run_id": run["id"], "name": name, "value": value}


def _predictions(run: dict[str, Any], number: int) -> Iterator[dict[str, Any]]:
    for i in range(number):
        yield {
            "run_id": run["id"],
            "position": i,
            "example_id": f"{run['dataset']}/test/{i:05d}",
            "source": "open the file that was closed before",
            "reference": "die Datei öffnen, die vorher geschlossen wurde",
            "output": f"die Datei öffnen, die {run['model']} schloss",
            "statistics": {
                run["primary_metric"]["name"]: _statistics(run["primary_metric"]["name"], run["id"] + 7 * i)
            },
        }


def _statistics(metric: str, number: int) -> dict[str, Any]:
    """The statistics of the built-in metric of that name for a test example."""
    wrong = number % 5
    kept: dict[str, dict[str, Any]] = {
        "bleu": {
            "hypothesis_length": 8,
            "reference_length": 8,
            "matches": [8 - wrong, 7 - wrong, 5 - wrong, max(0, 3 - wrong)],
            "totals": [8, 7, 6, 5],
        },
        "bits_per_character": {"nats": 60.0 + wrong, "characters": 40.0},
        "wer": {"edits": wrong, "reference_length": 8},
        "accuracy": {"correct": int(wrong < 3)},
    }
    return kept[metric]


def _rows(run: dict[str, Any], number: int) -> Iterator[dict[str, Any]]:
    """A decreasing curve, for training at every step and for validation at some."""
    metric = run["primary_metric"]["name"]
    validation = number // _VALIDATION_SHARE // 2
    counts = {"val/loss": validation, f"val/{metric}": validation}
    counts["train/gradient_norm"] = (number - 2 * validation) // 2
    counts["train/loss"] = number - sum(counts.values())
    for name, count in counts.items():
        stride = 2000 // max(count, 1) or 1
        for i in range(count):
            step = (i + 1) * stride
            yield {
                "run_id": run["id"],
                "name": name,
                "step": step,
                "value": 1.0 + 4.0 * math.exp(-step / 500) + 0.01 * math.sin(step + run["id"]),
                "epoch": step / 500,
                "examples": step * 128,
                "seconds": step * 0.03,
            }
