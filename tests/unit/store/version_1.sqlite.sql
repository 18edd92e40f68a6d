-- A store as version 1 made it, with rows of every kind. It never changes: stores of users look like this.

CREATE TABLE environments (
    hash VARCHAR(64) NOT NULL,
    fingerprint JSON NOT NULL,
    first_seen FLOAT NOT NULL,
    PRIMARY KEY (hash)
);

CREATE TABLE meta (
    name VARCHAR(40) NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE runs (
    id INTEGER NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    environment VARCHAR(64) NOT NULL,
    status VARCHAR(16) NOT NULL,
    task VARCHAR(100) NOT NULL,
    dataset VARCHAR(200) NOT NULL,
    model VARCHAR(100) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    seed BIGINT NOT NULL,
    synthetic BOOLEAN NOT NULL,
    config JSON NOT NULL,
    primary_metric JSON NOT NULL,
    units JSON NOT NULL,
    published JSON NOT NULL,
    identity JSON NOT NULL,
    tuning JSON NOT NULL,
    command TEXT NOT NULL,
    reason TEXT,
    traceback TEXT,
    log_tail TEXT,
    attempts INTEGER NOT NULL,
    history JSON NOT NULL,
    owner_pid INTEGER,
    owner_started FLOAT,
    owner_place VARCHAR(32),
    heartbeat FLOAT,
    observed JSON,
    created_at FLOAT NOT NULL,
    started_at FLOAT,
    ended_at FLOAT,
    primary_value FLOAT,
    split VARCHAR(10),
    parameters BIGINT,
    encoder_parameters BIGINT,
    total_s FLOAT,
    train_s FLOAT,
    to_target_s FLOAT,
    throughput FLOAT,
    throughput_unit VARCHAR(60),
    memory_peak_bytes BIGINT,
    phases JSON,
    checkpoint JSON,
    details JSON,
    artifacts JSON,
    charts JSON,
    PRIMARY KEY (id),
    CONSTRAINT one_run_per_environment UNIQUE ("key", environment)
);

CREATE INDEX runs_by_task ON runs (task, model);

CREATE TABLE sweep_cells (
    sweep VARCHAR(200) NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    position INTEGER NOT NULL,
    planned_at FLOAT NOT NULL,
    PRIMARY KEY (sweep, "key")
);

CREATE INDEX cells_by_key ON sweep_cells ("key");

CREATE TABLE final_metrics (
    run_id INTEGER NOT NULL,
    name VARCHAR(120) NOT NULL,
    value FLOAT,
    PRIMARY KEY (run_id, name),
    FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
);

CREATE TABLE metrics (
    run_id INTEGER NOT NULL,
    name VARCHAR(120) NOT NULL,
    step INTEGER NOT NULL,
    value FLOAT,
    epoch FLOAT NOT NULL,
    examples BIGINT NOT NULL,
    seconds FLOAT NOT NULL,
    PRIMARY KEY (run_id, name, step),
    FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
);

CREATE TABLE predictions (
    run_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    example_id VARCHAR(200) NOT NULL,
    source TEXT NOT NULL,
    reference TEXT NOT NULL,
    output TEXT NOT NULL,
    statistics JSON NOT NULL,
    PRIMARY KEY (run_id, position),
    FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
);

CREATE INDEX predictions_by_example ON predictions (example_id);

CREATE TABLE samples (
    run_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    title TEXT NOT NULL,
    source TEXT NOT NULL,
    reference TEXT NOT NULL,
    output TEXT NOT NULL,
    PRIMARY KEY (run_id, position),
    FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
);

INSERT INTO meta VALUES ('schema_version', '1'), ('store_id', '0123456789abcdef0123456789abcdef'), ('created_at', '1700000000.5');
INSERT INTO environments VALUES ('eeee', '{"processor":"made up"}', 1700000000.5);
INSERT INTO runs (id, key, environment, status, task, dataset, model, kind, seed, synthetic, config, primary_metric, units, published, identity, tuning, command, attempts, history, created_at, started_at, ended_at, observed, primary_value, split, parameters, encoder_parameters, total_s, train_s, throughput, throughput_unit, memory_peak_bytes, phases, checkpoint, details, artifacts, charts) VALUES
  (1, 'aaaa000000000000000000000000000000000000000000000000000000000000', 'eeee', 'finished', 'translation', 'strings', 'lstm', 'model', 0, TRUE, '{"budget":"steps:10"}', '{"name":"bleu","unit":"BLEU","higher_is_better":true}', '{}', '[]', '{}', '{}', 'harness run', 1, '[]', 1700000001.0, 1700000002.0, 1700000003.0, '{"load":0.5}', 21.5, 'test', 1234, 1000, 3.0, 2.0, 100.0, 'target tokens/s', 10000, '{"forward":1.5}', '{"step":8}', '{}', '{"checkpoint":"best.ckpt"}', '{}');
INSERT INTO runs (id, key, environment, status, task, dataset, model, kind, seed, synthetic, config, primary_metric, units, published, identity, tuning, command, attempts, history, created_at, reason, traceback, log_tail) VALUES
  (2, 'bbbb000000000000000000000000000000000000000000000000000000000000', '', 'planned', 'translation', 'strings', 'rnn', 'model', 0, TRUE, '{}', '{}', '{}', '[]', '{}', '{}', '', 0, '[]', 1700000001.0, NULL, NULL, NULL),
  (3, 'cccc000000000000000000000000000000000000000000000000000000000000', 'eeee', 'failed', 'translation', 'strings', 'rnn', 'model', 1, TRUE, '{}', '{}', '{}', '[]', '{}', '{}', '', 1, '[{"status":"interrupted","environment":"eeee","at":1.0,"reason":null}]', 1700000001.0, 'ValueError: NaN', 'Traceback ...', 'step 3');
INSERT INTO final_metrics VALUES (1, 'test/bleu', 21.5), (1, 'val/loss', NULL);
INSERT INTO metrics VALUES (1, 'val/loss', 1, 3.5, 0.1, 4, 0.5), (1, 'val/loss', 2, NULL, 0.2, 8, 1.0);
INSERT INTO predictions VALUES (1, 0, 'ex-0', 'in', 'right', 'out', '{"bleu":[1,2]}');
INSERT INTO samples VALUES (1, 0, 'first', 'in', 'right', 'out');
INSERT INTO sweep_cells VALUES ('quick', 'aaaa000000000000000000000000000000000000000000000000000000000000', 0, 1700000001.0), ('quick', 'bbbb000000000000000000000000000000000000000000000000000000000000', 1, 1700000001.0);
