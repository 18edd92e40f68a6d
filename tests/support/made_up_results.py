"""A made-up results store: four tasks, six models, two seeds, baselines, failures, impossible pairs.

To look at its report: python tests/support/made_up_results.py FOLDER [SEEDS]
"""

from __future__ import annotations

import hashlib
import math
import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.store import Store
from harness.store.records import (
    EnvironmentRecord,
    MetricRow,
    PredictionRow,
    RunPlan,
    RunSummary,
    SampleRow,
)
from harness.store.states import DIVERGED

MODELS = ("rnn", "lstm", "bilstm", "stacked_lstm", "attention_lstm", "cnn_lstm")
SWEEP = "quickstart"
REASON = (
    "task 'text_generation' predicts the next token, so the model must be causal; 'bilstm' reads future positions. "
    "Models that fit: rnn, lstm, stacked_lstm, attention_lstm, cnn_lstm."
)
HERE = EnvironmentRecord(
    hashlib.sha256(b"here").hexdigest(),
    {
        "cpu": "Example Processor 9000 @ 2.60GHz",
        "logical_cores": 2,
        "threads": 1,
        "memory_gib": 24,
        "accelerator": None,
        "os": "Linux 6",
        "python": "CPython 3.11.7",
        "libraries": {"torch": "2.13.0", "numpy": "2.4.6"},
        "instruction_sets": ["avx2", "avx512f"],
    },
    {"load_average": 0.7, "calibration_gflops": 151.2, "git": {"commit": "abc1234", "dirty": False}},
)
ELSEWHERE = replace(
    HERE,
    hash=hashlib.sha256(b"elsewhere").hexdigest(),
    fingerprint={**HERE.fingerprint, "cpu": "Other Processor 7", "threads": 8},
)


