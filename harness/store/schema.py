"""The tables of the results store, column by column.

Times are Unix seconds (UTC). A value that is not a number (NaN) is stored as NULL, since SQLite has no NaN. JSON
columns hold plain JSON without NaN or infinity.

When a table or the meaning of its JSON changes, increment `SCHEMA_VERSION`.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
)

from harness.store.states import STATES
from harness.store.values import Name, SafeText, fitted

SCHEMA_VERSION = 6
"""Version of the tables below and of the JSON in them, written to `meta`. A store of another version is refused."""

metadata = MetaData()


def shortened(column: Column[str], name: str) -> str:
    """A name as stored in its column: a very long one is cut (`values.fitted`)."""
    return fitted(name, column.type.length) if isinstance(column.type, Name) else name


def looks_planned(value: object) -> int:
    """A value of `sweep_cells.looks`; 0 where something else than a number stands there, as SQLite allows."""
    return value if isinstance(value, int) else 0


meta = Table(
    "meta",
    metadata,
    Column("name", Name(40), primary_key=True, comment="schema_version | store_id | created_at"),
    Column("value", SafeText, nullable=False, comment="as text"),
    info={"meaning": "what the store says of itself"},
)

environments = Table(
    "environments",
    metadata,
    Column("hash", Name(64), primary_key=True, comment="digest of the fingerprint"),
    Column("fingerprint", JSON, nullable=False, comment="what was hashed: processor, threads, libraries, ..."),
    Column("first_seen", Float, nullable=False, comment="when a run first started in it"),
    info={"meaning": "where runs ran; no host names, user names or paths"},
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True, comment="number in this store, for the other tables"),
    Column("key", Name(64), nullable=False, comment="RunKey: identity by content, 64 hex digits"),
    Column("environment", Name(64), nullable=False, comment="environments.hash; empty before the run starts"),
    Column("status", Name(16), nullable=False, comment=" | ".join(STATES)),
    # -- what was planned -----------------------------------------------------------------------------
    Column("task", Name(100), nullable=False, comment="name of the task"),
    Column("dataset", Name(200), nullable=False, comment="name of the data set"),
    Column("model", Name(100), nullable=False, comment="name of the model, or of the baseline"),
    Column("kind", Name(16), nullable=False, comment="model | baseline"),
    Column("seed", BigInteger, nullable=False, comment="seed of the run"),
    Column("synthetic", Boolean, nullable=False, comment="whether the data is generated"),
    Column("config", JSON, nullable=False, comment="the resolved configuration"),
    Column("primary_metric", JSON, nullable=False, comment='{"name", "unit", "higher_is_better"}'),
    Column("units", JSON, nullable=False, comment="by metric: unit, higher_is_better, signature, description, margin"),
    Column(
        "published",
        JSON,
        nullable=False,
        comment='published figures: [{"metric", "value", "system", "source", ...}], the fields of Reference',
    ),
    Column("identity", JSON, nullable=False, comment="versions and digests behind the key"),
    Column("tuning", JSON, nullable=False, comment='{"trials", "hours"}; empty: untuned'),
    Column("command", SafeText, nullable=False, comment="repeats the run"),
    # -- how it went ----------------------------------------------------------------------------------
    Column("reason", SafeText, comment="incompatible: why; failed: the error, one line"),
    Column("failure", Name(16), comment="failed: diverged | limit | error"),
    Column("traceback", SafeText, comment="of a failed run"),
    Column("log_tail", SafeText, comment="the last lines that a failed run printed"),
    Column("attempts", Integer, nullable=False, comment="how often it was started"),
    Column(
        "history",
        JSON,
        nullable=False,
        comment='earlier attempts: [{"status", "environment", "at", "reason"}]',
    ),
    Column("owner_pid", Integer, comment="process that runs it; NULL: nobody does"),
    Column(
        "owner_started",
        Float,
        comment="when that process started; tells it from a later one of the same number",
    ),
    Column("owner_place", Name(32), comment="digest of the machine's boot and process name space"),
    Column("heartbeat", Float, comment="last sign of life"),
    Column("observed", JSON, comment="beside the environment, not hashed: calibration, load, commit"),
    Column("created_at", Float, nullable=False, comment="when it was planned"),
    Column("started_at", Float, comment="start of the last attempt"),
    Column("ended_at", Float, comment="when it finished, failed or was interrupted"),
    # -- what a finished run leaves -------------------------------------------------------------------
    Column("primary_value", Float, comment="the primary metric on the final split"),
    Column("split", Name(10), comment="the final split: test, or val for trials of a search"),
    Column("parameters", BigInteger, comment="all weights, trained and fixed"),
    Column("fixed_parameters", BigInteger, comment="those of them that are not trained"),
    Column("encoder_parameters", BigInteger, comment="those of the encoder alone"),
    Column("decoder_parameters", BigInteger, comment="those of the decoder that it does not share with the encoder"),
    Column("total_s", Float, comment="wall time of the run, seconds"),
    Column("train_s", Float, comment="seconds of training, without validation and checkpoints"),
    Column("to_target_s", Float, comment="training seconds until the target was first reached"),
    Column("throughput", Float, comment="real, unpadded units per second of training"),
    Column("throughput_unit", Name(60), comment="target tokens/s, input frames/s or examples/s"),
    Column("memory_peak_bytes", BigInteger, comment="peak memory of the run's processes"),
    Column("phases", JSON, comment="seconds by phase"),
    Column("checkpoint", JSON, comment='{"chosen_by", "step", "value"}'),
    Column("details", JSON, comment="decoder, backend, precision, latency, notes of the data, ..."),
    Column("artifacts", JSON, comment="paths in the run folder: model, specs, card, samples, config, predictions"),
    Column("charts", JSON, comment='{"parts": "class", "confusion": {"labels", "matrix"}}'),
    Column("memory", JSON, comment="kind, base_bytes and peaks in bytes of training, evaluation and accelerator"),
    Column("machine", JSON, comment="how busy the machine was: load averages, shares of others, contended, exclusive"),
    Column("energy", JSON, comment='{"joules", "method"}; empty where the machine does not measure it'),
    UniqueConstraint("key", "environment", name="one_run_per_environment"),
    Index("runs_by_task", "task", "model"),
    info={"meaning": "the ledger: one row a run and environment, and what a finished run leaves"},
)

final_metrics = Table(
    "final_metrics",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, comment="runs.id"),
    Column("name", Name(120), primary_key=True, comment="split/metric: test/bleu, val/loss"),
    Column("value", Float, comment="NULL: not a number"),
    info={"meaning": "the final values of finished runs"},
)

metrics = Table(
    "metrics",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, comment="runs.id"),
    Column("name", Name(120), primary_key=True, comment="split/metric: train/loss, val/bleu"),
    Column("step", Integer, primary_key=True, comment="optimizer steps so far"),
    Column("value", Float, comment="NULL: not a number"),
    Column("epoch", Float, nullable=False, comment="passes over the training data so far"),
    Column("examples", BigInteger, nullable=False, comment="training examples so far"),
    Column("seconds", Float, nullable=False, comment="training time so far, validation excluded"),
    info={"meaning": "curves: what a run logged while it trained"},
)

predictions = Table(
    "predictions",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, comment="runs.id"),
    Column("position", Integer, primary_key=True, comment="order in the test split"),
    Column("example_id", Name(200), nullable=False, comment="stable across runs: the key of paired tests"),
    Column("source", SafeText, nullable=False, comment="the input as text; empty where it has none"),
    Column("reference", SafeText, nullable=False, comment="the right answer as text"),
    Column("output", SafeText, nullable=False, comment="what the model said"),
    Column("statistics", JSON, nullable=False, comment="by metric: sufficient statistics"),
    Column("others", JSON, nullable=False, default=list, comment="right answers beyond the first"),
    Index("predictions_by_example", "example_id"),
    info={"meaning": "what finished runs said for each example of the final split"},
)

samples = Table(
    "samples",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, comment="runs.id"),
    Column("position", Integer, primary_key=True, comment="order of showing"),
    Column("title", SafeText, nullable=False, comment="example id, or what was asked for"),
    Column("source", SafeText, nullable=False, comment="the input, or the beginning that was given"),
    Column("reference", SafeText, nullable=False, comment="empty for a generated text"),
    Column("output", SafeText, nullable=False, comment="what the model said"),
    info={"meaning": "outputs that finished runs chose to show"},
)

sweep_cells = Table(
    "sweep_cells",
    metadata,
    Column("sweep", Name(200), primary_key=True, comment="name of the sweep"),
    Column("key", Name(64), primary_key=True, comment="runs.key; one run may belong to several sweeps"),
    Column("position", Integer, nullable=False, comment="order in which the cells were planned"),
    Column("planned_at", Float, nullable=False, comment="when"),
    Column("looks", Integer, nullable=False, comment="how often its sweep may look and add seeds; 0: no such plan"),
    Index("cells_by_key", "key"),
    info={"meaning": "which runs belong to which sweep"},
)

checks = Table(
    "checks",
    metadata,
    Column("kind", Name(16), primary_key=True, comment="task | dataset | target | model"),
    Column("name", Name(200), primary_key=True, comment="of the plug-in; a data set's begins with its task's"),
    Column("digest", Name(64), primary_key=True, comment="of its source, as in runs.identity"),
    Column("scope", Name(200), primary_key=True, comment="words given to the check beside the name; empty: none"),
    Column("options", JSON, nullable=False, comment="values of the plug-in's options that were given, by name"),
    Column("failed", JSON, nullable=False, comment="names of the clauses that failed; empty: it passed"),
    Column("clauses", Integer, nullable=False, comment="how many clauses applied"),
    Column("contract", Integer, nullable=False, comment="version of the contract"),
    Column("distribution", Name(200), nullable=False, comment="of the plug-in, with its version"),
    Column("checked_at", Float, nullable=False, comment="when"),
    info={"meaning": "what came of checking plug-ins against their contracts"},
)

LEFT_BY_A_RUN = (final_metrics, metrics, predictions, samples)
"""Tables with the results of runs, by `run_id`."""
