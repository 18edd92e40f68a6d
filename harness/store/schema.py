"""The tables of the results store, column by column.

Times are Unix seconds (UTC). A value that is not a number (NaN) is stored as NULL, since SQLite knows no NaN.
JSON columns hold plain JSON without NaN or infinity. Change a table only together with `SCHEMA_VERSION`.
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
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = 1
"""Version of the tables below, written to `meta`. A store of a newer version is refused."""

PLANNED, RUNNING, FINISHED, FAILED, INTERRUPTED, INCOMPATIBLE = (
    "planned",
    "running",
    "finished",
    "failed",
    "interrupted",
    "incompatible",
)
STATES = (PLANNED, RUNNING, FINISHED, FAILED, INTERRUPTED, INCOMPATIBLE)
"""The ledger's states. planned -> running -> finished | failed | interrupted; incompatible is never run."""

NO_ENVIRONMENT = ""
"""`runs.environment` of a row that has not run anywhere yet (a NULL would not take part in uniqueness)."""

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", String(40), primary_key=True, comment="schema_version | store_id | created_at"),
    Column("value", Text, nullable=False),
)

environments = Table(
    "environments",
    metadata,
    Column("hash", String(64), primary_key=True, comment="digest of the fingerprint"),
    Column("fingerprint", JSON, nullable=False, comment="what was hashed: processor, threads, libraries, ..."),
    Column("first_seen", Float, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False, comment="RunKey: identity by content, 64 hex digits"),
    Column("environment", String(64), nullable=False, comment="environments.hash; empty before the run starts"),
    Column("status", String(16), nullable=False, comment=" | ".join(STATES)),
    # -- what was planned -----------------------------------------------------------------------------
    Column("task", String(100), nullable=False),
    Column("dataset", String(200), nullable=False),
    Column("model", String(100), nullable=False, comment="name of the model, or of the baseline"),
    Column("kind", String(16), nullable=False, comment="model | baseline"),
    Column("seed", BigInteger, nullable=False),
    Column("synthetic", Boolean, nullable=False, comment="whether the data is generated"),
    Column("config", JSON, nullable=False, comment="the resolved configuration"),
    Column("primary_metric", JSON, nullable=False, comment='{"name", "unit", "higher_is_better"}'),
    Column("units", JSON, nullable=False, comment="by metric: unit, higher_is_better, signature, description"),
    Column(
        "published",
        JSON,
        nullable=False,
        comment='published figures: [{"metric", "value", "system", "source"}]',
    ),
    Column("identity", JSON, nullable=False, comment="versions and digests behind the key"),
    Column("tuning", JSON, nullable=False, comment='{"trials", "hours"}; empty: untuned'),
    Column("command", Text, nullable=False, comment="repeats the run"),
    # -- how it went ----------------------------------------------------------------------------------
    Column("reason", Text, comment="incompatible: why; failed: the error, one line"),
    Column("traceback", Text),
    Column("log_tail", Text, comment="the last lines that a failed run printed"),
    Column("attempts", Integer, nullable=False, comment="how often it was started"),
    Column(
        "history",
        JSON,
        nullable=False,
        comment='earlier attempts: [{"status", "environment", "at", "reason"}]',
    ),
    Column("owner_pid", Integer, comment="process that runs it"),
    Column(
        "owner_started",
        Float,
        comment="when that process started; tells it from a later one of the same number",
    ),
    Column("owner_place", String(32), comment="digest of the machine's boot and process name space"),
    Column("heartbeat", Float),
    Column("observed", JSON, comment="beside the environment, not hashed: calibration, load, commit"),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float, comment="start of the last attempt"),
    Column("ended_at", Float),
    # -- what a finished run leaves -------------------------------------------------------------------
    Column("primary_value", Float, comment="the primary metric on the final split"),
    Column("split", String(10), comment="the final split: test, or val for trials of a search"),
    Column("parameters", BigInteger),
    Column("encoder_parameters", BigInteger, comment="encoder and decoder, without embedding and head"),
    Column("total_s", Float, comment="wall time of the run"),
    Column("train_s", Float, comment="without validation and checkpoints"),
    Column("to_target_s", Float, comment="training seconds until the target was first reached"),
    Column("throughput", Float, comment="real, unpadded units per second of training"),
    Column("throughput_unit", String(60)),
    Column("memory_peak_bytes", BigInteger),
    Column("phases", JSON, comment="seconds by phase"),
    Column("checkpoint", JSON, comment='{"chosen_by", "step", "value"}'),
    Column("details", JSON, comment="decoder, backend, precision, notes of the data, ..."),
    Column("artifacts", JSON, comment="paths in the run folder: checkpoint, samples, config, predictions"),
    Column("charts", JSON, comment='{"confusion": {"labels", "matrix"}}'),
    UniqueConstraint("key", "environment", name="one_run_per_environment"),
    Index("runs_by_task", "task", "model"),
)

final_metrics = Table(
    "final_metrics",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(120), primary_key=True, comment="split/metric: test/bleu, val/loss"),
    Column("value", Float, comment="NULL: not a number"),
)

metrics = Table(
    "metrics",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(120), primary_key=True, comment="split/metric"),
    Column("step", Integer, primary_key=True, comment="optimizer steps so far"),
    Column("value", Float, comment="NULL: not a number"),
    Column("epoch", Float, nullable=False),
    Column("examples", BigInteger, nullable=False, comment="training examples so far"),
    Column("seconds", Float, nullable=False, comment="training time so far, validation excluded"),
)

predictions = Table(
    "predictions",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, comment="order in the test split"),
    Column("example_id", String(200), nullable=False, comment="stable across runs: the key of paired tests"),
    Column("source", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("output", Text, nullable=False),
    Column("statistics", JSON, nullable=False, comment="by metric: sufficient statistics"),
    Index("predictions_by_example", "example_id"),
)

samples = Table(
    "samples",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reference", Text, nullable=False, comment="empty for a generated text"),
    Column("output", Text, nullable=False),
)

sweep_cells = Table(
    "sweep_cells",
    metadata,
    Column("sweep", String(200), primary_key=True),
    Column("key", String(64), primary_key=True, comment="runs.key; one run may belong to several sweeps"),
    Column("position", Integer, nullable=False, comment="order in which the cells were planned"),
    Column("planned_at", Float, nullable=False),
    Index("cells_by_key", "key"),
)
