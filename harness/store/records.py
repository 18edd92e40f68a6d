"""The records of a run that are written to the results store, as plain dataclasses. No torch import."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RunPlan:
    """A run before it starts.

    Attributes:
        key: 64 hex digits, the run's identity by content.
        config: the resolved configuration as plain JSON data (stored; not the identity by itself).
        synthetic: whether the data is generated.
        kind: "model" or "baseline".
        primary: name, unit and direction of the primary metric: {"name", "unit", "higher_is_better"}.
        units: of every metric by name: {"bleu": {"unit": "BLEU", "higher_is_better": true, "signature": "…",
            "description": "…"}}.
        references: published figures for this data set, the fields of `harness.contract.task.Reference`.
        identity: versions and digests behind the key: {"task_version", "model_version", "engine_digest",
            "plugin_digests", "target" (its name), "data_fingerprint", "model_fingerprint", "record_version"}.
        tuning: {"trials": 4, "hours": 0.1}; empty for untuned.
        command: the command that repeats the run.
    """

    key: str
    sweep: str
    task: str
    dataset: str
    model: str
    seed: int
    config: dict[str, Any]
    synthetic: bool = False
    kind: str = "model"
    primary: dict[str, Any] = field(default_factory=dict)
    units: dict[str, dict[str, Any]] = field(default_factory=dict)
    references: list[dict[str, Any]] = field(default_factory=list)
    identity: dict[str, Any] = field(default_factory=dict)
    tuning: dict[str, float] = field(default_factory=dict)
    command: str = ""


@dataclass(frozen=True)
class EnvironmentRecord:
    """Where a run ran: `fingerprint` is hashed into `hash`; `observed` is not.

    Holds no host name, user name or path.
    """

    hash: str
    fingerprint: dict[str, Any]
    observed: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MetricRow:
    """One value of one metric at one step. `seconds` is training time so far (validation excluded)."""

    name: str
    step: int
    value: float
    epoch: float
    examples: int
    seconds: float


@dataclass(frozen=True)
class PredictionRow:
    """One test example's output and per-metric sufficient statistics; `others`: further right answers."""

    example_id: str
    source: str
    reference: str
    output: str
    statistics: dict[str, Any]
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class SampleRow:
    """An output to show: a prediction chosen by a fixed rule, or a generated text (then `reference` is empty)."""

    title: str
    source: str
    reference: str
    output: str


@dataclass
class RunSummary:
    """The results of a finished run.

    Attributes:
        metrics: final values by "split/name" ("test/bleu", "val/loss").
        primary_value: the primary metric on the final split.
        split: the final split, evaluated once: "test"; "val" for trials of a search, which must not see test.
        parameters: all weights, trained and fixed.
        encoder_parameters: those of the encoder alone; decoder_parameters: those of the decoder that it does not share
            with the encoder. The rest is the engine's: embedding and head.
        phases: seconds by phase; total_s: the wall time of the run; train_s excludes validation and checkpoints.
        throughput, throughput_unit: real, unpadded units per second of training time.
        checkpoint: which weights were tested: {"chosen_by": "val/loss", "step": 400, "value": 1.2}.
        fixed_parameters: how many of `parameters` are not trained.
        details: decoder, backend (what computed the layers: "oneDNN", "fused Python"), precision, precision_chosen
            (why the harness chose it, of runs with precision=auto), notes of the data, context in symbols, latency
            ({"one", "batch"}, each {"examples", "calls", "p50_ms", "p95_ms"}; see `harness.training.latency`)...
            "tested_on" says which examples were scored (`harness.training.prediction_rows.example_set`), "blocks"
            which of them depend on each other (`harness.training.prediction_rows.blocks`).
        artifacts: relative paths in the run folder: {"model", "specs", "card", "samples", "config", "predictions"}.
        charts: what the report draws: "parts", by which scores are divided ("class", "tag", "horizon", "length", ""),
            and the data of charts: {"confusion": {"labels": [...], "matrix": [[...]]}}.
        memory: {"kind": "pss" | "rss", "base_bytes", "training_peak_bytes", "evaluation_peak_bytes", and
            "accelerator_peak_bytes" where there is one}: peaks of the run's process tree, less base_bytes (what the
            process held when the run began).
        machine: {"load_average_mean", "load_average_max", "other_cpu_share" (0..1 of the usable cores, other
            processes), "waiting_share" (0..1 of the time that threads were ready and had no core), "contended",
            "exclusive", "samples"}.
        energy: {"joules", "method": "rapl" | "nvml"}; empty where the machine does not measure it.
    """

    metrics: dict[str, float]
    primary_value: float
    parameters: int
    encoder_parameters: int
    phases: dict[str, float]
    total_s: float
    train_s: float
    split: str = "test"
    to_target_s: float | None = None
    throughput: float = 0.0
    throughput_unit: str = ""
    memory_peak_bytes: int = 0
    checkpoint: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, str] = field(default_factory=dict)
    charts: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    energy: dict[str, Any] = field(default_factory=dict)
    fixed_parameters: int = 0
    decoder_parameters: int = 0

    @property
    def model_parameters(self) -> int:
        """Those of encoder and decoder: what the model plug-in builds, and what match=params makes equal."""
        return self.encoder_parameters + self.decoder_parameters