PHASES = {
    "setup": 1.2, "data_wait": 0.5, "forward": 12.1, "backward": 14.0, "optimizer": 1.9, "validation": 4.0,
    "other": 0.4,
}  # fmt: skip
DETAILS = {
    "decoder": "lstm", "precision": "fp32", "context": None, "test_examples": 1200, "train_examples": 20_000,
    "data": {"near_duplicates_removed": 1234, "split": "by cluster"},
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A task of the made-up store: its metrics, the best that a model reaches, and its examples."""

    dataset: str
    units: dict[str, dict[str, Any]]
    reached: float
    start: float
    throughput: str
    examples: list[tuple[str, str]]
    baselines: dict[str, float] = field(default_factory=dict)
    references: list[dict[str, Any]] = field(default_factory=list)
    synthetic: bool = False


def _unit(
    unit: str, higher: bool, description: str = "", signature: str = "", margin: float | None = None
) -> dict[str, Any]:
    told = {"description": description, "signature": signature, "margin": margin}
    return {"unit": unit, "higher_is_better": higher, **told}


BLEU_SIGNATURE = "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.5.1"
SENTENCES = [
    ("The device could not be reached.", "Das Gerät konnte nicht erreicht werden."),
    ("Set temperature", "Temperatur einstellen"),
    ("An unexpected error occurred while connecting.", "Beim Verbinden ist ein unerwarteter Fehler aufgetreten."),
    ("Battery level", "Batteriestand"),
    (
        "Enter the code shown on your <b>screen</b> & press | OK",
        "Gib den Code ein, der auf dem <b>Bildschirm</b> steht",
    ),
    ("Choose the area to clean", "Wähle den zu reinigenden Bereich"),
    ("No new devices were found on the network", "Im Netzwerk wurden keine neuen Geräte gefunden"),
]
ACTIONS = (
    "pick up",
    "put down",
    "open",
    "close",
    "pick up and put back",
    "put down and pick up",
    "open and close",
    "close and open",
)
KINDS = {
    "translation": Kind(
        "interface_strings en→de",
        {
            "bleu": _unit("BLEU", True, "Overlap of word sequences.", BLEU_SIGNATURE, 0.5),
            "chrf": _unit(
                "chrF", True, "Overlap of character sequences.", "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no"
            ),
            "perplexity": _unit("", False, "Exponential of the mean loss of a target symbol."),
        },
        31.0,
        2.0,
        "target tokens/s",
        SENTENCES,
        {"copy_nearest": 14.31},
        [
            {
                "metric": "bleu",
                "value": 28.3,
                "system": "bidirectional GRU, Bahdanau attention",
                "source": "pytorch-seq2seq, notebook 3",
            }
        ],
    ),
    "text_generation": Kind(
        "king_james, characters",
        {
            "bits_per_character": _unit("bits/character", False, "Total code length by characters."),
            "perplexity": _unit("", False),
        },
        1.72,
        3.2,
        "target tokens/s",
        [(f"verse {i}", "") for i in range(6)],
    ),
    "speech_recognition": Kind(
        "digit_strings",
        {"wer": _unit("%", False, "Word errors by words.", "jiwer 4.0"), "cer": _unit("%", False)},
        0.9,
        98.0,
        "frames/s",
        [("", w) for w in ("three one four", "nine", "two seven one eight", "zero", "six six two", "one one")],
    ),
    "action_recognition": Kind(
        "room_clips",
        {"accuracy": _unit("%", True), "top_5_accuracy": _unit("%", True), "macro_f1": _unit("%", True)},
        91.0,
        13.0,
        "examples/s",
        [("", a) for a in ACTIONS],
        {"last_frame": 31.2, "mean_of_frames": 64.0},
        synthetic=True,
    ),
}


def plan_of(task: str, model: str, seed: int = 0, *, sweep: str = SWEEP, kind: str = "model", **config: Any) -> RunPlan:
    """A plan whose key follows from everything in it but the sweep."""
    of_task = KINDS[task]
    primary = next(iter(of_task.units))
    settings = {
        "task": {"name": task, "eval_limit": config.pop("eval_limit", None), "train_limit": None},
        "model": {"name": model, "width": config.pop("width", 256)},
        "optimizer": {"lr": 0.002, "clip": 1.0},
        "trainer": {"precision": config.pop("precision", "fp32"), "softmax": config.pop("softmax", "full")},
        "budget": config.pop("budget", "seconds:30"),
        "seed": seed,
        "sweep": sweep,
    }
    salt = config.pop("salt", "")
    identity = repr((task, model, seed, kind, salt, {k: v for k, v in settings.items() if k != "sweep"}))
    return RunPlan(
        key=hashlib.sha256(identity.encode()).hexdigest(),
        sweep=sweep,
        task=task,
        dataset=config.pop("dataset", of_task.dataset),
        model=model,
        seed=seed,
        config=settings,
        synthetic=of_task.synthetic,
        kind=kind,
        primary={"name": primary, **{k: of_task.units[primary][k] for k in ("unit", "higher_is_better")}},
        units=of_task.units,
        references=of_task.references,
        tuning={"trials": 4, "hours": 0.11} if kind == "model" else {},
        command=f"harness run task={task} model={model} seed={seed} budget=seconds:30",
    )


def finish(
    store: Store,
    plan: RunPlan,
    *,
    skill: float = 0.7,
    environment: EnvironmentRecord = HERE,
    value: float | None = None,
    train_s: float | None = None,
) -> int:
    """Enter a finished run; `skill` 0 to 1 says how near to the best it comes, `value` the result itself.

    `train_s` are its seconds of training, about 30 if not given.
    """
    kind = KINDS[plan.task]
    dice = np.random.default_rng(int(plan.key[:8], 16))
    primary, *others = kind.units
    reached = value if value is not None else kind.start + (kind.reached - kind.start) * (skill + dice.normal(0, 0.015))
    run_id = store.start(plan, environment, owner_pid=os.getpid())
    baseline = plan.kind == "baseline"
    if not baseline:
        rows = []
        for k in range(1, 9):
            done = 1 - math.exp(-0.5 * k)
            step, seconds = 60 * k, 3.7 * k + dice.normal(0, 0.1)
            curve = {primary: kind.start + (reached - kind.start) * done, "loss": 5 - 3.5 * skill * done}
            rows += [
                MetricRow(f"val/{n}", step, v + dice.normal(0, 0.01) * abs(v), step / 100, step * 32, seconds)
                for n, v in curve.items()
            ]
        store.log_metrics(run_id, rows)
    metrics = {f"test/{primary}": reached, **{f"test/{n}": reached * 1.3 for n in others}}
    if not baseline:
        metrics["test/loss"] = 5 - 3.5 * skill
    outputs = []
    for i, (source, reference) in enumerate(kind.examples):
        words = reference.split()
        right = dice.random() < skill
        output = reference if right else " ".join(reversed(words[: max(1, len(words) - 1)]))
        outputs.append(PredictionRow(f"{plan.task}-{i:04d}", source, reference, output, {primary: {"n": 1}}))
    samples = []
    if plan.task == "text_generation":
        samples = [
            SampleRow(f"prompt {n}", "And the LORD said", "", f"And the LORD said unto {plan.model}, behold " * 5)
            for n in (1, 2)
        ]
    charts: dict[str, Any] = {"parts": "length"}
    if plan.task == "action_recognition":
        matrix = (
            dice.multinomial(50, np.full(8, (1 - skill) / 8) + np.zeros(8), size=8) if skill < 1 else np.zeros((8, 8))
        )
        matrix = (np.eye(8) * 50 * skill + dice.random((8, 8)) * 50 * (1 - skill) / 4).round().astype(int)
        charts = {"parts": "class", "confusion": {"labels": list(ACTIONS), "matrix": matrix.tolist()}}
    checkpoint = {"chosen_by": "val/loss", "step": 60 * int(dice.integers(5, 9)), "value": 1.2}
    store.finish(
        run_id,
        RunSummary(
            metrics=metrics,
            primary_value=reached,
            parameters=0 if baseline else 1_234_567 + 1000 * len(plan.model),
            encoder_parameters=0 if baseline else 700_000,
            decoder_parameters=0 if baseline else 89_012,
            phases={} if baseline else PHASES,
            total_s=1.0 if baseline else 34.4,
            train_s=0.5 if baseline else train_s or 29.8 + dice.normal(0, 0.2),
            throughput=0.0 if baseline else 43_210 * (1 + dice.random()),
            throughput_unit="" if baseline else kind.throughput,
            memory_peak_bytes=912_345_678,
            memory={} if baseline else _memory(plan),
            checkpoint={} if baseline else checkpoint,
            details={"baseline": "what one would do without a model"} if baseline else DETAILS | _latency(plan),
            artifacts={} if baseline else {"model": "model.safetensors"},
            charts=charts,
        ),
        outputs,
        samples,
    )
    return run_id


def _memory(plan: RunPlan) -> dict[str, Any]:
    size = 1_000_000 * len(plan.model) + 10_000 * plan.seed
    return {
        "kind": "pss",
        "base_bytes": 650_000_000,
        "training_peak_bytes": 9 * size,
        "evaluation_peak_bytes": 4 * size,
    }


def _latency(plan: RunPlan) -> dict[str, Any]:
    """Longer for longer names."""
    middle = 0.4 * len(plan.model) + 0.02 * plan.seed
    one = {"examples": 1, "calls": 60, "p50_ms": middle, "p95_ms": 1.3 * middle}
    if plan.task == "speech_recognition":
        one["real_time_factor"] = middle / 900
    batch = {"examples": 64, "calls": 20, "p50_ms": 9 * middle, "p95_ms": 10 * middle}
    return {"latency": {"one": one, "batch": batch}}


def fill(store: Store, seeds: int = 2) -> None:
    """The whole made-up sweep."""
    for task, kind in KINDS.items():
        for i, model in enumerate(MODELS):
            for seed in range(seeds):
                plan = plan_of(task, model, seed)
                if task == "text_generation" and model == "bilstm":
                    store.record_incompatible(plan, REASON)
                    continue
                store.plan(plan)
                if task == "speech_recognition" and model == "rnn":
                    run_id = store.start(plan, HERE, owner_pid=os.getpid())
                    error = "DivergedError: the training loss became nan by step 120.\nLower optimizer.lr (now 0.002)."
                    trace = "Traceback (most recent call last):\n  ...\n" + error
                    store.fail(run_id, error, trace, "step 100 loss 9.1", DIVERGED)
                elif not (task == "translation" and model == "cnn_lstm" and seed == seeds - 1):
                    finish(store, plan, skill=(0.55, 0.75, 0.8, 0.84, 0.97, 0.9)[i])
        for name, value in kind.baselines.items():
            finish(store, plan_of(task, name, kind="baseline"), value=value)


if __name__ == "__main__":
    from harness.report import build

    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    (target / "store.db").unlink(missing_ok=True)
    with Store.open(f"sqlite:///{target / 'store.db'}") as made:
        fill(made, seeds=int(sys.argv[2]) if len(sys.argv) > 2 else 2)
        print(build(made, target / "report", sweep=SWEEP))
